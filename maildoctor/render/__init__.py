"""A report in one of its forms: one module a format. None knows a check, no check knows a colour."""

import importlib

from maildoctor.model import Report
from maildoctor.render.style import Style

FORMATS = ("text", "json", "junit", "sarif", "github", "nagios", "prometheus", "html")


def rendered(report: Report, form: str, style: Style) -> str:
    """The report in one of `FORMATS`, ending in a newline unless there is nothing to say."""
    text: str = importlib.import_module(f"maildoctor.render.{form}").render(report, style)
    return text
