"""Servers on the network: conversations with them as transcripts, and what a domain announces."""

import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maildoctor.host import Answer, NoAnswer, Verb
from maildoctor.host.deadline import Overdue
from maildoctor.host.door import Door
from maildoctor.probe.addresses import Found, addresses, resolved
from maildoctor.probe.handshakes import Handshakes
from maildoctor.smtp.drive import AT_ONCE, Call, converse
from maildoctor.smtp.replies import printable
from maildoctor.smtp.scripts import EHLO_NAME, Approach, Mode, login, look
from maildoctor.smtp.session import Script, Session

if TYPE_CHECKING:
    from maildoctor.probe.attempts import Message, Relay, Standing
    from maildoctor.probe.authinfo import HubLogin
    from maildoctor.sasl import Login

_AGAIN = ("refused", "closed", "timeout", "unreachable", "unresolved")
"""What `wait` waits out: a service that is about to start refuses, or hangs up."""
_ELSEWHERE = ("refused", "unreachable", "timeout")
"""What another address of the same name may not have."""
_PAUSE = 0.25


@dataclass(frozen=True, slots=True)
class Target:
    """One port of one host. `host` is a name or an IP address; `usual`: nobody named the port, it is one of those that
    mail servers use; `mode`: how TLS is begun there, where that is announced and not what the options say."""

    host: str
    port: int
    usual: bool = field(default=False, compare=False)
    mode: Mode | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """How to probe. Times are seconds: `timeout` for a whole conversation, `wait` for a service that is yet to start,
    `pause` after a refused login before the next at that host.

    `login`: whose login to try, by the mechanisms `mechs` (empty: all that are offered); `verify`: no login where the
    certificate cannot be verified; `in_clear`: also without TLS; `tls_name`: the name that
    the certificate must hold, where it is not the host's; `certificate`: files of our own one and its key. `hub`: given
    a server's name and address, how this host's own authinfo map has it log in there. `addresses`: of hosts by name,
    where they were looked up already; `announced`: what a domain was found to announce, as `host/announcements.py`
    puts it, empty where none was asked about.
    """

    timeout: float = 10.0
    wait: float = 0.0
    pause: float = 0.0
    mode: Mode = "auto"
    ehlo: str = EHLO_NAME
    tls_name: str = ""
    ca_file: str = ""
    verify: bool = True
    in_clear: bool = False
    certificate: tuple[str, str] | None = None
    login: "Login | None" = None
    mechs: tuple[str, ...] = ()
    hub: "Callable[[str, str], HubLogin] | None" = None
    relay: "Relay | None" = None
    message: "Message | None" = None
    families: tuple[socket.AddressFamily, ...] = (socket.AF_INET, socket.AF_INET6)
    at_once: int = AT_ONCE
    addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    announced: str = ""


class Network(Door):
    """Endpoints on the network, and nothing else of the hosts behind them. Raises HostError where `ca_file` is bad."""

    kind = "endpoint"

    def __init__(
        self, targets: Sequence[Target], options: ProbeOptions, progress: Callable[[str], None] = lambda words: None
    ) -> None:
        super().__init__()
        self.name = ", ".join(map(str, targets)) if len(targets) < 4 else f"{len(targets)} endpoints"
        self._targets, self._options, self._progress = targets, options, progress
        # what cannot be used is told at once, not as a gap in the report
        self._handshakes = _handshakes(options)
        self._began = time.monotonic()
        self.stopped: KeyboardInterrupt | None = None
        """the Ctrl-C, or what stands for another signal, that ended the conversations: the rest was not had"""

    @property
    def commands(self) -> tuple[str, ...]:
        """Nothing is run."""
        return ()

    def _answer(self, verb: Verb, subject: str) -> Answer:
        """The transcripts of all endpoints; what is no matter of the wire is not there."""
        match verb:
            case "announced" if self._options.announced:
                return self._options.announced
            case "announced":
                return NoAnswer("absent", "no domain was named: --domain")
            case "probe" if not self._targets:
                return NoAnswer("absent", "the domain names no server to which mail is handed in")
            case "probe":
                return _transcripts(self._targets, self._options, self._handshakes, self._progress, self._stop)
            case "clock":
                return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            case "elapsed":
                return f"{time.monotonic() - self._began:.3f}"
        return NoAnswer("absent", "only what servers say on the wire is looked at here", "run maildoctor check there")

    def _stop(self, by: KeyboardInterrupt) -> None:
        self.stopped = by


def probed(
    targets: Sequence[Target], options: ProbeOptions, progress: Callable[[str], None] = lambda words: None
) -> str:
    """Transcripts of all conversations that `options` asks for, the looks first, as `facts/wire.py` reads them. Raises
    HostError where `ca_file` cannot be used."""
    return _transcripts(targets, options, _handshakes(options), progress)


