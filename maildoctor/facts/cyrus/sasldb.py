"""Who is in a sasldb, and which mechanisms each user can really use."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from maildoctor.model import Evidence
from maildoctor.sasldb.names import escape, unescape

State = Literal["ok", "empty", "damaged", "foreign"]
Meaning = tuple[frozenset[str], frozenset[str], str]

_SCRAM = frozenset(f"SCRAM-SHA-{bits}" for bits in (1, 224, 256, 384, 512))
_PLAIN = frozenset(("PLAIN", "LOGIN"))  # LOGIN has no record of its own in either version
_NONE: frozenset[str] = frozenset()
# What libsasl 2.1.28 does with a property: plugins/*.c, each by what it asks auxprop for. The old secrets need a
# library built with the OBSOLETE_*_ATTR of cram.c and digestmd5.c, and DIGEST-MD5's only serves the realm it was made
# for.
_SERVES = {
    "userPassword": _PLAIN | _SCRAM | {"CRAM-MD5", "DIGEST-MD5", "NTLM", "SRP"},
    "cmusaslsecretPLAIN": _PLAIN,
    "cmusaslsecretCRAM-MD5": frozenset(("CRAM-MD5",)),
    "cmusaslsecretDIGEST-MD5": frozenset(("DIGEST-MD5",)),
    "cmusaslsecretSRP": frozenset(("SRP",)),
}
_FAILED = ("listusers failed", "check_db unsuccessful", "Couldn't initialize server API", "can't open ")


class User(NamedTuple):
    """One user in one realm. `name` and `realm` are printable: odd bytes stand as `\\xNN` (maildoctor.sasldb.names).

    `properties` are the names of the records, in version 1 those of mechanisms. `mechanisms` are those for which these
    records suffice; whether the server offers them is another matter. `flaw`: what in the password nobody can type, as
    the listing says it.
    """

    name: str
    realm: str
    properties: frozenset[str]
    mechanisms: frozenset[str]
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class SaslDb:
    """A sasldb. `version` is 1 (libsasl 1.5) or 2, None where no record tells.

    `backend` and `detail` name the format, "" where only a listing tool's output is known. `state`: `foreign` is a
    file that is no sasldb, `empty` one without users, `damaged` one of which a part could not be read. `trouble` says
    what is wrong; it also holds doubts which leave the state `ok`. `marked` are the mechanisms that a version 1 file
    says it has users for: a server of 1.5 offers no other.
    """

    path: str
    version: Literal[1, 2] | None
    backend: str
    detail: str
    state: State
    trouble: tuple[str, ...]
    users: tuple[User, ...]
    marked: frozenset[str] = _NONE
    kinds: tuple[tuple[frozenset[str], int], ...] = ()
    """the few different sets of mechanisms, and how many users have each: there may be many users"""

    @classmethod
    def parse(cls, text: str) -> "SaslDb":
        """Read what `maildoctor.sasldb.listing` says, or the raw output of sasldblistusers2 or 1.5's sasldblistusers.

        Other lines are passed over, as error output may stand in between. Never raises.
        """
        about = _About()
        heads: dict[str, list[str]] = {}
        lines = text.replace("\r\n", "\n").split("\n")
        # Only our own listing escapes names, and only there may a property be followed by something
        raw = not any(line.startswith("# format: ") for line in lines[:8])
        for line in lines:
            if line.startswith("#"):
                about.read(line)
                continue
            head, colon, tail = line.rpartition(": ")
            if not colon or (raw and " " in tail):
                if line.startswith(_FAILED):
                    about.damage.append(f"the listing tool said: {escape(line.encode('utf-8', 'surrogateescape'))}")
                continue
            heads.setdefault(head, []).append(tail)
        users, version = _users(heads, _escape_raw if raw else _canonical, about.marked)
        return cls(
            about.path, version, about.backend, about.detail, about.state(bool(users)), about.trouble(),
            users, frozenset(about.marked), tuple(Counter(u.mechanisms for u in users).items()),
        )  # fmt: skip

    @property
    def realms(self) -> tuple[str, ...]:
        """Every realm that has a user, sorted; "" is the empty realm, which only a name ending in `@` reaches."""
        return tuple(sorted({user.realm for user in self.users}))

    @property
    def mechs(self) -> frozenset[str]:
        """Every mechanism that some user can use."""
        return _NONE.union(*{user.mechanisms for user in self.users})

    @property
    def ghosts(self) -> tuple[User, ...]:
        """Users with authPassword and no userPassword: SCRAM still lets them in after `saslpasswd2 -d` deleted them
        (which leaves authPassword), unless they were made so by `saslpasswd2 -n`."""
        return tuple(u for u in self.users if "authPassword" in u.properties and "userPassword" not in u.properties)

    def able(self, mechanism: str) -> int:
        """How many users, in any realm, can log in by this mechanism."""
        return sum(number for mechanisms, number in self.kinds if mechanism in mechanisms)

    def in_realm(self, realm: str) -> tuple[User, ...]:
        """The users whose realm is exactly this; libsasl compares byte by byte, case included."""
        wanted = escape(realm.encode("utf-8", "surrogateescape"))
        return tuple(user for user in self.users if user.realm == wanted)

    def proof(self, realm: str) -> Evidence | None:
        """That users are in this realm, with a secret that a mechanism can use."""
        able = [user for user in self.in_realm(realm) if user.mechanisms]
        if not able or self.state != "ok":
            return None
        names = ", ".join(user.name for user in able[:5]) + (", …" if len(able) > 5 else "")
        return Evidence(self.path, f"{len(able)} user{'s' * (len(able) != 1)} in realm {realm}: {names}")


class _About:
    """What the lines say that begin with `#`."""

    def __init__(self) -> None:
        self.path, self.backend, self.detail, self.foreign = "sasldb", "", "", ""
        self.damage: list[str] = []
        self.doubts: list[str] = []
        self.marked: set[str] = set()

    def read(self, line: str) -> None:
        name, _, value = line[1:].strip().partition(": ")
        if name == "path":
            self.path = value
        elif name == "format":
            self.detail = value
        elif name == "backend":
            self.backend = value
        elif name == "damage":
            self.damage.append(value)
        elif name == "not a sasldb":
            self.foreign = value
        elif name == "count":
            self.doubts.append(f"the header does not count what is there: {value} records were found")
        elif name == "empty":
            self.doubts.append("the file has no byte in it, not even the header of a database")
        elif name == "mechanism":
            self.marked.add(value.removesuffix(" has users"))

    def state(self, users: bool) -> State:
        if self.foreign:
            return "foreign"
        if self.damage:
            return "damaged"
        return "ok" if users else "empty"

    def trouble(self) -> tuple[str, ...]:
        return (*([f"it is {self.foreign}"] if self.foreign else []), *self.damage, *self.doubts)


def _canonical(shown: str) -> str:
    """A name of our listing without what was escaped only to keep the parts of its line apart."""
    return escape(unescape(shown)) if "\\" in shown else shown


def _escape_raw(name: str) -> str:
    return escape(name.encode("utf-8", "surrogateescape"))


def _users(
    heads: dict[str, list[str]], clean: Callable[[str], str], marked: set[str]
) -> tuple[tuple[User, ...], Literal[1, 2] | None]:
    """The users from `user@realm` or `user: NAME realm: REALM mech` and the properties that stood after it.

    There are few different sets of properties, so what a set means is found once and shared.
    """
    users = []
    meanings: dict[tuple[str, ...], Meaning] = {}
    old_meanings: dict[tuple[str, ...], Meaning] = {}
    for head, tails in heads.items():
        tail = tuple(tails)
        if head.startswith("user: ") and head.endswith(" mech"):
            name, _, realm = head[len("user: ") : -len(" mech")].partition(" realm: ")
            if tail not in old_meanings:
                old_meanings[tail] = _old_meaning(tail)
            users.append(User(clean(name), clean(realm), *old_meanings[tail]))
            continue
        name, at, realm = head.partition("@")
        if not at:
            continue
        if tail not in meanings:
            meanings[tail] = _meaning(tail)
        users.append(User(clean(name), clean(realm), *meanings[tail]))
    if meanings:
        return tuple(users), 2
    return tuple(users), 1 if old_meanings or marked else None


def _meaning(records: tuple[str, ...]) -> Meaning:
    """Properties and mechanisms of a version 2 user from his records, each `property` or `property (shape)`."""
    properties = set()
    mechanisms: set[str] = set()
    flaw = ""
    for record in records:
        name, _, shape = record.partition(" (")
        properties.add(name)
        mechanisms |= _served(name, shape.rstrip(")"))
        if name == "userPassword" and shape and not flaw:
            flaw = "is empty" if shape == "empty)" else shape.rstrip(")")
    return frozenset(properties), frozenset(mechanisms), flaw


def _served(name: str, shape: str) -> frozenset[str]:
    """The mechanisms for which one record of version 2 suffices."""
    if shape in ("empty", "malformed"):
        return _NONE
    if name == "authPassword":
        # A listing tool does not say which hash; the default of saslpasswd2 leaves SCRAM-SHA-1
        return _SCRAM & {shape.partition(",")[0] or "SCRAM-SHA-1"}
    if name == "cmusaslsecretOTP":
        # plugins/otp.c refuses a sequence that is used up
        return _NONE if shape.endswith((", 0 left", ", 1 left")) else frozenset(("OTP",))
    return _SERVES.get(name, _NONE)


def _old_meaning(records: tuple[str, ...]) -> Meaning:
    """The same of version 1, where records are named after mechanisms."""
    parts = [record.partition(" (") for record in records]
    properties = frozenset(name for name, _, _ in parts)
    usable = frozenset(name for name, _, shape in parts if shape.rstrip(")") != "empty")
    return properties, usable | _PLAIN if "PLAIN" in usable else usable, ""
