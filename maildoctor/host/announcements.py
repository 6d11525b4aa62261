"""What a domain announces to mail programs, asked of the DNS and of the web servers that they would ask.

Only what is named is asked: the domain's own records, the hosts that these name, the addresses of autoconfig files, and
where those redirect to. Each answer has a bound, and each question a time.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

from maildoctor.host import HostError

if TYPE_CHECKING:
    import dns.resolver

SERVICES = ("_submissions._tcp", "_submission._tcp", "_imaps._tcp")

RECORDS = 12
"""SRV records of one service that are looked at, the most preferred ones; a large provider has four."""
HOSTS = 24
"""Hosts whose addresses are asked for."""
ADDRESSES = 6
LARGEST = 128 * 1024
"""Bytes of an autoconfig file; that of a provider with every protocol has 5,000."""
_REDIRECTS = 3
_MOVED = ("301", "302", "303", "307", "308")


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask. `resolver`: address and port of the name server, empty: those of this machine; `patience`: seconds
    for each question and each file; `trusted`: makes the TLS context that verifies web servers; `ports`: of http and
    https."""

    resolver: tuple[str, int] | None = None
    patience: float = 5.0
    trusted: Callable[[], ssl.SSLContext] = ssl.create_default_context
    ports: tuple[int, int] = (80, 443)


@dataclass(slots=True)
class _Asked:
    """The answers so far, as lines, and the addresses of hosts."""

    asking: Asking
    resolver: "dns.resolver.Resolver"
    lines: list[str] = field(default_factory=list)
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)


def announced(domain: str, asking: Asking, hosts_of: Callable[[str], Sequence[str]]) -> str:
    """The answers, in the form that `facts/announced.py` reads. `hosts_of`: the hosts that such lines name, whose
    addresses are asked for too. Raises HostError where dnspython is not installed or this machine knows no name
    server."""
    asked = _Asked(asking, _resolver(asking), [f"; domain {domain}"])
    for service in SERVICES:
        asked.lines += _services(asked, f"{service}.{domain}.")
    known = f"{domain}/.well-known/autoconfig/mail/config-v1.1.xml"
    usual = f"autoconfig.{domain}/mail/config-v1.1.xml"
    for url in (f"https://{usual}", f"https://{known}", f"http://{usual}"):
        file = list(_fetched(asked, url))
        asked.lines += file
        if any(line.startswith("| ") for line in file) and url.startswith("https://autoconfig."):
            break  # what mail programs ask first; they ask no further
    hosts = [host for host in dict.fromkeys(hosts_of("\n".join(asked.lines))) if host not in asked.addresses]
    for host in hosts[:HOSTS]:
        _look_up(asked, host)
    if hosts[HOSTS:]:
        asked.lines.append(f"; cut: only the first {HOSTS} of {len(hosts)} hosts were looked up")
    return "\n".join(asked.lines)


def _resolver(asking: Asking) -> "dns.resolver.Resolver":
    try:
        import dns.resolver
    except ImportError:
        what = "to ask the DNS for services needs the Python package dnspython, which is not installed"
        remedy = "install it: pipx inject maildoctor dnspython, pip install 'maildoctor[domain]', or the package "
        raise HostError(
            what, "--domain", f"{remedy}python3-dnspython (apt), python3-dns (dnf), py3-dnspython"
        ) from None
    try:
        resolver = dns.resolver.Resolver(configure=asking.resolver is None)
    except dns.resolver.NoResolverConfiguration:
        what = "this machine names no name server"
        raise HostError(what, "/etc/resolv.conf", "name one: --resolver ADDRESS") from None
    if asking.resolver is not None:
        resolver.nameservers, resolver.port = [asking.resolver[0]], asking.resolver[1]
    resolver.timeout, resolver.lifetime = min(2.0, asking.patience), asking.patience
    return resolver


def _services(asked: _Asked, name: str) -> Iterator[str]:
    """The SRV records of a service."""
    word, answer = _question(asked, name, "SRV")
    yield f"; SRV {name}: {word}"
    rows = answer.rrset if answer is not None else None
    if rows is None:
        return
    found = sorted(rows, key=lambda r: (r.priority, -r.weight))
    for r in found[:RECORDS]:
        yield f"{name} {rows.ttl} IN SRV {r.priority} {r.weight} {r.port} {r.target.to_text()}"
    if found[RECORDS:]:
        yield f"; cut: only the first {RECORDS} of {len(found)} SRV records of {name} were looked at"


def _look_up(asked: _Asked, host: str) -> tuple[str, ...]:
    """The addresses of a host, asked for once; the lines tell them."""
    if host in asked.addresses:
        return asked.addresses[host]
    if _address(host):
        asked.addresses[host] = (host,)
        return (host,)
    name, found, words = f"{host}.", list[str](), list[str]()
    lines: list[str] = []
    for kind in ("A", "AAAA"):
        word, answer = _question(asked, name, kind)
        words.append(word)
        if answer is None:
            continue
        real = answer.canonical_name.to_text()
        if real.lower() != name.lower():
            lines.append(f"{name} 0 IN CNAME {real}")
        rows = [r.to_text() for r in answer.rrset or ()][:ADDRESSES]
        lines += [f"{real} 0 IN {kind} {row}" for row in rows]
        found += rows
    asked.lines += [f"; address {name}: {'NOERROR' if found else words[0]}", *dict.fromkeys(lines)]
    asked.addresses[host] = tuple(found)
    return asked.addresses[host]


