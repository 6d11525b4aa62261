"""Reports built by hand, and a stand-in engine that gives them: what prints a report is tested without a host."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, ClassVar

from maildoctor.check import Check, Found, check, found
from maildoctor.host import Verb
from maildoctor.model import Evidence, Finding, Outcome, Product, Ranked, Report, Step, Target

PLUGIN = "/usr/lib/sasl2/libdigestmd5.so"

CAUSE = Finding(
    code="LINK001",
    name="unresolved-symbol",
    severity="error",
    message="libdigestmd5.so cannot be loaded: no library here has des_ecb_encrypt",
    why="The plugin was linked against a library other than the one found at run time, so SASL drops it silently.",
    advice="Install the plugin again, built against the libcrypto of this host.",
    fix=(
        Step("apt-get install --reinstall libsasl2-modules", "safe"),
        Step(f"mv {PLUGIN} {PLUGIN}.off", "risky", f"mv {PLUGIN}.off {PLUGIN}", "restarts sendmail"),
    ),
    evidence=(
        Evidence(PLUGIN, "undefined symbol: des_ecb_encrypt"),
        Evidence("/var/log/mail.log:812", "Unable to dlopen"),
    ),
    labels={"plugin": "libdigestmd5.so", "arch": "x86_64"},
    refs=("https://www.cyrusimap.org/sasl/",),
)
SYMPTOM = Finding(
    code="MECH002",
    name="advertised-without-secret",
    severity="warning",
    message="DIGEST-MD5 is offered but no user has a DIGEST-MD5 secret",
    why="A client that picks it fails though the password is right.",
    advice="Set the passwords again.",
    evidence=(Evidence("sasldb", "CRAM-MD5"),),
    labels={"mech": "DIGEST-MD5"},
)
NOTE = Finding("CONF003", "old-release", "info", "sendmail 8.15.2 is old", "It misses fixes.", "Take a newer one.")
HOSTILE = Finding(
    code="SASL009",
    name="odd-user",
    severity="error",
    message="user \x1b[2J\x1b]0;owned\x07 [red]bold[/red] \u202eevil\u2066 \x9b31m and\nall is well",
    why="why \x1b[31m",
    advice="advice \x85",
    fix=(Step("saslpasswd2 -d 'a\x1b[A\nrm -rf /'", effect="ends \x1b[2J\x07"),),
    evidence=(Evidence("/etc/\udcff\x1b", "one\r\x00\ntwo\u2028\x7f" + "x" * 4000),),
    labels={"user": "\x1b\udce9\u202e"},
)

DEBIAN = Target("host", "mail.example.test", (Product("sendmail", "8.17.1.9"),), (Product("cyrus-sasl", "2.1.28"),))
PASSED = Outcome("PERM001", "group-writable-path", "pass")
FAILED = Outcome("LINK001", "unresolved-symbol", "fail")
UNSEEN = Outcome("SASL001", "no-user", "not_judged", "permission denied reading /etc/sasldb2", "run as root")
UNSEEN_TOO = Outcome("SASL002", "no-secret", "not_judged", "permission denied reading /etc/sasldb2", "run as root")
ELSEWHERE = Outcome("TLS001", "expired-certificate", "not_applicable")
BROKEN = Outcome("TLS009", "odd-key", "broke", "ValueError")


def report(*findings: Finding, outcomes: Sequence[Outcome] = (PASSED,), **more: Any) -> Report:
    """A report of root findings."""
    ranked = tuple(Ranked(f, rank, None) for rank, f in enumerate(findings, 1))
    return Report(DEBIAN, "2026-11-22T06:00:00Z", 0.41234, ranked, tuple(outcomes), **more)


FAULTY = replace(
    report(CAUSE, outcomes=(FAILED, PASSED, UNSEEN, UNSEEN_TOO, ELSEWHERE), commands=("sendmail -d0.1 -bv root",)),
    ranked=(Ranked(CAUSE, 1, None), Ranked(SYMPTOM, 2, CAUSE.fingerprint)),
)
REPORTS = {
    "faulty": FAULTY,
    "clean": report(),
    "unseen": report(outcomes=(PASSED, UNSEEN, UNSEEN_TOO)),
    "warned": report(SYMPTOM, outcomes=(FAILED, PASSED)),
    "noted": report(NOTE),
    "nothing": report(outcomes=(ELSEWHERE,)),
    "broke": report(outcomes=(PASSED, BROKEN)),
    "hostile": report(HOSTILE, outcomes=(FAILED,)),
    "many": report(*(replace(CAUSE, labels={"plugin": str(n)}) for n in range(2000))),
}


class Words:
    """A fact that is its own text."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> "Words":
        """The words."""
        return cls(text)


