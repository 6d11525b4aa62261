"""Running programs and listening sockets as Linux tells them in /proc, for this machine or for a container on it.

Source: proc_pid_stat(5), proc_pid_status(5), proc_pid_net(5). A process may end at any moment: it is then left out.
"""

import contextlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from maildoctor import filesystem
from maildoctor.host import NoAnswer

COMMAND = 4096
"""Bytes of a command line that are read; the longest options of a mail program have 300."""

_ALL_COMMANDS = 256 * 1024
"""Characters of all processes that are told: each is looked at for secrets. A busy host has 300 processes of 100."""

_TABLE = 64 * 1024 * 1024
"""Bytes of a table of sockets that are read: some 400 000 rows."""

_ROUTES_TABLE = 4 * 1024 * 1024
"""Bytes of a table of routes that are read: some 30 000 rows."""

_ROUTES = 2_000
"""Routes that are told, and others that are compared with them."""

_NETS = 50
"""Nets without a way to them that are told."""

_DIGITS = 32
"""Hexadecimal digits of an IPv6 address."""

_REJECTS = 0x0200
"""RTF_REJECT of linux/route.h."""

_LISTEN = "0A"
"""TCP_LISTEN of net/tcp_states.h."""

_MAPS = 1024 * 1024
"""Bytes of the table of what a process has mapped: sendmail's has 10 KiB."""

_MARKS = 200
"""Lines that tell more of processes, at most."""

_LIBRARIES = ("/libsasl2.so", "/sasl2/", "/libssl.so", "/libcrypto.so", "/libdb-")

_ACCEPTS = 0x10000
"""__SO_ACCEPTCON of linux/net.h."""

Pids = Mapping[int, int]
"""The processes in question: the number by which we know one, and the number to tell."""

NO_PROC = NoAnswer("unavailable", "/proc is not mounted, so processes cannot be seen", "mount -t proc proc /proc")


def serves() -> bool:
    """Whether this kernel is one whose /proc is read here."""
    return sys.platform.startswith("linux")


def everyone() -> Pids:
    """All processes that /proc shows; none where it is not mounted."""
    with contextlib.suppress(FileNotFoundError):
        return {int(name): int(name) for name in filesystem.names("/proc") if name.isascii() and name.isdigit()}
    return {}


def beside(pid: int) -> Pids:
    """The processes in the pid namespace of `pid`, told by their numbers in it. Raises OSError; PermissionError also
    where we may not see in which namespace a process is that may well be in this one."""
    depth = len(_numbers(pid))
    # one number alone: it is in our own namespace, and so is every other with one; no right is needed to see that
    home = filesystem.link(f"/proc/{pid}/ns/pid") if depth > 1 else ""
    found = {}
    for other in everyone():
        try:
            numbers = _numbers(other)
            if len(numbers) == depth and (not home or filesystem.link(f"/proc/{other}/ns/pid") == home):
                found[other] = numbers[-1]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def eldest(pids: Iterable[int]) -> int | None:
    """Of these processes the one with the lowest number in its own pid namespace, 1 for the first of a container."""
    ages = []
    for pid in pids:
        with contextlib.suppress(OSError):
            ages.append((_numbers(pid)[-1], pid))
    return min(ages)[1] if ages else None


def _numbers(pid: int) -> list[int]:
    """The numbers of a process: ours first, that in its own namespace last."""
    row = next((line for line in _status_of(pid) if line.startswith("NSpid:")), f"NSpid: {pid}")
    return [int(word) for word in row.split()[1:]]


def command_of(pid: int) -> str:
    """The command of one process as a Dockerfile writes it: `CMD ["supervisord", "-n"]`. Raises OSError."""
    return f"CMD {json.dumps(_command(pid).rstrip(chr(0)).split(chr(0)))}"


