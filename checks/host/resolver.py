"""SYS: whether names are found on this host, which a mail server asks for before it greets."""

from maildoctor.api import Evidence, Findings, LoginService, check, edit, found, inspect
from maildoctor.api.host import Resolver

_SERVICE = "wanted"


@check(
    "SYS005",
    "name-server-does-not-answer",
    "error",
    rung="listener",
    role="cause",
    explains=("no-answer",),
    fails=[
        {"service": _SERVICE, "resolver": "nameserver 127.0.0.1\nasked 127.0.0.1: nothing listens there"},
        {
            "service": _SERVICE,
            "resolver": "nameserver 127.0.0.1\nnameserver 192.0.2.53\nasked 127.0.0.1: no answer within 2 s",
        },
        {"service": _SERVICE, "resolver": "asked 127.0.0.1: nothing listens there"},
    ],
    passes=[
        {"service": _SERVICE, "resolver": "nameserver 127.0.0.53\nasked 127.0.0.53: answers"},
        {"service": _SERVICE, "resolver": "nameserver 192.0.2.53"},
        {"service": _SERVICE, "resolver": "hosts: files\nasked 127.0.0.1: nothing listens there"},
    ],
    refs=(
        "resolv.conf(5): without a nameserver line this host itself is asked",
        "sendmail: sendmail/daemon.c: the client's name is looked up before the greeting; cf: senders' domains at MAIL",
    ),
)
def name_server_does_not_answer(service: LoginService, resolver: Resolver) -> Findings:
    """A name server of /etc/resolv.conf does not answer: nothing listens at its address on this host.

    A mail server looks up the name of each client before it greets it, and the domain of each sender: clients wait, or
    get "451 4.1.8 Domain of sender address does not resolve"; no mail leaves for other domains.

    Advice: start the name server (unbound, named, dnsmasq, systemd-resolved) that is meant to run here, or name one
    that answers in /etc/resolv.conf.
    """
    if not service.wanted or not resolver.dead or not resolver.asks_the_dns:
        return
    servers = resolver.servers or ("127.0.0.1",)
    every = set(resolver.dead) >= set(servers)
    for server in resolver.dead:
        written = f"nameserver {server}" if resolver.servers else "no nameserver line: 127.0.0.1 is asked"
        yield found(
            f"The name server {server} of /etc/resolv.conf does not answer ({resolver.asked[server]}): "
            + ("no name can be looked up" if every else "every look-up waits for it first"),
            evidence=[
                Evidence("/etc/resolv.conf", written),
                Evidence(f"name server {server}", resolver.asked[server]),
            ],
            fix=[
                inspect("ss -lunp 'sport = :53'; systemctl status systemd-resolved unbound named dnsmasq"),
                edit("/etc/resolv.conf", "nameserver ADDRESS, of a name server that answers"),
            ],
            severity="error" if every else "warning",
            server=server,
        )


@check(
    "SYS006",
    "no-source-of-names",
    "warning",
    rung="listener",
    role="cause",
    explains=("CONF014",),
    fails=[
        {"service": _SERVICE, "resolver": "hosts: resolve\nmissing module: resolve"},
        {"service": _SERVICE, "resolver": "nameserver 192.0.2.53\nhosts: files"},
        {"service": _SERVICE, "resolver": "nameserver 192.0.2.53\nhosts: dns"},
    ],
    passes=[
        {"service": _SERVICE, "resolver": "nameserver 192.0.2.53\nhosts: files dns"},
        {"service": _SERVICE, "resolver": "hosts: files resolve [!UNAVAIL=return] dns\nmissing module: resolve"},
        {"service": _SERVICE, "resolver": "hosts: files"},
        {"service": _SERVICE, "resolver": ""},
    ],
    refs=("nsswitch.conf(5): hosts", "glibc: a source whose library libnss_NAME.so.2 is missing is passed over"),
)
def no_source_of_names(service: LoginService, resolver: Resolver) -> Findings:
    """The hosts line of /etc/nsswitch.conf leaves out /etc/hosts or the DNS, or names a source that is not installed.

    Without `files` the host's own name may not be found, so that sendmail waits at its start and the realm of users is
    another one; without `dns` no program finds other hosts: not LDAP's or Kerberos' servers, not the names of clients.

    Advice: write `hosts: files dns` in /etc/nsswitch.conf, or install the missing library.
    """
    if not service.wanted or not resolver.sources:
        return
    gone = [s for s in resolver.sources if s in resolver.missing]
    if not resolver.usable:
        what = "and none of these sources is installed: no name is found"
    elif "files" not in resolver.usable:
        what = "without files: /etc/hosts is not looked at"
    elif not resolver.asks_the_dns and (resolver.servers or gone):
        what = f"and {' '.join(gone)} is not installed" if gone else "without dns: the DNS is not asked"
    else:
        return
    yield found(
        f"/etc/nsswitch.conf has `hosts: {' '.join(resolver.sources)}`, {what}",
        evidence=[
            Evidence("/etc/nsswitch.conf", f"hosts: {' '.join(resolver.sources)}"),
            *(Evidence(f"libnss_{s}.so.2", "No such file or directory") for s in gone),
        ],
        fix=[edit("/etc/nsswitch.conf", "hosts: files dns")],
        severity=None if resolver.usable else "error",
        option="hosts",
    )
