"""Services that stand in master.cf behind `#`, as Postfix comes with them, and options that were left there when the
line above was switched on."""

import re
from dataclasses import dataclass
from typing import Self

from maildoctor.facts import of_file

_NAME = r"(?P<service>(?:[\w.:\[\]-]{1,260}:)?[\w-]{1,60})[ \t]{1,80}inet"
_HEAD = re.compile(rf"#[ \t]{{0,4}}{_NAME}(?:[ \t]{{1,80}}[\w?-]{{1,12}}){{5}}[ \t]{{1,80}}smtpd\b")
_OPTION = re.compile(r"#[ \t]{1,16}(-o[ \t]{0,8}(?:[\w-]{1,80}=\S{0,400}|\{[^{}]{1,400}\}))[ \t]{0,80}(?:#.{0,400})?")
_SERVICE = re.compile(rf"{_NAME}[ \t].{{0,200}}[ \t]smtpd\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A service and its options behind `#`, by line numbers from 1. `live`: the service itself is switched on."""

    service: str
    live: bool
    first: int
    last: int
    head: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MasterRemarks:
    """Text: that of master.cf, a first line `# path: /etc/postfix/master.cf` names the file and is not counted."""

    path: str
    blocks: tuple[Block, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any text: remarks that are no services are passed over."""
        path, body = of_file(text, "/etc/postfix/master.cf")
        blocks: list[Block] = []
        service, live, first, head = "", False, 0, ""
        options: list[str] = []
        last = 0

        def close() -> None:
            if service and (options or not live):
                blocks.append(Block(service, live, first, last, head, tuple(options)))

        for number, line in enumerate(body.split("\n"), 1):
            line = line[:1000].rstrip()
            if m := _HEAD.match(line) or _SERVICE.match(line):
                close()
                service, live, first, last, head = m["service"], line[:1] != "#", number, number, line
                options = []
            elif service and (option := _OPTION.fullmatch(line)):
                options.append(option[1])
                last = number
            elif service and line[:1] in (" ", "\t") and live and line.strip():
                continue  # options of the service that are switched on
            else:
                close()
                service = ""
        close()
        return cls(path, tuple(blocks))

    def of(self, *names: str) -> Block | None:
        """The first block of a service by one of these names, that is switched off."""
        return next((b for b in self.blocks if not b.live and b.service.rpartition(":")[2] in names), None)

    def left_of(self, service: str) -> Block | None:
        """The options that were left behind `#` below a service that is switched on."""
        return next((b for b in self.blocks if b.live and b.service == service), None)