def running(pids: Pids, wanted: tuple[str, ...], root: str, user: Callable[[int], str]) -> str:
    """`PID USER STARTED PROGRAM COMMAND`, a line for each process whose name begins with one of `wanted` and whose root
    directory is `root`, or a folder of spools in it, as far as `some` tells them; `stopped: PID` of one that a signal
    has suspended, `old library: PID PATH` of one that works with a library that was replaced on disk, `libsasl: PID
    PATH` of the libsasl in use. `user` gives the name of a user id. Raises OSError."""
    wanted_root = filesystem.status(root)
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    rows, marks = list[tuple[str, str]](), list[str]()
    for pid in sorted(pids):
        with contextlib.suppress(OSError):
            name, state, ticks = _stat(pid)
            command = _command(pid)
            name = _whole(name, command)
            if state == "Z" or not name.startswith(wanted):
                continue
            if not same_root(pid, wanted_root) and not (root == "/" and _in_spool(pid)):
                continue
            started = ticks / os.sysconf("SC_CLK_TCK") + booted
            reported = " ".join(command.replace("\0", " ").split()) or name
            owner = user(_owner(pid))
            rows.append((owner, f"{pids[pid]} {owner} {started:.2f} {program(pid, user)} {reported}"))
            if len(marks) < _MARKS:
                marks += [f"stopped: {pids[pid]}"] if state == "T" else []
                mapped = _mapped(pid)
                marks += (f"old library: {pids[pid]} {path}" for path in _old_libraries(mapped))
                marks += (f"libsasl: {pids[pid]} {path}" for path in _libsasl(mapped))
    return "\n".join([some(rows), *marks[:_MARKS]])


def _mapped(pid: int) -> list[str]:
    """The files that a process has mapped, as the kernel tells them."""
    try:
        maps = filesystem.kernel(f"/proc/{pid}/maps", _MAPS).decode("utf-8", "backslashreplace")
    except OSError:
        return []
    rows = (row.split(None, 5) for row in maps.splitlines())
    return list(dict.fromkeys(row[5] for row in rows if len(row) == 6 and row[5].startswith("/")))


def _libsasl(mapped: Sequence[str]) -> list[str]:
    """The libsasl that a process has in use."""
    return [_one_word(path) for path in mapped if "/libsasl2.so" in path and not path.endswith(" (deleted)")][:1]


def _old_libraries(mapped: Sequence[str]) -> list[str]:
    """Libraries of libsasl, OpenSSL and Berkeley DB that a process has in use and that are no more on disk."""
    gone = (path.removesuffix(" (deleted)") for path in mapped if path.endswith(" (deleted)"))
    return [_one_word(path) for path in dict.fromkeys(gone) if any(word in path for word in _LIBRARIES)]


def some(rows: Sequence[tuple[str, str]]) -> str:
    """Of lines about processes, each with the name of its user, as many as are told, in order, and above them how many
    were left out. Those of root come first; of the others no user's keep out those of another, however many there
    are."""
    lines, ranked, seen = [line for _, line in rows], list[tuple[bool, int, int]](), Counter[str]()
    for number, (owner, _) in enumerate(rows):
        seen[owner] += 1
        ranked.append((owner not in ("root", "0"), seen[owner], number))
    kept, left = set[int](), _ALL_COMMANDS
    for _, _, number in sorted(ranked):
        left -= len(lines[number])
        if left < 0:
            break
        kept.add(number)
    cut = [f"# cut: only {len(kept):,} of {len(lines):,} processes are told"] if len(kept) < len(lines) else []
    return "\n".join([*cut, *(line for number, line in enumerate(lines) if number in kept)])


def listening(pids: Pids, net: str) -> str:
    """`ADDRESS PORT PID PROGRAM`, a line for each listening TCP socket in the tables of the folder `net`; the owners
    are looked for among `pids`. Raises OSError."""
    sockets = list(_listeners(f"{net}/tcp"))
    with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
        sockets += _listeners(f"{net}/tcp6")
    owners = _owners(pids, {inode for _, _, inode in sockets})
    rows = set()
    for ip, port, inode in sockets:
        pid = owners.get(inode)
        rows.add((port, ip, 0 if pid is None else pids[pid], "?" if pid is None else _name(pid)))
    return "\n".join(f"{ip} {port} {pid or '?'} {owner}" for port, ip, pid, owner in sorted(rows))


def bound(path: str, net: str) -> str:
    """Whether a process listens on a socket of this name, by the table of the folder `net`. One that is known by
    another way to the same directory counts too. Raises OSError."""
    name = path.rpartition("/")[2]
    for line in filesystem.kernel(f"{net}/unix", _TABLE).decode("utf-8", "replace").splitlines()[1:]:
        row = line.split(None, 7)
        if len(row) > 7 and row[7].rpartition("/")[2] == name and int(row[3], 16) & _ACCEPTS:
            return "yes"
    return "no"


