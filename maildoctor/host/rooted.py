"""A target of files alone: an unpacked image, a chroot, a mounted disk. Also the files' half of a live host."""

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from maildoctor import filesystem, log_lines
from maildoctor.filesystem import FileView, Tree
from maildoctor.host import Answer, HostError, NoAnswer, Verb, Why
from maildoctor.host.door import Door
from maildoctor.host.placed import Placed
from maildoctor.masking import kind_of

if TYPE_CHECKING:
    from maildoctor.linking.closure import Linker

_RECENT = 1024 * 1024
"""Bytes at the end of a log that count as recent, and lines of them that are kept at most."""

_LIFE = {
    "processes": "processes",
    "listeners": "listening ports",
    "routes": "routes",
    "addresses": "addresses",
    "probe": "server to ask",
    "announced": "domain to ask about",
    "directory": "server to ask",
    "kdc": "server to ask",
    "imap": "server to ask",
    "handshake": "server to ask",
}
"""What is not there where nothing runs, rather than hidden from us."""

_PAIRS = "pairs "
_SITE = "/devtools/Site/site.config.m4"
_NO_FOLDER = (errno.ENOENT, errno.ENOTDIR)

_TEXT_LIMIT = 16 * 1024 * 1024
"""Bytes of a text: aliases and /etc/passwd of a large university have 5 MB. Its lines are bounded by who asks."""

_DATABASE = 256 * 1024 * 1024
"""Bytes of a map or a user database: a million users. Of its records so many are taken as memory is stated for."""

_PROGRAM = 64 * 1024 * 1024
"""Bytes of a program or library: sendmail has 1 MB, and the largest library that it is linked with 5."""

_PLUGIN = 8 * 1024 * 1024
"""Bytes of a plug-in: the largest of libsasl has 100 kB."""

_LINKED = 256 * 1024 * 1024
"""Bytes of programs, libraries and plug-ins in all: a mail server with all its libraries has 20 MB."""

_KINDS = ("authinfo", "access", "aliases", "passwords", "virtuser")
"""Maps of whose values something may be shown."""

_RELEASES = (
    re.compile(rb"\x00((?:2\.1|1\.5)\.\d+)\x00"),
    re.compile(rb"\x00mail_version=(\d{1,4}(?:\.\d{1,4}){1,3})"),
    re.compile(rb"\x00Dovecot v(\d{1,4}(?:\.\d{1,4}){1,4})"),
    re.compile(rb"\x00OpenSSL ([0-9]\.[0-9]{1,3}\.[0-9]{1,3})[a-z+~.\w-]{0,20}(?: |\x00)"),
)
"""How a program tells its release: libsasl, Postfix, Dovecot, libcrypto."""

_FOLDERS = re.compile(rb"\x00((?:/[\w.+~@-]{1,100}){1,20}(?::(?:/[\w.+~@-]{1,100}){1,20}){0,10})(?=\x00)")

_CERTIFICATES = 2 * 1024 * 1024
"""Bytes of a file of certificates: the bundle of all public CAs has 220 kB."""

_KEY_FILE = 64 * 1024
"""Bytes of a file of a private key: one for RSA of 16,384 bits has 13 kB, and a chain beside it 10."""

_LOOK = "look whether it is what it should be"


