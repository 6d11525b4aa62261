"""How a container is started: what its image names as entry point and command, the supervisor and scripts behind it,
and what these write before the mail server runs.

Shell and Python are not run and not understood: only words are looked for that write a file (`> PATH`, `cp`, `tee`,
`postconf -e`, `saslpasswd2`, a template). So what is said is "may be written at the start", and `sure` only where no
condition stands before it.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from maildoctor.facts.paths import Look
from maildoctor.model import Evidence

Manager = Literal["", "supervisord", "s6", "runit", "systemd"]

_SECTION = re.compile(r"(?m)^==> (/\S{1,4000}) <==$\n?")
_INSTRUCTION = re.compile(r"(?m)^(ENTRYPOINT|CMD|USER|VOLUME|ENV) (.{1,65536})$")
_PREFIXES = ("tini", "tini-static", "dumb-init", "catatonit", "docker-init", "exec", "nohup", "command", "/init")
_TAKING_ONE = ("gosu", "su-exec", "pidproxy", "setuser")
_SHELLS = ("sh", "bash", "ash", "dash", "busybox", "with-contenv")
_SYSTEMD = ("systemd", "init")
_LONGEST = 4000
"""Characters of a line of a script that are looked at."""


_OF_SETTING = re.compile(r"(?:\S{1,100}: -o[ \t]{0,8}|no )?([a-z][a-z0-9_]{2,60})(?:[ \t]{0,8}=|:)")
"""How a check shows a parameter of Postfix: `name = value`, `no name: …`, `SERVICE: -o name=value`."""


_AT_WORK = re.compile(r"/(?:var/)?run/|/dev/|/tmp/|/var/spool/postfix/(?:private|public|pid)/")
"""What images do not hold: folders in memory, and sockets of daemons."""


@dataclass(frozen=True, slots=True)
class Write:
    """One file that the start writes. `sure`: no condition stands before it; `whole`: nothing of what was there is
    kept; `within`: `path` is a folder, and some files in it are written."""

    path: str
    source: str
    """`/entrypoint.sh:12`"""
    sure: bool = False
    whole: bool = False
    within: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """One program that a supervisor starts: its name there, its command, and where that stands."""

    name: str
    command: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Startup:
    """Text: lines of a Dockerfile (`ENTRYPOINT ["/init"]`, `CMD [...]`, `USER`, `VOLUME`, `ENV NAME`, `ENV NAME=PATH`),
    `main: ` and the `ls -l` line of the program that they start or `main: /entrypoint.sh missing`, `interpreter:
    /bin/bash missing`, `supervisor: s6`, `running` where it was started already, `folder DIR: NAME NAME` of folders
    that scripts go through, then scripts and the supervisor's files, each behind `==> PATH <==`."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    volumes: tuple[str, ...]
    user: str
    variables: Mapping[str, str]
    """those of ENV; the value is empty unless it is a path"""
    running: bool
    """it was started already, and the command is that of the first process"""
    main: Look | None
    missing: str
    """the program that is to be started, where it is not there"""
    interpreter: str
    """what its first line names, where that is not there"""
    manager: Manager
    programs: tuple[Program, ...]
    writes: tuple[Write, ...]
    settings: Mapping[str, str]
    """parameters of Postfix that are set at the start, and where: `/entrypoint.sh:12`"""
    owned: Mapping[str, str]
    """files and folders whose owner or mode is set at the start, and where"""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """text by path"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        parts = _SECTION.split(text)
        head, files = parts[0], dict(zip(parts[1::2], parts[2::2], strict=True))
        said: dict[str, list[str]] = {}
        for m in _INSTRUCTION.finditer(head):
            said.setdefault(m[1], []).append(m[2])
        variables = dict(_variable(row) for row in said.get("ENV", ()))
        entrypoint, command = (_argv(said.get(k, [""])[-1]) for k in ("ENTRYPOINT", "CMD"))
        programs = tuple(p for path, body in files.items() for p in _programs(path, body))
        writes, settings, owned = list[Write](), dict[str, str](), dict[str, str]()
        listed: dict[str, tuple[str, ...]] = {}
        for m in re.finditer(r"(?m)^folder (/\S{1,1000}):(.{0,65536})$", head):
            listed[m[1]] = (*listed.get(m[1], ()), *m[2].split())
        for path, body in files.items():
            if not path.endswith((".conf", ".ini")):
                _read(path, body, variables, listed, writes, settings, owned)
        rows = {k: v.strip() for k, v in re.findall(r"(?m)^(main|interpreter|supervisor): (.{1,4000})$", head)}
        main = rows.get("main", "")
        return cls(
            entrypoint=entrypoint,
            command=command,
            volumes=tuple(v for row in said.get("VOLUME", ()) for v in _argv(row)),
            user=said.get("USER", [""])[-1].strip(),
            variables=variables,
            running=bool(re.search(r"(?m)^running$", head)),
            main=Look.parse(main),
            missing=main.removesuffix(" missing") if main.endswith(" missing") else "",
            interpreter=rows.get("interpreter", "").removesuffix(" missing"),
            manager=_manager((*entrypoint, *command), rows.get("supervisor", ""), files),
            programs=programs,
            writes=tuple(writes),
            settings=settings,
            owned=owned,
            scripts=files,
        )

    @property
    def argv(self) -> tuple[str, ...]:
        """What is started, without the small init programs before it."""
        return bare((*self.entrypoint, *self.command))

    @property
    def executed(self) -> bool:
        """Whether the kernel runs the main program itself, and no shell or interpreter is given it to read."""
        argv = self.argv
        return bool(argv) and not inline(argv) and argv[0] == script_of(argv)

    def written(self, path: str) -> str:
        """Who may write a file before the mail server runs, as `is made at the start by /entrypoint.sh:12`; empty where
        nobody is seen to. For a file that is not there."""
        folder = path.rpartition("/")[0]
        for w in self.writes:
            if w.path == path or (w.within and w.path == folder) or (w.path == f"{path}*" or _built(w.path, path)):
                return f"is made at the start by {w.source}"
        if _AT_WORK.match(path):
            return "is made when the container runs"
        for volume in self.volumes:
            if path == volume.rstrip("/") or path.startswith(volume.rstrip("/") + "/"):
                return f"is in the volume {volume}, which is filled or mounted at the start"
        return ""

    def overwritten(self, path: str) -> str:
        """The same for a file that is there: who replaces it whatever happens."""
        found = next((w for w in self.writes if w.path == path and w.sure and w.whole), None)
        return f"is made anew at the start by {found.source}" if found else ""

    def sets_mode(self, path: str) -> str:
        """Where the owner or mode of a file is set at the start; empty: nowhere."""
        while path:
            if path in self.owned:
                return self.owned[path]
            path = path.rpartition("/")[0]
        return ""

    def later(self, evidence: Evidence) -> str:
        """Why a piece of evidence from files need not be so once the container runs, as `smtpd_tls_cert_file is set at
        the start (/entrypoint.sh:12)`; empty where nothing is seen that changes it."""
        path = re.sub(r":\d{1,9}$", "", evidence.source)
        if path.endswith((".cf", "main.cf")) and (m := _OF_SETTING.match(evidence.text)):
            name = m[1]
            return f"{name} is set at the start ({self.settings[name]})" if name in self.settings else ""
        listed = Look.parse(evidence.text) or Look.parse(evidence.source)
        if listed is not None and (where := self.sets_mode(listed.path)):
            return f"owner or mode of {listed.path} is set at the start ({where})"
        return ""

    @property
    def postfix_folder(self) -> str:
        """The configuration that Postfix is started with (`postfix -c DIR`); empty where none is named."""
        bodies = [" ".join(p.command) for p in self.programs] + [" ".join(self.argv), *self.scripts.values()]
        for body in bodies:
            if m := re.search(r"(?m)\bpostfix[ \t]{1,8}-c[ \t]{0,8}[\"']?(/[\w./-]{1,400})[\"']?[ \t]{1,8}start", body):
                return m[1].rstrip("/")
        return ""

    def program_of(self, product: str) -> str:
        """What the supervisor calls the program that runs this mail server; empty where none does."""
        for p in self.programs:
            name = p.name.rpartition("/")[2]
            if name == product or product in " ".join(p.command):
                return p.name
        return ""

    @property
    def evidence(self) -> Evidence:
        """What the image names."""
        rows = [("ENTRYPOINT", self.entrypoint), ("CMD", self.command)]
        return Evidence("image", " ".join(f"{k} {json.dumps(list(v))}" for k, v in rows if v))


_BACKGROUND: tuple[tuple[str, str], ...] = (
    (r"(?:\S{0,100}/)?postfix(?: -c \S{1,200})? start", "postfix start-fg"),
    (r"(?:\S{0,100}/)?dovecot(?: -c \S{1,200})?", "dovecot -F"),
    (r"(?:\S{0,100}/)?sendmail(?: -q\S{1,20})? -bd(?: -q\S{1,20})?", "sendmail -bD"),
    (r"(?:\S{0,100}/)?saslauthd(?: -[amnO] ?\S{1,100}){1,4}", "saslauthd -d"),
    (r"(?:\S{0,100}/)?service (?:postfix|dovecot|sendmail) start", "postfix start-fg or dovecot -F"),
    (r"/etc/init\.d/(?:postfix|dovecot|sendmail) start", "postfix start-fg or dovecot -F"),
)
"""Commands that start a daemon and return, and what stays in the foreground instead."""


def leaves_at_once(start: Startup) -> tuple[str, str, Evidence] | None:
    """The command because of which a container ends as soon as it has begun, what to start instead, and where it
    stands: what the container starts itself, or the last line of the script that it starts."""
    argv, where = start.argv, start.evidence
    if not argv or start.manager or start.running:
        return None
    shell = bare(_split(inline(argv)))
    if len(shell) == 1 and shell[0] in start.scripts:
        argv = shell
    script = script_of(argv)
    body = inline(argv) or (start.scripts.get(script, "") if argv[:1] == (script,) or script in argv[:2] else "")
    if body:
        rows = [(n, row.strip()) for n, row in enumerate(body.split("\n"), 1) if row.strip() and row.strip()[0] != "#"]
        number, row = rows[-1] if rows else (0, "")
        if re.search(r"&[ \t]{0,8}$", "\n".join(r for _, r in rows), re.M) or re.search(
            r"\bwait\b|\bsleep\b|\btail\b", body
        ):
            return None
        command = row.removeprefix("exec ").strip()
        where = Evidence(f"{script}:{number}", row) if script else where
        if re.fullmatch(r"[\"']?\$@[\"']?", command):
            command, where = " ".join(bare(start.command)), start.evidence
    else:
        command = " ".join(argv)
    found = next((instead for pattern, instead in _BACKGROUND if re.fullmatch(pattern, command)), None)
    return (command, found, where) if found else None


def bare(argv: Sequence[str]) -> tuple[str, ...]:
    """A command without the programs that only start another (tini, dumb-init, exec, gosu USER, env NAME=VALUE)."""
    left = list(argv)
    for _ in range(10):
        if not left:
            break
        name = left[0].rpartition("/")[2]
        if left[0] in _PREFIXES or name in _PREFIXES:
            left = left[1:]
            while left and left[0].startswith("-"):
                left = left[1:]
        elif name in _TAKING_ONE:
            left = left[2:]
        elif name == "env":
            left = left[1:]
            while left and ("=" in left[0] or left[0].startswith("-")):
                left = left[1:]
        else:
            break
    return tuple(left)


def inline(argv: Sequence[str]) -> str:
    """The script that stands in a command itself: `sh -c SCRIPT`; empty where none does."""
    name = argv[0].rpartition("/")[2] if argv else ""
    if name not in _SHELLS:
        return ""
    at = next((n for n, word in enumerate(argv) if re.fullmatch(r"-[a-z]{0,6}c", word)), 0)
    return argv[at + 1] if at and at + 1 < len(argv) else ""


def script_of(argv: Sequence[str]) -> str:
    """The file of a command that may be a script: the program, or what a shell or Python is given; empty for none."""
    left = [w for w in bare(argv) if not w.startswith("-")]
    if not left or inline(bare(argv)):
        return ""
    name = left[0].rpartition("/")[2]
    if name in _SHELLS or name.startswith("python"):
        left = left[1:]
    return left[0] if left else ""


def _argv(row: str) -> tuple[str, ...]:
    """The exec form, a JSON list; else the shell form."""
    row = row.strip()
    if row.startswith("["):
        try:
            found = json.loads(row)
        except (ValueError, RecursionError):
            return ()
        return tuple(w for w in found if isinstance(w, str)) if isinstance(found, list) else ()
    return ("/bin/sh", "-c", row) if row else ()


def _variable(row: str) -> tuple[str, str]:
    name, _, value = row.strip().partition("=")
    return name, value if value.startswith("/") else ""


def _manager(argv: Sequence[str], said: str, files: Mapping[str, str]) -> Manager:
    words = [w.rpartition("/")[2] for w in argv]
    rest = bare(argv)
    if rest and rest[0].rpartition("/")[2] in _SYSTEMD and "/init" not in argv[:1]:
        return "systemd"
    if "supervisord" in words or any(
        re.search(r"(?m)^[^#\n]{0,200}\bsupervisord\b", t) for p, t in files.items() if not p.endswith(".conf")
    ):
        return "supervisord"
    if not argv and any("[program:" in text for text in files.values()):
        return "supervisord"
    known: tuple[Manager, ...] = ("supervisord", "s6", "runit")
    return next((k for k in known if k == said), "")


# ---- supervisors


def _programs(path: str, body: str) -> Iterator[Program]:
    if path.endswith((".conf", ".ini")):
        yield from _supervised(path, body)
    elif (m := re.fullmatch(r"/.{1,400}/([\w@.-]{1,100})/(?:run|up)", path)) is not None:
        last = [x.strip() for x in body.splitlines() if x.strip() and not x.lstrip().startswith("#")][-1:]
        yield Program(m[1], bare(_split(last[0])) if last else (), path)


def _supervised(path: str, body: str) -> Iterator[Program]:
    """`[program:NAME]` of supervisord.conf."""
    name = ""
    for number, line in enumerate(body.split("\n"), 1):
        if m := re.match(r"\[([^\]\n]{1,200})\]", line):
            name = m[1].removeprefix("program:") if m[1].startswith("program:") else ""
        elif name and (m := re.match(r"command\s{0,20}=\s{0,20}(.{1,4000})", line)):
            yield Program(name, _split(m[1]), f"{path}:{number}")


def _split(line: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line, comments=True))
    except ValueError:
        return tuple(line.split())


# ---- scripts

_PATH = r"[\"']?(/[^\s\"'|&;<>(){}]{1,400})"
_REDIRECT = re.compile(rf"(?<![0-9<>&=$-])(?:1|&)?(>>?)[ \t]{{0,8}}{_PATH}")
_TEE = re.compile(rf"\btee[ \t]{{1,8}}((?:-a|--append)[ \t]{{1,8}})?{_PATH}")
_COPY = re.compile(r"\b(?:cp|mv|ln|install)[ \t]{1,8}([^;&|\n]{1,1000})")
_PYTHON = re.compile(
    r"\b(?:jinja|render\w{0,20}|copy\w{0,10}|open|write_text|convert)\([^\n]{0,400}?(?:,[ \t]{0,8}|\()"
    rf"(?:os\.path\.join\()?{_PATH}"
)
_MAKES = re.compile(rf"\b(?:touch|mkdir)[ \t]{{1,8}}(?:-[\w=-]{{1,20}}[ \t]{{1,8}}){{0,4}}{_PATH}")
_OUT = re.compile(rf"(?:-out|-keyout|-o|--out|-template[ \t]{{1,8}}[^\s:]{{1,400}}:)[ \t:]{{0,8}}{_PATH}")
_MAP = re.compile(r"\b(?:postmap|postalias|makemap)\b[^;&|\n]{0,200}?[ \t](?:\w{1,20}:)?[\"']?(/[^\s\"';&|]{1,400})")
_POSTCONF = re.compile(r"postconf[\"']?,?[ \t]([^\n;|]{1,2000})")
_ASSIGNED = re.compile(r"(?<![\w$-])(?:\S{1,100}/)?([a-z][a-z0-9_]{2,60})[ \t]{0,8}=(?!=)")
_SED = re.compile(r"\bsed(?:file)?[ \t][^\n]{0,1000}?/(?:main|master)\.cf")
_OWN = re.compile(r"\b(?:chown|chmod|chgrp)[ \t]{1,8}([^;&|\n]{1,1000})")
_SHELL_VARIABLE = re.compile(
    r"(?m)^[ \t]{0,40}(?:(?:export|readonly|local|declare)[ \t]{1,8}(?:-\w{1,3}[ \t]{1,8}){0,2})?"
    r"([A-Za-z_]\w{0,60})=[\"']?(/[\w./-]{1,400})[\"']?[ \t]{0,8}(?:#.{0,200})?$"
)
_REFERENCE = re.compile(r"\$(?:([A-Za-z_]\w{0,60})|\{([A-Za-z_]\w{0,60})(?::?[-=](/[\w./-]{1,400}))?\})")
_TELLING = re.compile(
    r">|\(|\b(?:cp|mv|ln|install|tee|touch|mkdir|makemap|newaliases|saslpasswd2|openssl|dockerize|gomplate|postfix"
    r"|ch(?:own|mod|grp)|post(?:map|alias))\b|postconf|\bsed"
)
"""Words without which a line writes nothing."""
_OF_QUEUE = ("/var/spool/postfix", "/var/lib/postfix", "/usr/sbin/postdrop", "/usr/sbin/postqueue")
"""What `postfix set-permissions` gives its owner and mode."""
_DOCUMENT = re.compile(r"<<-?[ \t]{0,8}[\"'\\]?([A-Za-z_]\w{0,40})")
_OPENS, _CLOSES = frozenset(("if", "case", "for", "while", "until", "select")), frozenset(("fi", "esac", "done"))
_SUFFIXES = (".tmpl", ".template", ".tpl", ".j2", ".in", ".dist", ".env")


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Text with the variables filled in whose value is a path that stands in the script or in ENV."""
    known = dict(variables) | {m[1]: m[2] for m in _SHELL_VARIABLE.finditer(text)}
    return _REFERENCE.sub(lambda m: known.get(m[1] or m[2]) or m[3] or m[0], text)