def addresses(net: str) -> str:
    """The addresses that the tables of the folder `net` hold, a line each (net/ipv4/fib_trie.c, `host LOCAL`;
    net/ipv6/addrconf.c, if6_seq_show()). Raises OSError."""
    found: dict[str, None] = {}
    before = ""
    for line in filesystem.kernel(f"{net}/fib_trie", _ROUTES_TABLE).decode("ascii", "replace").splitlines():
        words = line.split()
        if words[:1] == ["|--"] and len(words) == 2:
            before = words[1]
        elif words[-2:] == ["host", "LOCAL"] and before:
            found[before] = None
    with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
        for line in filesystem.kernel(f"{net}/if_inet6", _ROUTES_TABLE).decode("ascii", "replace").splitlines():
            row = line.split()
            if row and len(row[0]) == _DIGITS:
                found[_ipv6(row[0])] = None
    if not found:
        raise OSError(f"{net}/fib_trie names no address")
    return "\n".join([*list(found)[:_ROUTES], *_nonlocal()])


def _nonlocal() -> list[str]:
    """Whether a program may bind to addresses that the host has not (ip(7)); that of our own network, for no other can
    be seen."""
    for family in ("ipv4", "ipv6"):
        with contextlib.suppress(OSError):
            if filesystem.kernel(f"/proc/sys/net/{family}/ip_nonlocal_bind", 16).strip() == b"1":
                return ["nonlocal"]
    return []


def refusing(net: str) -> str:
    """`unreachable ADDRESS`, `blackhole NET/LENGTH`, a line for each route in the tables of the folder `net` that lets
    nothing through; of nets those of which no part has a route of its own. At most `_ROUTES` of single addresses and
    `_NETS` of nets are told. Raises OSError."""
    refused, others = list[tuple[str, str, int]](), list[tuple[str, int]]()
    for word, place, length in _routes(net):
        if word:
            refused.append((word, place, length))
        elif len(others) < _ROUTES:
            others.append((place, length))
    single = [f"{word} {place}" for word, place, length in refused if length == _bits(place)]
    nets = [row for row in refused if row[2] != _bits(row[1])]
    cut = [f"# cut: only {_ROUTES:,} of {len(single):,} routes are told"] if len(single) > _ROUTES else []
    return "\n".join([*cut, *single[:_ROUTES], *_whole_nets(nets[:_NETS], others)])


def _whole_nets(nets: Sequence[tuple[str, str, int]], others: Sequence[tuple[str, int]]) -> Iterator[str]:
    """The longest prefix decides, so of a refused net a part may be reached all the same."""
    if not nets:
        return
    from ipaddress import ip_address

    numbers = [(int(ip_address(place)), _bits(place), length) for place, length in others]
    for word, place, length in nets:
        bits = _bits(place)
        start = int(ip_address(place)) >> (bits - length)
        if not any(b == bits and more > length and n >> (bits - length) == start for n, b, more in numbers):
            yield f"{word} {place}/{length}"


def _bits(place: str) -> int:
    return 128 if ":" in place else 32


def _routes(net: str) -> Iterator[tuple[str, str, int]]:
    """What a route does to packets (empty: it lets them through), its destination and the length of its prefix; the
    default routes are left out. Sources: linux net/ipv4/fib_trie.c, fib_route_seq_show(): a route without a device has
    `*`, of which only unreachable and prohibit carry a flag; net/ipv6/route.c, rt6_info_route()."""
    with contextlib.suppress(FileNotFoundError):
        for line in filesystem.kernel(f"{net}/route", _ROUTES_TABLE).decode("ascii", "replace").splitlines()[1:]:
            row = line.split()
            if len(row) > 7 and (length := int(row[7], 16).bit_count()):
                flags = int(row[3], 16)
                word = "unreachable" if flags & _REJECTS else "blackhole" if row[0] == "*" and not flags & 2 else ""
                yield word, address(f"{row[1]}:0")[0], length
    with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
        for line in filesystem.kernel(f"{net}/ipv6_route", _ROUTES_TABLE).decode("ascii", "replace").splitlines():
            row = line.split()
            if len(row) > 8 and (length := int(row[1], 16)):
                yield "unreachable" if int(row[8], 16) & _REJECTS else "", _ipv6(row[0]), length


