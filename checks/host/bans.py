"""RUN: clients that this host turns away one by one, as fail2ban does."""

from collections.abc import Iterator, Sequence

from maildoctor.api import Findings, LoginService, Step, Unban, Unknown, by_hand, check, edit, found, inspect, known
from maildoctor.api.host import Ban, Bans, LoginHistory, address_of, is_private

_ROUTE = "# source: ip route\nunreachable {}\n# fail2ban"
_SET = (
    "# source: nft list set inet f2b-table addr-set-sendmail-auth\ntable inet f2b-table {{\n"
    "\tset addr-set-sendmail-auth {{\n\t\ttype ipv4_addr\n\t\telements = {{ 198.51.100.7, {} }}\n\t}}\n}}"
)
_CAME = "Nov 22 09:00:03 mail sm-mta[8]: AUTH=server, relay=home [203.0.113.9], authid=bob, mech=PLAIN, bits=0"
_MOST = 10
"""Clients of whom each is told."""


@check(
    "RUN022",
    "client-banned",
    "error",
    rung="listener",
    role="cause",
    scope=("client",),
    fails=[
        {"bans": _ROUTE.format("192.168.7.9"), "service": ""},
        {"bans": _ROUTE.format("203.0.113.0/24"), "service": "", "history": _CAME},
        {"bans": _SET.format("10.7.7.9"), "service": ""},
        {
            "bans": "# source: iptables-save -t filter\n-A f2b-sendmail-auth -s 203.0.113.9/32 -j REJECT",
            "service": "",
            "history": _CAME,
        },
    ],
    passes=[
        {"bans": "# source: ip route\n", "service": ""},
        {"bans": _ROUTE.format("10.0.0.0/8"), "service": ""},
        {"bans": _ROUTE.format("203.0.113.0/24"), "service": ""},
    ],
    refs=(
        "fail2ban: config/action.d/route.conf, nftables.conf, iptables.conf; fail2ban-client(1): unban",
        "linux: net/ipv4/fib_trie.c, fib_route_seq_show(); ip-route(8): unreachable, blackhole, prohibit",
    ),
)
def client_banned(bans: Bans, service: LoginService, history: LoginHistory | Unknown) -> Findings:
    """This host turns a client away at every port for mail, or sends it no answer at all.

    fail2ban and its like do so after some wrong passwords: by a route that leads nowhere (unreachable, blackhole,
    prohibit), or by a set or a rule of the packet filter. All programs of an office behind one address are locked out
    with the one that has an old password: "connection timed out", "connection refused", while everybody else gets in.

    Advice: let the address in again, correct the password in that mail program, and put the nets of the users into
    ignoreip of fail2ban.
    """
    past = known(history)
    came = {a for a in map(address_of, past.clients) if a} if past else set()
    users, others = list[tuple[Ban, str]](), list[Ban]()
    for ban in bans.all:
        if ban.net.network_address in came if _one(ban) else any(a in ban.net for a in came):
            users.append((ban, "a user logged in from there"))
        elif _one(ban) and is_private(ban.net):
            users.append((ban, "it is of a private net"))
        elif _one(ban):
            others.append(ban)
    for ban, who in users[:_MOST]:
        yield found(
            f"{ban.address} is locked out ({who}): {_how(ban, bans.by_fail2ban)}",
            evidence=[ban.evidence],
            fix=[*_undo(ban, bans.by_fail2ban), *_never_again(ban, bans.by_fail2ban)],
            client=ban.address,
        )
    if others:
        yield found(
            f"{len(others):,} {'address is' if len(others) == 1 else 'addresses are'} locked out"
            f" ({', '.join(b.address for b in others[:3])}{' …' if others[3:] else ''}): whoever cannot connect may be"
            " among them",
            evidence=[b.evidence for b in others[:3]],
            fix=[_look(others)],
            severity="info",
            client="others",
        )


def _one(ban: Ban) -> bool:
    return ban.net.prefixlen == ban.net.max_prefixlen


def _how(ban: Ban, by_fail2ban: bool) -> str:
    if ban.by == "route":
        who = ", as fail2ban's action route makes one" if by_fail2ban else ""
        return f"a route ({ban.text}) lets nothing through to it{who}"
    if ban.by == "set":
        return f"the set {ban.name} of the packet filter turns it away" + (f", jail {ban.jail}" if ban.jail else "")
    return f"the packet filter turns it away ({ban.text[:120]})"


def _undo(ban: Ban, by_fail2ban: bool) -> Iterator[Step]:
    if ban.jail or by_fail2ban:
        yield Unban(ban.address, "fail2ban", ban.jail)
    if ban.by == "route":
        yield Unban(ban.address, "route6" if ":" in ban.address else "route")
    elif ban.by == "set" and not ban.jail:
        yield Unban(ban.address, "nft" if " " in ban.name else "ipset", ban.name)
    elif ban.by == "rule" and not ban.jail:
        yield by_hand("remove the rule that turns {address} away from the packet filter", address=ban.address)


def _never_again(ban: Ban, by_fail2ban: bool) -> Iterator[Step]:
    if ban.jail or by_fail2ban:
        yield edit("/etc/fail2ban/jail.local", "ignoreip = 127.0.0.1/8 ::1 {net} below [DEFAULT]", net=ban.address)


def _look(bans: Sequence[Ban]) -> Step:
    if any(b.by == "route" for b in bans):
        return inspect("ip route show; ip -6 route show")
    return inspect("nft list ruleset" if any("nft" in b.source for b in bans) else "iptables-save")