@check(
    "LINK001",
    "unresolved-symbol",
    "error",
    rung="mechanism",
    role="cause",
    scope=["mechanism"],
    explains=["MECH001"],
    witnesses=["LINK130"],
    fails=[{"words": "bad"}],
    passes=[{"words": "good"}],
    refs=["RFC 4954"],
)
def unresolved_symbol(words: Words) -> Iterator[Found]:
    """A SASL plugin wants a symbol that no library here has.

    SASL drops it silently.

    Advice: install it again.
    """
    if words.text == "bad":
        yield found("libdigestmd5.so: no des_ecb_encrypt", evidence=[Evidence("ldd -r", words.text)], plugin="x")


@check(
    "MECH002",
    "advertised-without-secret",
    "warning",
    rung="none",
    role="note",
    fails=[{"words": "bad"}],
    passes=[{"words": "good"}],
)
def advertised_without_secret(words: Words) -> Iterator[Found]:
    """A mechanism is offered for which no user has a secret.

    Advice: set the passwords again.
    """
    if words.text == "bad":
        yield found("DIGEST-MD5 without a secret")


CHECKS: tuple[Check, ...] = (unresolved_symbol, advertised_without_secret)


def stand_in(
    given: Report,
    put: Callable[[str, ModuleType], None] = sys.modules.__setitem__,
    slow: float = 0.0,
    error: BaseException | None = None,
) -> ModuleType:
    """Put an engine in place that gives this report (or raises `error`), and hosts that can be made but not asked."""
    engine = ModuleType("maildoctor.engine")

    class Library:
        checks = CHECKS
        witnesses: ClassVar[dict[str, tuple[str, ...]]] = {}

    class Selection:
        def __init__(self, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> None:
            self.select, self.ignore = select, ignore

        def takes(self, one: Check) -> bool:
            return not self.select or any(s.rstrip("*").upper() in (one.code, one.code[:4]) for s in self.select)

    def examine(
        host: Any,
        library: Any,
        selection: Any,
        progress: Callable[[str], None] | None = None,
        deadline: object = None,
        witness: object = None,
    ) -> Report:
        if progress is not None:
            progress("/etc/mail\x1b")
        time.sleep(slow)
        engine.asked = (host, selection)  # type: ignore[attr-defined]
        if error is not None:
            raise error
        return given

    def load_library(extra: Sequence[str] = ()) -> Library:
        engine.extra = extra  # type: ignore[attr-defined]
        return Library()

    vars(engine).update(Selection=Selection, examine=examine, examined=lambda *given: (examine(*given), ()))
    put("maildoctor.engine", engine)
    library = ModuleType("maildoctor.library")
    vars(library).update(Library=Library, load_library=load_library)
    put("maildoctor.library", library)
    for module, names in {"live": ["Live"], "rooted": ["Rooted"], "recording": ["Recording", "Replay"]}.items():
        door = ModuleType(f"maildoctor.host.{module}")
        vars(door).update({name: type(name, (_Door,), {}) for name in names})
        put(f"maildoctor.host.{module}", door)
    return engine


class _Door:
    def __init__(self, *given: Any) -> None:
        self.given = given
        self.saved: str | None = None

    def ask(self, verb: Verb, subject: str = "") -> str:
        return ""

    def save(self, folder: str) -> None:
        self.saved = folder