def _question(asked: _Asked, name: str, kind: str) -> tuple[str, "dns.resolver.Answer | None"]:
    """The DNS's word, and the answer where there is one."""
    import dns.exception
    import dns.name
    import dns.resolver

    try:
        return "NOERROR", asked.resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN:
        return "NXDOMAIN", None
    except dns.resolver.NoNameservers:
        return "SERVFAIL", None
    except dns.exception.Timeout:
        return "timeout", None
    except (dns.exception.DNSException, UnicodeError, ValueError):
        return "malformed", None
    except OSError:
        return "failed", None


# ---- autoconfig files


def _fetched(asked: _Asked, url: str) -> Iterator[str]:
    """A file, with the redirects that lead to it."""
    first, inside, asked_for = url, False, url
    for _ in range(_REDIRECTS + 1):
        scheme, host, where = _parts(asked_for)
        if not host:
            yield f"; GET {first}: failed it redirects to {_one_line(asked_for)}, where no mail program goes"
            return
        addresses = _look_up(asked, host)
        if not addresses:
            yield f"; GET {first}: unresolved {host} has no address"
            return
        if asked_for == first:
            inside = not all(map(_global, addresses))
        elif not inside and not all(map(_global, addresses)):
            yield f"; GET {first}: failed it redirects to {host}, an address that only neighbours can reach"
            return
        status, reason, body, location = _get(asked.asking, scheme, host, addresses, where)
        if status in _MOVED and location:
            asked_for = _moved(asked_for, location)
            if first.startswith("https:") and asked_for.startswith("http:"):
                yield f"; GET {first}: failed it redirects to {_one_line(asked_for)}, which is not protected by TLS"
                return
            continue
        yield f"; GET {first}: {status} {_one_line(reason)}".rstrip()
        yield from (f"| {line.rstrip()}" for line in (_lines(body) if status == "200" else ()))
        return
    yield f"; GET {first}: failed it redirects more than {_REDIRECTS} times"


def _moved(base: str, location: str) -> str:
    from urllib.parse import urljoin

    try:
        return urljoin(base, location)
    except ValueError:
        return location


def _parts(url: str) -> tuple[str, str, str]:
    """Scheme, host and the rest of an address that is fetched from: http or https, at its own port, without a user."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", "", ""
    plain = all(c.isascii() and (c.isalnum() or c in "-._:") for c in host)
    if parts.scheme not in ("http", "https") or not plain or port is not None or "@" in parts.netloc:
        return "", "", ""
    return parts.scheme, host, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def _get(asking: Asking, scheme: str, host: str, addresses: Sequence[str], where: str) -> tuple[str, str, bytes, str]:
    """Status or what went wrong, type or reason, body, and where it was moved to. It is over in time, also where the
    server sends a byte a second."""
    from http.client import HTTPException, HTTPResponse

    port, last = asking.ports[scheme == "https"], "no address answers"
    until = time.monotonic() + asking.patience
    for address in addresses[:2]:
        try:
            raw = socket.create_connection((address, port), max(0.1, until - time.monotonic()))
        except OSError as error:
            last = error.strerror or str(error)
            continue
        talk = _wrapped(asking, scheme, raw, host)
        timer = threading.Timer(max(0.1, until - time.monotonic()), _cut, (talk,))
        timer.daemon = True
        timer.start()
        try:
            with closing(talk):
                if isinstance(talk, ssl.SSLSocket):
                    talk.do_handshake()
                request = f"GET {where} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: maildoctor\r\nConnection: close\r\n\r\n"
                talk.sendall(request.encode("ascii", "backslashreplace"))
                reply = HTTPResponse(talk, method="GET")
                reply.begin()
                body = reply.read(LARGEST + 1)
                kind = reply.getheader("Content-Type", "").partition(";")[0].strip()
                if time.monotonic() >= until:
                    return _late(asking)
                if len(body) > LARGEST:
                    return "too-large", f"it is larger than {LARGEST // 1024} KiB", b"", ""
                return str(reply.status), kind, body, reply.getheader("Location", "")
        except ssl.SSLCertVerificationError as error:
            return "untrusted", error.verify_message or "the certificate cannot be verified", b"", ""
        except (OSError, HTTPException, ValueError) as error:
            if time.monotonic() >= until:
                return _late(asking)
            words = str(getattr(error, "reason", "") or getattr(error, "strerror", "") or error)
            return "failed", words.replace("_", " ").lower() or type(error).__name__, b"", ""
        finally:
            timer.cancel()
    return "unreachable", last, b"", ""


def _late(asking: Asking) -> tuple[str, str, bytes, str]:
    return "timeout", f"no whole answer within {asking.patience:g} s", b"", ""


def _wrapped(asking: Asking, scheme: str, raw: socket.socket, host: str) -> socket.socket:
    """The socket that is read from, its handshake yet to come: what is given up is this one."""
    if scheme != "https":
        return raw
    return asking.trusted().wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)


def _cut(talk: socket.socket) -> None:
    """The time is over: whoever reads from it sees its end, as if the server had hung up."""
    with suppress(OSError):
        socket.socket.shutdown(talk, socket.SHUT_RDWR)


def _lines(body: bytes) -> list[str]:
    """The file's text; what is in no encoding that a mail program reads stays visible as it is."""
    utf16 = body[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = body.decode("utf-16" if utf16 else "utf-8-sig", "backslashreplace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _one_line(words: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in words)[:200]


def _address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _global(address: str) -> bool:
    return ip_address(address).is_global
