"""How a container is started, and a host that knows what is written then: for images and unpacked roots, in which those
files are not there yet."""

import re
from collections.abc import Iterator

from maildoctor.collect.bounds import Bounded
from maildoctor.collect.knowledge import FactStore, joined, text
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.startup import Startup, bare, expanded, inline, script_of
from maildoctor.host import Answer, Host, NoAnswer, NotYet, Verb

_SIGNS = ("/.dockerenv", "/run/.containerenv")
"""What Docker and Podman put into a container."""
_USUAL = (
    "/entrypoint.sh",
    "/docker-entrypoint.sh",
    "/usr/local/bin/entrypoint.sh",
    "/usr/local/bin/docker-entrypoint.sh",
    "/usr/local/bin/start-mailserver.sh",
    "/start.sh",
    "/start.py",
    "/run.sh",
    "/scripts/run.sh",
)
"""Entry points of an unpacked root, of which nobody says how it is started."""
_SUPERVISED = ("/etc/supervisor/supervisord.conf", "/etc/supervisord.conf")
_S6 = ("/etc/s6-overlay/s6-rc.d", "/etc/services.d")
_INITIAL = ("/etc/cont-init.d", "/etc/s6-overlay/scripts", "/etc/my_init.d")
"""Scripts of s6-overlay and my_init that run before the services."""
_RUNIT = ("/etc/service", "/etc/sv")
_BINARIES = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_SEARCHED = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

_FILES = 120
"""Scripts that are read."""
_CANDIDATES = 600
"""Paths in them that are looked at."""
_LARGEST = 256 * 1024
_ALL = 1024 * 1024
"""Characters of one script and of all; the longest of a large image has 20,000, all together 200,000."""
_NAMED = re.compile(r"(?<![\w$}])(/[\w.@-][\w./@-]{1,400})")
_BARE = re.compile(r"(?<![\w./$}-])([\w-]{1,80}\.(?:sh|bash|py))\b")
_GLOB = re.compile(r"(?<![\w$}])(/[\w.@-][\w./@-]{1,200}?)(?:/\*\*)?/\*[\w.*]{0,40}")
_INCLUDED = re.compile(r"(?m)^files\s{0,20}=\s{0,20}(.{1,1000})$")
_NO_SCRIPT = re.compile(r"/(?:dev|proc|sys|tmp|var|usr/(?:lib|libexec|share)|lib|run)(?:/|$)")
_NAME = re.compile(r"[\w.@-]{1,100}")
_INTERPRETER = re.compile(r"#![ \t]{0,8}(/\S{1,200})(?:[ \t]{1,8}(\S{1,100}))?")


def startup(host: Host, _: FactStore | None) -> Startup | Unknown:
    """What starts in a container; Absent on a host that is none."""
    whole = host.whole if isinstance(host, Bounded) else host
    return whole.start if isinstance(whole, AtRest) else _looked(host)


def _looked(host: Host) -> Startup | Unknown:
    said = host.ask("start")
    lines = [said] if isinstance(said, str) else []
    if host.kind != "root":
        lines = [joined(*lines, "running")]
    marked = any(isinstance(host.ask("look", sign), str) for sign in _SIGNS)
    if host.kind == "host" and not marked:
        return Absent("this is no container")
    known = Startup.parse(joined(*lines))
    queue = [script for script in (script_of(known.argv),) if script]
    if not known.argv:
        queue += [path for path in _USUAL if isinstance(host.ask("look", path), str)]
        queue += _SUPERVISED if marked else _marked_by_supervisor(host)
    elif inner := inline(known.argv):
        lines += [f"==> /CMD <==\n{inner}"]
        queue += _mentioned(host, "/CMD", expanded(inner, known.variables))
    head, files = _gathered(host, queue, known)
    if not (known.argv or marked or files):
        return Absent("nothing says how this is started: no entry point, no supervisor")
    return Startup.parse(joined(lines[0] if lines else "", *head, *lines[1:], *files))


def _marked_by_supervisor(host: Host) -> list[str]:
    """supervisord.conf where it starts a mail server; a host's own may start anything."""
    for path in _SUPERVISED:
        if re.search(r"(?m)^\[program:(?:postfix|dovecot|sendmail|saslauthd|mailserver)", text(host.ask("read", path))):
            return [path]
    return []


