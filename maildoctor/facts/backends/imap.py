"""An IMAP server behind saslauthd (-a rimap), as it greets."""

import re
from dataclasses import dataclass
from typing import Self

from maildoctor.model import Evidence


@dataclass(frozen=True, slots=True)
class RemoteImap:
    """Text: `# server: HOST:PORT`, then the lines of the door's verb `imap`: `connect: … ok` or why not, `greeting: *
    OK …`, empty where it ended the conversation, `capability: IMAP4rev1 …`, `silent: …` where it did not answer."""

    server: str
    refused: str
    """why there was no connection"""
    greeting: str | None
    """None where none came"""
    capabilities: frozenset[str]
    trouble: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        said = {m[1]: m[2].strip() for m in re.finditer(r"(?m)^(?:# )?(\w{1,20}): ?(.*)$", text)}
        connect, greeting = said.get("connect", ""), said.get("greeting")
        named = re.search(r"\[CAPABILITY ([^\]]{1,400})\]", greeting or "", re.IGNORECASE)
        words = said.get("capability") or (named[1] if named else "")
        return cls(
            said.get("server", ""),
            "" if connect.endswith(" ok") else connect,
            greeting,
            frozenset(words.upper().split()),
            said.get("silent", said.get("broken", "")),
        )

    @property
    def greets(self) -> bool:
        """Whether auth_rimap goes on to send the name and the password."""
        return self.greeting is not None and self.greeting.startswith("* OK")

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What it said."""
        words = " ".join(sorted(self.capabilities))
        rows = (self.refused, self.greeting, f"* CAPABILITY {words}" if words else "", self.trouble)
        return tuple(Evidence(self.server, row) for row in rows if row)

    @property
    def proof(self) -> Evidence | None:
        """That it takes passwords in clear, as saslauthd sends them."""
        if not self.greets or "LOGINDISABLED" in self.capabilities or not self.capabilities:
            return None
        return Evidence(self.server, f"{self.greeting} (takes LOGIN)")
