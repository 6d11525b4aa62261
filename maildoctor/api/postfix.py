"""What checks may ask of Postfix: its release, main.cf and master.cf, and each smtpd service."""

from maildoctor.facts.postfix.client import NextHop, PasswordEntry, PasswordMap, PasswordMaps, client
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster, PostfixService
from maildoctor.facts.postfix.server import Postfix, Smtpd

__all__ = [
    "NextHop",
    "PasswordEntry",
    "PasswordMap",
    "PasswordMaps",
    "Postfix",
    "PostfixMain",
    "PostfixMaster",
    "PostfixService",
    "Smtpd",
    "client",
]
