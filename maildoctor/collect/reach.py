"""What stands between a client and the greeting: packet filters, name servers, and how long the greeting takes."""

import re

from maildoctor.collect.knowledge import FactStore, first, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.addresses import Addresses
from maildoctor.facts.bans import Bans
from maildoctor.facts.firewall import Firewall
from maildoctor.facts.name_switch import NameSwitch
from maildoctor.facts.port_names import PortNames
from maildoctor.facts.processes import Listeners
from maildoctor.facts.resolver import Greeting, Resolver
from maildoctor.facts.system import System
from maildoctor.facts.wire import Wire
from maildoctor.host import Host, NoAnswer

_PACKET_FILTERS = (
    ("nft -t list ruleset", ("/usr/sbin/nft", "/sbin/nft"), ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf")),
    (
        "iptables-save -t filter",
        ("/usr/sbin/iptables-save", "/sbin/iptables-save"),
        ("/etc/iptables/rules.v4", "/etc/sysconfig/iptables", "/etc/iptables/iptables.rules"),
    ),
)
"""How to see the rules in force, by which program, and the files they are loaded from when the system starts."""

_IN_KERNEL = ("/sys/module/nf_tables", "/sys/module/ip_tables", "/sys/module/x_tables")
"""There where packet filters may have rules; without them, to list the rules would make the kernel load its module."""

_PORTS = (587, 465, 25)

_SETS = 8
"""Sets of a packet filter that are listed."""

_FAIL2BAN = ("/usr/bin/fail2ban-client", "/usr/local/bin/fail2ban-client", "/etc/fail2ban", "/var/log/fail2ban.log")

_SADDR_SET = re.compile(r"\bip6? saddr @(\S{1,100})")
_LIMITS = re.compile(r"! --?|!=| -i |\b[io]if(?:name)?\b|\blimit\b|hashlimit|recent|--string|\bmeter\b")
"""Rules that spare those whom they name, or turn them away on some condition only."""
_MATCH_SET = re.compile(r"--match-set (\S{1,31}) src\b")

_LIBRARIES = ("/lib/{0}", "/usr/lib/{0}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
_BUILT_IN = ("files", "dns")
"""Sources of names that glibc has had in itself since 2.34."""


def firewall(host: Host, know: FactStore) -> Firewall | Unknown:
    """The rules in force; where they cannot be listed, the file that they are loaded from."""
    in_force = host.kind != "root" and bool(first(host, _IN_KERNEL))
    for command, programs, files in _PACKET_FILTERS:
        if not first(host, programs):
            continue
        said = text(host.ask("run", command)) if in_force else ""
        if said.startswith("exit 0\n"):
            if "hook input" in said or ":INPUT" in said:
                return Firewall.parse(f"# source: {command}\n{said.partition(chr(10))[2]}")
        elif host.kind == "root":
            for path in files:
                if isinstance(rules := host.ask("read", path), str):
                    return Firewall.parse(f"# source: {path}\n{rules}")
    return Absent("no rules of a packet filter for this host are known")


def bans(host: Host, know: FactStore) -> Bans | Unknown:
    """Routes that lead nowhere, and addresses that rules for the ports of mail turn away."""
    routes = host.ask("routes")
    rows = ["# source: ip route", text(routes)]
    wall = know.get(Firewall)
    selective = [row for row in wall.selective(_PORTS) if not _LIMITS.search(row)] if wall else []
    if wall and wall.source.startswith("nft -t"):
        rows += _elements(host, wall, selective)
    elif wall:
        rows += [f"# source: {wall.source}", *(row for row in selective if "--match-set" not in row)]
        for name in list(dict.fromkeys(m[1] for row in selective for m in _MATCH_SET.finditer(row)))[:_SETS]:
            said = text(host.ask("run", f"ipset save {name}"))
            rows += [f"# source: ipset save {name}", said] if said.startswith("exit 0\n") else []
    if isinstance(routes, NoAnswer) and wall is None:
        return unknown(routes)
    return Bans.parse("\n".join([*rows, *(["# fail2ban"] if first(host, _FAIL2BAN) else [])]))


def _elements(host: Host, wall: Firewall, rules: list[str]) -> list[str]:
    """The rules that name an address, and the elements of the sets that rules name."""
    rows = [f"# source: {wall.source}", *rules]
    for name in list(dict.fromkeys(m[1] for rule in rules for m in _SADDR_SET.finditer(rule)))[:_SETS]:
        if name in wall.table_of:
            command = f"nft list set {wall.table_of[name]} {name}"
            said = text(host.ask("run", command))
            rows += [f"# source: {command}", said] if said.startswith("exit 0\n") else []
    return rows


def resolver(host: Host, know: FactStore) -> Resolver | Unknown:
    """resolv.conf, the hosts line of nsswitch.conf, and whether name servers on this very host answer."""
    lines = [row for row in text(host.ask("read", "/etc/resolv.conf")).splitlines() if row.startswith(("name", "opt"))]
    switch = text(host.ask("read", "/etc/nsswitch.conf")).splitlines()
    lines += [row.strip() for row in switch if row.strip().startswith("hosts:")][:1]
    known = Resolver.parse("\n".join(lines))
    lines += (f"missing module: {s}" for s in dict.fromkeys(known.sources) if _missing(host, know, s))
    if host.kind != "root" and _may_connect(know):
        for server in known.servers or ("127.0.0.1",):
            answer = host.ask("dns", server)
            lines += [f"asked {server}: {answer}"] if isinstance(answer, str) else []
    return Resolver.parse("\n".join(lines))


def addresses(host: Host, know: FactStore) -> Addresses | Unknown:
    """The addresses of this host's interfaces."""
    answer = host.ask("addresses")
    return unknown(answer) if isinstance(answer, NoAnswer) else Addresses.parse(answer)


_LIBC = ("/lib/{0}/libc.so.6", "/usr/lib/{0}/libc.so.6", "/lib64/libc.so.6", "/usr/lib64/libc.so.6", "/lib/libc.so.6")


def name_switch(host: Host, know: FactStore) -> NameSwitch | Unknown:
    """nsswitch.conf, where there is a glibc to read it, and which of its modules are not installed."""
    system = know.get(System)
    triplet = system.triplet if system else ""
    if not first(host, [path.format(triplet) for path in _LIBC if triplet or "{" not in path]):
        return Absent("there is no glibc here, which alone reads nsswitch.conf in this way")
    answer = host.ask("read", "/etc/nsswitch.conf")
    if isinstance(answer, NoAnswer):
        return unknown(answer)
    named = NameSwitch.parse(answer).databases.values()
    services = dict.fromkeys(s for database in named for s in database.services)
    return NameSwitch.parse("\n>> ".join([answer, *(f"missing: {s}" for s in services if _missing(host, know, s))]))


def _may_connect(know: FactStore) -> bool:
    """Not where connecting was switched off: that there is nobody to talk to is another matter."""
    wire = know(Wire)
    return not isinstance(wire, Unknown) or isinstance(wire, Absent)


def _missing(host: Host, know: FactStore, source: str) -> bool:
    system = know.get(System)
    if source in _BUILT_IN or not source.isidentifier() or system is None or system.family == "alpine":
        return False  # musl reads no nsswitch.conf
    folders = [f.format(system.triplet) for f in _LIBRARIES if system.triplet or "{" not in f]
    answers = [host.ask("look", f"{folder}/libnss_{source}.so.2") for folder in folders]
    return all(isinstance(a, NoAnswer) and a.why == "absent" for a in answers)


def port_names(host: Host, know: FactStore) -> PortNames | Unknown:
    """/etc/services, where names of ports are looked up there."""
    answer = host.ask("read", "/etc/services")
    if isinstance(answer, NoAnswer):
        return PortNames.parse("missing: /etc/services") if answer.why == "absent" else unknown(answer)
    switch = text(host.ask("read", "/etc/nsswitch.conf")).splitlines()
    sources = next((row.split()[1:] for row in switch if row.startswith("services:")), ["files"])
    elsewhere = [s for s in sources if s not in ("db", "files") and not s.startswith("[")]
    return Unknown(f"names of ports are looked up in {elsewhere[0]} too") if elsewhere else PortNames.parse(answer)


def greeting(host: Host, know: FactStore) -> Greeting | Unknown:
    """How long a client that nobody here knows waits, at one of the ports where sendmail greets in clear."""
    wire, listeners = know(Wire), know.get(Listeners)
    if isinstance(wire, Unknown) or listeners is None:
        return wire if isinstance(wire, Unknown) else Absent("nothing listens here for mail")
    open_here = {c.port for c in wire.of("look") if c.address == "127.0.0.1" and c.banner and not c.implicit}
    everywhere = {x.port for x in listeners.all if not x.local_only}
    for port in _PORTS:
        if port in open_here & everywhere:
            answer = host.ask("greets", str(port))
            if isinstance(answer, str):
                return Greeting.parse(f"{port} {answer}")
    return Absent("no port of this host was tried that greets clients of other machines")