def _read(
    path: str,
    body: str,
    variables: Mapping[str, str],
    listed: Mapping[str, tuple[str, ...]],
    writes: list[Write],
    settings: dict[str, str],
    owned: dict[str, str],
) -> None:
    depth, until, target = 0, "", ""
    python = body.startswith("#!") and "python" in body[:100]
    guards = list[int]()
    templates = [name for folder, names in listed.items() if f"{folder}/*" in body for name in names]
    for number, raw in enumerate(expanded(body, variables).split("\n"), 1):
        line, where = raw[:_LONGEST].strip(), f"{path}:{number}"
        if until:
            if line == until:
                until = ""
            elif target.endswith("/main.cf"):
                settings.update((m[1], where) for m in [re.match(r"([a-z]\w{2,60})[ \t]{0,8}=", line)] if m)
            continue
        if not line or line.startswith("#"):
            continue
        words = re.findall(r"(?:^|[;&|]\s{0,8}|\b(?:then|do|else)\s)([a-z]+)\b", line)
        opened, closed = sum(w in _OPENS for w in words), sum(w in _CLOSES for w in words)
        sure = not depth and not opened
        if python:
            indent = len(raw) - len(raw.lstrip())
            guards = [g for g in guards if g < indent]
            sure = not guards
            guards += [indent] if re.match(r"(?:if|elif|else|except)\b", line) else []
        telling = _TELLING.search(line)
        for w in _written(line, where, sure, templates, python) if telling else ():
            writes.append(w)
            target = w.path
        if not python:
            depth = max(0, depth + opened - closed)
            if document := _DOCUMENT.search(line):
                until = document[1]
                target = target if ">" in line else ""
        if not telling:
            continue
        _set(line, where, settings)
        if "set-permissions" in line and "postfix" in line:
            owned.update((place, where) for place in _OF_QUEUE)
        if m := _OWN.search(line):
            paths = (word.strip("\"'").rstrip("/*") for word in m[1].split())
            owned.update((word, where) for word in paths if word.startswith("/"))