class Rooted(Door):
    """The files below `directory`. What only a running system can tell is `unavailable`. Raises HostError."""

    kind = "root"

    def __init__(self, directory: str) -> None:
        try:
            files = Tree(directory)
        except OSError as error:
            what = "this is no directory" if error.errno in _NO_FOLDER else f"it cannot be opened: {error.strerror}"
            raise HostError(what, directory, "give --root the top of an unpacked file system") from None
        self._open(files)
        self.name = files.root

    def _open(self, files: FileView) -> None:
        Door.__init__(self)
        self.files = files
        self._owners: tuple[dict[int, str], dict[int, str]] | None = None
        self._key = os.urandom(32)
        self._linker: Linker | None = None
        self._began = time.monotonic()
        self._source = ""
        self._placed: Placed | None = None

    @property
    def commands(self) -> tuple[str, ...]:
        """Nothing is run for files."""
        return ()

    def given_source(self, directory: str) -> None:
        """A source tree of sendmail to look at too, by its path on this machine. Raises HostError."""
        if not filesystem.is_file(f"{directory}{_SITE}"):
            what = "there is no devtools/Site/site.config.m4 in it"
            raise HostError(what, directory, "give --source the top of a sendmail source tree")
        self._source = directory

    def given_candidate(self, files: Mapping[str, bytes | None]) -> None:
        """A configuration that is not installed: what lies at these paths is to be taken for these bytes, or for not
        there. The log tells of the one that is installed, and is not asked from then on. Raises OSError."""
        self._placed = self.files = Placed(self.files, files)

    def read_candidate(self, path: str) -> bool:
        """Whether the file that was given for this path has been read."""
        return self._placed is not None and self._placed.was_read(path)

    def _answer(self, verb: Verb, subject: str) -> Answer:
        if self._placed is not None and verb in ("logins", "recent"):
            reason = "the log tells of the configuration that is installed, not of the candidate"
            return NoAnswer("lifeless", reason, "examine the host when the candidate is installed")
        tell = self._verbs().get(verb)
        if tell is None and verb in _LIFE:
            return NoAnswer("lifeless", f"files alone have no {_LIFE[verb]}", "examine the running system")
        if tell is None:
            reason = f"the {verb} of a {self.kind} cannot be told from its files"
            return NoAnswer("unavailable", reason, "run maildoctor check on the running system")
        try:
            return tell(subject)
        except FileNotFoundError:
            return NoAnswer("absent", f"{subject} does not exist")
        except NotADirectoryError:
            return NoAnswer("absent", f"{subject} does not exist: part of its path is no directory")
        except PermissionError:
            return NoAnswer("refused", f"permission denied reading {subject}", "run as root")
        except filesystem.IsDirectory as error:
            return NoAnswer("directory", f"{subject}: {error.strerror}")
        except OSError as error:
            why: Why = "too_large" if error.errno == errno.EFBIG else "failed"
            return NoAnswer(why, f"{subject}: {error.strerror or error}")

    def _verbs(self) -> dict[Verb, Callable[[str], Answer]]:
        """Who answers what: a method a verb."""
        return {
            "look": self._tell_look,
            "changed": self._tell_changed,
            "real": self._tell_real,
            "acl": self._tell_acl,
            "list": self._tell_list,
            "read": self._tell_read,
            "clear": self._tell_clear,
            "clock": self._tell_clock,
            "recent": self._tell_recent,
            "logins": self._tell_logins,
            "source": self._tell_source,
            "map": self._tell_map,
            "accounts": self._tell_accounts,
            "passwd-file": self._tell_passwd_file,
            "keytab": self._tell_keytab,
            "tally": self._tell_tally,
            "sasldb": self._tell_sasldb,
            "elf": self._tell_elf,
            "build": self._tell_build,
            "release": self._tell_release,
            "folders": self._tell_folders,
            "elapsed": self._tell_elapsed,
            "cert": self._tell_cert,
            "key": self._tell_key,
        }

    # ---- one method a verb

    def _tell_look(self, path: str) -> Answer:
        status = self.files.lstat(path)
        users, groups = self._names()
        seconds, fraction = divmod(status.st_mtime_ns, 1_000_000_000)
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
        link = f" -> {_printable(self.files.readlink(path))}" if stat.S_ISLNK(status.st_mode) else ""
        acl = "+" if self._has_acl(path, status.st_mode) else ""
        return (
            f"{stat.filemode(status.st_mode)}{acl} {status.st_nlink}"
            f" {users.get(status.st_uid, status.st_uid)} {groups.get(status.st_gid, status.st_gid)}"
            f" {status.st_size} {when}.{fraction:09d} +0000 {_printable(path)}{link}"
        )

    def _tell_changed(self, path: str) -> Answer:
        seconds, fraction = divmod(self.files.lstat(path).st_ctime_ns, 1_000_000_000)
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}.{fraction:09d} +0000"

    def _tell_real(self, path: str) -> Answer:
        self.files.stat(path)
        return _printable(self.files.resolve(path))

    def _tell_acl(self, path: str) -> Answer:
        return _acl_text(self.files.getxattr(path, "system.posix_acl_access"), *self._names())

    def _tell_list(self, path: str) -> Answer:
        return "\n".join(sorted(_printable(name) for name in self.files.listdir(path)))

    def _tell_read(self, path: str) -> Answer:
        data = self.files.read(path, _TEXT_LIMIT + 1)
        if len(data) > _TEXT_LIMIT:
            return NoAnswer("too_large", f"{path} is larger than {_TEXT_LIMIT // 2**20} MiB", _LOOK)
        return data.decode("utf-8", "backslashreplace")

    def _tell_clear(self, subject: str) -> Answer:
        from maildoctor.host.clear import in_clear

        kind, path = ("pairs", subject[len(_PAIRS) :]) if subject.startswith(_PAIRS) else (kind_of(subject), subject)
        return "\n".join(in_clear(kind, self._whole(path, _TEXT_LIMIT).decode("utf-8", "backslashreplace")))

    def _tell_clock(self, _: str) -> Answer:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def _tell_recent(self, path: str) -> Answer:
        return "\n".join(log_lines.of_trouble(self._end(path)))

    def _tell_logins(self, path: str) -> Answer:
        return "\n".join(log_lines.of_logins(self._end(path)))

    def _end(self, path: str) -> list[str]:
        """The last lines of a log, the first of which may be cut."""
        return self.files.tail(path, _RECENT).decode("utf-8", "backslashreplace").splitlines()[1:]

    def _tell_source(self, _: str) -> Answer:
        if not self._source:
            return NoAnswer("absent", "no source tree of sendmail was given")
        path = f"{os.path.abspath(self._source)}{_SITE}"
        return f"# path: {path}\n" + Tree(self._source).read(_SITE, _TEXT_LIMIT).decode("utf-8", "backslashreplace")

    def _whole(self, path: str, limit: int) -> bytes:
        """A file that says something only as a whole. Raises OSError; EFBIG where it is longer."""
        data = self.files.read(path, limit + 1)
        if len(data) > limit:
            raise OSError(errno.EFBIG, f"larger than can be read safely: more than {_size(limit)}", path)
        return data

    def _tell_map(self, subject: str) -> Answer:
        from maildoctor.sasldb import NotADatabase, entries

        word, _, path = subject.partition(" ")
        kind: entries.Kind = word if word in _KINDS else "plain"  # type: ignore[assignment]
        data = self._whole(path, _DATABASE)
        try:
            if path.endswith((".db", ".pag", ".dir", ".cdb", ".lmdb")):
                return entries.built(data, self._tag, kind)
            return entries.source(data, self._tag, kind)
        except NotADatabase as error:
            return NoAnswer("failed", f"{path}: {error}")

    def _tell_accounts(self, _: str) -> Answer:
        from maildoctor.host.accounts import accounts

        passwd = self._whole("/etc/passwd", _TEXT_LIMIT).decode("utf-8", "backslashreplace")
        try:
            shadow = self._whole("/etc/shadow", _TEXT_LIMIT).decode("utf-8", "backslashreplace")
        except FileNotFoundError:
            return "\n".join(accounts(passwd, None))
        except PermissionError:
            return NoAnswer("refused", "permission denied reading /etc/shadow", "run as root")
        return "\n".join(accounts(passwd, shadow))

    def _tell_passwd_file(self, path: str) -> Answer:
        from maildoctor.host.passwd_file import users

        text = self._whole(path, _TEXT_LIMIT).decode("utf-8", "backslashreplace")
        return f"# path: {path}\n" + "\n".join(users(text))

    def _tell_keytab(self, path: str) -> Answer:
        from maildoctor.host.keytab import NotAKeytab, entries

        try:
            return f"# path: {path}\n" + "\n".join(entries(self._whole(path, _KEY_FILE)))
        except NotAKeytab as error:
            return NoAnswer("failed", f"{path}: {error}", _LOOK)

    def _tell_tally(self, subject: str) -> Answer:
        from maildoctor.host.tally import RECORD, counted, failures

        path, _, uid = subject.partition(" ")
        if not uid:
            return "\n".join(failures(self._whole(path, _KEY_FILE)))
        at = int(uid) * RECORD
        return counted(self._whole(path, _TEXT_LIMIT)[at : at + RECORD])

    def _tell_sasldb(self, path: str) -> Answer:
        from maildoctor.sasldb.listing import listing

        return f"# path: {path}\n" + listing(self._whole(path, _DATABASE))

    def _tell_elf(self, subject: str) -> Answer:
        from maildoctor.linking.closure import NOT_READABLE, Linker, text

        path, _, program = subject.partition(" ")
        if program and self.files.stat(path).st_size > _PLUGIN:
            return NoAnswer("failed", f"{path} is larger than {_size(_PLUGIN)}, as no plug-in is", _LOOK)
        if self._linker is None:
            self._linker = Linker(_Library(self.files, _LINKED))
        linked = self._linker.link(path, program or None)
        faults = {linked.fault, *(library.fault for library in linked.libraries)}
        if NOT_READABLE in faults and self._linker.is_full:
            return NoAnswer("failed", f"{path} is not judged: too much was read of libraries and plug-ins", _LOOK)
        return text(linked)

    def _tell_build(self, path: str) -> Answer:
        from maildoctor.linking.elf import BadElf, NotElf, sendmail_build

        try:
            version, flags = sendmail_build(self._whole(path, _PROGRAM))
        except (NotElf, BadElf):
            return "Version unknown"
        return f"Version {version or 'unknown'}\n Compiled with: {' '.join(flags)}"

    def _tell_release(self, path: str) -> Answer:
        """The release of a libsasl (lib/common.c), of a program of Postfix (global/mail_version.h), of Dovecot's master
        (master/main.c) or of libcrypto (crypto/cversion.c): it stands in it as plain text."""
        program = self._whole(path, _PROGRAM)
        found = next(filter(None, (shape.search(program) for shape in _RELEASES)), None)
        return found[1].decode() if found else NoAnswer("failed", f"{path} does not tell its release")

    def _tell_folders(self, path: str) -> Answer:
        """CONFIGDIR and PLUGINDIR of a libsasl2 (lib/common.c), which stand in it as plain text: folders
        called `sasl2`, the one a list of them, by default the other and a folder of /etc. Where the list ends in the
        other, the linker keeps no text of its own for it."""
        program = self._whole(path, _PROGRAM)
        texts = dict.fromkeys(m[1].decode() for m in _FOLDERS.finditer(program))
        found = [t for t in texts if all(folder.rpartition("/")[2] in ("sasl", "sasl2") for folder in t.split(":"))]
        lists = [t for t in found if ":" in t] or [t for t in found if "/etc" in t] or found
        plugins = [t for t in found if ":" not in t and t not in lists[:1]] or [t.rpartition(":")[2] for t in lists[:1]]
        if not lists or len(plugins) != 1:
            return NoAnswer("failed", f"{path} does not tell where it looks for plug-ins")
        return f"configurations: {lists[0]}\nplugins: {plugins[0]}"

    def _tell_elapsed(self, _: str) -> Answer:
        return f"{time.monotonic() - self._began:.3f}"

    def _tell_cert(self, path: str) -> Answer:
        from maildoctor.certificates import certificates

        return self._described(certificates, path, _CERTIFICATES)

    def _tell_key(self, path: str) -> Answer:
        from maildoctor.certificates import public_half

        return self._described(public_half, path, _KEY_FILE)

    def _described(self, describe: Callable[[bytes], str], path: str, limit: int) -> Answer:
        from maildoctor.certificates import NotReadable

        try:
            return describe(self._whole(path, limit))
        except NotReadable as error:
            return NoAnswer("unavailable" if error.remedy else "failed", error.reason, error.remedy)
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            return NoAnswer("unavailable", f"{path}: {error.strerror}", _LOOK)  # nothing is known against it

    # ---- what the answers need

    def _names(self) -> tuple[dict[int, str], dict[int, str]]:
        """Names of user and group ids, from the target's own files: a look never asks a directory service."""
        if self._owners is None:
            self._owners = (self._ids("/etc/passwd"), self._ids("/etc/group"))
        return self._owners

    def _ids(self, path: str) -> dict[int, str]:
        try:
            rows = [
                line.split(":") for line in self.files.read(path, _TEXT_LIMIT).decode("utf-8", "replace").splitlines()
            ]
        except OSError:
            return {}
        return {int(row[2]): row[0] for row in reversed(rows) if len(row) > 3 and re.fullmatch(r"\d{1,10}", row[2])}

    def _has_acl(self, path: str, mode: int) -> bool:
        if stat.S_ISLNK(mode):
            return False
        try:
            return bool(self.files.getxattr(path, "system.posix_acl_access"))
        except OSError:
            return False

    def _tag(self, value: bytes) -> str:
        """Tells equal values from different ones. The key dies with the process, so a tag betrays nothing."""
        from hashlib import blake2b

        return blake2b(value, key=self._key, digest_size=8).hexdigest()


