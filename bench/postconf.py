"""Whether maildoctor reads a configuration as Postfix does: every answer of the real postconf(1) beside its own.

    python -m bench.postconf ROOT [CONFIGURATION …]

ROOT is the root of a system with Postfix and with `localhost` in its /etc/hosts (`mmdebstrap --variant=extract
--include=postfix,…`). Its `postconf` is run in it by chroot(8), hence as root; it writes nothing but
/maildoctor-postconf below ROOT. CONFIGURATION: files in the form of the fact `Postfix`, main.cf and master.cf behind
`==> main.cf <==`; without one, all of bench/configurations. Compared are `postconf -d`, `-n`, `-nx`, `-x`, `-P`, `-Px`,
`-M` and what it says on standard error. The exit status is the number of configurations that differ, at most 100.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maildoctor.collect.postfix import flags_of_build
from maildoctor.facts.postfix.defaults import READ_ONLY, names
from maildoctor.facts.postfix.logical_lines import BLANKS
from maildoctor.facts.postfix.problems import Kind
from maildoctor.facts.postfix.server import Postfix

CONFIGURATIONS = Path(__file__).resolve().parent / "configurations"
_FOLDER = "/maildoctor-postconf"
_OF_THE_RUN = frozenset(("process_id", "process_name", "service_name", "config_directory", "mail_release_date"))
"""What tells of the run of postconf and not of the configuration."""
_OF_THE_HOST = ("mydomain ", "myhostname ", "mynetworks ")
_SAID: frozenset[Kind] = frozenset((
    "no-equals", "no-name", "overridden", "no-head", "nul", "undefined", "unknown", "removed", "deprecated",
    "read-only", "expansion", "fields", "type", "flag", "wakeup", "limit", "braces",
))  # fmt: skip
"""Problems that postconf tells too; others show in the programs alone."""


@dataclass(frozen=True)
class Host:
    """What is the same for all configurations of one root."""

    root: str
    version: str
    built: str
    hostname: str

    @classmethod
    def of(cls, root: str) -> "Host":
        """Ask its postconf, and read how it was built."""
        made = Path(root, "usr/share/postfix/makedefs.out")
        built = flags_of_build(made.read_text("utf-8")) if made.exists() else ()
        host = cls(root, "", " ".join(built), os.uname().nodename)
        return replace(host, version=host.ask(Path(_FOLDER), "-dh", "mail_version")[0].strip())

    def ask(self, folder: Path, *options: str) -> tuple[str, str]:
        """What postconf prints, and what it says on standard error."""
        done = subprocess.run(
            ["chroot", self.root, "/usr/sbin/postconf", "-c", str(folder), *options],
            capture_output=True,
            env={"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C"},
        )
        return done.stdout.decode("utf-8", "backslashreplace"), done.stderr.decode("utf-8", "backslashreplace")

    def lay(self, configuration: bytes) -> Path:
        """Write main.cf and master.cf into the root."""
        folder = Path(self.root + _FOLDER)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        parts = re.split(rb"(?m)^==> (\S+) <==\n", configuration)
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            (folder / name.decode()).write_bytes(body)
        return Path(_FOLDER)


class OfPostconf(Postfix):
    """The fact with what only the host tells, as its postconf tells it."""

    networks = ""

    def compiled(self, name: str) -> str | None:
        """As in the fact; mynetworks is what the interfaces of the host make of it."""
        return self.networks if name == "mynetworks" else super().compiled(name)


def read(host: Host, configuration: bytes) -> OfPostconf:
    """The configuration as maildoctor reads it."""
    text = configuration.decode("utf-8", "backslashreplace")
    text = re.sub(r"(?m)^==> (\S+) <==$", rf"==> {_FOLDER}/\1 <==", text)
    return OfPostconf.parse(f"version: {host.version}\nbuilt: {host.built}\nhostname: {host.hostname}\n{text}")


def _line(name: str, value: str) -> str:
    return f"{name} = {value}".strip(BLANKS) if value else f"{name} ="


def shown(postfix: Postfix, *, expand: bool) -> Iterator[str]:
    """`postconf -n`."""
    for name in sorted(postfix.main.parameters):
        if name not in READ_ONLY and (postfix.is_known(name) or postfix.is_used(name)):
            value = postfix.value(name) if expand else postfix.main.parameters[name].value
            yield _line(name, _blanks(value))


def everything(postfix: Postfix, *, expand: bool, only_defaults: bool) -> Iterator[str]:
    """`postconf -d` and `postconf -x`."""
    every = set(names(postfix.version))
    if not only_defaults:
        every |= {n for n in postfix.main.parameters if postfix.is_known(n) or postfix.is_used(n)}
    every |= set(postfix.of_services)
    for name in sorted(every | {"mail_version"}):
        written = None if only_defaults else postfix.main.parameters.get(name)
        value = postfix.default(name) if written is None else written.value
        yield _line(name, _blanks(postfix.value(name) if expand else value))


def of_services(postfix: Postfix, *, expand: bool) -> Iterator[str]:
    """`postconf -P`: services of one name and type share their options."""
    found = postfix.master.services if postfix.master else ()
    merged: dict[str, dict[str, str]] = {}
    for service in found:
        merged.setdefault(service.title, {}).update(service.options)
    for service in found:
        service = replace(service, options=merged[service.title])
        for name in sorted(service.options):
            if name in READ_ONLY:
                continue
            value = postfix.expanded_text(service.options[name], service).text if expand else service.options[name]
            yield _line(f"{service.title}/{name}", _blanks(value))


def entries(postfix: Postfix) -> Iterator[str]:
    """`postconf -M`."""
    for s in postfix.master.services if postfix.master else ():
        fields = (s.name, s.kind, s.private, s.unprivileged, s.chroot, s.wakeup, s.limit, s.command)
        yield " ".join((*fields, *s.arguments))


def _blanks(text: str) -> str:
    return " ".join(re.findall(r"[^ \t\r\n]+", text))


def _bare(message: str) -> str:
    """Without the names of program and file: postconf and the daemons differ in them."""
    message = re.sub(r"^(?:\S*postconf: )?(?:warning|fatal): ", "", message.strip())
    message = re.sub(rf"^(?:file )?(?:{_FOLDER}/)?(?:main|master)\.cf(?:,? ?:? ?(line [\d-]+))?:? ?", r"\1 ", message)
    return re.sub(r"[^ -~]", lambda m: "?" * len(m[0].encode()), _blanks(message).removeprefix(": "))


_Ours = Callable[[OfPostconf], Iterator[str]]
QUESTIONS: Mapping[str, _Ours] = {
    "-d": lambda p: everything(p, expand=False, only_defaults=True),
    "-n": lambda p: shown(p, expand=False),
    "-nx": lambda p: shown(p, expand=True),
    "-x": lambda p: everything(p, expand=True, only_defaults=False),
    "-P": lambda p: of_services(p, expand=False),
    "-Px": lambda p: of_services(p, expand=True),
    "-M": entries,
}


def differences(host: Host, configuration: bytes) -> Iterator[str]:
    """Each line that only one of the two has: `+` postconf, `-` maildoctor."""
    folder = host.lay(configuration)
    postfix = read(host, configuration)
    object.__setattr__(postfix, "networks", host.ask(folder, "-xh", "mynetworks")[0].strip())
    stopped = [p for p in postfix.problems if p.fatal and p.kind in _SAID]
    for option, ours in QUESTIONS.items():
        printed, said = host.ask(folder, option)
        printed = re.sub(r"/postconf \d+ ", "/ ", printed)
        theirs = [_blanks(line) for line in printed.split("\n") if line and line.partition(" ")[0] not in _OF_THE_RUN]
        if "fatal: " in said:
            reason = _bare(next(line for line in said.split("\n") if "fatal: " in line))
            if not any(reason.startswith(_bare(p.message)[:60]) for p in stopped) and not (
                "macro processing error" in reason and any(p.kind == "expansion" for p in postfix.problems)
            ):
                yield f"{option} + fatal: {reason}"
            continue
        own = [_blanks(line) for line in ours(postfix) if line.partition(" ")[0] not in _OF_THE_RUN]
        if option == "-M":  # older releases leave out some braces
            theirs, own = ([x.translate({123: None, 125: None}) for x in those] for those in (theirs, own))
        if option == "-d":  # of the host alone, whatever main.cf says
            theirs, own = ([x for x in those if not x.startswith(_OF_THE_HOST)] for those in (theirs, own))
        yield from (f"{option} + {line}" for line in theirs if line not in own)
        yield from (f"{option} - {line}" for line in own if line not in theirs)
        if not set(theirs).symmetric_difference(own) and theirs != own and option != "-x":
            yield f"{option} the order differs"
        if option == "-n":
            yield from _warnings(postfix, {_bare(line) for line in said.split("\n") if "warning: " in line})


def _warnings(postfix: Postfix, said: set[str]) -> Iterator[str]:
    known = {_bare(p.message): p for p in postfix.problems if p.kind in _SAID}
    for line in sorted(said - known.keys()):
        name = re.sub(r"=.*", "", line.rpartition(": ")[2]) if "overriding" in line else line.rpartition(": ")[2]
        # it reads main.cf twice, and looks for files of databases, and asks for no more than the name of what is tested
        if not (
            ("overriding" in line and name in postfix.main.earlier)
            or line.startswith(('open "', "#comment after other text"))
            or (line.startswith("missing ") and any(p.kind == "option" for p in postfix.problems))
            or (line.startswith("undefined parameter: ") and not postfix.is_known(name))
        ):
            yield f"-n + warning: {line}"
    for line in sorted(known.keys() - said):
        if known[line].kind != "nul":  # 3.9 and later tell it
            yield f"-n - warning: {line}"


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, and say what differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.postconf", description=__doc__)
    parser.add_argument("root", help="root of a system with Postfix")
    parser.add_argument("configuration", nargs="*", help="files; all of bench/configurations where none is given")
    options = parser.parse_args(argv)
    host = Host.of(options.root)
    wrong = 0
    files = [Path(f) for f in options.configuration] or sorted(CONFIGURATIONS.glob("*.cf"))
    for file in files:
        found = list(differences(host, file.read_bytes()))
        wrong += bool(found)
        for line in found:
            print(f"{file.name}: {line}")  # noqa: T201
    print(f"Postfix {host.version}: {len(files)} configurations, {wrong} differ")  # noqa: T201
    shutil.rmtree(host.root + _FOLDER, ignore_errors=True)
    return min(wrong, 100)


if __name__ == "__main__":
    sys.exit(main())