def _gathered(host: Host, queue: list[str], known: Startup) -> tuple[list[str], list[str]]:
    """Lines about what is started, and the scripts and supervisor's files as sections."""
    head, files, done, looked, left = list[str](), list[str](), set[str](), 0, _ALL
    first = _found(host, queue[0]) if queue and known.argv else ""
    if known.argv and not known.running and not inline(known.argv):
        head += _main(host, first or (queue[0] if queue else known.argv[0]))
    if any(word.rpartition("/")[2] == "supervisord" for word in known.argv):
        named = [known.argv[n + 1] for n, w in enumerate(known.argv[:-1]) if w == "-c"]
        queue += [*named, *_SUPERVISED]
    # an entry point that ends in `exec "$@"` starts the command
    queue += [script for script in (script_of(known.command),) if script.startswith("/")]
    queue += _of_managers(host, known, head)
    while queue and len(files) < _FILES and looked < _CANDIDATES:
        path = _found(host, queue.pop(0))
        if not path or path in done:
            continue
        done.add(path)
        looked += 1
        body = text(host.ask("read", path))
        if not body or len(body) > min(_LARGEST, left) or "\0" in body[:1000] or not _is_script(path, body):
            continue
        left -= len(body)
        files.append(f"==> {path} <==\n{body.rstrip()}")
        if path.endswith(".conf"):
            queue += _of_supervisor(host, body)
        else:
            filled = expanded(body, known.variables)
            for folder, ending in dict.fromkeys((m[1], m[0].rpartition("*")[2]) for m in _GLOB.finditer(filled)):
                names = [n for n in text(host.ask("list", folder)).splitlines()[:200] if n.endswith(ending)]
                head.append(f"folder {folder}: {' '.join(filter(_NAME.fullmatch, names))}")
            queue += _mentioned(host, path, filled)
    return head, files


def _main(host: Host, name: str) -> Iterator[str]:
    """The file that is started, and the interpreter that its first line names, where that is missing."""
    path = _found(host, name)
    if not path:
        answer = host.ask("look", name if name.startswith("/") else f"{_SEARCHED[0]}/{name}")
        if isinstance(answer, NoAnswer) and answer.why == "absent":
            yield f"main: {name} missing"
        return
    real = text(host.ask("real", path))
    yield f"main: {text(host.ask('look', real))}"
    head = text(host.ask("read", path))[:300].split("\n", 1)[0]
    if m := _INTERPRETER.match(head):
        program = m[1]
        gone = host.ask("real", program)
        if head.endswith("\r"):
            yield f"interpreter: {program}\\r missing"
        elif isinstance(gone, NoAnswer) and gone.why == "absent":
            yield f"interpreter: {program} missing"
        elif program.rpartition("/")[2] == "env" and m[2] and not m[2].startswith("-") and not _found(host, m[2]):
            yield f"interpreter: {m[2]} missing"


def _found(host: Host, name: str) -> str:
    """The path of a program or script: itself, or as PATH has it; empty where it is not there."""
    candidates = [name] if name.startswith("/") else [f"{folder}/{name}" for folder in _SEARCHED]
    if "/" in name and not name.startswith("/"):
        return ""
    return next((p for p in candidates if isinstance(host.ask("real", p), str)), "")


def _is_script(path: str, body: str) -> bool:
    return body.startswith("#!") or path.endswith((".sh", ".bash", ".py", ".conf", "/run", "/up", ".envsh"))


def _of_managers(host: Host, known: Startup, head: list[str]) -> Iterator[str]:
    """Services of s6-overlay and runit, where they are what is started, or where nobody says what is."""
    starts_init = not known.argv or "/init" in known.entrypoint[:1] or "/init" in known.command[:1]
    names = {w.rpartition("/")[2] for w in known.argv}
    if starts_init and any(isinstance(host.ask("list", folder), str) for folder in _S6):
        head.append("supervisor: s6")
        for folder in (*_S6, *_INITIAL):
            for name in text(host.ask("list", folder)).splitlines()[:100]:
                yield from (f"{folder}/{name}/run", f"{folder}/{name}/up", f"{folder}/{name}")
    elif names & {"runsvdir", "runsvdir-start", "runit", "my_init", "runit-init"}:
        head.append("supervisor: runit")
        for folder in (*_RUNIT, *_INITIAL):
            for name in text(host.ask("list", folder)).splitlines()[:100]:
                yield from (f"{folder}/{name}/run", f"{folder}/{name}")