class _Library:
    """Files as the linking code wants them, which keeps them: no more than `most` bytes in all."""

    def __init__(self, files: FileView, most: int) -> None:
        self._files = files
        self._left = most

    def open(self, path: str) -> memoryview | None:
        try:
            if self._left < self._files.stat(path).st_size <= _PROGRAM:
                raise OSError(errno.ENOMEM, "too much was read already", path)
            limit = min(_PROGRAM, self._left)
            data = self._files.read(path, limit + 1)
            if len(data) > limit:
                raise OSError(errno.EFBIG, "larger than a library can be", path)
            self._left -= len(data)
            return memoryview(data)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_text(self, path: str) -> str | None:
        try:
            return self._files.read(path, _TEXT_LIMIT).decode("utf-8", "replace")
        except OSError:
            return None

    def glob(self, pattern: str) -> list[str]:
        from fnmatch import fnmatch

        folder, _, name = pattern.rpartition("/")
        try:
            return sorted(f"{folder}/{n}" for n in self._files.listdir(folder or "/") if fnmatch(n, name))
        except OSError:
            return []


def _size(octets: int) -> str:
    return f"{octets // 2**20} MiB" if octets >= 2**20 else f"{octets // 2**10} KiB"


def _printable(name: str) -> str:
    """A file name on one line: control characters and undecodable bytes escaped."""
    if name.isprintable():
        return name
    raw = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in raw)


_ACL_TAGS = {0x01: "user", 0x02: "user", 0x04: "group", 0x08: "group", 0x10: "mask", 0x20: "other"}


def _acl_text(raw: bytes, users: dict[int, str], groups: dict[int, str]) -> str:
    """A POSIX ACL as getfacl prints it (linux/posix_acl_xattr.h: version 2, then tag, permissions, id)."""
    lines = []
    for at in range(4, len(raw) - 7, 8):
        tag = int.from_bytes(raw[at : at + 2], "little")
        perm = int.from_bytes(raw[at + 2 : at + 4], "little")
        ident = int.from_bytes(raw[at + 4 : at + 8], "little")
        named = {0x02: users, 0x08: groups}.get(tag)
        name = named.get(ident, str(ident)) if named is not None else ""
        bits = "".join(c if perm & b else "-" for c, b in (("r", 4), ("w", 2), ("x", 1)))
        lines.append(f"{_ACL_TAGS.get(tag, 'unknown')}:{name}:{bits}")
    return "\n".join(lines)
