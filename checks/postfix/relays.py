"""CONF, TLS, SYS, RUN: whether Postfix' own client can get to its relay host at all, and log in there within TLS."""

import re

from maildoctor.api import (
    Evidence,
    Findings,
    Restart,
    SetPostfix,
    StopAndStart,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
)
from maildoctor.api.host import Addresses, MailLog, Resolver, System, address_of
from maildoctor.api.postfix import NextHop, PasswordMaps, Postfix, PostfixFiles, Smtpd, client

_MAIN = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nrelayhost = {}\n{}"
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\nsmtp unix - - y - - smtp\n"
)
_LOGIN = "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n"
_HOP = "[smtp.example.com]:587"
_TABLE = (
    "plug-ins: libplain.so.2\n[smtp_sasl_password_maps] hash:/etc/postfix/sasl_passwd\n"
    "-rw------- root root /etc/postfix/sasl_passwd\nentry: [smtp.example.com]:587\trelay:***\n"
)


def _service(postfix: Postfix) -> Smtpd | Postfix:
    return client(postfix) or postfix


def _line(postfix: Postfix, name: str) -> Evidence:
    service = client(postfix)
    return service.evidence(name) if service else postfix.main.evidence(name)


_IN_BRACKETS = re.compile(r"\[([\w.-]{1,255}):([\w-]{1,40})\]")
_URL = re.compile(r"(?:smtps?|submissions?)://\[?([\w.-]{1,255})\]?(?::([\w-]{1,40}))?/?")
_BLANK = re.compile(r"(\[?[\w.-]{1,255}\]?)[ \t,]+:?(\d{1,5}|submissions?|smtps?)")
_OPEN = re.compile(r"\[?([\w.-]{1,255})\]?(?::([\w-]{1,40}))?")


def _meant(text: str) -> str:
    """What a malformed relay host is meant to be; empty where that is not plain."""
    for shape in (_IN_BRACKETS, _URL):
        if m := shape.fullmatch(text):
            return f"[{m[1]}]:{m[2]}" if m[2] else f"[{m[1]}]"
    if m := _BLANK.fullmatch(text):
        return f"{m[1]}:{m[2]}"
    if (m := _OPEN.fullmatch(text)) and ("[" in text) != ("]" in text):
        return f"[{m[1]}]:{m[2]}" if m[2] else f"[{m[1]}]"
    return ""


@check(
    "CONF088",
    "relay-host-malformed",
    "error",
    rung="listener",
    role="cause",
    direction="relay",
    witnesses=("CONF546",),
    fails=[
        {"postfix": _MAIN.format("[smtp.example.com:587]", _LOGIN)},
        {"postfix": _MAIN.format("smtp.example.com 587", _LOGIN)},
        {"postfix": _MAIN.format("smtps://smtp.example.com:465", _LOGIN)},
        {"postfix": _MAIN.format("[smtp.example.com", "")},
        {"postfix": _MAIN.format("[smtp.example.com]587", "")},
    ],
    passes=[
        {"postfix": _MAIN.format(_HOP, _LOGIN)},
        {"postfix": _MAIN.format("", "")},
        {"postfix": _MAIN.format("smtp.example.com", "")},
        {"postfix": _MAIN.format("[2001:db8::25]:587", "")},
        {"postfix": _MAIN.format("[192.0.2.1], [192.0.2.2]", "").replace("3.7.11", "3.8.1")},
        {"postfix": _MAIN.format("[smtp.example.com]:submission", "")},
    ],
    refs=("postfix: smtp/smtp_connect.c, smtp_parse_destination(), util/host_port.c; postconf(5), relayhost",),
)
def relay_host_malformed(postfix: Postfix) -> Findings:
    """relayhost is not written in a form that Postfix can take apart, so no mail leaves.

    The forms are example.com, [smtp.example.com] (no MX lookup), each with :port behind it; the port stands outside the
    brackets. Otherwise mail waits: "Host or domain name not found", or "bad destination".

    Advice: write relayhost = [smtp.example.com]:587, use the same text as key in the table of passwords, postmap that,
    and reload Postfix.
    """
    text = postfix.value("relayhost").strip()
    parts = [p for p in re.split(r"[,\s]+", text) if p]
    several = postfix.version >= (3, 7) and "," in text and all(NextHop.parse(p) for p in parts)
    if not text or "$" in text or several or (NextHop.parse(text) and not _IN_BRACKETS.fullmatch(text)):
        return
    better = _meant(text) or _meant(text.replace("]", "]:", 1).replace("]::", "]:"))
    better = better if NextHop.parse(better) else ""
    yield found(
        f"relayhost = {text[:120]} is malformed: the port stands outside the brackets, and no blank or scheme is in it"
        + (f"; {better} is meant" if better else ""),
        evidence=[postfix.main.evidence("relayhost")],
        fix=[
            SetPostfix("relayhost", better) if better else edit(postfix.main.path, "relayhost = [HOST]:PORT"),
            Restart("postfix"),
        ],
        relayhost=text[:120],
    )