def _ipv6(digits: str) -> str:
    import socket

    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))


def address(text: str) -> tuple[str, int]:
    """The IP address and the port of `0100007F:0019`: words of 32 bits as they lie in memory, the port as a number.
    Raises ValueError."""
    import socket

    words, _, port = text.partition(":")
    raw = b"".join(int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8))
    if len(words) not in (8, 32):
        raise ValueError(text)
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw), int(port, 16)


def same_root(pid: int, wanted_root: os.stat_result) -> bool:
    """Whether a process sees the same root directory: one of a container on this machine does not."""
    try:
        there = filesystem.status(f"/proc/{pid}/root/")
    except OSError:
        return True
    return (there.st_dev, there.st_ino) == (wanted_root.st_dev, wanted_root.st_ino)


def _in_spool(pid: int) -> bool:
    """Whether a process works in a spool of this machine as its root, as those of Postfix do in its queue."""
    try:
        place, home = filesystem.link(f"/proc/{pid}/root"), filesystem.link("/proc/self/ns/mnt")
        return place.startswith("/var/spool/") and filesystem.link(f"/proc/{pid}/ns/mnt") == home
    except OSError:
        return False


def program(pid: int, user: Callable[[int], str]) -> str:
    """The running file, one word, with `#deleted` glued to it where the file on disk is another one by now, and
    `#of:OWNER` where its owner is not root."""
    try:
        path, owner = filesystem.link(f"/proc/{pid}/exe"), user(filesystem.status(f"/proc/{pid}/exe").st_uid)
    except OSError:
        return "?"
    deleted = "#deleted" if path.endswith(" (deleted)") else ""
    return (
        _one_word(path.removesuffix(" (deleted)"))
        + deleted
        + (f"#of:{_one_word(owner)}" if owner not in ("root", "0") else "")
    )


def _one_word(path: str) -> str:
    raw = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() and c != " " else f"\\x{ord(c):02x}" for c in raw)


def _stat(pid: int) -> tuple[str, str, int]:
    """Name, state, and when it started in clock ticks since the machine did. The name may hold anything."""
    head, _, tail = filesystem.kernel(f"/proc/{pid}/stat", 4096).rpartition(b")")
    fields = tail.decode().split()
    name = head.partition(b"(")[2].decode("utf-8", "backslashreplace")
    return " ".join(name.split()), fields[0], int(fields[19])


def _command(pid: int) -> str:
    return filesystem.kernel(f"/proc/{pid}/cmdline", COMMAND).decode("utf-8", "backslashreplace")


def _whole(name: str, command: str) -> str:
    """The kernel keeps 15 bytes of a name; the command may show the rest."""
    longer = command.partition("\0")[0].rpartition("/")[2]
    return " ".join(longer.split()) if len(name) >= 15 and longer.startswith(name) else name


def _name(pid: int) -> str:
    try:
        return _whole(_stat(pid)[0], _command(pid)) or "?"
    except OSError:
        return "?"


def _owner(pid: int) -> int:
    """The real user id, as we see it."""
    return int(next(line for line in _status_of(pid) if line.startswith("Uid:")).split()[1])


def _status_of(pid: int) -> list[str]:
    return filesystem.kernel(f"/proc/{pid}/status", 65536).decode("utf-8", "replace").splitlines()


def _listeners(table: str) -> Iterator[tuple[str, int, str]]:
    """Address, port and inode of each listening socket."""
    for line in filesystem.kernel(table, _TABLE).decode("ascii", "replace").splitlines()[1:]:
        row = line.split()
        if len(row) > 9 and row[3] == _LISTEN:
            yield *address(row[1]), row[9]


def _owners(pids: Pids, inodes: set[str]) -> dict[str, int]:
    """Which process holds which of these sockets; of several the last that came."""
    held = {}
    for pid in sorted(pids):
        with contextlib.suppress(OSError):
            for name in filesystem.names(f"/proc/{pid}/fd"):
                inode = _socket(f"/proc/{pid}/fd/{name}")
                if inode in inodes:
                    held[inode] = pid
    return held


def _socket(link: str) -> str:
    """The inode of the socket that an open file is, or nothing."""
    try:
        target = filesystem.link(link)
    except OSError:
        return ""
    return target[len("socket:[") : -1] if target.startswith("socket:[") else ""
