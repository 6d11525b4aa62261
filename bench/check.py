"""How long maildoctor takes, beside programs that an administrator knows. `make bench`, as root, in some minutes.

Whole processes, the two of a pair in turns (A B A B …), so that a busy machine slows both. The ratio is what counts;
the times only give it a size.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab.host import DOCTOR, NAME, PATH, LabHost
from tests.lab.roots import LabError, why_not

USERS = 100_000
Action = Callable[[], float]


def outside(*command: str) -> Action:
    """A program on this machine."""

    def run() -> float:
        began = time.perf_counter()
        done = subprocess.run(command, cwd="/", capture_output=True)
        took = time.perf_counter() - began
        if done.returncode:
            raise LabError(f"{' '.join(command)} gave {done.returncode}: {done.stderr.decode()}")
        return took

    return run


def inside(host: LabHost, *command: str) -> Action:
    """A program on a lab host. Entering it takes some milliseconds, on both sides of a pair."""

    def run() -> float:
        # not host.run(): its time limit makes Python look every 50 ms only whether the program has ended
        words = [*host.enter("-m", "-u", "-i", "-n", "-p", "-r", "-w"), *command]
        began = time.perf_counter()
        done = subprocess.run(words, env={"PATH": PATH, "LC_ALL": "C.UTF-8", **DOCTOR}, capture_output=True)
        took = time.perf_counter() - began
        if done.returncode:
            raise LabError(f"{' '.join(command)} gave {done.returncode}: {done.stderr[-500:].decode()}")
        return took

    return run


def pair(runs: int, what: str, ours: Action, other: str, theirs: Action) -> None:
    """Prints one line: the ratio of the medians, ours to theirs, and what they are made of."""
    ours(), theirs()  # from a cold cache once, and not counted
    times = [(ours(), theirs()) for _ in range(runs)]
    a, b = ([one[side] for one in times] for side in (0, 1))
    ratio = statistics.median(a) / statistics.median(b)
    say(f"{ratio:6.2f} x  {what} {_times(a)}  against  {other} {_times(b)}")


def _times(seconds: list[float]) -> str:
    low, middle, high = (1000 * f(seconds) for f in (min, statistics.median, max))
    return f"{middle:.0f} ms ({low:.0f}-{high:.0f})"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def big_sasldb(folder: str) -> Path:
    """A sasldb with many users, as db5.3_load makes it."""
    dump, file = Path(folder, "dump"), Path(folder, "sasldb2")
    with dump.open("w") as out:
        out.write("VERSION=3\nformat=bytevalue\ntype=hash\nHEADER=END\n")
        for number in range(USERS):
            key = f"user{number}\0{NAME}\0userPassword"
            out.write(f" {key.encode().hex()}\n {f'secret{number}'.encode().hex()}\n")
        out.write("DATA=END\n")
    subprocess.run(["db5.3_load", "-f", str(dump), str(file)], check=True)
    return file


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="how often each side of a pair runs (15)")
    runs = parser.parse_args().runs
    if reason := why_not():
        parser.error(reason)
    # -I: this checkout is not to be imported by accident, nor the user's own packages
    nothing = outside(sys.executable, "-I", "-c", "pass")
    for option in ("--version", "--help"):
        program = str(Path(sys.executable).with_name("maildoctor"))
        pair(runs, f"maildoctor {option}", outside(program, option), "python -c pass", nothing)
    with LabHost("bookworm") as sendmail, LabHost("postfix") as postfix:
        check = inside(sendmail, "python3", "-m", "maildoctor", "check", "-q")
        for other in (("saslfinger", "-s"), ("postfix", "check"), ("postconf", "-n")):
            pair(runs, "maildoctor check", check, " ".join(other), inside(postfix, *other))
        with tempfile.TemporaryDirectory() as folder:
            sendmail.root.joinpath("etc/sasldb2").write_bytes(big_sasldb(folder).read_bytes())
        few = max(3, runs // 5)
        theirs = inside(sendmail, "sasldblistusers2")
        pair(few, f"maildoctor check with {USERS:,} users", check, "sasldblistusers2", theirs)


if __name__ == "__main__":
    main()
