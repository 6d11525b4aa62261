"""maildoctor: names the cause when SMTP AUTH fails."""

__version__ = "0.1.0"
