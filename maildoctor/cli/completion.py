"""`maildoctor --completion SHELL`: what a shell loads to complete commands; release/documents.py makes it."""

from collections.abc import Sequence
from pkgutil import get_data

from maildoctor.cli.report_error import UsageError
from maildoctor.cli.stdout import say

FILES = {"bash": "maildoctor", "zsh": "_maildoctor", "fish": "maildoctor.fish"}
"""The names by which the shells look for them."""
SHELLS = tuple(FILES)


def run(words: Sequence[str]) -> int:
    """Print it. Raises UsageError for a shell that is not known."""
    if len(words) != 1 or words[0] not in FILES:
        raise UsageError("completion is for one shell", "--completion", f"give one of {', '.join(SHELLS)}")
    say((get_data("maildoctor", f"completion/{FILES[words[0]]}") or b"").decode())
    return 0
