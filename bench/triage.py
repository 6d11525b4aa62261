"""How long `maildoctor triage` takes beside programs that an administrator knows, on the same log.

`python -m bench.triage` prints, for logs with 0.5 %, 5 % and 50 % of lines that tell of logins, the ratio of wall times
of whole processes, the two of a pair in turns (A B A B …), and the peaks of memory. What is not installed is left out;
slow peers read a part of the log only, and the ratio is to maildoctor's time on the same part.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.logs import MIB, write
from maildoctor.triage.match import Matcher
from maildoctor.triage.rules import load, rule_files

SHARES = (0.5, 5.0, 50.0)
SLOW_MIB = 20
LOGWATCH = "/usr/sbin/logwatch"


@dataclass(frozen=True)
class Peer:
    """A program: what it is called here, its words (LOG stands for the file), whether it is slow."""

    name: str
    words: Sequence[str]
    slow: bool = False
    ends: Sequence[int] = (0,)


@dataclass(frozen=True)
class Run:
    """What one process took: seconds of wall time, and its peak of memory in MiB."""

    seconds: float
    peak: float


def peers(needles: str) -> Iterator[Peer]:
    """Those that are installed."""
    filters = "/etc/fail2ban/filter.d/postfix.conf"
    everything = (
        Peer("ripgrep -j1 -c -F -f", ["rg", "-j1", "-c", "-F", "-f", needles, "LOG"], ends=(0, 1)),
        Peer("grep -c -F -f", ["grep", "-c", "-F", "-f", needles, "LOG"], ends=(0, 1)),
        Peer("wc -l", ["wc", "-l", "LOG"]),
        Peer("fail2ban-regex (one filter)", ["fail2ban-regex", "LOG", filters], slow=True, ends=(0, 1)),
        Peer("pflogsumm", ["pflogsumm", "LOG"], slow=True),
    )
    yield from (peer for peer in everything if shutil.which(peer.words[0]))
    if os.path.exists(LOGWATCH):
        for services in ("postfix",), ("postfix", "sendmail", "dovecot"):
            yield logwatch(os.path.join(os.path.dirname(needles), "logwatch"), services)


def logwatch(folder: str, services: Sequence[str]) -> Peer:
    """Logwatch on one file: a copy of the program, for the folder of its configuration is written into it.

    It fails unless the report tells of mail, for logwatch is quick and silent where it finds no line to read.
    """
    files = {
        "conf/logwatch.conf": f"TmpDir = {folder}\n",
        "conf/logfiles/maillog.conf": f"LogFile =\nLogFile = {folder}/log\nArchive =\n",
        "logwatch": Path(LOGWATCH).read_text().replace('"/etc/logwatch"', f'"{folder}"'),
    }
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    asked = " ".join(f"--service {service}" for service in services)
    script = (
        f'ln -sfn "$(realpath "$0")" {folder}/log && '
        f'perl {folder}/logwatch {asked} --range all --output stdout | grep "[1-9].*Removed from queue"'
    )
    return Peer(f"logwatch ({', '.join(services)})", ["sh", "-c", script, "LOG"], slow=True)


def run(words: Sequence[str], ends: Sequence[int]) -> Run:
    """One process, its output thrown away. Raises SystemExit where it fails."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8" if words[0] != "grep" else "C"}
    began = time.perf_counter()
    # Into a file: grep stops at its first hit where it sees that nobody reads on.
    with (
        tempfile.TemporaryFile() as out,
        subprocess.Popen(words, stdout=out, stderr=subprocess.DEVNULL, env=environment) as child,
    ):
        _, state, usage = os.wait4(child.pid, 0)
        took = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(state)
    if child.returncode not in ends:
        raise SystemExit(f"{' '.join(words)} gave {child.returncode}")
    return Run(took, usage.ru_maxrss / 1024)


def doctor(log: str, *options: str) -> list[str]:
    """Our own words."""
    program = str(Path(sys.executable).with_name("maildoctor"))
    return [program, "triage", "-q", "--exit-zero", *options, log]


def pair(runs: int, what: str, ours: Sequence[str], other: Peer, log: str) -> None:
    """Prints one line: the ratio of the medians, ours to theirs, and what they are made of."""
    theirs = [log if word == "LOG" else word for word in other.words]
    run(ours, (0,)), run(theirs, other.ends)  # once from a cold cache, and not counted
    both = [(run(ours, (0,)), run(theirs, other.ends)) for _ in range(runs)]
    a, b = ([one[side].seconds for one in both] for side in (0, 1))
    ratio = statistics.median(a) / statistics.median(b)
    peak = max(one[0].peak for one in both)
    say(f"{ratio:8.3f} x  {what} {_times(a)}, {peak:.0f} MiB  against  {other.name} {_times(b)}")


def _times(seconds: Sequence[float]) -> str:
    low, middle, high = (f(seconds) for f in (min, statistics.median, max))
    return f"{middle:.2f} s ({low:.2f}-{high:.2f})"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _log(folder: str, megabytes: int, percent: float) -> str:
    path = os.path.join(folder, f"{megabytes}-{percent:g}.log")
    if not os.path.exists(path):
        with open(path, "wb") as file:
            write(file, megabytes * MIB, percent / 100)
    return path


def _compare(folder: str, size: int, percent: float, runs: int, needles: str, options: Sequence[str]) -> None:
    say(f"{size} MiB, {percent:g} % of lines tell of logins")
    for peer in peers(needles):
        log = _log(folder, min(size, SLOW_MIB) if peer.slow else size, percent)
        what = " ".join(["triage", *options]) + (f" ({SLOW_MIB} MiB)" if peer.slow else "")
        pair(3 if peer.slow else runs, what, doctor(log, *options), peer, log)


def _packed(folder: str, size: int, runs: int, needles: str) -> None:
    log = _log(folder, min(size, 200), SHARES[0])
    if not os.path.exists(log + ".gz"):
        subprocess.run(["gzip", "-k", log], check=True)
    if shutil.which("rg"):
        pair(
            runs,
            "triage of .gz",
            doctor(log + ".gz"),
            Peer("ripgrep -z", ["rg", "-z", "-c", "-F", "-f", needles, "LOG"]),
            log + ".gz",
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.triage", description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="size of the log (1024)")
    parser.add_argument("--runs", type=int, default=7, help="how often each side of a pair runs (7)")
    parser.add_argument("--folder", help="where the logs lie or are made (a temporary one)")
    parser.add_argument("--procs", type=int, default=2, help="processes of the second comparison (2)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or temporary
        needles = os.path.join(temporary, "needles")
        rules = load(rule_files())
        known = Matcher(rules).needles
        Path(needles).write_bytes(b"".join(needle + b"\n" for needle in known))
        say(f"{len(rules)} rules, {len(known)} needles; wall time of whole processes, medians of {asked.runs} pairs")
        for percent in SHARES:
            _compare(folder, asked.mib, percent, asked.runs, needles, ["--procs", "1"])
            several = ["--procs", str(asked.procs)]
            log = _log(folder, asked.mib, percent)
            first = next(peers(needles))
            pair(asked.runs, " ".join(["triage", *several]), doctor(log, *several), first, log)
        _packed(folder, asked.mib, asked.runs, needles)


if __name__ == "__main__":
    main()
