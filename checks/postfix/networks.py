"""RELAY: whom mynetworks trusts: the networks that its style makes of this host's addresses, gateways of containers,
proxies."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from maildoctor.api import Evidence, Findings, Restart, SetPostfix, Unknown, check, found, inspect
from maildoctor.api.host import Addresses, Listeners
from maildoctor.api.postfix import Postfix, Smtpd, items, set_postfix

_MAIN = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n{}"
    "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n"
)
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n"
_HERE = "127.0.0.1\n192.0.2.25"
_SAFE = "127.0.0.0/8 [::1]/128"


def _users(postfix: Postfix) -> list[Smtpd]:
    """Services that let mynetworks relay, and that others reach."""
    return [
        s
        for s in postfix.smtpd
        if not s.is_loopback and any(i.name == "permit_mynetworks" for g in ("relay", "recipient") for i in items(s, g))
    ]


def _class(address: IPv4Address) -> IPv4Network:
    first = int(str(address).partition(".")[0])
    return IPv4Network((address, 8 if first < 128 else 16 if first < 192 else 24), strict=False)


def _public(addresses: Addresses) -> list[IPv4Address]:
    far = [a for a in addresses.all if isinstance(a, IPv4Address) and not (a.is_loopback or a.is_link_local)]
    return sorted(far)


@check(
    "RELAY088",
    "postfix-trusts-its-neighbours",
    "warning",
    rung="policy",
    role="risk",
    explains=("WIRE060",),
    fails=[
        {"postfix": _MAIN.format("mynetworks_style = class\n") + _MASTER, "addresses": _HERE},
        {"postfix": _MAIN.format("mynetworks_style = subnet\n") + _MASTER, "addresses": _HERE},
        {
            "postfix": _MAIN.replace("compatibility_level = 3.6\n", "").format("") + _MASTER,
            "addresses": "127.0.0.1\n8.8.4.4",
        },
    ],
    passes=[
        {"postfix": _MAIN.format("") + _MASTER, "addresses": _HERE},
        {"postfix": _MAIN.format("mynetworks = 127.0.0.0/8\nmynetworks_style = class\n") + _MASTER, "addresses": _HERE},
        {"postfix": _MAIN.format("mynetworks_style = host\n") + _MASTER, "addresses": _HERE},
        {"postfix": _MAIN.format("mynetworks_style = subnet\n") + _MASTER, "addresses": "127.0.0.1\n10.0.0.7"},
        {"postfix": _MAIN.format("mynetworks_style = class\n") + _MASTER, "addresses": "127.0.0.1"},
    ],
    refs=(
        "postfix: global/mynetworks.c; postconf(5), mynetworks_style: host, from compatibility level 2 on; before, "
        "subnet",
    ),
)
def trusts_its_neighbours(postfix: Postfix, addresses: Addresses) -> Findings:
    """mynetworks is not set, and mynetworks_style makes it of the networks of this host's addresses: whoever is in them
    may relay without a login.

    With class it is the whole network of class A, B or C, with subnet what the netmask of the interface says; at a
    provider strangers' machines are in both.

    Advice: set mynetworks = 127.0.0.0/8 [::1]/128, with one's own networks alone behind it; then reload Postfix.
    """
    style = postfix.value("mynetworks_style").lower()
    users = [s for s in _users(postfix) if "mynetworks" not in s.service.options]
    far = _public(addresses)
    if style not in ("class", "subnet") or "mynetworks" in postfix.main.parameters or not users or not far:
        return
    strange = [a for a in far if not a.is_private or str(a).startswith(("192.0.2.", "198.51.100.", "203.0.113."))]
    if style == "subnet" and not strange:
        return
    of = (strange or far)[0]
    whole = str(_class(of)) if style == "class" else f"the subnet of {of}"
    yield found(
        f"mynetworks_style = {style} and mynetworks is not set: mynetworks is {whole}, whose machines may all relay "
        "without a login" + (" (open relay)" if style == "class" else ""),
        evidence=[
            postfix.main.evidence("mynetworks_style"),
            postfix.main.evidence("mynetworks"),
            Evidence("ip addr", str(of)),
        ],
        fix=[SetPostfix("mynetworks", _SAFE), Restart("postfix")],
        severity="error" if style == "class" and strange else None,
        option="mynetworks_style",
    )


_NET = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2}))?")
_BRIDGES = (IPv4Network("172.17.0.0/16"), IPv4Network("10.88.0.0/16"))
"""docker0, and the bridge of podman, where nobody chose another."""
_POOLS = tuple(IPv4Network(f"172.{n}.0.0/16") for n in range(18, 32)) + tuple(
    IPv4Network(f"192.168.{n}.0/20") for n in range(0, 256, 16)
)
"""From which Docker takes the networks of compose files (default-address-pools)."""


def _networks(text: str) -> list[tuple[str, IPv4Network]]:
    found_ = list[tuple[str, IPv4Network]]()
    for word in text.replace(",", " ").split():
        if m := _NET.fullmatch(word):
            try:
                found_.append((word, IPv4Network(f"{m[1]}/{m[2] or 32}", strict=False)))
            except ValueError:
                continue
    return found_


def _is_bridge(net: IPv4Network, addresses: Sequence[IPv4Address]) -> bool:
    """Whether a network is that of containers: the usual one, or a pool's in which this host is the gateway."""
    if net.prefixlen < 12:
        return False
    if any(net.subnet_of(b) for b in _BRIDGES):
        return True
    if net.prefixlen < 16:
        return any(a in net for a in addresses)
    return any(net.subnet_of(p) and a in net and int(a) & 0xFF == 1 for p in _POOLS[:14] for a in addresses)