def _written(line: str, where: str, sure: bool, templates: Sequence[str], python: bool) -> Iterator[Write]:
    """The files that one line writes."""
    for m in _REDIRECT.finditer(line):
        yield from _into(m[2], where, sure and _plain(line, m.start()), m[1] == ">", templates)
    for m in _TEE.finditer(line):
        yield from _into(m[2], where, sure and _plain(line, m.start()), not m[1], templates)
    for m in _COPY.finditer(line):
        words = [w.strip("\"'") for w in m[1].split() if not w.startswith("-")]
        if len(words) > 1 and words[-1].startswith("/"):
            certain = sure and _plain(line, m.start())
            yield from _into(words[-1], where, certain, True, templates)
            for name in (w.rpartition("/")[2] for w in words[:-1]):
                folder = words[-1].rstrip("/")
                yield (
                    Write(f"{folder}/{name}", where, certain, True)
                    if name not in ("", "*", ".")
                    else Write(folder, where, within=True)
                )
    for pattern in (_MAKES, _OUT):
        for m in pattern.finditer(line):
            yield from _into(m[1], where, False, False, templates)
    for m in _PYTHON.finditer(line) if python else ():
        joined = "os.path.join" in line and line.rindex("os.path.join") < m.start(1)
        yield from _into(f"{m[1]}/$" if joined else m[1], where, sure, True, templates)
        if rest := re.search(rf",[ \t]{{0,8}}{_PATH}[\"'][ \t]{{0,8}}\)", line):
            yield Write(rest[1], where, sure, True)
    for m in _MAP.finditer(line):
        yield Write(f"{m[1]}*", where)
    if re.search(r"\bnewaliases\b", line):
        yield Write("/etc/aliases*", where)
    if named := re.search(r"\bsaslpasswd2\b([^\n;]{0,400})", line):
        file = re.search(rf"-f[ \t]{{0,8}}{_PATH}", named[1])
        yield Write(f"{file[1] if file else 'sasldb'}*", where)


