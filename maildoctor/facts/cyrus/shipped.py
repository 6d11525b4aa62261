"""Files that the distribution's SASL packages bring, by the package manager's own lists."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Shipped:
    """Text: absolute paths, a line each, as `dpkg -L libsasl2-modules` prints them."""

    paths: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        return cls(frozenset(line.strip() for line in text.splitlines() if line.startswith("/")))

    def plugin(self, name: str) -> bool:
        """Whether some installed package brings this plug-in, e.g. `crammd5`."""
        return any(path.endswith(f"/lib{name}.so") for path in self.paths)