def _transcripts(
    targets: Sequence[Target],
    options: ProbeOptions,
    handshakes: Handshakes,
    progress: Callable[[str], None],
    interrupted: Callable[[KeyboardInterrupt], None] | None = None,
) -> str:
    """What breaks off the run costs the conversations that were not over: the deadline, and where `interrupted` takes
    it, a signal."""
    run = _Run(options, handshakes)
    try:
        run.all(targets, progress)
    except Overdue:
        run.break_off(targets, "the time for all of it was over")
    except KeyboardInterrupt as stop:
        if interrupted is None:
            raise
        interrupted(stop)
        run.break_off(targets, "it was interrupted")
    return "\n".join(line for session in run.talks(targets) for line in session.lines)


def own_ports(endpoints: str) -> str:
    """Looks at ports of this machine itself, `ADDRESS:PORT …`: no logins, no mail, half the usual patience."""
    targets = [Target(host.strip("[]"), int(port)) for host, _, port in (e.rpartition(":") for e in endpoints.split())]
    return probed(targets, ProbeOptions(timeout=5.0))


def visited(target: Target, options: ProbeOptions) -> str:
    """The transcript of one conversation that looks and, if `options` name a login, logs in by the first of its
    mechanisms that is offered. Raises HostError where `ca_file` cannot be used."""
    return "\n".join(_Run(options, _handshakes(options)).visit(target).lines)


