"""The answer to the door's verb `sasldb`: who is in a sasldb and in what form, with no secret and no length of one.

The lines are those that `sasldblistusers2` prints (version 2) or `sasldblistusers` of 1.5 (version 1), sorted, after
lines about the file which begin with `#`:

    # format: Berkeley DB hash version 9, little-endian
    # backend: berkeley
    # damage: a page of unknown type (page 2)
    # count: 420 of 480
    # cut: only the first 240,000 of 300,000 records are told
    # mechanism: DIGEST-MD5 has users
    alice@example.com: userPassword
    bob@example.com: authPassword (SCRAM-SHA-1, 4096 iterations)
    carol@example.com: cmusaslsecretOTP (md5, 499 left)
    dave@example.com: userPassword (empty)
    erin@example.com: userPassword (ends in a carriage return)
    user: test realm: yourrealm mech: CRAM-MD5

or instead of the records `# empty` (no byte in the file) or `# not a sasldb: WHAT IT IS`. A property which libsasl
does not know is `other`. Names are escaped as `maildoctor.sasldb.names` says, so that one record is one line; besides,
`@` in a user, a colon in the names of a version 1 record, and the first character of a user that begins with `#` or
`user: ` are escaped.
"""

import re

from maildoctor.sasldb import Database, NotADatabase, read
from maildoctor.sasldb.database import cut
from maildoctor.sasldb.names import escape, escape_first

# Only these names are shown. Where the border between a key and its value is damaged, the name goes on with the value
_MECHANISMS = frozenset(
    b"PLAIN LOGIN PLAIN-APOP CRAM-MD5 DIGEST-MD5 SCRAM-MD5 OTP SRP ANONYMOUS GSSAPI KERBEROS_V4".split()
)
_PROPERTIES = frozenset((
    b"userPassword", b"authPassword",
    *(b"cmusaslsecret" + name for name in b"OTP SRP OPAQUE PLAIN CRAM-MD5 DIGEST-MD5 SCRAM-MD5 PLAIN-APOP".split()),
))  # fmt: skip
# plugins/scram.c: scheme$iterations:salt$stored key:server key, the last three in base64
_SCRAM = re.compile(rb"(SCRAM-SHA-(?:1|224|256|384|512))\$([0-9]{1,9}):([\w+/=]+)\$([\w+/=]+):([\w+/=]+)")
# plugins/otp.c: hash, sequence, seed, response, time, separated by tabs
_OTP = re.compile(rb"(md4|md5|sha1)\t([0-9]{4})\t[^\t]+\t[^\t]+\t[^\t]+", re.DOTALL)


RECORDS = 240_000
"""Records of one file that are told; a user has one or two."""


def listing(data: bytes) -> str:
    """The listing of a file's bytes. Never raises; whatever is wrong is said in the lines that begin with `#`."""
    if not data:
        return "# empty\n"
    try:
        database = read(data, RECORDS)
    except NotADatabase as is_instead:
        return f"# not a sasldb: {is_instead}\n"
    lines, misfits = _records(database)
    return "\n".join([*_about(database, len(lines), misfits), *lines, ""])


def _about(database: Database, found: int, misfits: int) -> list[str]:
    """The lines about the file as a whole."""
    about = [f"# format: {database.detail}", f"# backend: {database.backend}"]
    if database.more:
        about.append(f"# cut: {cut(len(database.pairs), database.more, 'records')} are told")
    about.extend(f"# damage: {words}" for words in database.damage)
    if misfits and not found:
        about.append(f"# not a sasldb: {database.detail}, but no key in it is one of user, realm and property")
    elif misfits:
        about.append("# damage: there are keys which are not user, realm and property")
    elif not database.more and database.counted not in (None, found, 2 * found):
        # Twice the records is what db_dump and db_load leave: the dump names the count, and the load takes it as a
        # size hint to which it adds every record.
        about.append(f"# count: {found} of {database.counted}")
    return about


def _records(database: Database) -> tuple[list[str], int]:
    """A line for each record, and how many keys are not user NUL realm NUL name (allockey.c, _sasldb_alloc_key)."""
    lines = []
    misfits = 0
    realms: dict[bytes, str] = {}
    last = None
    for key, value in sorted(database.pairs):
        if key == last:  # one long key with duplicates could make a text much longer than the file
            continue
        last = key
        parts = key.split(b"\0")
        if len(parts) != 3:
            misfits += 1
            continue
        user, realm, name = parts
        if name in _MECHANISMS:
            lines.append(_version_1(user, realm, name, value))
            continue
        if realm not in realms:
            realms[realm] = escape(realm)
        shown = name.decode() if name in _PROPERTIES else "other"
        lines.append(f"{escape_first(escape(user, '@'))}@{realms[realm]}: {shown}{_shape(name, value)}")
    return lines, misfits


def _version_1(user: bytes, realm: bytes, mechanism: bytes, value: bytes) -> str:
    """A record of 1.5; without user and realm it says that there are users of this mechanism (1.5 cram.c, server.c)."""
    if not user and not realm:
        return f"# mechanism: {mechanism.decode()} has users"
    shape = "" if value else " (empty)"
    return f"user: {escape(user, ':')} realm: {escape(realm, ':')} mech: {mechanism.decode()}{shape}"


def _untypable(value: bytes) -> str:
    """What in a password no client sends, for nobody can type it; nothing of the rest. saslpasswd2 -p takes what it
    reads up to a line feed (utils/saslpasswd.c), so of a DOS text the carriage return too."""
    if b"\0" in value:
        return " (has a NUL in it)"
    ends = {b"\r": "a carriage return", b"\n": "a line feed", b"\t": "a tab", b" ": "a blank"}
    return f" (ends in {ends[value[-1:]]})" if value[-1:] in ends else ""


def _shape(name: bytes, value: bytes) -> str:
    """What may be known of a value: that it is empty or malformed, hash and rounds of SCRAM, what is left of OTP."""
    if not value:
        return " (empty)"
    if name == b"userPassword":
        return _untypable(value)
    if name == b"authPassword":
        scram = _SCRAM.fullmatch(value)
        return f" ({scram[1].decode()}, {int(scram[2])} iterations)" if scram else " (malformed)"
    if name == b"cmusaslsecretOTP":
        otp = _OTP.fullmatch(value)
        return f" ({otp[1].decode()}, {int(otp[2])} left)" if otp else " (malformed)"
    return ""
