"""From pieces to the answers of a host: each piece is what some question of `maildoctor.host` is answered by.

What was not pasted has no answer. That something is not there is said only where the paste says it: `No such file or
directory`, a listing that is whole, a mail server of which nothing in the paste speaks.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from maildoctor.facts.cyrus.conf import config_search
from maildoctor.facts.paths import Look
from maildoctor.facts.received import Trace, judge
from maildoctor.host import Answer, NoAnswer, Verb
from maildoctor.masking import masked
from maildoctor.model import Piece, PieceKind
from maildoctor.paste.cutting import Cut, cut
from maildoctor.paste.lines import Line, cleaned
from maildoctor.paste.transcripts import conversation, replies, secrets

_POSTFIX_PROGRAM = "/usr/lib/postfix/sbin/smtpd"
_SENDMAIL_PROGRAM = "/usr/sbin/sendmail"
_SENDMAIL_PROGRAMS = (
    "/usr/libexec/sendmail/sendmail", "/usr/lib/sm.bin/sendmail", "/usr/sbin/sendmail.sendmail",
    "/usr/lib/sendmail.sendmail", "/usr/lib/sendmail", "/usr/local/sbin/sendmail", "/opt/sendmail/sbin/sendmail",
)  # fmt: skip
_PLACES: Mapping[PieceKind, tuple[str, ...]] = {
    "main.cf": ("/etc/postfix/main.cf", "/usr/local/etc/postfix/main.cf"),
    "sendmail.cf": (
        "/etc/mail/sendmail.cf", "/etc/sendmail.cf", "/usr/lib/sendmail.cf", "/usr/local/etc/mail/sendmail.cf",
    ),
    "submit.cf": ("/etc/mail/submit.cf", "/usr/local/etc/mail/submit.cf"),
    "sendmail.mc": ("/etc/mail/sendmail.mc", "/usr/local/etc/mail/sendmail.mc", "/etc/sendmail.mc"),
    "saslauthd-defaults": ("/etc/default/saslauthd", "/etc/sysconfig/saslauthd"),
    "saslauthd.conf": ("/etc/saslauthd.conf", "/usr/local/etc/saslauthd.conf"),
    "dovecot": ("/etc/dovecot/dovecot.conf", "/usr/local/etc/dovecot/dovecot.conf"),
}  # fmt: skip
"""Where collectors look for each; the others are not there where one was pasted."""

_UNREAD: Mapping[PieceKind, str] = {
    "exim": "no check reads Exim's configuration yet; its log lines and what it says on the wire are read",
    "smtpd.conf": "no check reads OpenSMTPD's configuration yet; its log lines and what it says on the wire are read",
    "plug-ins": "what libsasl has loaded; no check reads it",
    "authinfo": "whom this host logs in as elsewhere",
    "saslfinger": "of the system",
}
_SYSTEMS = (
    ("debian", re.compile(r"\bDebian\b|(?<=[~+-])deb\d{1,2}u")),
    ("ubuntu", re.compile(r"\bUbuntu\b|ubuntu\d")),
    ("centos", re.compile(r"\bCentOS\b|\.el[5-9]\b")),
    ("rocky", re.compile(r"\bRocky Linux|AlmaLinux")),
    ("fedora", re.compile(r"\bFedora\b|\.fc\d\d\b")),
    ("rhel", re.compile(r"\bRed ?Hat\b")),
    ("freebsd", re.compile(r"\bFreeBSD\b")),
    ("alpine", re.compile(r"\bAlpine\b")),
    ("opensuse", re.compile(r"(?i)\bopensuse\b")),
)
_FOLDERS_OF: Mapping[str, str] = {
    "/etc/postfix/sasl": "debian",
    "/usr/lib64/sasl2": "centos",
    "/usr/local/lib/sasl2": "freebsd",
}
_VERSIONS = re.compile(r"(?:mail_version ?= ?|Postfix: |postfix-?\s?)(\d\.\d{1,2}(?:\.\d{1,2})?)\b")
_DOVECOT_VERSION = re.compile(r"(?m)^# (\d\.\d{1,2}(?:\.\d{1,2})?)")
_SENDMAIL_VERSION = re.compile(r"(?m)^DZ(8\.\S{1,20})$|\bSendmail (8\.\d{1,2}\.\d{1,2})")
_NO_SUCH = re.compile(
    r"(?:ls|cat|stat|head|tail|namei|grep|find): (?:cannot (?:access|open"
    r"|stat) )?['‘`\"]?(/[^'’\"\s:]{1,300})['’\"]?:? .{0,40}No such file"
)
_GREPPED = re.compile(r"\|\s{0,4}(?:e|f|z)?grep\s(?:-\w{1,6}\s){0,3}(?P<what>.{1,100})")
_PROCESS = re.compile(
    r"(?P<user>[\w+-]{1,32})\s+(?P<pid>\d{1,8})\s+(?:\d{1,3}(?:\.\d)?\s+\d{1,3}\.\d\s+\d{1,12}\s+\d{1,12}\s+\S{1,12}\s+\S{1,8}\s+\S{1,10}\s+\S{1,12}"
    r"|\d{1,8}\s+\d{1,3}\s+\S{1,10}\s+\S{1,10}\s+\S{1,12})\s(?P<command>.{1,2000})"
)
_SHORT_PROCESS = re.compile(
    r"\s{0,8}(?P<pid>\d{1,8})\s+\S{1,10}\s+\S{1,8}\s+\d{1,6}:\d\d(?::\d\d)?\s(?P<command>.{1,2000})"
)
_LISTENER = re.compile(
    r"(?:tcp\s+)?LISTEN\s+\d{1,8}\s+\d{1,8}\s+(?P<ss>\S{1,80}):(?P<ssport>\d{1,5}|\w{2,20})\s+\S{1,80}(?:\s+users:\(\(\"(?P<program>[^\"]{1,40})\",(?:pid=)?(?P<pid>\d{1,8}))?"
    r"|tcp[46]?\s+\d{1,8}\s+\d{1,8}\s+(?P<ns>\S{1,80})[:.](?P<nsport>\d{1,5}|\w{2,20})\s+\S{1,80}\s+LISTEN(?:\s+\d{1,8}\s+\d{1,12})?(?:\s+(?P<npid>\d{1,8})/(?P<nprogram>\S{1,40}))?"
)
_NAMES_OF_PORTS = {
    "smtp": "25",
    "submission": "587",
    "smtps": "465",
    "submissions": "465",
    "urd": "465",
    "ssmtp": "465",
}
_ID = re.compile(r"uid=(\d{1,10})\(([\w.-]{1,64})\) gid=(\d{1,10})\(([\w.-]{1,64})\)(?: groups=(\S{1,2000}))?")
_GROUP = re.compile(r"(\d{1,10})\(([\w.-]{1,64})\)")
_DAEMONS: Mapping[str, str] = {
    "postfix": "1 root 0 /usr/lib/postfix/sbin/master /usr/lib/postfix/sbin/master -w",
    "sendmail": "1 root 0 /usr/sbin/sendmail sendmail: MTA: accepting connections",
    "dovecot": "1 root 0 /usr/sbin/dovecot /usr/sbin/dovecot -F",
}
_SASLAUTHD = "2 root 0 /usr/sbin/saslauthd /usr/sbin/saslauthd"
_ASSUMED = "3.4.0"
"""The release of Postfix where the paste does not tell it. With the compatibility level of a new installation, as is
assumed then too, nothing is found in its defaults."""
_ASSUMED_MASTER = "smtp inet n - n - - smtpd\n"
"""master.cf where it was not pasted: what is found then counts only if it quotes the paste."""
_PAIR = re.compile(r"(\S{1,255})[ \t]{1,40}(\S{1,400})")
_OF_A_WHOLE = re.compile(
    r"(?m)^(?:myhostname|mydestination|inet_interfaces|alias_maps|queue_directory|mynetworks|smtpd_banner)\s{0,20}="
)
_ENOUGH = 5
_NOT_FOUND = re.compile(r"SASL: Connect to (\S{1,200}) failed: No such file")
_ENTRY = re.compile(r"(?m)^dn: ?\S.{1,400}$(?:\n[A-Za-z][\w;-]{0,60}: ?\S.{0,400}$){0,100}")
_TRIED = re.compile(
    r"\bldap\(([^\s,()]{1,255})(?:,[^)]{0,200})?\)(?:<\S{1,80}>)?: "
    r"(?:[Ii]nvalid credentials|[Uu]nknown user|Password mismatch)"
)


@dataclass
class Paste:
    """What was pasted. `answers`: for the door; `reported`: text for log rules, each line as it stands there behind its
    number; `parts`: paths of which only a part was pasted, so that what they lack means nothing."""

    pieces: tuple[Piece, ...] = ()
    answers: dict[tuple[Verb, str], Answer] = field(default_factory=dict)
    reported: list[tuple[int, str]] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)
    text: str = ""
    products: set[str] = field(default_factory=set)
    headers: tuple[str, ...] = ()
    assumed: set[str] = field(default_factory=set)
    """mail servers whose release the paste does not tell"""

    def kinds(self) -> frozenset[str]:
        """The kinds of its pieces."""
        return frozenset(piece.kind for piece in self.pieces)


def read(text: str) -> Paste:
    """A paste of any form; its secrets are struck out before anything else is done with it."""
    lines = cleaned(text)
    lines = _struck(lines, secrets([line.text for line in lines]))
    hidden = masked("\n".join(line.text for line in lines), "log").split("\n")
    if len(hidden) == len(lines):
        lines = [line._replace(text=clear) for line, clear in zip(lines, hidden, strict=True)]
    return _Reader(cut(lines), "\n".join(line.text for line in lines)).read()


def _struck(lines: list[Line], said: tuple[str, ...]) -> list[Line]:
    """Without what a client said as its password, wherever a server or a person repeats it."""
    if not said:
        return lines
    any_of = re.compile(rf"(?<![\w+/])(?:{'|'.join(map(re.escape, said))})(?![\w+/])")
    return [line._replace(text=any_of.sub("***", line.text)) for line in lines]


class _Reader:
    """Takes one piece after the other."""

    def __init__(self, cuts: list[Cut], text: str) -> None:
        self.cuts, self.paste = cuts, Paste(text=text)
        self.answers = self.paste.answers
        self.mains: list[tuple[str, str, bool]] = []
        self.dovecot: list[tuple[Cut, bool]] = []
        self.talks: list[str] = []
        self.users: dict[str, str] = {}
        self.groups: dict[tuple[str, str], list[str]] = {}
        self.notes: dict[int, str] = {}
        self.confs: list[tuple[str, str]] = []
        self.headers: list[str] = []

    def read(self) -> Paste:
        """All of them."""
        for piece in self.cuts:
            self._hosts_name(piece)
            self._take(piece)
            self._missing(piece)
        self._put_together()
        paste = self.paste
        paste.pieces = tuple(self._described(piece) for piece in self.cuts if piece.lines)
        paste.headers = tuple(self.headers)
        return paste

    def _described(self, piece: Cut) -> Piece:
        name = piece.heading.name if piece.heading else ""
        note = self.notes.get(id(piece), _UNREAD.get(piece.kind, ""))
        return Piece(piece.kind, piece.lines[0].number, piece.last, masked(name, "log")[:120], note)

    def _hosts_name(self, piece: Cut) -> None:
        if piece.heading and "." in piece.heading.host:
            self.answers.setdefault(("hostname", ""), piece.heading.host)

    # ---- one piece

    def _take(self, piece: Cut) -> None:
        kind, text, name = piece.kind, piece.text, piece.heading.name if piece.heading else ""
        path = name if name.startswith("/") else ""
        part = bool(piece.heading and piece.heading.part)
        if kind == "main.cf":
            rows = [row for row in text.split("\n") if "=" in row or row[:1] in " \t#"]
            whole = not part and (bool(name) or (len(rows) >= _ENOUGH and bool(_OF_A_WHOLE.search(text))))
            if not text.strip():
                return  # the command that was to show it failed
            self.mains.append((path if path.endswith("main.cf") else "", text, whole))
        elif kind == "dovecot":
            command = bool(piece.heading and piece.heading.command)
            whole = bool(text.strip()) and (
                command
                or bool(_DOVECOT_VERSION.match(text))
                or path.endswith("/dovecot.conf")
                or name == "dovecot.conf"
            )
            if text.strip():  # a doveconf that only complains prints nothing of the configuration
                self.dovecot.append((piece, whole and not part))
        elif kind == "sasl-conf":
            self.confs.append((path or name, text))
        elif kind == "transcript":
            self._talk(piece, name)
        elif kind in ("log", "testsaslauthd", "text", "output", "saslfinger"):
            self.paste.reported += [(line.number, line.text) for line in piece.lines]
            self._output(name, text)
        elif kind == "master.cf":
            self.answers[("read", "/etc/postfix/master.cf")] = text
        elif kind in _PLACES:
            self._place(kind, path, text, part)
        else:
            self._more(piece, name, path)

    def _more(self, piece: Cut, name: str, path: str) -> None:
        kind, text = piece.kind, piece.text
        if kind == "look":
            self._listing(piece, name)
        elif kind == "namei":
            self._trail(text)
        elif kind == "id":
            self._identities(text)
        elif kind == "processes":
            self._processes(piece, name)
        elif kind == "listeners":
            self._listeners(text, name)
        elif kind == "sasldb-users":
            self._users(text, name)
        elif kind == "program":
            self.paste.products.add("sendmail")
            self.answers[("build", _SENDMAIL_PROGRAM)] = text[text.find("Version ") :]
            self.answers[("run", f"{_SENDMAIL_PROGRAM} -OLogLevel=0 -d0.1 -bt")] = f"exit 0\n{text}"
        elif kind == "passwords":
            self._passwords(path or self._named_passwords(name), text)
        elif kind == "header":
            self._header(piece, text)
        elif kind == "names" and re.fullmatch(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", text.strip()):
            self.answers[("hostname", "")] = text.strip()
        elif kind == "file" and name == "authdaemonrc":
            self.answers[("read", f"/etc/courier/{name}")] = text + "\n"
        elif kind == "file" and path:
            self.answers[("read", path)] = text + "\n"

    def _place(self, kind: PieceKind, path: str, text: str, part: bool) -> None:
        places = _PLACES[kind]
        at = path if path in places else places[0]
        if kind in ("sendmail.cf", "submit.cf") and (part or len(text) < 4000):
            return  # some lines of a cf say nothing of what it lacks
        self.answers[("read", at)] = text + "\n"
        for other in places:
            self.answers.setdefault(("read", other), NoAnswer("absent", f"{other} was not pasted, {at} was"))
        if kind.startswith("sendmail") or kind == "submit.cf":
            self.paste.products.add("sendmail")
        if part:
            self.paste.parts.add(at)

    def _talk(self, piece: Cut, name: str) -> None:
        before = name if piece.heading and piece.heading.command else ""
        rows = [line.text for line in piece.lines]
        if said := conversation(before, rows):
            self.talks.append(said)
        shown = dict(replies(rows))
        for line in piece.lines:
            if line.text in shown:
                self.paste.reported.append((line.number, shown[line.text]))

    def _output(self, name: str, text: str) -> None:
        if name.startswith("lsb_release") or "os-release" in name:
            self.notes.setdefault(0, text)

    def _listing(self, piece: Cut, name: str) -> None:
        """`ls -l`: with paths, of one folder (its command or `FOLDER:` names it), or of names alone."""
        words = re.findall(r"(?<=\s)/[^\s|;&]{1,300}", name)
        folder = words[0].rstrip("/") if len(words) == 1 and piece.heading and piece.heading.command else ""
        of_folder = not re.search(r"\s-\w{0,8}d", name)
        listed: dict[str, list[str]] = {}
        for line in piece.lines:
            row = re.sub(r"^(?:\d{3,12} {1,8}(?:\d{1,8} {1,8})?)(?=[-dlpscb])", "", line.text)
            if m := re.fullmatch(r"(/\S{1,300}):", row):
                folder = m[1].rstrip("/")
            found = _look(row, folder if of_folder else "")
            if found is None:
                continue
            path, written = found
            self.answers[("look", path)] = written
            if folder and of_folder and posixpath.dirname(path) == folder and path != folder:
                listed.setdefault(folder, []).append(posixpath.basename(path))
        for where, names in listed.items():
            filtered = bool(piece.heading and piece.heading.part) or "*" in name
            if not filtered:
                self.answers[("list", where)] = "\n".join(sorted(names))

    def _trail(self, text: str) -> None:
        """`namei -l`, `-m` or `-o`: one element a line, those behind a link set in."""
        where = "/"
        for row in text.split("\n"):
            if row.startswith("f: "):
                where = "/"
                continue
            m = re.match(r"\s{0,40}([-dlpscbD][-rwxsStT]{9})\s+(\S+)\s+(\S+)\s+(\S.{0,300})", row)
            if m is None:
                if "No such file" in row and (missing := re.search(r"(\S+) - No such file", row)):
                    self._absent(posixpath.join(where, missing[1]))
                continue
            element, _, target = m[4].partition(" -> ")
            path = "/" if element == "/" else posixpath.join(where, element)
            self.answers[("look", path)] = f"{m[1]} {m[2]} {m[3]} {path}" + (f" -> {target}" if target else "")
            if m[1][0] == "d":
                where = path
            elif target:
                where = target if target.startswith("/") else posixpath.join(where, target)
                where = posixpath.dirname(where) if not target.endswith("/") else where

    def _identities(self, text: str) -> None:
        for m in list(_ID.finditer(text))[:200]:
            self.users[m[2]] = f"{m[2]}:x:{m[1]}:{m[3]}::/:"
            for gid, group in [(m[3], m[4]), *_GROUP.findall(m[5] or "")]:
                members = self.groups.setdefault((group, gid), [])
                if m[2] not in members:
                    members.append(m[2])

    def _processes(self, piece: Cut, name: str) -> None:
        grepped = _GREPPED.search(name)
        what = grepped["what"] if grepped else ""
        rows = []
        for line in piece.lines:
            m = _PROCESS.match(line.text) or _SHORT_PROCESS.match(line.text)
            if m and not re.match(r"(?:\S*/)?[ef]?grep\s|\\_ grep", m["command"]):
                command = re.sub(r"^[ |\\_]{1,20}", "", m["command"])
                user = m.groupdict().get("user") or "root"
                rows.append(f"{m['pid']} {user} 0 {command.split(' ')[0] or '?'} {command}")
        whole = not what and len(rows) > 2 * _ENOUGH
        if not rows and not what:
            return
        if not whole:
            rows += [
                row
                for product, row in _DAEMONS.items()
                if product not in what and (product != "postfix" or "master" not in what)
            ]
            if "sasl" not in what and not any("saslauthd" in row for row in rows):
                rows.append(_SASLAUTHD)
        self.answers[("processes", "")] = "\n".join(rows)

    def _listeners(self, text: str, name: str) -> None:
        grepped = _GREPPED.search(name)
        if grepped and not re.search(r"(?i)listen|master|smtp|sendmail|mail|25.{0,6}587|587.{0,6}25", grepped["what"]):
            self.notes[len(self.notes) + 1] = ""
            return
        rows = []
        for m in map(_LISTENER.match, text.split("\n")):
            if m is None:
                continue
            port = m["ssport"] or m["nsport"]
            address = (m["ss"] or m["ns"]).strip("[]")
            number = _NAMES_OF_PORTS.get(port, port)
            if number.isdecimal():
                rows.append(f"{address} {number} {m['pid'] or m['npid'] or 0} {m['program'] or m['nprogram'] or '?'}")
        if rows:
            self.answers[("listeners", "")] = "\n".join(rows)

    def _users(self, text: str, name: str) -> None:
        m = re.search(r"-f\s{1,4}(\S{1,200})", name)
        rows = [row for row in text.split("\n") if ": " in row and "@" in row]
        path = m[1] if m else "/etc/sasldb2"
        self.answers[("sasldb", path)] = "\n".join(
            [f"# path: {path}", "# format: as sasldblistusers2 lists it", *sorted(rows), ""]
        )

    def _named_passwords(self, name: str) -> str:
        """Where a table lies that was shown by its bare name: where main.cf, pasted too, says, else as usual."""
        file = name.rpartition("/")[2] or "sasl_passwd"
        m = re.search(rf"smtp_sasl_password_maps\s*=[^\n]*?:(/[\w./-]{{1,200}}/{re.escape(file)})\b", self.paste.text)
        return m[1] if m else f"/etc/postfix/{file}"

    def _passwords(self, path: str, text: str) -> None:
        rows = []
        for row in text.split("\n"):
            m = _PAIR.fullmatch(row.strip())
            if m and not row.startswith("#"):
                user, colon, secret = m[2].partition(":")
                shape = f"{user}:{'***' if secret else '(empty)'}" if colon else "(no colon)"
                rows.append(f"{m[1]}\t0\t{shape}")
            elif re.fullmatch(r"[\[\w][\w.@:\[\]+-]{1,254}", row.strip()):
                rows.append(f"{row.strip()}\t0\t(not shown)")  # only the keys were pasted
        self.answers[("map", f"passwords {path}.db")] = "\n".join(rows)
        self.answers[("map", f"passwords {path}")] = "\n".join(rows)

    def _header(self, piece: Cut, text: str) -> None:
        trace = Trace.parse(text)
        if trace.hops:
            sentence = judge(trace).sentence
            self.notes[id(piece)] = masked(sentence, "log")[:300]
            self.headers.append(sentence)

    def _missing(self, piece: Cut) -> None:
        for line in piece.lines:
            if "No such file" in line.text and (m := _NO_SUCH.search(line.text)):
                self._absent(m[1].rstrip("/"))

    def _absent(self, path: str) -> None:
        gone = NoAnswer("absent", f"{path} does not exist")
        for verb in ("look", "read", "list", "real", "sasldb", "changed", "acl", "passwd-file", "clear"):
            self.answers.setdefault((verb, path), gone)

    # ---- all together

    def _put_together(self) -> None:
        self._system()
        self._main()
        self._dovecot()
        self._listener_of_dovecot()
        self._directory()
        self._confs()
        self._of_sendmail()
        self._socket_of_saslauthd()
        if self.talks:
            self.answers[("probe", "")] = "\n".join(self.talks)
        if self.groups:
            rows = (f"{group}:x:{gid}:{','.join(members)}" for (group, gid), members in self.groups.items())
            self.answers.setdefault(("read", "/etc/group"), "\n".join(rows) + "\n")
        if self.mains or self.confs or any(p.kind == "saslauthd-defaults" for p in self.cuts):
            self.answers.setdefault(("look", "/usr/sbin/saslauthd"), "-rwxr-xr-x root root /usr/sbin/saslauthd")

    def _socket_of_saslauthd(self) -> None:
        """testsaslauthd that was answered has found the socket; a smtpd in a chroot that did not has looked in that."""
        answered = any(p.kind == "testsaslauthd" and re.search(r'(?m)^0: (?:OK|NO) "', p.text) for p in self.cuts)
        if answered:
            self.answers.setdefault(("look", "/var/run/saslauthd/mux"), "srwxrwxrwx root root /var/run/saslauthd/mux")
            self.answers.setdefault(("look", "/var/run/saslauthd"), "drwxr-xr-x root sasl /var/run/saslauthd")
            rows = [_DAEMONS[product] for product in sorted(self.paste.products) if product in _DAEMONS]
            self.answers.setdefault(("processes", ""), "\n".join([*rows, _SASLAUTHD]))
        if answered and "cannot connect to saslauthd server: No such file" in self.paste.text:
            for folder in ("/var/run/saslauthd", "/run/saslauthd", "/var/state/saslauthd", "/var/lib/sasl2"):
                self._absent(f"/var/spool/postfix{folder}/mux")

    def _system(self) -> None:
        text = self.paste.text
        family = next((name for name, shape in _SYSTEMS if shape.search(text)), "")
        if not family:
            family = next((known for folder, known in _FOLDERS_OF.items() if f"{folder}/" in text), "")
        if family in ("debian", "ubuntu") and "/etc/postfix/sasl" in text:
            # their Postfix looks there, Debian's until its release 12
            self.answers.setdefault(("read", "/etc/os-release"), 'ID=debian\nVERSION_ID="11"\n')
        elif family:
            self.answers.setdefault(("read", "/etc/os-release"), f"ID={family}\n")

    def _main(self) -> None:
        """main.cf: where several were pasted, one that is whole counts, and what others say is added."""
        if not self.mains:
            return
        path = next((p for p, _, _ in self.mains if p), _PLACES["main.cf"][0])
        whole = [text for _, text, is_whole in self.mains if is_whole]
        rest = [text for _, text, is_whole in self.mains if not is_whole]
        main = "\n".join(whole[-1:] or rest)
        if not _VERSIONS.search(self.paste.text) and "compatibility_level" not in main:
            main += "\ncompatibility_level = 2"
        self.answers[("read", path)] = main + "\n"
        if ("read", "/etc/postfix/master.cf") not in self.answers:
            self.answers[("read", "/etc/postfix/master.cf")] = _ASSUMED_MASTER
            self.paste.parts.add("/etc/postfix/master.cf")
        self.answers[("look", path)] = self.answers.get(("look", path), f"-rw-r--r-- root root {path}")
        self.answers.setdefault(("look", _POSTFIX_PROGRAM), f"-rwxr-xr-x root root {_POSTFIX_PROGRAM}")
        m = _VERSIONS.search(self.paste.text)
        self.answers[("release", _POSTFIX_PROGRAM)] = m[1] if m else _ASSUMED
        if not m:
            self.paste.assumed.add("postfix")
        if not whole:
            self.paste.parts.add(path)
        self.paste.products.add("postfix")

    def _dovecot(self) -> None:
        whole = [piece for piece, is_whole in self.dovecot if is_whole]
        for piece, is_whole in self.dovecot:
            if not is_whole:
                self.notes[id(piece)] = "a part of Dovecot's configuration: what is set elsewhere is not known"
        if whole:
            path = _PLACES["dovecot"][0]
            text = whole[-1].text
            self.answers[("read", path)] = re.sub(r"(?m)^[ \t]*!include(?:_try)? .*$", "", text) + "\n"
            self.answers[("look", path)] = f"-rw-r--r-- root root {path}"
            self.answers[("look", "/usr/sbin/dovecot")] = "-rwxr-xr-x root root /usr/sbin/dovecot"
            if m := _DOVECOT_VERSION.search(text):
                self.answers[("release", "/usr/sbin/dovecot")] = m[1]
            self.paste.products.add("dovecot")

    def _listener_of_dovecot(self) -> None:
        """smtpd that did not find Dovecot's socket has looked for it, and a configuration that is whole and does not
        name it is why."""
        shown = "\n".join(piece.text for piece, is_whole in self.dovecot if is_whole)
        for m in list(_NOT_FOUND.finditer(self.paste.text))[:5]:
            if shown and self.mains and m[1].removeprefix("/var/spool/postfix/") not in shown:
                path = m[1] if m[1].startswith("/") else f"/var/spool/postfix/{m[1]}"
                folder = posixpath.dirname(path)
                self.answers.setdefault(("look", folder), f"drwx------ postfix root {folder}")
                self._absent(path)
                self.answers.setdefault(("processes", ""), "\n".join((_DAEMONS["postfix"], _DAEMONS["dovecot"])))

    def _directory(self) -> None:
        """Entries of a directory as ldapsearch prints them, and whom Dovecot looked for there in vain."""
        entries = [m[0] for m in list(_ENTRY.finditer(self.paste.text))[:200]]
        tried = dict.fromkeys(m[1] for m in _TRIED.finditer(self.paste.text))
        if not entries or not tried:
            return
        said = "\n\n".join(entries) + "\n\n" + "\n".join(f"tried: {name}" for name in [*tried][:50])
        self.answers[("directory", "entries")] = said
        for piece, _ in self.dovecot:
            if piece.heading and re.search(r"ldap[\w.-]{0,20}$", piece.heading.name):
                path = piece.heading.name
                path = path if path.startswith("/") else "/etc/dovecot/dovecot-ldap.conf.ext"
                self.answers[("read", "/etc/dovecot/dovecot-ldap.conf.ext")] = piece.text + "\n"
                self.answers[("read", path)] = piece.text + "\n"

    def _confs(self) -> None:
        """libsasl's configuration of an application, in the folder that its heading names, else in the first."""
        system = self.answers.get(("read", "/etc/os-release"))
        family = system.partition("=")[2].partition("\n")[0].strip() if isinstance(system, str) else ""
        searched = config_search({"ubuntu": "debian"}.get(family, family), "", 2)
        if family in ("debian", "ubuntu") and self.mains:
            searched = ("/etc/postfix/sasl", "/usr/lib/sasl")
        for name, text in self.confs:
            folder, _, file = name.rpartition("/")
            file = (
                file
                if file.endswith(".conf")
                else "Sendmail.conf"
                if "sendmail" in self.paste.products
                else "smtpd.conf"
            )
            folder = folder if folder.startswith("/") else searched[0]
            path = f"{folder}/{file}"
            self.answers[("read", path)] = text + "\n"
            self.answers.setdefault(("look", path), f"-rw-r--r-- root root {path}")
            self.answers[("list", folder)] = file
            for other in (*searched, "/etc/sasl2", "/usr/lib/sasl2"):
                if other != folder:
                    self.answers.setdefault(("list", other), NoAnswer("absent", f"{other} was not pasted, {path} was"))

    def _of_sendmail(self) -> None:
        if "sendmail" not in self.paste.products and not any(p.kind == "authinfo" for p in self.cuts):
            for path in (_SENDMAIL_PROGRAM, *_SENDMAIL_PROGRAMS):
                self.answers.setdefault(("build", path), NoAnswer("absent", f"nothing pasted speaks of {path}"))
            return
        m = _SENDMAIL_VERSION.search(self.paste.text)
        self.answers.setdefault(("build", _SENDMAIL_PROGRAM), f"Version {(m[1] or m[2]) if m else ''}\n")
        for path in _SENDMAIL_PROGRAMS:
            self.answers.setdefault(("build", path), NoAnswer("absent", f"{path} was not pasted"))


