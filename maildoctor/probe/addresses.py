"""Addresses of hosts that are given by name. No name is waited for longer than the others take."""

import socket
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_AT_ONCE = 32
_MOST = 3
"""Addresses of one name that are tried: each may cost the whole patience."""
_WORDS = {
    socket.EAI_NONAME: "has no address",
    socket.EAI_NODATA: "has no address",
    socket.EAI_AGAIN: "cannot be looked up: the name service does not answer",
    socket.EAI_FAIL: "cannot be looked up: the name service failed",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An IP address, and `others` to try where nothing answers there; or none, and why: the end of a sentence that
    begins with the name."""

    address: str
    why: str = ""
    others: tuple[str, ...] = ()

    @property
    def next(self) -> "Found":
        """The next address. Raises IndexError where there is none."""
        return Found(self.others[0], others=self.others[1:])


def addresses(hosts: Iterable[str], families: Sequence[socket.AddressFamily], patience: float) -> dict[str, Found]:
    """The addresses of each host, those of the first of `families` before the others. Names are asked for side by side;
    when no answer came for `patience` seconds, the rest is given up: the resolver may hang for minutes."""
    found = {host: Found(host) for host in hosts if _is_address(host)}
    names = [host for host in dict.fromkeys(hosts) if host not in found]
    if not names:
        return found
    from queue import Empty, SimpleQueue
    from threading import Thread

    left = deque(names)
    answers: SimpleQueue[tuple[str, Found]] = SimpleQueue()

    def ask() -> None:
        while left:
            try:
                name = left.popleft()
            except IndexError:  # another thread was quicker
                return
            answers.put((name, _asked(name, families)))

    for _ in range(min(_AT_ONCE, len(names))):
        Thread(target=ask, daemon=True).start()
    silent = Found("", f"cannot be looked up: the name service does not answer within {patience:g} s")
    found |= dict.fromkeys(names, silent)
    try:
        for _ in names:
            name, answer = answers.get(timeout=patience)
            found[name] = answer
    except Empty:
        left.clear()
    return found


def resolved(known: Sequence[str], families: Sequence[socket.AddressFamily]) -> Found:
    """The same of a name whose addresses are known, in the order in which they are tried."""
    sorted_ones = [a for family in families for a in known if (":" in a) == (family == socket.AF_INET6)]
    if sorted_ones:
        return Found(sorted_ones[0], others=tuple(sorted_ones[1:_MOST]))
    return Found("", "has no address")


def _is_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
            return True
        except (OSError, ValueError):
            continue
    return False


def _asked(name: str, families: Sequence[socket.AddressFamily]) -> Found:
    try:
        rows = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return Found("", _WORDS.get(error.errno or 0, f"cannot be looked up: {error.strerror}"))
    except (OSError, ValueError):
        return Found("", "is no name of a host")
    found = list(dict.fromkeys(str(row[4][0]) for family in families for row in rows if row[0] == family))
    if found:
        return Found(found[0], others=tuple(found[1:_MOST]))
    return Found("", f"has no address of IPv{6 if families == (socket.AF_INET6,) else 4}")
