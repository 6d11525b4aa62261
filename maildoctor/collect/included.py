"""A configuration together with the files that it includes."""

import re
from collections.abc import Mapping

from maildoctor.collect.knowledge import joined
from maildoctor.host import Host

_MOST = 20
"""Files of one configuration that are read."""


def with_included(host: Host, path: str, body: str, include: re.Pattern[str]) -> dict[str, str]:
    """Path -> text: the file itself, then what it includes, as far as it can be read; `include` finds the paths."""
    files = {path: body}
    waiting = include.findall(body)
    while waiting and len(files) < _MOST:
        wanted = waiting.pop(0)
        found = host.ask("read", wanted) if wanted not in files else ""
        if isinstance(found, str) and wanted not in files:
            files[wanted] = found
            waiting += include.findall(found)
    return files


def in_one(files: Mapping[str, str]) -> str:
    """All of them, each below a line with its path."""
    return joined(*(f"==> {name} <==\n{body.removesuffix(chr(10))}" for name, body in files.items()))
