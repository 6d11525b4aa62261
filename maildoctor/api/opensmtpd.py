"""What checks may ask of OpenSMTPD: its listeners, actions and rules."""

from maildoctor.facts.opensmtpd.conf import Action, OpenSmtpd, SmtpListener, Statement
from maildoctor.install.opensmtpd import set_up as set_up_opensmtpd

__all__ = ["Action", "OpenSmtpd", "SmtpListener", "Statement", "set_up_opensmtpd"]
