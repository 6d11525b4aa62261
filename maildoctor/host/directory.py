"""A question to a directory (LDAP), asked as saslauthd would ask it. The password that it binds with is read from
saslauthd's own file and leaves in the bind alone; of what is found only names come back, and of a user who cannot log
in what says whether the account is locked."""

import re
import shlex
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import unquote, urlsplit

from maildoctor import ldap
from maildoctor.host import Answer, NoAnswer
from maildoctor.ldap.ber import BadBer
from maildoctor.ldap.filters import BadFilter, encoded

PATIENCE = 3.0
"""Seconds for one answer."""

_MOST = 256 * 1024
_PASSWORD = re.compile(r"(?mi)^[ \t]*ldap_(?:bind_pw|password):[ \t]*(.*?)$")
_STATE = (
    "pwdAccountLockedTime", "nsAccountLock", "accountUnlockTime", "loginDisabled", "userAccountControl", "lockoutTime",
    "pwdLastSet",
)  # fmt: skip
"""What stops the bind of an account: of OpenLDAP's slapo-ppolicy, 389, eDirectory, Active Directory."""
_SEEN = ("pwdChangedTime", "pwdFailureTime", "pwdPolicySubentry")
"""Where one of these can be seen, and none of those, the account is not locked."""
_POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"
"""The control of password policies (draft-behera-ldap-password-policy)."""
_PORTS = {"ldap": 389, "ldaps": 636}


def ask(words: str, read: Callable[[str], str], everywhere: bool) -> Answer:
    """What the server says to `uri=URI conf=PATH bind=DN base=DN scope=sub filter=FILTER most=N attribute=NAME
    tls=start ca=PATH state=yes address=ADDRESS`, a line each: `connect`, `tls`, `bind`, `base`, `search`; for `state`
    also `dn` of the entry, `state: VALUE of NAME` for what may be seen of it, `policy` where the directory has password
    policies. Where not `everywhere` only an address of the loopback is asked; `address`: that which /etc/hosts has for
    the name."""
    wanted = dict(word.partition("=")[::2] for word in shlex.split(words))
    parts = urlsplit(wanted.get("uri", ""))
    if parts.scheme not in _PORTS:
        return NoAnswer("unavailable", f"{wanted.get('uri')} is not asked: only ldap:// and ldaps:// are")
    name, port = unquote(parts.hostname or "localhost"), parts.port or _PORTS[parts.scheme]
    own = is_loopback(name) or is_loopback(wanted.get("address", ""))
    if not (everywhere or own):
        return NoAnswer("unavailable", f"{name} is another machine, which is not asked", "use --ask-backends")
    lines: list[str] = []
    for ca in dict.fromkeys((wanted.get("ca", ""), "")):
        try:
            with socket.create_connection((wanted.get("address") or name, port), PATIENCE) as connection:
                if not lines:
                    lines.append(f"connect: {name}:{port} ok")
                with _Talk(connection, name, ca) as talk:
                    _talk(talk, wanted, read, lines, parts.scheme == "ldaps")
        except ssl.SSLCertVerificationError as error:
            lines.append(f"tls: {error.verify_message}")
            if own:  # nobody listens in on the loopback: what else it says is asked without a look at its certificate
                continue
        except TimeoutError:
            lines.append(f"{'silent' if lines else 'connect'}: {name}:{port} no answer within {PATIENCE:.0f} s")
        except OSError as error:
            lines.append(f"{'broken' if lines else 'connect'}: {name}:{port} {error.strerror or error}")
        except (BadBer, BadFilter) as error:
            lines.append(f"broken: {error}")
        break
    return "\n".join(lines)


def is_loopback(name: str) -> bool:
    """Whether this name or address is always the host itself."""
    return name in ("localhost", "::1") or bool(re.fullmatch(r"127(?:\.[0-9]{1,3}){3}", name))


