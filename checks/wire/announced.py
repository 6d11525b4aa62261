"""WIRE: what a domain announces to mail programs, in the DNS and by autoconfig, and whether it holds."""

from collections.abc import Iterator, Mapping, Sequence

from maildoctor.api import Evidence, Findings, Step, Unknown, by_hand, check, found, inspect
from maildoctor.api.wire import (
    IMAPS,
    SUBMISSION,
    SUBMISSIONS,
    Announced,
    ClientServer,
    ConfigFile,
    Conversation,
    Srv,
    Wire,
    is_host,
)

_D = "; domain example.com\n"
_NONE = "; SRV {}.example.com.: NXDOMAIN\n"
_SRV = "; SRV {0}.example.com.: NOERROR\n{0}.example.com. 300 IN SRV {1}\n"
_NO_SRV = "".join(map(_NONE.format, (SUBMISSIONS, SUBMISSION, IMAPS)))
_465 = _SRV.format(SUBMISSIONS, "0 1 465 mail.example.com.")
_587 = _SRV.format(SUBMISSION, "0 1 587 mail.example.com.")
_HERE = "; address mail.example.com.: NOERROR\nmail.example.com. 300 IN A 192.0.2.1\n"
_GOOD = _D + _465 + _587 + _HERE
_URL = "https://autoconfig.example.com/mail/config-v1.1.xml"
_XML = (
    "; GET {url}: 200 text/xml\n"
    '| <clientConfig version="1.1"><emailProvider id="example.com">\n'
    '|  <outgoingServer type="{type}">\n'
    "|   <hostname>{host}</hostname><port>{port}</port><socketType>{tls}</socketType>\n"
    "|   <username>{user}</username><authentication>{auth}</authentication>\n"
    "|  </outgoingServer>\n"
    "| </emailProvider></clientConfig>\n"
)


def _xml(
    port: str = "465",
    tls: str = "SSL",
    auth: str = "password-cleartext",
    user: str = "%EMAILADDRESS%",
    host: str = "mail.example.com",
    kind: str = "smtp",
) -> str:
    """A sample whose only announcement is this file."""
    return _D + _NO_SRV + _XML.format(url=_URL, type=kind, host=host, port=port, tls=tls, user=user, auth=auth) + _HERE


_AT = "=== connect 192.0.2.1:{0} {1} for mail.example.com\n=== purpose look\n"
_OFFER = "250-mail.example.com\n<~  250 {0}\n ~> QUIT\n"
_TLS = "=== tls TLSv1.3 X 256 bits\n"
_BANNER = "220 mail.example.com ESMTP\n"


def _implicit(port: int = 465, offer: str = "AUTH PLAIN LOGIN", mode: str = "implicit", more: str = "") -> str:
    """A look at a port that speaks TLS from the first byte on."""
    head = _AT.format(port, mode) + more
    return f"{head}{_TLS}<~  {_BANNER} ~> EHLO maildoctor.invalid\n<~  {_OFFER.format(offer)}"


def _starttls(port: int = 587, offer: str = "AUTH PLAIN LOGIN") -> str:
    """A look at a port that offers STARTTLS."""
    return (
        f"{_AT.format(port, 'auto')}<-  {_BANNER} -> EHLO maildoctor.invalid\n<-  250-mail.example.com\n"
        f"<-  250 STARTTLS\n -> STARTTLS\n<-  220 ready\n{_TLS} ~> EHLO maildoctor.invalid\n<~  {_OFFER.format(offer)}"
    )


def _no_tls(port: int) -> str:
    """A look by implicit TLS at a port that begins in clear."""
    return f"{_AT.format(port, 'implicit')}*** tls no-tls: the server does not speak TLS there (wrong version number)\n"


_WELL = _implicit() + _starttls()


def _dig(domain: str, service: str) -> Step:
    return inspect("dig +short SRV {name}", name=f"{service}.{domain}")


def _record(service: str, domain: str, value: str) -> Step:
    """The record as it stands in a zone."""
    words = {"domain": domain, "name": f"{service}.{domain}"}
    return by_hand("in the zone of {domain}: {name}. IN SRV {value}", **words, value=value.split())


def _gaps(announced: Announced) -> Iterator[Unknown]:
    """What was left out, and what the DNS did not answer."""
    yield from (Unknown(words, "look whether it is what it should be") for words in announced.cut)
    for service, word in announced.answers.items():
        if word not in ("NOERROR", "NXDOMAIN"):
            yield Unknown(f"{service}.{announced.domain} SRV: {word}", "look at the name servers: dig +trace")