def _handshakes(options: ProbeOptions) -> Handshakes:
    return Handshakes(options.ca_file, options.verify, options.certificate)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over all targets. `began`: when, by the monotonic clock; `found`: the last look at each target; `tried`:
    all other conversations; `refused`: hosts that refused the login; `standing`: how we stand with those at which a
    login was tried."""

    options: ProbeOptions
    handshakes: Handshakes
    addresses: dict[Target, Found] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    found: dict[Target, Session] = field(default_factory=dict)
    tried: list[Session] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    standing: "dict[str, Standing]" = field(default_factory=dict)

    def all(self, targets: Sequence[Target], progress: Callable[[str], None]) -> None:
        """Have all conversations that the options ask for."""
        self.look_at_all(targets, progress)
        for n, target in enumerate(targets):
            if not (looked := self.found[target]).trouble:
                self.attempts(target, looked, progress, any(other.host == target.host for other in targets[n + 1 :]))

    def talks(self, targets: Sequence[Target]) -> list[Session]:
        """What was had, the looks first."""
        return [*(self.found[t] for t in targets), *self.tried]

    def break_off(self, targets: Sequence[Target], why: str) -> None:
        """Nothing more is said: what is not over is ended, what was not begun is told."""
        for target in targets:
            if target not in self.found:
                self.found[target] = self._look(target)
        for session in self.talks(targets):
            session.break_off(why)

    def _find(self, targets: Sequence[Target]) -> None:
        """Look up the addresses of these targets."""
        known = {name: resolved(found, self.options.families) for name, found in self.options.addresses.items()}
        names = [name for name in dict.fromkeys(t.host for t in targets) if name not in known]
        hosts = {**known, **addresses(names, self.options.families, self.options.timeout)}
        self.addresses.update({t: hosts[t.host] for t in targets})

    def look_at_all(self, targets: Sequence[Target], progress: Callable[[str], None]) -> None:
        """A look at each target, and looks again at those that are about to start."""
        self._find(targets)
        found = self.found
        found |= {t: self._look(t) for t in targets}
        finished = 0

        def one_more(_: Call) -> None:
            nonlocal finished
            finished += 1
            progress(f"{finished} of {len(found)} servers")

        self._have(found, one_more)
        while elsewhere := [t for t, s in found.items() if s.trouble in _ELSEWHERE and self.addresses[t].others]:
            self.addresses.update({t: self.addresses[t].next for t in elsewhere})
            found |= {t: self._look(t) for t in elsewhere}
            self._have({t: found[t] for t in elsewhere}, lambda _: None)
        until = self.began + self.options.wait
        while time.monotonic() < until and (again := [t for t, s in found.items() if s.trouble in _AGAIN]):
            time.sleep(min(_PAUSE, max(0.0, until - time.monotonic())))
            self._find([t for t in again if found[t].trouble == "unresolved"])
            found |= {t: self._look(t) for t in again}
            self._have({t: found[t] for t in again}, lambda _: None)

    def attempts(self, target: Target, looked: Session, progress: Callable[[str], None], others: bool = False) -> None:
        """Logins and the rest, if they were asked for. `others`: more ports of this host follow."""
        options = self.options
        if options.login is None and options.hub is None and options.relay is None and options.message is None:
            return
        from maildoctor.certificates import hopeless
        from maildoctor.probe.attempts import Attempts, Standing, outcome

        standing = self.standing.setdefault(target.host, Standing(options.pause))
        said_before = list(looked.lines)

        def talk(purpose: str, notes: tuple[str, ...], script: Callable[[Session], Script]) -> Session:
            if purpose.startswith("login") and options.verify and (why := hopeless(looked.lines)):
                # our refusal would stand in the server's log, where it looks like a fault: "alert unknown ca"
                session = self._session(target, purpose, look(safe), notes)
                self.tried.append(session)
                session.end("untrusted", why)
                return session
            if purpose != "relay":
                progress(f"a pause after a refused login at {target}")
                standing.wait(looked)
            progress(f"{purpose} at {target}")
            session = self._session(target, purpose, script, notes)
            self.tried.append(session)
            session.delayed = standing.refused > 0
            if standing.received:
                session.received_before(said_before)
            self._have({target: session}, lambda _: None)
            standing.after(session)
            return session

        def leave(purpose: str, notes: tuple[str, ...], outcome: str, why: str) -> Session:
            session = self._session(target, purpose, look(safe), notes)
            self.tried.append(session)
            session.leave_out(outcome, why)
            return session

        safe, insecure = (
            self._approach(target, self.handshakes.to_log_in),
            self._approach(target, self.handshakes.to_look),
        )
        before = target.host in self.refused
        attempts = Attempts(
            talk,
            leave,
            looked,
            safe,
            insecure,
            options.login,
            options.mechs,
            options.in_clear,
            before,
            options.certificate is not None,
            standing,
            int(others),
        )
        words = [outcome(session) for session in attempts.all(options.relay, options.message)]
        if "failed" in words and "ok" not in words:
            self.refused.add(target.host)
        if options.hub is not None:
            from maildoctor.probe.authinfo import logged_in

            hub = options.hub(target.host, self.addresses[target].address)
            for _ in logged_in(hub, talk, looked, safe, options.in_clear, options.relay):
                pass

    def visit(self, target: Target) -> Session:
        """One conversation for all, at the first address that answers; all of it within the time for one."""
        self._find([target])
        while True:
            session = self._visit(target)
            left = self.began + self.options.timeout - time.monotonic()
            self._have({target: session}, lambda _: None, max(left, 0.0))
            if session.trouble not in _ELSEWHERE or not self.addresses[target].others:
                return session
            self.addresses[target] = self.addresses[target].next

    def _visit(self, target: Target) -> Session:
        approach, who = self._approach(target, self.handshakes.to_log_in), self.options.login
        if who is None:
            return self._session(target, "look", look(approach))
        from maildoctor.probe.attempts import beginning, best, secrets_of

        choose, begin = best(self.options.mechs), beginning(approach, who)
        script = login(approach, choose, begin, hidden=secrets_of(who), in_clear=self.options.in_clear)
        return self._session(target, "login", script, (f"user {who.authid}",))

    def _look(self, target: Target) -> Session:
        return self._session(target, "look", look(self._approach(target, self.handshakes.to_look)))

    def _approach(self, target: Target, context: Callable[[], ssl.SSLContext]) -> Approach:
        name = self.options.tls_name or target.host
        mode = target.mode or self.options.mode
        return Approach(mode, target.port, name, context, self.handshakes.describe, self.options.ehlo)

    def _session(
        self, target: Target, purpose: str, script: Callable[[Session], Script], notes: tuple[str, ...] = ()
    ) -> Session:
        host = self.addresses.get(target, Found(target.host))  # not asked for yet where we were interrupted before
        address = host.address
        where = Target(address or target.host, target.port)
        name = f" for {target.host}" if address and target.host != address else ""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        usual = ("usual port",) if target.usual else ()
        if purpose == "look" and (self.options.login is not None or self.options.hub is not None):
            usual = (*usual, "login asked for")
        asked = (f"tls-name {self.options.tls_name}",) if self.options.tls_name else ()
        heading = (
            f"connect {where} {target.mode or self.options.mode}{name}",
            f"purpose {purpose}",
            f"at {at}",
            *usual,
            *asked,
            *notes,
        )
        session = Session(script, tuple(printable(line.encode("utf-8", "replace")) for line in heading))
        if self.options.login is not None:
            from maildoctor.probe.attempts import secrets_of

            session.hidden.received_earlier(secrets_of(self.options.login), f"{target.host} {self.options.ehlo}")
        if not address:
            session.end("unresolved", f"the name {printable(target.host.encode('utf-8', 'replace'))} {host.why}")
        return session

    def _have(
        self, sessions: Mapping[Target, Session], done: Callable[[Call], None], timeout: float | None = None
    ) -> None:
        calls = (Call(self.addresses[t].address, t.port, s) for t, s in sessions.items() if not s.finished)
        converse(calls, self.options.timeout if timeout is None else timeout, self.options.at_once, done)