_CLEAR = ("Must issue a STARTTLS", "said: 530", "TLS is required", "requires TLS")


@check(
    "TLS093",
    "relay-login-without-tls",
    "warning",
    rung="tls",
    role="cause",
    direction="relay",
    explains=("MECH091", "TLS091"),
    fails=[
        {"postfix": _MAIN.format(_HOP, _LOGIN), "passwords": _TABLE},
        {"postfix": _MAIN.format(_HOP, _LOGIN + "smtp_tls_security_level = none\n"), "passwords": _TABLE},
        {
            "postfix": _MAIN.format(_HOP, _LOGIN),
            "passwords": _TABLE,
            "log": "Nov 22 09:00:01 mail postfix/smtp[9]: 4AB1C00077: to=<a@example.net>, "
            "relay=smtp.example.com[192.0.2.7]:587, delay=1, status=bounced (host smtp.example.com[192.0.2.7] said: "
            "530 5.7.0 Must issue a STARTTLS command first (in reply to MAIL FROM command))",
        },
    ],
    passes=[
        {"postfix": _MAIN.format(_HOP, _LOGIN + "smtp_tls_security_level = may\n"), "passwords": _TABLE},
        {"postfix": _MAIN.format(_HOP, _LOGIN + "smtp_use_tls = yes\n"), "passwords": _TABLE},
        {"postfix": _MAIN.format("[127.0.0.1]:10025", _LOGIN), "passwords": _TABLE},
        {
            "postfix": _MAIN.format(_HOP, _LOGIN + "smtp_tls_policy_maps = hash:/etc/postfix/policy\n"),
            "passwords": _TABLE,
        },
    ],
    witnesses=("TLS546",),
    refs=("postfix: smtp/smtp_proto.c; postconf(5), smtp_tls_security_level: empty is no TLS; RFC 4954, section 4",),
)
def relay_login_without_tls(postfix: Postfix, passwords: PasswordMaps, log: MailLog | Unknown) -> Findings:
    """Postfix is to log in at a relay host and speaks no TLS to it: smtp_tls_security_level is not set.

    Relay hosts offer AUTH within TLS only. Postfix then sees no AUTH, goes on without a login and says nothing of it;
    the relay host answers "530 Must issue a STARTTLS command first" or refuses to relay.

    Advice: set smtp_tls_security_level = encrypt and smtp_sasl_tls_security_options = noanonymous, and reload Postfix.
    """
    service, hop = _service(postfix), NextHop.parse(postfix.value("relayhost"))
    if hop is None or hop.port not in (25, 587) or not service.is_yes("smtp_sasl_auth_enable"):
        return
    level = service.value("smtp_tls_security_level").lower()
    old = service.is_yes("smtp_use_tls") or service.is_yes("smtp_enforce_tls")
    if level not in ("", "none") or (not level and old) or service.value("smtp_tls_policy_maps"):
        return
    if hop.host.startswith("127.") or hop.host == "localhost" or not passwords.asked(hop.keys):
        return
    lines = log.text.splitlines() if isinstance(log, MailLog) else []
    said = next((x for x in reversed(lines) if "/smtp[" in x and any(w in x for w in _CLEAR)), "")
    plain = "noplaintext" in service.value("smtp_sasl_tls_security_options")
    yield found(
        f"smtp_tls_security_level is {level or 'not set'}: Postfix speaks to {hop.text} without TLS, where relay hosts "
        "offer no login" + (", and was refused for that" if said else ""),
        evidence=[
            _line(postfix, "smtp_tls_security_level"),
            _line(postfix, "relayhost"),
            *([Evidence(log.path, said)] if said and isinstance(log, MailLog) else []),
        ],
        fix=[
            SetPostfix("smtp_tls_security_level", "encrypt"),
            *([SetPostfix("smtp_sasl_tls_security_options", "noanonymous")] if plain else []),
            Restart("postfix"),
        ],
        severity="error" if said else None,
        relayhost=hop.text,
    )


