"""How this sendmail logs in elsewhere: under which keys it looks for an entry, and what it makes of one. Pure.

Rules: cf/m4/proto.m4, rulesets authinfo, D and A; sendmail/usersmtp.c, getauth(), smtpauth() and getsimple();
sendmail/deliver.c for {server_name}; libsasl lib/client.c, mech_compare().
"""

import ipaddress
import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass

from maildoctor.facts.cyrus.mechanism_flags import lacks
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.sendmail.cf import MapDef, SendmailCf
from maildoctor.facts.sendmail.mail_maps import MailMap, MailMaps, MapEntry

TAG = "authinfo:"
"""What all keys begin with, in the lower case that makemap makes of it."""

_TOKEN = re.compile(r'"([UIPRM])([:=])([^"]*)"', re.IGNORECASE)
_PREFERRED = "ypmadf"
"""Letters of the properties by which libsasl compares two mechanisms, the weightiest first; then comes channel binding,
then the strength of their own layer, then that of the hash."""


def consulted(cf: SendmailCf) -> MapDef | None:
    """The map that ruleset authinfo asks: that of FEATURE(`authinfo'), else the access map. None: there is none."""
    return cf.maps.get("authinfo") or cf.maps.get("access")


def looked_up(name: str, address: str, *, parents: bool, compressed: bool = False) -> tuple[str, ...]:
    """The keys under which the entry for a server is looked for, in sendmail's order, in lower case.

    `name` without a dot at its end, or `[address]`; `address` may be empty where it is not known. `parents`: the
    access map is asked, which has domains and nets too. `compressed`: UseCompressedIPv6Addresses.
    """
    names, addresses = [name.lower().rstrip(".")], [server_address(address, compressed).lower()]
    if parents:
        names, addresses = list(_domains(names[0])), list(_nets(addresses[0]))
    found = dict.fromkeys(TAG + word for word in (*names, *addresses) if word)
    return (*found, TAG)


def server_address(address: str, compressed: bool = False) -> str:
    """Macro {server_addr}: an address of IPv6 begins with `IPv6:` and is written out, since 8.15 (anynet_ntoa())."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return str(known)
    whole = ":".join(f"{int(group, 16):x}" for group in known.exploded.split(":"))
    return f"IPv6:{known.compressed if compressed else whole}"


def _domains(name: str) -> Iterable[str]:
    """A name and the domains above it; of `[192.0.2.1]` the nets, as ruleset D has it."""
    if name.startswith("["):
        yield from (f"[{net}]" for net in _nets(name.strip("[]")))
        return
    while name:
        yield name
        name = name.partition(".")[2]


def _nets(address: str) -> Iterable[str]:
    while address:
        yield address
        address = re.sub(r"(?:::?|\.|^)[^.:]*$", "", address)


def entry_for(keys: Iterable[str], entries: Iterable[MapEntry]) -> MapEntry | None:
    """The first of these keys that a map has."""
    known = {e.key.lower(): e for e in entries}
    return next((known[key] for key in keys if key in known), None)


def client_entries(m: MailMap) -> tuple[MapEntry, ...]:
    """Entries of a map that hold a login."""
    return tuple(e for e in m.entries if e.key.lower().startswith(TAG))


def consulted_entries(cf: SendmailCf, maps: MailMaps) -> tuple[MailMap, tuple[MapEntry, ...]] | None:
    """The map that is asked and the entries in it that hold a login; None where no map is asked, or it is not known."""
    asked = consulted(cf)
    found = maps.named(asked.name) if asked else None
    return (found, client_entries(found)) if found else None


@dataclass(frozen=True, slots=True)
class ClientLogin:
    """What one entry makes sendmail do. `own_list`: the mechanisms are the entry's `M:` and not AuthMechanisms;
    `loadable`: those of them for which a plug-in loads, in the order in which libsasl prefers them."""

    key: str
    user: str
    authid: str
    realm: str
    mechanisms: tuple[str, ...]
    own_list: bool
    loadable: tuple[str, ...]

    @property
    def words(self) -> str:
        """All of it in one line."""
        act = f" as {self.user}" if self.user != self.authid else ""
        left = " ".join(self.loadable) or "no mechanism at all"
        return f"{self.key} logs in {self.authid}{act}, realm {self.realm}, by {left}"


def client_login(entry: MapEntry, cf: SendmailCf, plugins: Plugins | None, own_name: str) -> ClientLogin | None:
    """None for an entry that sendmail refuses. `M:` stands in the place of AuthMechanisms: it is not cut by it.
    What is not known of plug-ins (None) hinders nothing. `own_name` is $j, the realm of entries without `R:`."""
    if entry.shape.startswith("malformed") or "(no base64)" in entry.shape:
        return None
    values = {m[1].upper(): _plain(m[2], m[3]) for m in _TOKEN.finditer(entry.shape)}
    user, authid = values.get("U") or values.get("I", ""), values.get("I") or values.get("U", "")
    if not authid or "P" not in values:
        return None
    own_list = bool(values.get("M"))
    wanted = tuple(m.upper() for m in (words(values["M"]) if own_list else cf.auth_mechanisms))
    return ClientLogin(
        entry.key,
        user,
        authid,
        values.get("R", own_name),
        wanted,
        own_list,
        preferred(m for m in wanted if plugins is None or m == "EXTERNAL" or m in plugins.mechanisms),
    )


def words(listed: str) -> tuple[str, ...]:
    """A list of mechanisms as sendmail cuts it: at blanks only (sasl.c, intersect())."""
    return tuple(w for w in listed.split(" ") if w)


def _plain(delimiter: str, value: str) -> str:
    if delimiter == ":" or value == "***":
        return value
    try:
        return b64decode(value, validate=True).decode("utf-8", "backslashreplace")
    except ValueError:
        return ""


def preferred(mechanisms: Iterable[str]) -> tuple[str, ...]:
    """Mechanisms in the order in which libsasl's client takes them: the first that the server offers is used."""
    return tuple(sorted(dict.fromkeys(mechanisms), key=_rank))


def _rank(mechanism: str) -> tuple[object, ...]:
    plain = mechanism.removesuffix("-PLUS")
    has = tuple(bool(lacks(plain, frozenset(letter))) for letter in _PREFERRED)
    binding = not plain.startswith(("SCRAM-", "GS2-"))
    layer = {"GSSAPI": 256, "GSS-SPNEGO": 256, "GS2-KRB5": 256, "DIGEST-MD5": 128}.get(plain, 0)
    strength = int(m[1]) if (m := re.fullmatch(r"SCRAM-SHA-(\d+)", plain)) else 0
    return (*has, binding, -layer, -strength)
