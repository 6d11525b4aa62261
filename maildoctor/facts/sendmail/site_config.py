"""devtools/Site/site.config.m4 of a source tree: what a sendmail is compiled with."""

import re
from dataclasses import dataclass
from typing import Self

_DEFINE = re.compile(r"(APPENDDEF|PREPENDDEF|define)\(\s*`?(\w+)'?\s*,\s*`+([^']*)'+\s*\)")


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """Text: the file, with a first line `# path: PATH`. `values` are the words of each name, appended ones included."""

    path: str
    values: dict[str, tuple[str, ...]]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the m4 source; `dnl` lines are comments, other macros are passed over."""
        path = re.match(r"# path: (.*)", text)
        values: dict[str, tuple[str, ...]] = {}
        for how, name, value in _DEFINE.findall(re.sub(r"(?m)\bdnl\b.*$", "", text)):
            values[name] = tuple(value.split()) if how == "define" else (*values.get(name, ()), *value.split())
        return cls(path[1] if path else "site.config.m4", values)

    def _words(self, *endings: str) -> tuple[str, ...]:
        return tuple(w for name, words in self.values.items() if name.endswith(endings) for w in words)

    @property
    def generation(self) -> int:
        """What -DSASL asks for: 0 none, 1 SASL 1 (`-DSASL`, also `-DSASL=1`), 2 SASL 2 (`-DSASL=2`)."""
        asked = [w for w in self._words("ENVDEF") if re.fullmatch(r"-DSASL(=\d+)?", w)]
        return 0 if not asked else 2 if re.search(r"=2\d*$", asked[-1]) else 1

    @property
    def library(self) -> int:
        """Which libsasl is linked: 0 none, 1 (`-lsasl`), 2 (`-lsasl2`)."""
        linked = {w for w in self._words("LIBS", "confLIBS") if w in ("-lsasl", "-lsasl2")}
        return 2 if "-lsasl2" in linked else 1 if linked else 0
