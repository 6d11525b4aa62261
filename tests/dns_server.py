"""A name server for tests, on a port of loopback that the kernel chooses, over UDP and TCP.

`zone`: by name without its last dot and type, the values as a zone file has them; a name that is in no row does not
exist. What is not a list of values is done instead of an answer: bytes are sent as they are, None is no answer at all.
"""

import socket
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str] | bytes | None]


class NameServer:
    """Answers while it is entered; `asked`: names and types in the order in which they came."""

    def __init__(self, zone: Zone) -> None:
        self.asked: list[tuple[str, str]] = []
        self._zone = zone
        self._names = {name for name, _ in zone}
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.port = int(self._udp.getsockname()[1])
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._packets, self._streams)]

    @property
    def address(self) -> str:
        """As `--resolver` takes it."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", self.port))
        self._tcp.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()

    def _packets(self) -> None:
        while True:
            data, client = self._udp.recvfrom(4096)
            if not data:
                return
            if (answer := self._answer(data, 1232)) is not None:
                self._udp.sendto(answer, client)

    def _streams(self) -> None:
        while True:
            try:
                talk, _ = self._tcp.accept()
            except OSError:
                return
            with talk:
                size = int.from_bytes(talk.recv(2), "big")
                if (answer := self._answer(talk.recv(size), 65535)) is not None:
                    talk.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, data: bytes, largest: int) -> bytes | None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        name, kind = question.name.to_text().rstrip(".").lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        for _ in range(8):
            alias = self._zone.get((name, "CNAME"))
            if not isinstance(alias, list):
                break
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".").lower()
        values = self._zone.get((name, kind), [])
        if values is None or isinstance(values, bytes):
            return values
        if values:
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *values))
        elif name not in self._names:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        try:
            return reply.to_wire(max_size=largest)
        except dns.exception.TooBig:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            return reply.to_wire()
