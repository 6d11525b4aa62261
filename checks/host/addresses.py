"""SYS: whether this host has the addresses that its mail server is to listen on."""

from collections.abc import Iterable, Iterator

from maildoctor.api import (
    Evidence,
    Findings,
    Rebuild,
    Restart,
    SetPort,
    SetPostfix,
    Step,
    StopAndStart,
    Unknown,
    UnsetPostfix,
    check,
    edit,
    found,
    inspect,
    is_plain,
    known,
    rebuild,
    set_port,
)
from maildoctor.api.host import Addresses, Names
from maildoctor.api.postfix import PostfixMain
from maildoctor.api.sendmail import SendmailCf

_Wanted = tuple[str, Evidence, list[Step], str]

_HERE = "127.0.0.1\n198.51.100.7\n::1"
_HOSTS = "hostname: mail\n192.0.2.25 mail.example.com mail"


@check(
    "SYS020",
    "listener-address-not-here",
    "error",
    rung="listener",
    role="cause",
    explains=("stopped", "no-answer", "RUN002", "RUN016"),
    witnesses=("RUN122",),
    fails=[
        {"addresses": _HERE, "cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=192.0.2.25"},
        {"addresses": _HERE, "cf": "O DaemonPortOptions=Port=587, Addr=mail.example.com", "names": _HOSTS},
        {"addresses": _HERE, "cf": "O ClientPortOptions=Family=inet, Addr=192.0.2.25"},
        {"addresses": _HERE, "main": "inet_interfaces = 127.0.0.1, 192.0.2.25"},
        {"addresses": _HERE, "main": "smtp_bind_address = 192.0.2.25"},
    ],
    passes=[
        {"addresses": _HERE, "cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=198.51.100.7"},
        {"addresses": _HERE, "cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=0.0.0.0"},
        {"addresses": _HERE, "cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=other.example.com"},
        {"addresses": _HERE + "\nnonlocal", "cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=192.0.2.25"},
        {"addresses": _HERE, "main": "inet_interfaces = all"},
        {"addresses": _HERE, "main": "inet_interfaces = loopback-only"},
    ],
    refs=(
        "bind(2): EADDRNOTAVAIL, `Cannot assign requested address`",
        "sendmail: sendmail/daemon.c, opendaemonsocket(): `daemon NAME: cannot bind`, after ten tries it ends",
        "postfix: src/global/own_inet_addr.c; postconf(5), inet_interfaces, smtp_bind_address",
    ),
)
def listener_address_not_here(
    addresses: Addresses, names: Names | Unknown, cf: SendmailCf | Unknown, main: PostfixMain | Unknown
) -> Findings:
    """The mail server is to use an address that this host does not have: "Cannot assign requested address".

    Sendmail tries for a while and then gives up with all of its ports; Postfix does not start, or cannot send. So it
    goes where a configuration came from another machine, the provider gave another address, or behind address
    translation, where the public address is the router's.

    Advice: name an address that this host has (`ip addr`), or none, which means all of them.
    """
    have = ", ".join(addresses.shown()) or "only those of the loopback"
    several: dict[tuple[str, str], list[_Wanted]] = {}
    for one in _wanted(addresses, names, cf, main):
        several.setdefault((one[3].partition(" ")[0], one[0]), []).append(one)
    for (option, address), those in several.items():
        subjects = " and ".join(subject for *_, subject in those[:4])
        yield found(
            f"{subjects} {'name' if len(those) > 1 else 'names'} the address {address}, which this host does not have"
            f" (it has {have})",
            evidence=[*(evidence for _, evidence, _, _ in those[:4]), Evidence("ip addr", have)],
            fix=[inspect("ip addr"), *_together(fix for _, _, fix, _ in those)],
            severity="warning" if option in _OF_THE_CLIENT else None,
            option=option,
            address=address,
        )


def _together(fixes: Iterable[list[Step]]) -> list[Step]:
    """What takes effect only then comes last."""
    steps = dict.fromkeys(step for fix in fixes for step in fix)
    return sorted(steps, key=lambda step: isinstance(step, Rebuild))


_OF_THE_CLIENT = ("ClientPortOptions", "smtp_bind_address", "smtp_bind_address6")
"""By which mail goes out: logins are not touched."""


def _wanted(
    addresses: Addresses, names: Names | Unknown, cf: SendmailCf | Unknown, main: PostfixMain | Unknown
) -> Iterator[_Wanted]:
    """Address, where it is written, what puts it right, and the name of the setting."""
    hosts = known(names)
    if isinstance(cf, SendmailCf):
        for daemon in cf.daemons:
            if daemon.family in ("inet", "inet6") and (gone := addresses.lacks(daemon.address or "", hosts)):
                where = f"DaemonPortOptions {daemon.name} (port {daemon.port})"
                fix = rebuild(cf.path, "take Addr={address} out of DAEMON_OPTIONS, or correct it", address=gone)
                if only := _only(addresses, gone):
                    fix = set_port(cf.path, "Addr", only, daemon)
                yield gone, daemon.evidence(cf.path), fix, where
        for setting in cf.settings("ClientPortOptions"):
            parts = (part.strip().partition("=") for part in setting.value.split(","))
            word = next((value.strip() for key, _, value in parts if key[:1] in "Aa" and value), "")
            if gone := addresses.lacks(word, hosts):
                # without it the system takes the address that leads there
                source = cf.path.removesuffix(".cf") + ".mc"
                fix = [SetPort(source, "", "Addr", "", "CLIENT_OPTIONS"), Rebuild(source, cf.path)]
                evidence = Evidence(f"{cf.path}:{setting.line}", f"O ClientPortOptions={setting.value}")
                yield gone, evidence, fix, "ClientPortOptions"
    if isinstance(main, PostfixMain):
        for option in ("inet_interfaces", "smtp_bind_address", "smtp_bind_address6"):
            for word in main.value(option).replace(",", " ").split():
                if gone := addresses.lacks(word, hosts):
                    fix = _corrected(main, option, word, _only(addresses, gone))
                    then = Restart("postfix") if option in _OF_THE_CLIENT else StopAndStart("postfix")
                    yield gone, main.evidence(option), [*fix, then], option


def _only(addresses: Addresses, gone: str) -> str:
    """The one address that clients can reach this host by, in the family of the one that is gone; empty where there are
    several, for which is meant then is not known."""
    far = [address for address in addresses.shown() if (":" in address) == (":" in gone)]
    return far[0] if len(far) == 1 else ""


def _corrected(main: PostfixMain, option: str, word: str, only: str) -> list[Step]:
    """To send by, the system takes the address that leads there."""
    if option in _OF_THE_CLIENT:
        return [UnsetPostfix(option)]
    words = main.value(option).replace(",", " ").split()
    if only and all(map(is_plain, words)):
        return [SetPostfix(option, " ".join(dict.fromkeys(only if one == word else one for one in words)))]
    return [edit(main.path, f"take {{word}} out of {option}, or correct it", word=word)]
