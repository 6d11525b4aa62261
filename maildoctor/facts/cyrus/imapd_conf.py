"""imapd.conf, the configuration of cyrus-imapd."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts import of_file

_ENTRY = re.compile(r"(?m)^([A-Za-z0-9_]+):([^\n]*)")


@dataclass(frozen=True, slots=True)
class ImapdConf:
    """imapd.conf: `name: value` lines; of several with one name the last counts (lib/libconfig.c)."""

    path: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any text; a first line `# path: /etc/imapd.conf` names the file."""
        path, body = of_file(text, "/etc/imapd.conf")
        return cls(path, {m[1].lower(): m[2].strip(" \t\r") for m in _ENTRY.finditer(body)})
