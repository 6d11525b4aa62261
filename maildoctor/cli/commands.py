"""Which commands there are. A command is a module of this package with `parser()` and `run(words)`."""

import gc
import importlib
from collections.abc import Sequence

from maildoctor.cli.report_error import UsageError
from maildoctor.cli.signals import obeyed

COMMANDS = (
    "check", "triage", "paste", "probe", "healthcheck", "explain", "list", "report", "guide", "fix", "undo", "redact",
    "demo",
)  # fmt: skip


def call(name: str, words: Sequence[str]) -> int:
    """Run one command, importing nothing of the others."""
    if name not in COMMANDS:
        raise _unknown(name)
    # a command is over in a moment and makes no garbage to speak of: collecting took a tenth of its time
    gc.disable()
    with obeyed():
        status: int = importlib.import_module(f"maildoctor.cli.{name}").run(words)
    return status


def _unknown(name: str) -> UsageError:
    if name.startswith("-"):
        return UsageError(f"{name}: options follow a command", "the first word", f"say: maildoctor check {name}")
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), COMMANDS, n=1, cutoff=0.5)
    meant = f"did you mean: maildoctor {near[0]}" if near else "maildoctor --help lists the commands"
    return UsageError(f"there is no command {name!r}", f"the commands are {', '.join(COMMANDS)}", meant)