@check(
    "WIRE080",
    "nothing-announced",
    "info",
    rung="none",
    role="note",
    fails=[
        {"announced": _D + _NO_SRV},
        {"announced": _D + _NONE.format(SUBMISSIONS) + _NONE.format(SUBMISSION) + _SRV.format(IMAPS, "0 1 993 a.")},
    ],
    passes=[
        {"announced": _GOOD},
        {"announced": _xml()},
        {"announced": _D + "; SRV _submission._tcp.example.com.: timeout"},
    ],
    refs=("RFC 6186 section 3.1", "RFC 8314 section 5.1", "draft-ietf-mailmaint-autoconfig"),
)
def nothing_announced(announced: Announced) -> Findings:
    """The domain does not say where mail is handed in: neither by SRV records nor by an autoconfig file.

    Mail programs then guess (mail., smtp., port 587), or their users type host, port and TLS, and mistype them.

    Advice: publish _submissions._tcp (port 465) and _submission._tcp (port 587) with the name that stands in the
    server's certificate; Thunderbird and others read https://autoconfig.DOMAIN/mail/config-v1.1.xml too.
    """
    yield from _gaps(announced)
    asked = (SUBMISSIONS, SUBMISSION)
    if announced.of(*asked) or announced.files_found or not all(map(announced.answered, asked)):
        return
    reading = "; where mail is read it does say" if announced.of(IMAPS) else ""
    yield found(
        f"{announced.domain} does not say where mail is handed in: mail programs guess{reading}",
        evidence=[announced.evidence(*asked, IMAPS)],
        fix=[_record(SUBMISSIONS, announced.domain, f"0 1 465 mail.{announced.domain}.")],
        domain=announced.domain,
    )


def _unusable(announced: Announced) -> Iterator[Srv]:
    yield from (r for r in announced.submission if r.fault)


@check(
    "WIRE081",
    "announced-host-without-address",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    explains=("WIRE001",),
    fails=[
        {"announced": _D + _465 + "; address mail.example.com.: NXDOMAIN\n"},
        {"announced": _xml().replace(_HERE, "; address mail.example.com.: NOERROR\n")},
    ],
    passes=[{"announced": _GOOD}, {"announced": _D + _465 + "; address mail.example.com.: SERVFAIL\n"}],
    refs=("RFC 2782: there must be one or more address records for the target",),
)
def announced_host_without_address(announced: Announced) -> Findings:
    """A host that is announced for handing mail in has no address.

    Mail programs that follow the announcement find nothing there; where it is the only one, no account can be set up.

    Advice: give the name an A or AAAA record, or announce the host's right name.
    """
    yield from _gaps(announced)
    for host in dict.fromkeys(host for host, _, _ in announced.endpoints):
        name = announced.known(host)
        if name is None or name.addresses:
            continue
        if name.could_not_look:
            yield Unknown(f"the addresses of {host} could not be looked up: {name.answer}", "look at its name servers")
            continue
        what = "there is no such name" if name.answer == "NXDOMAIN" else "it has neither an A nor an AAAA record"
        yield found(
            f"{host} is announced by {announced.domain} for handing mail in and cannot be found: {what}",
            evidence=[_source(announced, host), Evidence(f"dns {host}", f"{host} A, AAAA: {name.answer}, no address")],
            fix=[inspect("dig {host} A {host} AAAA", host=host)],
            endpoint=f"{host}:{','.join(str(port) for named, port, _ in announced.endpoints if named == host)}"[-80:],
        )


def _source(announced: Announced, host: str) -> Evidence:
    """Where this host is named."""
    records = [r.line for r in announced.submission if r.target.lower() == host]
    if records or announced.config is None:
        return Evidence(f"dns {announced.domain}", "\n".join(records))
    return announced.config.evidence("hostname")


