"""What fills the file system of a queue and is none of its messages, and where there is room for it."""

import re
from collections.abc import Iterator

from maildoctor.collect.knowledge import text
from maildoctor.facts.paths import Look
from maildoctor.facts.strays import SPACE
from maildoctor.host import Host

_ELSEWHERE = ("/root", "/home")
"""Where nobody else can lay a link in the way."""
_LARGE = 20
"""A file that takes so much of its file system, one in twenty parts, helps when it goes."""
_MOST = 500
"""Names of a queue that are looked at."""


def strays(host: Host, folder: str, messages: re.Pattern[str]) -> Iterator[str]:
    """`stray: LINE` of `ls -l` for each large file in `folder` that is not called as its `messages` are, and `room:
    PATH` of a folder on another file system that takes them all; nothing where the file system has room."""
    full = SPACE.search(text(host.ask("space", folder)))
    if full is None or int(full[1]) * _LARGE > int(full[2]):
        return
    names = [n for n in text(host.ask("list", folder)).splitlines() if not messages.fullmatch(n)][:_MOST]
    seen = (Look.parse(text(host.ask("look", f"{folder}/{name}"))) for name in names)
    found = [x for x in seen if x and x.kind == "-" and x.size // 1024 * _LARGE >= int(full[2])]
    needed = sum(x.size for x in found) // 1024
    yield from (f"stray: {x.line}" for x in found)
    for path in _ELSEWHERE if found else ():
        there = SPACE.search(text(host.ask("space", path)))
        if there and there[0] != full[0] and int(there[1]) > 2 * needed:
            yield f"room: {path}"
            return
