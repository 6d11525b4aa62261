"""The file by which Mozilla's mail programs and others set an account up: `config-v1.1.xml`.

Source: draft-ietf-mailmaint-autoconfig; Thunderbird's mail/components/accountcreation, readFromXML.

The file is a stranger's. Expat of the standard library reads it, and a document type is refused: entities, and with
them all that grows or reads other files, can only be declared in one, and no such file needs one. That is what
defusedxml would add. Elements come one after the other, so depth costs nothing, and how much is kept is bounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from xml.parsers import expat

_SERVERS = 20
_VALUES = 8
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class ClientServer:
    """One `<outgoingServer>`. `type`: `smtp`; values stand as they are written, `authentication` has all of them in the
    order in which clients try them."""

    type: str
    hostname: str = ""
    port: str = ""
    socket_type: str = ""
    username: str = ""
    authentication: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """The port; 0 where it is none."""
        port = int(self.port) if self.port.isascii() and self.port.isdecimal() and len(self.port) < 6 else 0
        return port if port < 65536 else 0

    @property
    def implicit(self) -> bool:
        """TLS from the first byte on."""
        return self.socket_type.upper() == "SSL"

    @property
    def endpoint(self) -> str:
        """`host:port` as it is written."""
        return f"{self.hostname or '?'}:{self.port or '?'}"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Text: the XML. `fault`: why a mail program can read nothing in it, empty where it can."""

    outgoing: tuple[ClientServer, ...] = ()
    fault: str = ""
    page: bool = False
    """it is a page of a web site, as some send for whatever is asked"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the file. What is wrong is a fault of it, never an error."""
        reading = _Reading()
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler, parser.EndElementHandler = reading.begin, reading.end
        parser.CharacterDataHandler = reading.text
        parser.StartDoctypeDeclHandler = reading.doctype
        try:
            parser.Parse(text, True)
        except (_Refused, expat.ExpatError) as error:
            if text.lstrip("\ufeff \t\r\n")[:15].lower().startswith(("<!doctype html", "<html")):
                return cls(fault="it is a web page", page=True)
            what = str(error) if isinstance(error, _Refused) else f"it is no well-formed XML: {error}"
            return cls(fault=what)
        except UnicodeError:
            return cls(fault="it is no text")
        if reading.root.lower() == "html":
            return cls(fault="it is a web page", page=True)
        if reading.root != "clientConfig":
            return cls(fault=f"its first element is <{reading.root}>, not <clientConfig>")
        return cls(tuple(server.made for server in reading.servers))


class _Refused(Exception):
    """The file holds what none of its kind needs."""


@dataclass(slots=True)
class _Server:
    type: str
    values: dict[str, list[str]] = field(default_factory=dict)

    @property
    def made(self) -> ClientServer:
        first = {name: values[0].strip() for name, values in self.values.items()}
        return ClientServer(
            self.type,
            first.get("hostname", ""),
            first.get("port", ""),
            first.get("socketType", ""),
            first.get("username", ""),
            tuple(v.strip() for v in self.values.get("authentication", ())),
        )


_KEPT = frozenset({"hostname", "port", "socketType", "username", "authentication"})


@dataclass(slots=True)
class _Reading:
    """What was heard so far: the first element, the servers, and in which of their values we are."""

    root: str = ""
    servers: list[_Server] = field(default_factory=list)
    within: bool = False
    value: str = ""

    def doctype(self, *_: object) -> None:
        raise _Refused("it declares a document type, which no mail program wants")

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        self.root = self.root or name[:_LONGEST]
        if name == "outgoingServer":
            if len(self.servers) == _SERVERS:
                raise _Refused(f"it names more than {_SERVERS} outgoing servers")
            self.servers.append(_Server(attributes.get("type", "")[:_LONGEST]))
            self.within = True
        elif self.within and name in _KEPT:
            values = self.servers[-1].values.setdefault(name, [])
            if len(values) < _VALUES:
                values.append("")
                self.value = name

    def end(self, name: str) -> None:
        self.within = self.within and name != "outgoingServer"
        self.value = ""

    def text(self, words: str) -> None:
        if self.value:
            values = self.servers[-1].values[self.value]
            values[-1] = (values[-1] + words[:_LONGEST])[:_LONGEST]