@check(
    "WIRE082",
    "srv-target-is-an-alias",
    "warning",
    rung="none",
    role="risk",
    fails=[
        {
            "announced": _D
            + _465
            + "; address mail.example.com.: NOERROR\nmail.example.com. 0 IN CNAME mx.example.net.\n"
            "mx.example.net. 300 IN A 192.0.2.1\n"
        }
    ],
    passes=[
        {"announced": _GOOD},
        {
            "announced": _xml().replace(
                _HERE, "; address mail.example.com.: NOERROR\nmail.example.com. 0 IN CNAME mx.example.net.\n"
            )
        },
    ],
    refs=("RFC 2782: the target must not be an alias",),
)
def srv_target_is_an_alias(announced: Announced) -> Findings:
    """The target of an SRV record is an alias (CNAME), which it must not be.

    Most programs follow it; some look for addresses only and find none.

    Advice: name the host itself in the SRV record, or give the name addresses of its own; the certificate must hold the
    name that stands in the SRV record.
    """
    yield from _gaps(announced)
    for host in dict.fromkeys(r.target.lower() for r in announced.submission):
        name = announced.known(host)
        if name is not None and name.alias:
            yield found(
                f"{host}, the target of an SRV record of {announced.domain}, is an alias for {name.alias}",
                evidence=[_source(announced, host), Evidence(f"dns {host}", "\n".join(name.lines[:4]))],
                fix=[inspect("dig {host} CNAME", host=host)],
                host=host[:80],
            )


Talks = Mapping[tuple[str, int], Sequence[Conversation]]
"""The looks at each port of each host."""


def _by_port(wire: Wire) -> Talks:
    found: dict[tuple[str, int], list[Conversation]] = {}
    for c in wire.of("look"):
        found.setdefault((c.host.lower(), c.port), []).append(c)
    return found


def _otherwise(talks: Talks, host: str, port: int, implicit: bool) -> tuple[str, Conversation] | None:
    """How a port begins, where that is not what is announced."""
    for c in talks.get((host, port), ()):
        if implicit and c.implicit and c.detail == "no-tls":
            return "it begins in clear", c
        if not implicit and c.implicit and c.tls_version:
            return "it wants TLS with the first byte", c
        if not implicit and not c.implicit and c.trouble_kind == "timeout" and c.detail == "banner" and port == 465:
            return "it waits for TLS", c
        if not implicit and c.hello is not None and not c.hello.starttls and not c.tls_version and not c.masked:
            return "it offers no STARTTLS", c
    return None


def _announcements(announced: Announced) -> Iterator[tuple[str, str, int, bool, Evidence]]:
    """Where each server is announced and in which words, host, port, whether TLS comes first, and the evidence."""
    for r in announced.submission:
        if not r.fault:
            yield r.service, r.target.lower(), r.port, r.implicit, Evidence(f"dns {announced.domain}", r.line)
    for s in announced.servers:
        if announced.config and s.number and s.socket_type.upper() in ("SSL", "STARTTLS"):
            words = f"socketType {s.socket_type}"
            yield words, s.hostname.lower(), s.number, s.implicit, announced.config.evidence("socketType", "<port>")


@check(
    "WIRE083",
    "announced-tls-differs",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("WIRE021", "WIRE003", "WIRE001", "WIRE023", "WIRE085", "WIRE090"),
    fails=[
        {"announced": _D + _SRV.format(SUBMISSIONS, "0 1 587 mail.example.com."), "wire": _no_tls(587)},
        {"announced": _D + _SRV.format(SUBMISSION, "0 1 465 mail.example.com."), "wire": _implicit(mode="auto")},
        {"announced": _xml(port="587", tls="SSL"), "wire": _no_tls(587)},
        {"announced": _xml(port="465", tls="STARTTLS"), "wire": _implicit(mode="auto")},
    ],
    passes=[{"announced": _GOOD, "wire": _WELL}, {"announced": _xml(port="587", tls="STARTTLS"), "wire": _starttls()}],
    refs=("RFC 8314 section 5.1: _submissions is implicit TLS", "RFC 6186 section 3.1", "RFC 8314 section 3.3"),
)
def announced_tls_differs(announced: Announced, wire: Wire) -> Findings:
    """A port is announced with another beginning of TLS than it has.

    _submissions and socketType SSL mean TLS from the first byte on (port 465), _submission and STARTTLS a greeting in
    clear, then STARTTLS (port 587). A mail program that begins the other way waits until it gives up, or says that the
    server speaks no TLS.

    Advice: announce 465 as _submissions (socketType SSL) and 587 as _submission (socketType STARTTLS); or let the
    server speak on that port as it is announced.
    """
    seen, talks = set[tuple[str, int, bool]](), _by_port(wire)
    for words, host, port, implicit, evidence in _announcements(announced):
        if (host, port, implicit) in seen:
            continue
        seen.add((host, port, implicit))
        wrong = _otherwise(talks, host, port, implicit)
        if wrong is None:
            continue
        how, c = wrong
        yield found(
            f"{host}:{port} is announced by {announced.domain} as {words}, and {how}",
            evidence=[evidence, c.evidence("***", "=== tls", "220 ", "STARTTLS")],
            fix=_right(announced, words, host, implicit, how),
            endpoint=f"{host}:{port}"[:80],
        )