def _look(row: str, folder: str) -> tuple[str, str] | None:
    """Path and line, in the form of the door, of one line of `ls -l`."""
    m = re.match(
        r"([-dlpscbD][-rwxsStTlL]{9}[+.@]?)\s+(?:\d+\s+)?(\S+)\s+(\S+)\s+(?:(\d{1,20}|\d{1,4},\s*\d{1,4}|[\d.]{1,6}[KMGT]?)\s+"
        r"(?:[A-Z][a-z]{2}\s+\d{1,2}\s+[\d:]{4,5}"
        r"|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: [+-]\d{4})?"
        r"|\d{1,2}\.? [A-Z][a-z]{2}\.? [\d:]{4,5})\s+)?(\S.{0,400})",
        row,
    )
    if m is None:
        return None
    name, arrow, target = m[5].partition(" -> ")
    if name in (".", "./"):
        path = folder
    elif name in ("..", "../"):
        path = posixpath.dirname(folder) if folder else ""
    elif name.startswith("/"):
        path = name.rstrip("/") or "/"
    elif folder and "/" not in name:
        path = f"{folder}/{name.rstrip('*=@')}"
    else:
        path = _KNOWN_NAMES.get(name.rstrip("*=@"), "")
    if not path.startswith("/"):
        return None
    written = f"{m[1]} {m[2]} {m[3]} {path}" + (f" -> {target}" if arrow else "")
    return (path, written) if Look.parse(written) else None


_KNOWN_NAMES = {"sasldb2": "/etc/sasldb2", "shadow": "/etc/shadow", "private/auth": "/var/spool/postfix/private/auth"}
"""Names that say where they lie."""


def sources(reported: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Lines for log rules in stretches of lines that follow each other: number of the first, and all of them."""
    run: list[str] = []
    begun = last = 0
    for number, text in sorted(reported):
        if not run or number != last + 1:
            if run:
                yield begun, run
            run, begun = [], number
        run.append(text)
        last = number
    if run:
        yield begun, run