@check(
    "RELAY089",
    "postfix-trusts-a-container-gateway",
    "warning",
    rung="policy",
    role="risk",
    fails=[
        {"postfix": _MAIN.format("mynetworks = 127.0.0.0/8 172.17.0.0/16\n") + _MASTER},
        {"postfix": _MAIN.format("mynetworks = 127.0.0.0/8 172.17.0.1\n") + _MASTER},
        {
            "postfix": _MAIN.format("mynetworks = 127.0.0.0/8, 172.20.0.0/16\n") + _MASTER,
            "addresses": "127.0.0.1\n192.0.2.25\n172.20.0.1",
        },
        {"postfix": _MAIN.format("mynetworks = 172.16.0.0/12\n") + _MASTER, "addresses": "127.0.0.1\n172.19.0.3"},
    ],
    passes=[
        {"postfix": _MAIN.format("mynetworks = 127.0.0.0/8 10.0.0.0/8 192.168.1.0/24\n") + _MASTER},
        {
            "postfix": _MAIN.format("mynetworks = 127.0.0.0/8 172.20.0.0/16\n") + _MASTER,
            "addresses": "127.0.0.1\n172.20.0.9",
        },
        {
            "postfix": _MAIN.format("mynetworks = 172.17.0.0/16\n").replace("permit_mynetworks, ", "") + _MASTER,
        },
    ],
    refs=(
        "Docker: userland-proxy and masquerading give connections from outside the address of the bridge's gateway",
        "postfix: smtpd/smtpd_check.c, permit_mynetworks",
    ),
)
def trusts_a_container_gateway(postfix: Postfix, addresses: Addresses | Unknown) -> Findings:
    """mynetworks holds the network of a container bridge, whose gateway is the address that clients from outside may
    come with: an open relay as soon as they do.

    Docker's userland proxy, IPv6 clients of an IPv4 bridge, and masquerading in front of a container make every
    connection come from the gateway, 172.17.0.1. On the host itself every container may relay, a broken-in one too.

    Advice: leave the bridge's network out of mynetworks: mynetworks = 127.0.0.0/8 [::1]/128, and let containers log in,
    or name their own addresses. Look in the log which addresses clients come with.
    """
    own = [a for a in addresses.all if isinstance(a, IPv4Address)] if isinstance(addresses, Addresses) else []
    bad: dict[str, list[Smtpd]] = {}
    for smtpd in _users(postfix):
        for word, net in _networks(smtpd.value("mynetworks")):
            if _is_bridge(net, own):
                bad.setdefault(word, []).append(smtpd)
    for word, services in bad.items():
        first = services[0]
        words = first.value("mynetworks").replace(",", " ").split()
        kept = [w for w in words if w not in bad]
        yield found(
            f"mynetworks has {word}, the network of a container bridge: clients that come through its gateway "
            "(docker0, masquerading, a proxy) may relay without a login",
            evidence=[first.evidence("mynetworks")],
            fix=[
                inspect("grep -h ' connect from ' /var/log/mail.log | tail -50"),
                *dict.fromkeys(set_postfix(s, "mynetworks", " ".join(kept) or _SAFE) for s in services),
                Restart("postfix"),
            ],
            network=word,
        )