def _right(announced: Announced, words: str, host: str, implicit: bool, how: str) -> list[Step]:
    """The announcement that fits the port, where it is one of the two usual ones."""
    if "no STARTTLS" in how:
        return []
    if words.startswith("socketType"):
        return [
            by_hand("in the autoconfig file: <socketType>{right}</socketType>", right="STARTTLS" if implicit else "SSL")
        ]
    right, port = (SUBMISSION, "587") if implicit else (SUBMISSIONS, "465")
    return [_record(right, announced.domain, f"0 1 {port} {host}.")]


_USUAL = (465, 587, 2525)
"""Ports of which WIRE010 says that they offer no login, whether they are announced or not."""


@check(
    "WIRE084",
    "announced-port-without-auth",
    "error",
    rung="offer",
    role="symptom",
    scope=("listener",),
    shows=("no-offer",),
    fails=[{"announced": _D + _SRV.format(SUBMISSION, "0 1 25 mail.example.com."), "wire": _starttls(25, "HELP")}],
    passes=[{"announced": _GOOD, "wire": _WELL}, {"announced": _GOOD, "wire": _implicit() + _starttls(offer="HELP")}],
    refs=("RFC 6186 section 3.1: submission as in RFC 6409, which has a login",),
)
def announced_port_without_auth(announced: Announced, wire: Wire) -> Findings:
    """A port that is announced for handing mail in offers no login.

    Port 25 is where servers meet: most offer no AUTH there, and many networks let nobody but their mail server reach
    it.

    Advice: announce 465 (_submissions) or 587 (_submission), or let the announced port offer AUTH.
    """
    talks = _by_port(wire)
    for host, port, _ in announced.endpoints:
        for c in talks.get((host, port), ())[:1]:
            hello = c.hello
            if port in _USUAL or hello is None or hello.auth or c.trouble or c.masked:
                continue
            yield found(
                f"{c.endpoint} is announced by {announced.domain} for handing mail in and offers no AUTH",
                evidence=[_source(announced, host), c.evidence("250")],
                fix=[_record(SUBMISSION, announced.domain, f"0 1 587 {host}.")],
                endpoint=c.endpoint[:80],
            )


@check(
    "WIRE086",
    "submission-said-not-offered",
    "warning",
    rung="none",
    role="risk",
    fails=[
        {"announced": _D + _NONE.format(SUBMISSIONS) + _SRV.format(SUBMISSION, "0 0 0 .")},
        {"announced": _D + _465 + _SRV.format(SUBMISSION, "0 0 0 .") + _587.split("\n", 1)[1]},
    ],
    passes=[{"announced": _GOOD}, {"announced": _D + _465 + _SRV.format(SUBMISSION, "0 0 0 .") + _HERE}],
    refs=(
        'RFC 2782: a target of "." means that the service is decidedly not available at this domain',
        "RFC 6186 section 4",
    ),
)
def submission_said_not_offered(announced: Announced) -> Findings:
    """The DNS says that mail is not handed in at this domain: the target of an SRV record is ".".

    That is right for one of the two services where the other names a host, and wrong beside records of the same service
    or where users are to hand mail in.

    Advice: remove the record with ".", or announce the host; leave it if nobody is to hand mail in here.
    """
    yield from _gaps(announced)
    for service in (SUBMISSIONS, SUBMISSION):
        records = announced.of(service)
        refusing = [r for r in records if r.not_offered]
        if refusing and len(refusing) < len(records):
            what = f"{service} of {announced.domain} names hosts and also says that there is none"
        elif refusing and not announced.submission and service == refusing[0].service:
            if announced.servers:
                what = f"{service} of {announced.domain} says that no mail is handed in, and autoconfig names a server"
            else:
                what = f"{service} of {announced.domain} says that no mail is handed in at this domain"
        else:
            continue
        yield found(
            what, evidence=[announced.evidence(service)], fix=[_dig(announced.domain, service)], service=service
        )