def _of_supervisor(host: Host, body: str) -> Iterator[str]:
    """What supervisord.conf includes, and the commands of its programs."""
    for m in _INCLUDED.finditer(body):
        for pattern in m[1].split():
            folder, _, name = pattern.rpartition("/")
            folder = folder if folder.startswith("/") else f"/etc/supervisor/{folder}".rstrip("/")
            if "*" not in name:
                yield f"{folder}/{name}"
                continue
            yield from (f"{folder}/{n}" for n in text(host.ask("list", folder)).splitlines()[:100] if n[:1] != ".")
    for line in re.findall(r"(?m)^command\s{0,20}=\s{0,20}(.{1,4000})$", body):
        if script := script_of(bare(tuple(line.split()))):
            yield script


def _mentioned(host: Host, path: str, body: str) -> Iterator[str]:
    """Scripts that a script calls or sources: paths in it outside of the system's folders, names with an ending, and
    what lies in folders that it goes through."""
    for m in _GLOB.finditer(body):
        if not _NO_SCRIPT.match(m[1]):
            for name in text(host.ask("list", m[1])).splitlines()[:100]:
                yield f"{m[1]}/{name}"
                if "**" in m[0] and "." not in name:
                    inner = text(host.ask("list", f"{m[1]}/{name}")).splitlines()[:50]
                    yield from (f"{m[1]}/{name}/{n}" for n in inner)
    for m in _NAMED.finditer(body):
        folder, _, name = m[1].rpartition("/")
        outside = folder not in _BINARIES or "." in name or folder.startswith("/usr/local")
        if outside and not _NO_SCRIPT.match(m[1]) and not (folder.startswith("/etc") and "." not in name):
            yield m[1]
    if re.search(r"\bsupervisord\b", body):
        yield from _SUPERVISED
    for m in _BARE.finditer(body):
        yield f"{path.rpartition('/')[0]}/{m[1]}"
        yield m[1]


# ---- a host that knows what the start writes

_UNPACKED = ("root", "snapshot")
"""Kinds of targets on which nothing may run."""

_OF_CONTENT = ("read", "clear", "map", "passwd-file", "sasldb", "cert", "key")
_OF_PATHS = (*_OF_CONTENT, "look", "real", "list", "acl", "changed")


class AtRest:
    """An image or unpacked root, whose files are not those that the mail server will see: what the start makes is no
    more missing than its processes are."""

    def __init__(self, host: Host, start: Startup) -> None:
        self._host, self.start = host, start
        self.kind, self.name = host.kind, host.name

    @property
    def commands(self) -> tuple[str, ...]:
        """What the other host ran."""
        return self._host.commands

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """The other host's answer; that a file is made at the start instead of that it is absent."""
        answer = self._host.ask(verb, subject)
        if verb not in _OF_PATHS:
            return answer
        # `pairs PATH`, `passwords PATH`: what is asked about it stands before it
        path = subject[max(subject.find("/"), 0) :] if verb in ("clear", "map") else subject
        if isinstance(answer, NoAnswer):
            words = self.start.written(path) if answer.why == "absent" else ""
        else:
            words = self.start.overwritten(path) if verb in _OF_CONTENT else ""
        return NotYet("unavailable", f"{path} {words}", "examine the running container") if words else answer


def at_rest(host: Host) -> Host:
    """The host, with what its start writes; itself where it runs, or nothing is known of a start."""
    if host.kind not in _UNPACKED:
        return host
    running = host.ask("processes")
    if isinstance(running, str) or running.why != "lifeless":
        return host
    found = _looked(host)
    return host if isinstance(found, Unknown) else AtRest(host, found)