_INSIDE = "==> /etc/postfix/master.cf <==\n127.0.0.1:10587 inet n - y - - smtpd\n{}"
_PROXY = "0.0.0.0 587 9 haproxy\n127.0.0.1 10587 4 master"
_OUTER = (25, 465, 587)
_PROXIES = ("haproxy", "nginx", "traefik", "stunnel", "envoy", "socat", "rinetd", "caddy")


@check(
    "RELAY090",
    "postfix-takes-a-proxy-for-everybody",
    "error",
    rung="policy",
    role="risk",
    scope=("listener",),
    explains=("WIRE060",),
    fails=[
        {"postfix": _MAIN.format("mynetworks = 127.0.0.0/8\n") + _INSIDE.format(""), "listeners": _PROXY},
        {
            "postfix": _MAIN.format("") + _INSIDE.format(""),
            "listeners": _PROXY.replace("haproxy", "nginx"),
        },
    ],
    passes=[
        {
            "postfix": _MAIN.format("mynetworks = 127.0.0.0/8\n")
            + _INSIDE.format(" -o smtpd_upstream_proxy_protocol=haproxy\n"),
            "listeners": _PROXY,
        },
        {
            "postfix": _MAIN.format("mynetworks = 127.0.0.0/8\n")
            + _INSIDE.format(" -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n"),
            "listeners": _PROXY,
        },
        {
            "postfix": _MAIN.format("smtpd_authorized_xclient_hosts = 127.0.0.1\n") + _INSIDE.format(""),
            "listeners": _PROXY,
        },
        {"postfix": _MAIN.format("") + _MASTER, "listeners": "0.0.0.0 587 4 master\n0.0.0.0 25 4 master"},
    ],
    refs=(
        "postfix: postconf(5), smtpd_upstream_proxy_protocol; XCLIENT_README; nginx: ngx_mail_proxy_module, xclient",
    ),
)
def takes_a_proxy_for_everybody(postfix: Postfix, listeners: Listeners) -> Findings:
    """A proxy on this host hands clients on to Postfix without saying who they are: each comes from 127.0.0.1, which
    mynetworks trusts.

    So everybody may relay without a login: an open relay. The log has `connect from localhost[127.0.0.1]` for all, and
    Dovecot and limits count them as one client.

    Advice: let the proxy say whom it speaks for: send-proxy in haproxy with smtpd_upstream_proxy_protocol = haproxy in
    that service, or XCLIENT in nginx with smtpd_authorized_xclient_hosts = 127.0.0.1; or take permit_mynetworks out of
    the lists of that service.
    """
    front = [x for x in listeners.all if x.port in _OUTER and not x.local_only and x.program.startswith(_PROXIES)]
    if not front:
        return
    behind = [
        s
        for s in postfix.logins
        if s.is_loopback
        and s.port
        and s.port not in {x.port for x in front}
        and not s.value("smtpd_upstream_proxy_protocol")
        and not s.value("smtpd_authorized_xclient_hosts")
        and any(i.name == "permit_mynetworks" for g in ("relay", "recipient") for i in items(s, g))
    ]
    trusted = [s for s in behind if not s.value("mynetworks") or re.search(r"\b127\.", s.value("mynetworks"))]
    if trusted:
        first = trusted[0]
        yield found(
            f"{front[0].program} takes port {front[0].port} and hands clients on to {first.name} without telling who "
            "they are: all come from 127.0.0.1, which mynetworks trusts (open relay)",
            evidence=[front[0].evidence, first.evidence_of_entry, first.evidence("mynetworks")],
            fix=[
                inspect("grep -h 'connect from localhost' /var/log/mail.log | tail -20"),
                *dict.fromkeys(set_postfix(s, "smtpd_upstream_proxy_protocol", "haproxy") for s in trusted),
                Restart("postfix"),
            ],
            severity=None if front[0].program.startswith("haproxy") else "warning",
            port=str(front[0].port),
        )