def _outside(domain: str, host: str, talks: Sequence[Conversation]) -> bool:
    """Whether a careful client asks its user: neither the target nor the certificate is of the domain."""
    if host == domain or host.endswith(f".{domain}"):
        return False
    shown = [c.certificate for c in talks if c.certificate]
    return bool(shown) and not any(certificate.covers(domain) for certificate in shown)


_PROVIDER = _D + _SRV.format(SUBMISSIONS, "0 1 465 mail.example.net.")
_SHOWN = "=== certificate subject: CN=x\n=== certificate issuer: CN=y\n=== certificate name: {}\n"


def _provider(*names: str) -> str:
    """A look at a provider's server whose certificate holds these names."""
    shown = _SHOWN.format(names[0]) + "".join(f"=== certificate name: {name}\n" for name in names[1:])
    return _implicit(more=shown).replace("for mail.example.com", "for mail.example.net")


@check(
    "WIRE087",
    "announced-outside-the-domain",
    "info",
    rung="none",
    role="note",
    fails=[{"announced": _PROVIDER, "wire": _provider("mail.example.net")}],
    passes=[
        {"announced": _GOOD, "wire": _WELL},
        {"announced": _PROVIDER, "wire": _provider("mail.example.net", "example.com")},
    ],
    refs=("RFC 6186 section 6: a client confirms a target outside the domain with its user",),
)
def announced_outside_the_domain(announced: Announced, wire: Wire) -> Findings:
    """The announced host is not of this domain, and its certificate does not hold the domain's name.

    Whoever can forge the DNS could name any host, with a good certificate of its own. Careful mail programs therefore
    ask their users whether they know the host. It is usual where a provider has the mail.

    Advice: nothing, if users know the provider's name; a name of the domain's own, or a certificate that holds it,
    spares them the question. DNSSEC protects the records.
    """
    talks = _by_port(wire)
    ports = dict.fromkeys((r.target.lower(), r.port) for r in announced.submission)
    for host in dict.fromkeys(p[0] for p in ports if _outside(announced.domain, p[0], talks.get(p, ()))):
        yield found(
            f"{announced.domain} announces {host}, which is not of this domain: careful mail programs ask their users",
            evidence=[_source(announced, host)],
            host=host[:80],
        )


def _at_fault(file: ConfigFile) -> str:
    """Why a file that is there does nobody good; empty where it does, or is not there."""
    if file.config is not None:
        return "" if file.config.page else file.config.fault
    if file.outcome in ("untrusted", "too-large") or (file.outcome == "failed" and "redirects" in file.reason):
        return file.reason if file.outcome != "untrusted" else f"its certificate cannot be verified: {file.reason}"
    return f"the web server answers {file.outcome}" if file.outcome[:1] == "5" and file.outcome.isdecimal() else ""


_BROKEN = "; GET {0}: 200 text/xml\n| <clientConfig><emailProvider>\n"


@check(
    "WIRE088",
    "autoconfig-unusable",
    "warning",
    rung="none",
    role="risk",
    fails=[
        {"announced": _D + _NO_SRV + _BROKEN.format(_URL)},
        {
            "announced": _D
            + f'; GET {_URL}: 200 text/xml\n| <!DOCTYPE a [<!ENTITY b "c">]>\n| <clientConfig>&b;</clientConfig>\n'
        },
        {"announced": _D + f"; GET {_URL}: 200 text/xml\n| <autodiscover/>\n"},
        {"announced": _D + f"; GET {_URL}: untrusted self-signed certificate\n"},
        {"announced": _D + f"; GET {_URL}: too-large it is larger than 128 KiB\n"},
    ],
    passes=[
        {"announced": _xml()},
        {"announced": _D + f"; GET {_URL}: 404 text/html\n"},
        {"announced": _D + f"; GET {_URL}: 200 text/html\n| <!DOCTYPE html>\n| <html></html>\n"},
    ],
    refs=("draft-ietf-mailmaint-autoconfig", "Thunderbird: readFromXML refuses what is not clientConfig"),
)
def autoconfig_unusable(announced: Announced) -> Findings:
    """There is an autoconfig file, and no mail program can read it.

    It is fetched by https: the certificate of the web server must hold that name, and what comes must be XML whose
    first element is clientConfig. Mail programs say nothing of it and guess.

    Advice: fetch the file with curl, and read it with xmllint; let a web server that has nothing to say answer 404.
    """
    yield from _gaps(announced)
    for file in announced.files:
        if why := _at_fault(file):
            yield found(
                f"{file.url} cannot be used by mail programs: {why}",
                evidence=[file.evidence()],
                fix=[inspect("curl -sS {url} | xmllint --noout -", url=file.url)],
                url=file.url[:80],
            )