def _into(path: str, where: str, sure: bool, whole: bool, templates: Sequence[str]) -> Iterator[Write]:
    """A path; where a variable or command stands in it, some file of the folder, and the templates' names in it."""
    if path.startswith(("/dev/", "/proc/")):
        return
    if "$" in path or "*" in path:
        if folder := path.partition("$")[0].rpartition("/")[0]:
            yield Write(folder, where, within=True)
            for template in templates:
                stem = next((template.removesuffix(s) for s in _SUFFIXES if template.endswith(s)), template)
                yield Write(f"{folder}/{stem}", where, True, True)
        return
    yield Write(path.rstrip("/,;"), where, sure, whole)


def _plain(line: str, at: int) -> bool:
    """Whether nothing that could fail stands before it in its line."""
    return "&&" not in line[:at] and "||" not in line[:at]


def _built(pattern: str, path: str) -> bool:
    """Whether `FILE*`, a map or user database that is built, is this file."""
    if not pattern.endswith("*"):
        return False
    stem = pattern[:-1]
    if stem == "sasldb":
        return path.rpartition("/")[2].startswith("sasldb")
    return path.startswith(f"{stem}.") or path == stem


def _set(line: str, where: str, settings: dict[str, str]) -> None:
    """Parameters of Postfix that a line sets."""
    for m in _POSTCONF.finditer(line):
        for name in _ASSIGNED.findall(m[1]):
            settings.setdefault(name, where)
    if ".cf" in line and _SED.search(line):
        for name in re.findall(r"\b([a-z][a-z0-9]{1,30}_[a-z0-9_]{2,60})\b", line):
            settings.setdefault(name, where)
    if ".cf" in line and re.search(r">>?[ \t]{0,8}[\"']?/[^\s\"']{1,400}/main\.cf", line):
        for name in _ASSIGNED.findall(line):
            settings.setdefault(name, where)