@check(
    "RUN093",
    "relay-host-is-this-host",
    "error",
    rung="listener",
    role="cause",
    direction="relay",
    fails=[
        {"postfix": _MAIN.format("[127.0.0.1]", "")},
        {"postfix": _MAIN.format("[mail.example.com]:25", "myhostname = mail.example.com\n")},
        {"postfix": _MAIN.format("[192.0.2.25]", ""), "addresses": "127.0.0.1\n192.0.2.25"},
    ],
    passes=[
        {"postfix": _MAIN.format("[127.0.0.1]:10024", "")},
        {"postfix": _MAIN.format(_HOP, "myhostname = mail.example.com\n"), "addresses": "127.0.0.1\n192.0.2.25"},
        {"postfix": _MAIN.format("[127.0.0.1]:25", "").replace("smtp inet n - y - - smtpd\n", "")},
        {"postfix": _MAIN.format("example.com", "myhostname = example.com\n")},
    ],
    refs=("postfix: smtp/smtp_connect.c, smtp_addr.c: mail for HOST loops back to myself",),
)
def relay_host_is_this_host(postfix: Postfix, addresses: Addresses | Unknown) -> Findings:
    """relayhost names this host itself, on a port where its own Postfix listens: mail goes round in a circle.

    Postfix notices by its own name in the greeting, and returns the mail ("mail for … loops back to myself").

    Advice: take relayhost out where this host sends by itself, or name the provider's server; then reload Postfix.
    """
    hop = NextHop.parse(postfix.value("relayhost"))
    ports = {s.port for s in postfix.smtpd}
    if hop is None or not hop.bare or hop.port not in ports:
        return
    name, asked = hop.host.lower(), address_of(hop.host)
    own = name in ("localhost", postfix.value("myhostname").lower())
    if asked is not None:
        own = asked.is_loopback or (isinstance(addresses, Addresses) and asked in addresses.all)
    if own:
        yield found(
            f"relayhost {hop.text} is this host itself, whose own Postfix listens on port {hop.port}: mail loops back",
            evidence=[postfix.main.evidence("relayhost"), postfix.main.evidence("myhostname")],
            fix=[SetPostfix("relayhost", ""), Restart("postfix"), inspect("postqueue -p")],
            relayhost=hop.text,
        )


_RESOLVES = "nameserver 198.51.100.53\nhosts: files dns"
_COPY = "chroot resolver: 192.0.2.1"