@check(
    "WIRE089",
    "autoconfig-without-server",
    "warning",
    rung="none",
    role="risk",
    fails=[
        {"announced": _xml(kind="imap")},
        {"announced": _xml(port="")},
        {"announced": _xml(host="")},
        {"announced": _D + f"; GET {_URL}: 200 text/xml\n| <clientConfig/>\n"},
    ],
    passes=[{"announced": _xml()}, {"announced": _GOOD}],
    refs=('draft-ietf-mailmaint-autoconfig: <outgoingServer type="smtp"> with hostname, port and socketType',),
)
def autoconfig_without_server(announced: Announced) -> Findings:
    """The autoconfig file names no server to which mail can be handed in.

    A mail program needs <outgoingServer type="smtp"> with hostname and port. Without one it takes none of the file and
    guesses, or sets up an account that can read and not send.

    Advice: write the server into the file: hostname, port 465 and socketType SSL, or 587 and STARTTLS.
    """
    file = announced.config
    if file is None:
        return
    lacking = [_lacks(s) for s in announced.servers]
    if not announced.servers:
        kinds = ", ".join(dict.fromkeys(s.type or "no type" for s in file.config.outgoing)) if file.config else ""
        what = f'has no <outgoingServer type="smtp">{f", only {kinds}" if kinds else ""}'
    elif all(lacking):
        what = f"names an outgoing server without {lacking[0]}"
    else:
        return
    yield found(
        f"{file.url} {what}: nobody can send by it",
        evidence=[file.evidence("outgoingServer", "hostname", "<port>")],
        fix=[by_hand(_SERVER, domain=announced.domain)],
        url=file.url[:80],
    )


_SERVER = (
    'in the file: <outgoingServer type="smtp"><hostname>mail.{domain}</hostname><port>465</port>'
    "<socketType>SSL</socketType><username>%EMAILADDRESS%</username>"
    "<authentication>password-cleartext</authentication></outgoingServer>"
)


def _lacks(server: ClientServer) -> str:
    if not server.hostname or not is_host(server.hostname):
        return "a hostname that is one" if server.hostname else "hostname"
    return "" if server.number else "port" if not server.port else f"a port that is one ({server.port})"


