"""What checks may ask of Postfix: its release, main.cf and master.cf, each smtpd service, restriction lists, files."""

from maildoctor.auth.postfix import needs_tls, primary, tls_level, without_tls
from maildoctor.facts.postfix.access import network, refuses, row_of
from maildoctor.facts.postfix.client import NextHop, PasswordEntry, PasswordMap, PasswordMaps, client
from maildoctor.facts.postfix.defaults import names as known_parameters
from maildoctor.facts.postfix.files import PostfixFiles, Space
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster, PostfixService
from maildoctor.facts.postfix.problems import Kind, PostfixProblem
from maildoctor.facts.postfix.remarks import Block, MasterRemarks
from maildoctor.facts.postfix.restrictions import (
    Decision,
    Item,
    Stage,
    admits_own_hosts_only,
    decide,
    has_required,
    items,
    outcome,
    parameter,
    rejects_strangers,
    stages,
)
from maildoctor.facts.postfix.server import Postfix, ServiceSettings, Smtpd, confined
from maildoctor.facts.postfix.sockets import Peer, authentication, milters, of_this_host, place, policies
from maildoctor.facts.postfix.tables import PostfixTables, Table, approved
from maildoctor.facts.postfix.tls import PostfixTls, chain, pairs
from maildoctor.install.postfix import set_up as set_up_postfix
from maildoctor.remedy import set_postfix

__all__ = [
    "Block",
    "Decision",
    "Item",
    "Kind",
    "MasterRemarks",
    "NextHop",
    "PasswordEntry",
    "PasswordMap",
    "PasswordMaps",
    "Peer",
    "Postfix",
    "PostfixFiles",
    "PostfixMain",
    "PostfixMaster",
    "PostfixProblem",
    "PostfixService",
    "PostfixTables",
    "PostfixTls",
    "ServiceSettings",
    "Smtpd",
    "Space",
    "Stage",
    "Table",
    "admits_own_hosts_only",
    "approved",
    "authentication",
    "chain",
    "client",
    "confined",
    "decide",
    "has_required",
    "items",
    "known_parameters",
    "milters",
    "needs_tls",
    "network",
    "of_this_host",
    "outcome",
    "pairs",
    "parameter",
    "place",
    "policies",
    "primary",
    "refuses",
    "rejects_strangers",
    "row_of",
    "set_postfix",
    "set_up_postfix",
    "stages",
    "tls_level",
    "without_tls",
]
