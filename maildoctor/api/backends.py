"""What checks may ask of what stands behind a login: saslauthd, PAM, the system's accounts, LDAP, Kerberos, IMAP."""

from maildoctor.facts.backends.accounts import Accounts, SystemAccount
from maildoctor.facts.backends.courier import CourierAuth
from maildoctor.facts.backends.imap import RemoteImap
from maildoctor.facts.backends.kerberos import KdcAnswer, Kerberos, Key
from maildoctor.facts.backends.ldap import LdapStore
from maildoctor.facts.backends.pam import Handler, PamService, PamType, lets_in
from maildoctor.facts.backends.saslauthd import MECHANISMS as SASLAUTHD_MECHANISMS
from maildoctor.facts.backends.saslauthd import READ_ONCE, Verifier
from maildoctor.facts.backends.tally import Lock

__all__ = [
    "READ_ONCE",
    "SASLAUTHD_MECHANISMS",
    "Accounts",
    "CourierAuth",
    "Handler",
    "KdcAnswer",
    "Kerberos",
    "Key",
    "LdapStore",
    "Lock",
    "PamService",
    "PamType",
    "RemoteImap",
    "SystemAccount",
    "Verifier",
    "lets_in",
]