_SOCKET = ("SSL", "STARTTLS", "PLAIN")
_SERVES: dict[str, frozenset[str]] = {
    "password-cleartext": frozenset({"PLAIN", "LOGIN"}),
    "plain": frozenset({"PLAIN", "LOGIN"}),
    "password-encrypted": frozenset({"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}),
    "secure": frozenset({"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}),
    "oauth2": frozenset({"XOAUTH2", "OAUTHBEARER"}),
    "gssapi": frozenset({"GSSAPI"}),
    "ntlm": frozenset({"NTLM"}),
    "tls-client-cert": frozenset({"EXTERNAL"}),
}
"""Values of `authentication`, and the mechanisms by which mail programs log in then."""
_WITHOUT = ("none", "client-ip-address", "smtp-after-pop")
"""Values that mean no login at all."""


def _wrong_values(server: ClientServer) -> Iterator[tuple[str, str, str]]:
    """Element, value and what it should be."""
    if server.socket_type.upper() not in _SOCKET:
        yield "socketType", server.socket_type, "SSL or STARTTLS"
    for value in server.authentication or ("",):
        if value.lower() not in _SERVES and value.lower() not in _WITHOUT:
            yield (
                "authentication",
                value,
                "password-cleartext (PLAIN and LOGIN, within TLS), OAuth2 or password-encrypted",
            )


@check(
    "WIRE091",
    "autoconfig-value-unknown",
    "warning",
    rung="none",
    role="risk",
    fails=[
        {"announced": _xml(auth="PLAIN LOGIN")},
        {"announced": _xml(tls="TLS")},
        {"announced": _xml(auth="")},
        {"announced": _xml(tls="plain")},
        {"announced": _xml(auth="none")},
    ],
    passes=[{"announced": _xml()}, {"announced": _xml(auth="OAuth2")}, {"announced": _xml("587", "STARTTLS", "plain")}],
    refs=("draft-ietf-mailmaint-autoconfig: socketType, authentication", "Thunderbird: readFromXML, ConfigVerifier"),
)
def autoconfig_value_unknown(announced: Announced) -> Findings:
    """The autoconfig file has a value that mail programs do not know, or one that lets the password go in clear.

    They pass over a server whose socketType or authentication they do not know, and guess, or set up an account that
    sends without TLS or without a login. The values are those of the file's format, not the names of SASL mechanisms.

    Advice: socketType SSL (port 465) or STARTTLS (port 587); authentication password-cleartext, which is right within
    TLS, OAuth2, or password-encrypted where the server offers CRAM-MD5.
    """
    file = announced.config
    if file is None:
        return
    for server in announced.servers:
        for element, value, right in _wrong_values(server):
            yield found(
                f"{file.url}: <{element}> of {server.endpoint} is {value or 'missing'}; mail programs know {right}",
                evidence=[file.evidence(element)],
                fix=[by_hand("in the file: {element} is {right}", element=element, right=right)],
                url=file.url[:80],
                element=element,
            )
        if server.socket_type.upper() == "PLAIN":
            yield found(
                f"{file.url}: socketType plain has mail programs log in at {server.endpoint} without TLS",
                evidence=[file.evidence("socketType")],
                fix=[by_hand("in the file: <socketType>STARTTLS</socketType>")],
                url=file.url[:80],
                element="socketType",
            )
        if unused := [v for v in server.authentication if v.lower() in _WITHOUT]:
            yield found(
                f"{file.url}: authentication {unused[0]} has mail programs send by {server.endpoint} without a login",
                evidence=[file.evidence("authentication")],
                fix=[by_hand("in the file: <authentication>password-cleartext</authentication>")],
                url=file.url[:80],
                element="authentication",
            )


@check(
    "WIRE092",
    "autoconfig-authentication-not-offered",
    "error",
    rung="offer",
    role="derived",
    scope=("listener",),
    fails=[
        {"announced": _xml(auth="password-encrypted"), "wire": _implicit()},
        {"announced": _xml(auth="OAuth2"), "wire": _implicit()},
    ],
    passes=[
        {"announced": _xml(), "wire": _implicit()},
        {"announced": _xml(auth="password-encrypted"), "wire": _implicit(offer="AUTH CRAM-MD5 PLAIN")},
        {"announced": _xml(auth="OAuth2</authentication><authentication>password-cleartext"), "wire": _implicit()},
    ],
    refs=(
        "draft-ietf-mailmaint-autoconfig: authentication",
        "Thunderbird: SmtpClient, the chosen method alone is tried",
    ),
)
def autoconfig_authentication_not_offered(announced: Announced, wire: Wire) -> Findings:
    """The autoconfig file has mail programs log in by a method that the server does not offer.

    An account that was set up by the file says "the server does not support the selected authentication method", and
    sends nothing.

    Advice: name the method that the server offers: password-cleartext for PLAIN and LOGIN (within TLS),
    password-encrypted for CRAM-MD5, OAuth2 for XOAUTH2 and OAUTHBEARER; or let the server offer what is named.
    """
    talks = _by_port(wire)
    for server in announced.servers:
        methods = [v for v in server.authentication if v.lower() in _SERVES]
        for c in talks.get((server.hostname.lower(), server.number), ())[:1]:
            offered = frozenset(c.hello.auth) if c.hello else frozenset()
            served = any(offered & _SERVES[v.lower()] for v in methods)
            if not methods or not offered or served or announced.config is None or c.trouble or c.masked:
                continue
            right = next((v for v, served_by in _SERVES.items() if offered & served_by), "")
            names = " ".join(sorted(offered))[:200]
            yield found(
                f"{announced.config.url} says {methods[0]} for {server.endpoint}, which offers {names}",
                evidence=[announced.config.evidence("authentication"), c.evidence("AUTH")],
                fix=[by_hand("in the file: <authentication>{right}</authentication>", right=right)] if right else [],
                endpoint=c.endpoint[:80],
            )


_PLACES = ("%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILDOMAIN%")


@check(
    "WIRE093",
    "autoconfig-user-name",
    "warning",
    rung="none",
    role="risk",
    fails=[
        {"announced": _xml(user="user@example.com")},
        {"announced": _xml(user="%EMAIL%")},
        {"announced": _xml(user="")},
        {
            "announced": _xml(user="%EMAILLOCALPART%"),
            "wire": _implicit()
            + "".join(
                f"{_AT.format(465, 'implicit').replace('look', 'login PLAIN')}=== user {who}\n=== mechanism PLAIN\n"
                f"=== outcome {what}\n"
                for who, what in (("a", "failed 535 no"), ("a@example.com", "ok 235 ok"))
            ),
        },
    ],
    passes=[
        {"announced": _xml()},
        {"announced": _xml(user="%EMAILLOCALPART%"), "wire": _implicit()},
        {"announced": _xml(user="%EMAILLOCALPART%.%EMAILDOMAIN%")},
    ],
    refs=("draft-ietf-mailmaint-autoconfig: %EMAILADDRESS%, %EMAILLOCALPART%, %EMAILDOMAIN%",),
)
def autoconfig_user_name(announced: Announced, wire: Wire | Unknown) -> Findings:
    """The autoconfig file has mail programs log in by a name that is not the user's.

    %EMAILADDRESS% becomes the whole address, %EMAILLOCALPART% what stands before the @. A server that looks users up
    with their realm (sasldb, virtual domains) needs the whole address; a name without either is the same for everybody.

    Advice: <username>%EMAILADDRESS%</username>, or %EMAILLOCALPART% where names without a domain are logged in by.
    """
    file = announced.config
    if file is None:
        return
    for server in announced.servers:
        name = server.username
        rest = name
        for known in _PLACES:
            rest = rest.replace(known, "")
        if not name:
            what = "is missing, so that mail programs have to guess it"
        elif "%" in rest:
            what = f"is {name}, of which mail programs know only {', '.join(_PLACES)}"
        elif rest == name:
            what = f"is {name}, the same for every user"
        elif name == "%EMAILLOCALPART%" and _needs_realm(wire, server):
            what = f"is {name}, and the server takes only the name with its realm"
        else:
            continue
        yield found(
            f"{file.url}: username of {server.endpoint} {what}",
            evidence=[file.evidence("username")],
            fix=[by_hand("in the file: <username>%EMAILADDRESS%</username>")],
            url=file.url[:80],
            server=server.endpoint[:80],
        )


def _needs_realm(wire: Wire | Unknown, server: ClientServer) -> bool:
    """Whether a login was tried there by name, which failed, and by name and realm, which went well."""
    logins = () if isinstance(wire, Unknown) else wire.logins
    at = [c for c in logins if c.host.lower() == server.hostname.lower() and c.port == server.number]
    taken = {c.user.partition("@")[0] for c in at if "@" in c.user and c.outcome[0] == "ok"}
    return any(c.user in taken and c.outcome[0] == "failed" for c in at)


@check(
    "WIRE094",
    "srv-record-unusable",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    fails=[
        {"announced": _D + _SRV.format(SUBMISSIONS, "0 1 465 192.0.2.1.")},
        {"announced": _D + _SRV.format(SUBMISSION, "0 1 0 mail.example.com.")},
        {"announced": _D + _SRV.format(SUBMISSION, "0 1 587 https://mail.example.com.")},
    ],
    passes=[{"announced": _GOOD}, {"announced": _D + _465 + _SRV.format(SUBMISSION, "0 0 0 .")}],
    refs=("RFC 2782: the target is the domain name of the host, the port 1 to 65535",),
)
def srv_record_unusable(announced: Announced) -> Findings:
    """An SRV record cannot be used: its target is no name of a host, or its port is none.

    The target of an SRV record is a name, never an address; an address written there is a name that does not exist.

    Advice: write priority, weight, port and the host's name, with a dot at its end.
    """
    yield from _gaps(announced)
    for r in _unusable(announced):
        port = str(r.port or (465 if r.implicit else 587))
        target = r.target if is_host(r.target) and "target" not in r.fault else f"mail.{announced.domain}"
        yield found(
            f"{r.service} of {announced.domain} names {r.endpoint}: {r.fault}",
            evidence=[Evidence(f"dns {announced.domain}", r.line)],
            fix=[_record(r.service, announced.domain, f"{r.priority} {r.weight} {port} {target}.")],
            endpoint=r.endpoint[:80],
        )
