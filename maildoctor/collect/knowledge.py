"""What is known so far about one host: each fact is collected once, when it is first asked for; and what a mail server
has to give for that, its adapter.

A host may have several login services, each with facts of its own; what is of the whole host they share."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.bounds import MANY, REMEDY, Bounded, Gaps
from maildoctor.facts import Absent, Unknown
from maildoctor.host import Answer, Host, NoAnswer, NotYet
from maildoctor.host.deadline import Deadline, Overdue

F = TypeVar("F")
T = TypeVar("T")


class FactStore:
    """Facts by their type, as one login service has them. A collector gets it too, to build on other facts."""

    def __init__(
        self,
        host: Host,
        collectors: "Mapping[type[Any], Collector]",
        progress: Callable[[str], None],
        deadline: Deadline | None,
        adapters: "Sequence[Adapter]",
        shared: Container[type[Any]] = frozenset(),
        unused: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`adapters`: those of the services found here, this one's first; `shared`: facts of the whole host; `unused`:
        mail servers that are installed but not in use, and what shows that."""
        self.host, self.adapter, self.unused = host, adapters[0], unused
        self._adapters, self._shared = tuple(adapters), shared
        self._first = self
        self._collectors, self._progress = collectors, progress
        self._deadline = deadline or Deadline()
        self._gaps: dict[type[Any], Gaps] = {}
        self._at_work: list[Gaps] = [Gaps()]
        self._facts: dict[type[Any], Any] = {}

    @property
    def products(self) -> tuple[str, ...]:
        """The mail servers found on this host."""
        return tuple(adapter.product for adapter in self._adapters)

    @property
    def installed(self) -> tuple[str, ...]:
        """Those, if they are here, and the ones that are not in use."""
        return (*(a.product for a in self._adapters if a.is_here(self.host)), *self.unused)

    def of(self, adapter: "Adapter") -> "FactStore":
        """The same host as another of its login services has it."""
        others = tuple(a for a in self._adapters if a is not adapter)
        mine = (adapter, *others)
        know = FactStore(self.host, self._collectors, self._progress, self._deadline, mine, self._shared, self.unused)
        know._first = self._first
        return know

    def __call__(self, fact: type[F]) -> F | Unknown:
        """The fact, or why there is none. A collector that fails, or takes too long, makes an `Unknown`, never an
        end."""
        if fact in self._shared and self._first is not self:
            return self._first(fact)
        if any(fact in other.facts for other in self._adapters[1:]):
            return Absent(f"this is the login service of {self.adapter.product}")
        if fact not in self._facts:
            self._progress(fact.__name__)
            self._facts[fact] = Unknown("it depends on itself")
            self._facts[fact] = self._collect(fact)
        found: F | Unknown = self._facts[fact]
        return found

    def get(self, fact: type[F]) -> F | None:
        """The fact, or None where there is none for whatever reason."""
        found = self(fact)
        return None if isinstance(found, Unknown) else found

    def already(self, fact: type[F]) -> F | None:
        """The fact if somebody asked for it before and it could be had; nothing is looked at for it."""
        return self.get(fact) if fact in (self._first if fact in self._shared else self)._facts else None

    def gap(self, fact: type[Any]) -> Unknown | None:
        """What was cut of the text that a fact is made of; None where it is whole."""
        gaps = (self._first if fact in self._shared else self)._gaps.get(fact)
        return gaps.found[0] if gaps and gaps.found else None

    def own(self, fact: type[Any]) -> bool:
        """Whether this is a fact of one login service, not of the whole host."""
        return fact not in self._shared

    @property
    def product(self) -> str:
        """Whose login service it is; empty where no mail server is there."""
        return self.adapter.product if self.adapter.is_here(self.host) else ""

    def some(self, items: Iterable[T], what: str, most: int = MANY) -> list[T]:
        """So many of these as a collector may look at one by one; a gap of its fact where there are more."""
        return self._at_work[-1].some(items, what, most)

    def cut(self, reason: str, remedy: str = REMEDY) -> None:
        """Note that the fact that is being collected is not whole, and what would make it so."""
        self._at_work[-1].note(reason, remedy)

    def _collect(self, fact: type[Any]) -> Any:
        collector = self._collectors.get(fact)
        if collector is None:
            return Unknown(f"nobody collects {fact.__name__}", "please report it")
        gaps = self._gaps[fact] = Gaps()
        self._at_work.append(gaps)
        try:
            return self._deadline.within(lambda: collector(Bounded(self.host, gaps), self))
        except Overdue:
            return self._late(collector)
        except Exception as error:
            import os

            if os.environ.get("MAILDOCTOR_DEBUG"):
                raise
            return Unknown(
                f"maildoctor failed to look ({type(error).__name__} in {collector.__name__})", "please report it"
            )
        finally:
            self._at_work.pop()

    def _late(self, collector: "Collector") -> Unknown:
        late = self._deadline
        if late.over:
            return Unknown(late.reason, late.remedy)
        doc = f"to look took too long ({collector.__name__}): half of what was left of the {late.seconds:g} s"
        return Unknown(doc, late.remedy)


Collector = Callable[[Host, FactStore], Any]

Trusted = list[tuple[str, str]]
"""(purpose, path) of files that a service trusts, with the purposes of `facts.paths`."""


def nothing(_host: Host, _know: FactStore) -> Trusted:
    """No file of its own."""
    return []


@dataclass(frozen=True, slots=True)
class Adapter:
    """One mail server. `is_here`: whether it is installed, by a few looks; `facts`: those that are its alone, with
    their collectors; `trusted`: files it trusts besides those of libsasl;
    `credentials`: files in which it keeps passwords, as the door's `clear` takes them."""

    product: str
    is_here: Callable[[Host], bool]
    login_service: Callable[[Host, FactStore], LoginService | Unknown]
    application: Callable[[Host, FactStore], SaslApplication | Unknown]
    facts: Mapping[type[Any], Collector] = field(default_factory=dict)
    trusted: Callable[[Host, FactStore], Trusted] = nothing
    credentials: Callable[[Host, FactStore], list[str]] = lambda _host, _know: []


def unknown(answer: NoAnswer, subject: str = "") -> Unknown:
    """What the host did not answer as the lack of a fact; `subject`: the path that was asked for."""
    lack = Absent if answer.why in ("absent", "lifeless") else Unknown
    kind = answer.why if answer.why in ("directory", "too_large") else None
    return lack(answer.reason, answer.remedy, subject, "later" if isinstance(answer, NotYet) else kind)


def text(answer: Answer) -> str:
    """The answer's text; nothing where the host was silent."""
    return answer if isinstance(answer, str) else ""


def first(host: Host, paths: Iterable[str]) -> str:
    """The first of these paths that is there; empty where none is."""
    return next((path for path in paths if isinstance(host.ask("look", path), str)), "")


def joined(*parts: str) -> str:
    """Parts of a fact's text, empty ones left out."""
    return "\n".join(p for p in parts if p)