@check(
    "RELAY091",
    "postfix-lets-clients-name-themselves",
    "error",
    rung="policy",
    role="risk",
    fails=[
        {"postfix": _MAIN.format("smtpd_authorized_xclient_hosts = 0.0.0.0/0\n") + _MASTER},
        {"postfix": _MAIN.format("smtpd_authorized_xclient_hosts = 10.0.0.0/8\n") + _MASTER},
        {
            "postfix": _MAIN.format("mynetworks = 127.0.0.0/8 64.0.0.0/2\n").replace(
                "mynetworks =", "smtpd_authorized_xclient_hosts = $mynetworks\nmynetworks ="
            )
            + _MASTER
        },
    ],
    passes=[
        {"postfix": _MAIN.format("smtpd_authorized_xclient_hosts = 127.0.0.1, 10.0.0.7\n") + _MASTER},
        {"postfix": _MAIN.format("") + _MASTER},
    ],
    refs=(
        "postfix: XCLIENT_README: LOGIN= makes a session one of a user who has logged in; smtpd/smtpd.c, xclient_cmd()",
    ),
)
def lets_clients_name_themselves(postfix: Postfix) -> Findings:
    """Whole networks may send XCLIENT, by which a client says who it is, its address and the user who has logged in.

    XCLIENT LOGIN=anna makes the session one of anna, without any password, and XCLIENT ADDR=127.0.0.1 one of
    mynetworks: whoever may send it may relay. It is meant for a proxy in front, which checks the logins itself.

    Advice: name the addresses of the proxies alone in smtpd_authorized_xclient_hosts; then reload Postfix.
    """
    option = "smtpd_authorized_xclient_hosts"
    wide: dict[str, list[Smtpd]] = {}
    for smtpd in postfix.smtpd:
        for word in smtpd.value(option).replace(",", " ").split():
            net = next((n for _, n in _networks(word)), None)
            everybody = word in ("[::]/0", "::/0", "static:all")
            many = net is not None and net.prefixlen < _WIDE and not net.is_loopback
            if not smtpd.is_loopback and (everybody or many):
                wide.setdefault(word, []).append(smtpd)
    for word, services in wide.items():
        first = services[0]
        kept = [w for w in first.value(option).replace(",", " ").split() if w not in wide]
        net = next((n for _, n in _networks(word)), None)
        inner = net is not None and net.is_private
        yield found(
            f"{option} has {word}: whoever is there may say by XCLIENT that it is a user who has logged in, and relay",
            evidence=[first.evidence(option)],
            fix=[*dict.fromkeys(set_postfix(s, option, " ".join(kept)) for s in services), Restart("postfix")],
            severity="warning" if inner else None,
            network=word,
        )


_WIDE = 24
