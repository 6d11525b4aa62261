"""RUN: the services of master.cf that smtpd asks on its way, and those that take over what it accepted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from maildoctor.api import AddPostfixService, Evidence, Findings, Restart, check, found
from maildoctor.api.postfix import Postfix, Smtpd, tls_level

_MAIN = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
    "smtpd_tls_security_level = may\nmydestination = example.com\n"
)
_ALL = (
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\npickup unix n - y 60 1 pickup\n"
    "cleanup unix n - y - 0 cleanup\nqmgr unix n - n 300 1 qmgr\ntlsmgr unix - - y 1000? 1 tlsmgr\n"
    "rewrite unix - - y - - trivial-rewrite\nproxymap unix - - n - - proxymap\nanvil unix - - y - 1 anvil\n"
    "smtp unix - - y - - smtp\nrelay unix - - y - - smtp\nlocal unix - n n - - local\nlmtp unix - - y - - lmtp\n"
    "virtual unix - n n - - virtual\nerror unix - - y - - error\n"
)


def _without(name: str) -> str:
    """master.cf without one of its lines."""
    return "".join(row for row in _ALL.splitlines(keepends=True) if not row.startswith(f"{name} unix"))


@dataclass(frozen=True, slots=True)
class _Need:
    """A service that must be there. `fields`: its line as Postfix brings it; `option`: the parameter that asks for it;
    `comes`: what comes of its absence; `rung`: what that breaks."""

    name: str
    fields: str
    option: str
    comes: str
    rung: Literal["program", "tls", "policy"] = "policy"


_FEWEST = 3
"""Services of Postfix itself without which a file is no master.cf that was ever in use."""
_OWN = frozenset(("pickup", "cleanup", "qmgr", "tlsmgr", "trivial-rewrite", "bounce", "proxymap", "anvil", "local"))


def _is_whole(postfix: Postfix) -> bool:
    return len({s.service.program for s in postfix.services} & _OWN) >= _FEWEST


def _needs(smtpd: Smtpd) -> Iterator[_Need]:
    """What one smtpd asks for. But for tlsmgr it waits (global/mail_connect.c, mail_connect_wait(): eleven tries, ten
    seconds between them), and then ends."""
    if tls_level(smtpd) != "none" or smtpd.is_yes("smtpd_tls_wrappermode"):
        yield _Need(
            smtpd.value("tlsmgr_service_name"),
            "unix - - {chroot} 1000? 1 tlsmgr",
            "smtpd_tls_security_level",
            "smtpd gets no random numbers for TLS and switches it off: STARTTLS is answered 454 TLS not available",
            "tls",
        )
    yield _Need(
        smtpd.value("rewrite_service_name"),
        "unix - - {chroot} - - trivial-rewrite",
        "rewrite_service_name",
        "smtpd cannot take an address apart: it hangs over MAIL or RCPT, and ends after 100 seconds",
    )
    if not smtpd.value("smtpd_proxy_filter"):
        yield _Need(
            smtpd.value("cleanup_service_name"),
            "unix n - {chroot} - 0 cleanup",
            "cleanup_service_name",
            "nobody takes a message from smtpd: it hangs over the first recipient, and ends after 100 seconds",
        )
    option = next((o for o in _AT_START if "proxy:" in smtpd.value(o)), "")
    if option:
        yield _Need(
            smtpd.value("proxymap_service_name"),
            "unix - - n - - proxymap",
            option,
            "smtpd waits for it before it greets, and ends after 100 seconds",
            "program",
        )


_AT_START = (
    "local_recipient_maps",
    "virtual_mailbox_maps",
    "virtual_alias_maps",
    "relay_recipient_maps",
    "canonical_maps",
    "recipient_canonical_maps",
    "sender_canonical_maps",
    "smtpd_sender_login_maps",
)
"""Tables that each smtpd opens when it starts (smtpd/smtpd_check.c, smtpd_check_init())."""


@check(
    "RUN054",
    "postfix-service-missing",
    "error",
    rung="program",
    role="cause",
    explains=("no-starttls", "no-offer", "no-answer", "refused-after-login", "WIRE020", "WIRE061", "WIRE062"),
    fails=[
        {"postfix": _MAIN + _without("tlsmgr")},
        {"postfix": _MAIN + _without("rewrite")},
        {"postfix": _MAIN + _without("cleanup")},
        {"postfix": _MAIN + "virtual_alias_maps = proxy:mysql:/etc/postfix/a.cf\n" + _without("proxymap")},
    ],
    passes=[
        {"postfix": _MAIN + _ALL},
        {"postfix": _MAIN.replace("= may", "= none") + _without("tlsmgr")},
        {"postfix": _MAIN + "local_recipient_maps =\n" + _without("proxymap")},
        {"postfix": _MAIN + "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"},
        {
            "postfix": _MAIN
            + "cleanup_service_name = pre-cleanup\ntlsmgr_service_name = tls\n"
            + _ALL.replace("cleanup unix", "pre-cleanup unix").replace("tlsmgr unix", "tls unix")
        },
        {"postfix": _MAIN + _without("cleanup").replace("smtpd\n", "smtpd\n -o smtpd_proxy_filter=127.0.0.1:10024\n")},
        {"postfix": _MAIN + _without("anvil")},
    ],
    refs=(
        "postfix: tls/tls_mgr.c, tls_server.c (no entropy); global/rewrite_clnt.c, resolve_clnt.c; "
        "global/mail_stream.c; global/dict_proxy.c; global/mail_connect.c",
    ),
)
def service_missing(postfix: Postfix) -> Findings:
    """A service of Postfix itself, which smtpd asks over a socket, is not in master.cf.

    Services are separate processes that master starts. Without the entry nobody makes the socket (private/tlsmgr,
    private/rewrite, public/cleanup, private/proxymap), and smtpd cannot do what it asks for there. An old master.cf
    that was kept at an upgrade, or a line behind #, is the usual reason.

    Advice: put the entry back as Postfix brings it, then reload Postfix.
    """
    if postfix.master is None or not postfix.smtpd or not _is_whole(postfix):
        return
    there = {s.service.name for s in postfix.services if s.service.kind in ("unix", "fifo", "unix-dgram")}
    chroot = postfix.smtpd[0].service.chroot
    missing: dict[str, tuple[_Need, Smtpd]] = {}
    for smtpd in (*postfix.logins, *postfix.smtpd):
        for need in _needs(smtpd):
            if need.name and need.name not in there:
                missing.setdefault(need.name, (need, smtpd))
    for need, smtpd in missing.values():
        line = f"{need.name} {need.fields.format(chroot=chroot)}"
        yield found(
            f"master.cf has no service {need.name}: {need.comes}",
            evidence=[
                Evidence(postfix.master.path, f"no entry {need.name} unix"),
                smtpd.evidence(need.option),
            ],
            fix=[AddPostfixService(f"{need.name}/unix", line, ()), Restart("postfix")],
            rung=need.rung,
            service=need.name,
        )


def _transports(postfix: Postfix) -> Iterator[tuple[str, str]]:
    """Parameters that hand mail over, each with the service that it names: `TRANSPORT:NEXTHOP`. A transport table may
    lead mail past all but those of local(8)."""
    options = [] if postfix.value("transport_maps") else ["default_transport"]
    if postfix.value("mydestination"):
        options += [] if postfix.value("transport_maps") else ["local_transport"]
        local = {s.service.name for s in postfix.services if s.service.program == "local"}
        if postfix.value("local_transport").partition(":")[0] in local and not postfix.value("mailbox_transport_maps"):
            options.append("mailbox_transport")
    if not postfix.value("transport_maps"):
        options += ["virtual_transport"] if postfix.value("virtual_mailbox_domains") else []
        options += (
            ["relay_transport"] if postfix.value("relay_domains") not in ("", postfix.value("mydestination")) else []
        )
    for option in options:
        name = postfix.value(option).partition(":")[0].strip()
        if name:
            yield option, name


@check(
    "RUN055",
    "postfix-transport-missing",
    "error",
    rung="policy",
    role="cause",
    fails=[
        {"postfix": _MAIN + _without("local")},
        {"postfix": _MAIN + "mailbox_transport = dovecot\n" + _ALL},
        {"postfix": _MAIN + "virtual_mailbox_domains = a.example\nvirtual_transport = dovecot-lmtp:x\n" + _ALL},
        {"postfix": _MAIN + _without("qmgr")},
        {"postfix": _MAIN + "relay_domains = b.example\n" + _without("relay")},
    ],
    passes=[
        {"postfix": _MAIN + _ALL},
        {"postfix": _MAIN + "mailbox_transport = lmtp:unix:private/dovecot-lmtp\n" + _ALL},
        {"postfix": _MAIN.replace("= example.com", "=") + _without("local")},
        {"postfix": _MAIN + "default_transport = error:no mail from here\n" + _ALL},
        {"postfix": _MAIN + "relay_domains = b.example\ntransport_maps = hash:/etc/postfix/t\n" + _without("relay")},
        {"postfix": _MAIN + "fallback_transport = cyrus\n" + _ALL},
        {"postfix": _MAIN + "queue_service_name = queue\n" + _ALL.replace("qmgr unix", "queue unix")},
    ],
    refs=("postfix: qmgr/qmgr_transport.c: connect to private/TRANSPORT; postconf(5), local_transport and its like",),
)
def transport_missing(postfix: Postfix) -> Findings:
    """Mail is accepted and goes nowhere: the service that a transport names is not in master.cf, or the queue manager
    is not.

    What stands before the colon of local_transport, mailbox_transport, virtual_transport, relay_transport and
    default_transport is the name of a service. Without it messages stay in the queue ("connect to transport
    private/…: No such file or directory"), and are returned after days.

    Advice: put the entry into master.cf, or name a transport that is there; then reload Postfix.
    """
    if postfix.master is None or not postfix.smtpd or not _is_whole(postfix):
        return
    there = {s.service.name for s in postfix.services if s.service.kind in ("unix", "fifo")}
    manager = postfix.value("queue_service_name")
    if manager and manager not in there:
        yield found(
            f"master.cf has no service {manager}: mail is accepted and stays in the queue",
            evidence=[Evidence(postfix.master.path, f"no entry {manager} unix")],
            fix=[AddPostfixService(f"{manager}/unix", f"{manager} unix n - n 300 1 qmgr", ()), Restart("postfix")],
            service=manager,
        )
    missing: dict[str, list[str]] = {}
    for option, name in _transports(postfix):
        if name not in there:
            missing.setdefault(name, []).append(option)
    usual = {
        "local": "local unix - n n - - local",
        "virtual": "virtual unix - n n - - virtual",
        "smtp": "smtp unix - - {0} - - smtp",
        "relay": "relay unix - - {0} - - smtp",
        "lmtp": "lmtp unix - - {0} - - lmtp",
        "error": "error unix - - {0} - - error",
    }
    for name, options in missing.items():
        fields = usual.get(name, "").format(postfix.smtpd[0].service.chroot)
        yield found(
            f"{' and '.join(options)} name{'' if len(options) > 1 else 's'} the service {name[:80]}, which is not in "
            "master.cf: such mail is accepted and stays in the queue",
            evidence=[
                *(postfix.main.evidence(o) for o in options),
                Evidence(postfix.master.path, f"no entry {name[:80]}"),
            ],
            fix=[AddPostfixService(f"{name}/unix", fields, ()), Restart("postfix")] if fields else [],
            service=name[:80],
        )