def _talk(talk: "_Talk", wanted: dict[str, str], read: Callable[[str], str], lines: list[str], secure: bool) -> None:
    if secure or wanted.get("tls") == "start":
        if not secure:
            said = talk.say(ldap.start_tls(talk.number()), ldap.EXTENDED_RESPONSE)
            if said.code:
                lines.append(f"tls: {_result(said)}")
                return
        talk.encrypt(read)
        if not any(line.startswith("tls: ") for line in lines):
            lines.append("tls: ok")
    conf = read(wanted["conf"]) if wanted.get("bind") and wanted.get("conf") else ""
    words = _PASSWORD.findall(conf)
    password = words[-1].encode() if words else b""
    said = talk.say(ldap.bind(talk.number(), wanted.get("bind", ""), password), ldap.BIND_RESPONSE)
    lines.append(f"bind: {_result(said)}")
    if said.code:
        return
    base = wanted.get("base", "")
    said, _ = talk.search(base, "base", encoded("(objectClass=*)"), ("1.1",))
    lines.append(f"base: {_result(said)}")
    if said.code or not wanted.get("filter"):
        return
    attribute, most = wanted.get("attribute", ""), 2 if wanted.get("most") == "2" else 1
    said, found = talk.search(base, wanted.get("scope", "sub"), encoded(wanted["filter"]), (attribute or "1.1",), most)
    has = f" {attribute}={'yes' if any(a.lower() == attribute.lower() for e in found for a in e) else 'no'}"
    lines.append(f"search: {_result(said)} entries={len(found)}{has if attribute and found else ''}")
    if wanted.get("state") and len(found) == 1:
        lines += _state(talk, base, wanted)
    talk.end()


def _state(talk: "_Talk", base: str, wanted: dict[str, str]) -> Iterator[str]:
    """Whether the one entry that was found is locked."""
    for entry in talk.values(base, wanted.get("scope", "sub"), encoded(wanted["filter"]), (*_STATE, *_SEEN)):
        yield f"dn: {_plain(entry.name)}"
        known = {name.lower(): name for name in _STATE}
        for name, values in entry.values:
            if shown := known.get(name.lower()):
                yield f"state: {_plain(values[0])[:40] if values else '?'} of {shown}"
            elif name.lower() in (n.lower() for n in _SEEN):
                yield f"state: set of {_plain(name)[:40]}"
    for root in talk.values("", "base", encoded("(objectClass=*)"), ("supportedControl",)):
        if any(_POLICY in values for _, values in root.values):
            yield "policy: yes"


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:300]).split())


def _result(said: ldap.Answer) -> str:
    text = " ".join(c if c.isprintable() else " " for c in said.text[:200].split())
    return f"{said.code} {ldap.RESULTS.get(said.code, 'code')}" + (f" ({text})" if text and said.code else "")


class _Talk:
    """One conversation. `ca`: a file by which the server's certificate is judged, empty: it is not."""

    def __init__(self, connection: socket.socket, name: str, ca: str) -> None:
        self._socket, self._name, self._ca = connection, name, ca
        self._last, self._left = 0, b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def number(self) -> int:
        self._last += 1
        return self._last

    def encrypt(self, read: Callable[[str], str]) -> None:
        """TLS from here on. Raises OSError; SSLCertVerificationError where a client would refuse the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self._ca:
            context.load_verify_locations(cadata=read(self._ca))
        else:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._socket.settimeout(PATIENCE)
        self._socket = context.wrap_socket(self._socket, server_hostname=self._name)

    def say(self, message: bytes, kind: int) -> ldap.Answer:
        """The first answer of this kind. Raises OSError."""
        self._socket.sendall(message)
        return next(a for a in self._answers() if a.kind == kind)

    def search(
        self, base: str, scope: str, filter_: bytes, names: tuple[str, ...], most: int = 1
    ) -> tuple[ldap.Answer, list[tuple[str, ...]]]:
        """How it ended, and the names of the attributes of each entry."""
        self._socket.sendall(ldap.search(self.number(), base, scope, filter_, names, most))
        found = []
        for answer in self._answers():
            if answer.kind == ldap.ENTRY:
                found.append(answer.entry)
            elif answer.kind == ldap.SEARCH_DONE:
                return answer, found
        raise OSError("the server ended the conversation")

    def values(self, base: str, scope: str, filter_: bytes, names: tuple[str, ...]) -> list[ldap.Answer]:
        """At most one entry with the values of these attributes."""
        self._socket.sendall(ldap.search(self.number(), base, scope, filter_, names, 1, values=True))
        found = []
        for answer in self._answers():
            if answer.kind == ldap.ENTRY:
                found.append(answer)
            elif answer.kind == ldap.SEARCH_DONE:
                return found
        raise OSError("the server ended the conversation")

    def end(self) -> None:
        self._socket.sendall(ldap.unbind(self.number()))

    def _answers(self) -> Iterator[ldap.Answer]:
        end, taken = time.monotonic() + PATIENCE, 0
        while True:
            for answer, behind in list(ldap.answers(self._left))[:1]:
                self._left = self._left[behind:]
                yield answer
                break
            else:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._socket.settimeout(left)
                data = self._socket.recv(16384)
                taken += len(data)
                if not data or taken > _MOST:
                    raise ConnectionResetError("the server ended the conversation")
                self._left += data
