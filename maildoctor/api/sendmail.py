"""What checks may ask of Sendmail: its configuration, maps, queues, and how it logs in elsewhere."""

from maildoctor.facts.sendmail.cf import AUTH_OPTION_LETTERS, BlockList, Daemon, Filter, Line, SendmailCf, SubmitCf
from maildoctor.facts.sendmail.client_auth import (
    ClientLogin,
    client_entries,
    client_login,
    consulted,
    consulted_entries,
    entry_for,
    looked_up,
    preferred,
)
from maildoctor.facts.sendmail.delivery import Delivery, Place
from maildoctor.facts.sendmail.mail_maps import MailMap, MailMaps, MapEntry, authinfo_mechanisms
from maildoctor.facts.sendmail.mc import SendmailMc
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.facts.sendmail.queues import Queue, Queues
from maildoctor.facts.sendmail.site_config import SiteConfig
from maildoctor.install.sendmail import set_up as set_up_sendmail

__all__ = [
    "AUTH_OPTION_LETTERS",
    "BlockList",
    "ClientLogin",
    "Daemon",
    "Delivery",
    "Filter",
    "Line",
    "MailMap",
    "MailMaps",
    "MapEntry",
    "Place",
    "Queue",
    "Queues",
    "SendmailCf",
    "SendmailMc",
    "SendmailProgram",
    "SiteConfig",
    "SubmitCf",
    "authinfo_mechanisms",
    "client_entries",
    "client_login",
    "consulted",
    "consulted_entries",
    "entry_for",
    "looked_up",
    "preferred",
    "set_up_sendmail",
]
