"""The lab by hand; the package's own words say what each command does."""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests import lab
from tests.lab.faults import BY_ID, FAULTS
from tests.lab.host import DOCTOR, LabHost
from tests.lab.record import RECORDED, record
from tests.lab.roots import RELEASES, LabError, release_root, why_not


def prove(name: str) -> str:
    """One line on one fault, or on a healthy release; it starts with `ok` if all is as the catalogue says."""
    began = time.monotonic()
    fault = BY_ID.get(name)
    met = after = "nothing"
    try:
        with LabHost("bookworm" if fault else name, fault, site=False) as host:
            met = str(host.probe())
            host.mend()
            after = str(host.probe())
    except LabError as error:
        after = str(error)
    verdict = "ok" if (fault.symptom if fault else "works") in met and after == "works" else "WRONG"
    return f"{verdict:6}{time.monotonic() - began:5.1f} s  {name:28} {met} | fixed: {after}"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description=lab.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["build", "list", "prove", "record", "run"])
    parser.add_argument("name", nargs="*", help="a fault, or a release for a healthy host")
    parser.add_argument("--release", default="bookworm", choices=RELEASES, help="where the fault is put")
    parser.add_argument("--fixed", action="store_true", help="run: fix the fault before the command runs")
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    asked = parser.parse_args(words[:cut])
    if asked.command == "list":
        for fault in FAULTS:
            say(f"{fault.id:28} {fault.expect}")
        return 0
    if reason := why_not():
        parser.error(reason)
    if asked.command == "build":
        for name in asked.name or RELEASES:
            release_root(name)
    elif asked.command == "record":
        for name in asked.name or RECORDED:
            say(record(name))
    elif asked.command == "prove":
        healthy = [name for name, release in RELEASES.items() if release.recipe == "sendmail.sh"]
        with ThreadPoolExecutor(2) as pool:
            lines = pool.map(prove, asked.name or [*healthy, *BY_ID])
            wrong = 0
            for line in lines:
                say(line)
                wrong |= not line.startswith("ok")
            return wrong
    else:
        name = asked.name[0]
        with LabHost(asked.release if name in BY_ID else name, BY_ID.get(name)) as host:
            if asked.fixed:
                host.mend()
            sys.stderr.write(f"the host's files: {host.root}\n")
            done = host.run(*(words[cut + 1 :] or ["true"]), env=DOCTOR)
            sys.stdout.write(done.out)
            sys.stderr.write(done.err)
            return done.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