@check(
    "SYS085",
    "postfix-chroot-asks-other-name-servers",
    "warning",
    rung="hand-over",
    role="cause",
    witnesses=("CONF625",),
    fails=[
        {"postfix": _MAIN.format("", ""), "files": _COPY, "resolver": _RESOLVES},
        {
            "postfix": _MAIN.format("", ""),
            "files": "missing: /var/spool/postfix/etc/resolv.conf",
            "resolver": _RESOLVES,
        },
        {
            "postfix": _MAIN.format("", ""),
            "files": _COPY,
            "resolver": _RESOLVES,
            "log": "Nov 22 09:00:01 mail postfix/smtp[9]: 4AB1C00077: to=<a@example.net>, relay=none, delay=1, "
            "status=deferred (Host or domain name not found. Name service error for name=example.net type=MX: Host not "
            "found, try again)",
        },
    ],
    passes=[
        {"postfix": _MAIN.format("", ""), "files": "chroot resolver: 198.51.100.53", "resolver": _RESOLVES},
        {"postfix": _MAIN.format("", "").replace(" y ", " n "), "files": _COPY, "resolver": _RESOLVES},
        {"postfix": _MAIN.format("", ""), "files": _COPY, "resolver": ""},
    ],
    refs=("Debian: /usr/lib/postfix/configure-instance.sh copies etc/resolv.conf at each start; DEBUG_README",),
)
def chroot_asks_other_name_servers(
    postfix: Postfix, files: PostfixFiles, resolver: Resolver, log: MailLog | Unknown
) -> Findings:
    """The chroot of Postfix has another resolv.conf than the host, or none: its processes ask other name servers.

    The file is copied when Postfix is started. If the host's was changed since, by DHCP, a VPN or by hand, smtp and
    smtpd in the chroot find no names: mail waits with "Host or domain name not found", and each client is `unknown`.

    Advice: restart Postfix, not only reload it, whereby Debian copies the file anew; else copy it by hand.
    """
    inside = [s for s in postfix.services if s.chrooted and s.service.program in ("smtp", "smtpd", "lmtp")]
    path = f"{postfix.value('queue_directory').rstrip('/')}/etc/resolv.conf"
    gone = path in files.missing
    if not inside or not resolver.servers or (not gone and not files.name_servers):
        return
    if set(files.name_servers) & set(resolver.servers):
        return
    if gone and any(s.startswith("127.") for s in resolver.servers):
        return  # without the file the resolver asks this host itself
    lines = log.text.splitlines() if isinstance(log, MailLog) else []
    said = next((x for x in reversed(lines) if "Name service error" in x and "try again" in x), "")
    has = "does not exist" if gone else f"names {' '.join(files.name_servers)}"
    yield found(
        f"{path} {has}, but /etc/resolv.conf names {' '.join(resolver.servers)}: the chrooted "
        f"{' and '.join(dict.fromkeys(s.service.program for s in inside))} ask other name servers"
        + (", and find no names" if said else ""),
        evidence=[
            Evidence(path, "No such file or directory" if gone else f"nameserver {files.name_servers[0]}"),
            Evidence("/etc/resolv.conf", f"nameserver {resolver.servers[0]}"),
            *([Evidence(log.path, said)] if said and isinstance(log, MailLog) else []),
        ],
        fix=[by_hand("cp /etc/resolv.conf {path}", path=path), StopAndStart("postfix")],
        severity="error" if said else None,
        path=path,
    )


_SYSTEM = "ID=debian\nusers: root postfix\ngroup postdrop: \ngroup postfix: "
_SENDS = _MAIN.format("", "{}")


@check(
    "RUN094",
    "postfix-account-unknown",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer", "PERM045", "PERM065", "SASL046", "RUN065"),
    witnesses=("CONF510",),
    fails=[
        {"postfix": _SENDS.format("mail_owner = postfixx\n"), "system": _SYSTEM},
        {"postfix": _SENDS.format("setgid_group = maildrop\n"), "system": _SYSTEM},
        {"postfix": _SENDS.format("default_privs = nobody\n"), "system": _SYSTEM},
    ],
    passes=[
        {"postfix": _SENDS.format("default_privs = root\n"), "system": _SYSTEM},
        {"postfix": _SENDS.format("mail_owner = other\n"), "system": _SYSTEM.replace("users: ", "some: ")},
        {"postfix": _SENDS.format(""), "system": _SYSTEM},
    ],
    refs=("postfix: global/mail_params.c, check_mail_owner(), check_sgid_group(), check_default_privs(): fatal",),
)
def account_unknown(postfix: Postfix, system: System) -> Findings:
    """main.cf names a user or a group that this system does not have, and no program of Postfix starts.

    Each reads mail_owner, setgid_group and default_privs when it starts, and ends: "fatal: file /etc/postfix/main.cf:
    parameter mail_owner: unknown user name value".

    Advice: set the name of the account that the package made (postfix, postdrop, nobody); then start Postfix.
    """
    if system.users is None or not system.users:
        return
    groups = {*system.groups, *system.primary_groups.values()}
    usual = {"mail_owner": "postfix", "setgid_group": "postdrop", "default_privs": "nobody"}
    for option, better in usual.items():
        name = postfix.value(option)
        there = groups if option == "setgid_group" else system.users
        if option not in postfix.main.parameters or not name or name in there or not there:
            continue
        kind = "group" if option == "setgid_group" else "user"
        yield found(
            f"{option} = {name}: there is no such {kind} on this system, it does not exist: Postfix does not start",
            evidence=[
                postfix.main.evidence(option),
                Evidence(f"getent {'group' if kind == 'group' else 'passwd'} {name}", "nothing"),
            ],
            fix=[
                SetPostfix(option, better)
                if better in there
                else edit(postfix.main.path, "correct {option}, or make the account", option=option),
                StopAndStart("postfix"),
            ],
            option=option,
        )
