"""What checks may ask of Dovecot: its configuration, its sockets, its users, and what it asks itself."""

from maildoctor.auth.dovecot import (
    CHALLENGES,
    Asker,
    askers,
    groups_of,
    is_asked,
    listener_at,
    offered,
    servable,
    unknown_mechanisms,
    with_socket,
)
from maildoctor.facts.dovecot.databases import DatabaseServer, DovecotDatabases, ldap_servers, servers, sql_server
from maildoctor.facts.dovecot.directory import DirectoryNames, expanded
from maildoctor.facts.dovecot.logins import TriedNames
from maildoctor.facts.dovecot.naming import identity, refused_character
from maildoctor.facts.dovecot.settings import AuthListener, Dovecot, Passdb
from maildoctor.facts.dovecot.sockets import AuthSocket, DovecotSockets, Handshake, seen_by
from maildoctor.facts.dovecot.tree import Problem, Section, Setting
from maildoctor.facts.dovecot.users import LABELS, DovecotUser, PasswdFile, PasswdFiles

__all__ = [
    "CHALLENGES",
    "LABELS",
    "Asker",
    "AuthListener",
    "AuthSocket",
    "DatabaseServer",
    "DirectoryNames",
    "Dovecot",
    "DovecotDatabases",
    "DovecotSockets",
    "DovecotUser",
    "Handshake",
    "Passdb",
    "PasswdFile",
    "PasswdFiles",
    "Problem",
    "Section",
    "Setting",
    "TriedNames",
    "askers",
    "expanded",
    "groups_of",
    "identity",
    "is_asked",
    "ldap_servers",
    "listener_at",
    "offered",
    "refused_character",
    "seen_by",
    "servable",
    "servers",
    "sql_server",
    "unknown_mechanisms",
    "with_socket",
]
