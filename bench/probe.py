"""How long `maildoctor probe` takes beside programs that an administrator knows, over many servers.

`python -m bench.probe` starts a farm of SMTP servers on loopback, one in ten of them 100 ms away, and prints the ratio
of wall times of whole processes, the two of a pair in turns (A B A B …), the round trips that the farm counted, and
the peak of memory. What is not installed is left out.
"""

import argparse
import asyncio
import os
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

CHECK_SMTP = "/usr/lib/nagios/plugins/check_smtp"
FAR = 0.1
_GREETING = b"220 mail.example.com ESMTP\r\n"
_EXTENSIONS = (
    b"250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"
)
_MECHANISMS = b"250 AUTH DIGEST-MD5 CRAM-MD5 PLAIN LOGIN\r\n"


# ---- the farm: a process of its own


class Counts:
    """What the farm counted since it was last asked."""

    def __init__(self) -> None:
        self.connections = self.flights = 0


class Connection(asyncio.Protocol):
    """One client at one server; replies come `delay` seconds late."""

    def __init__(self, counts: Counts, context: ssl.SSLContext, delay: float) -> None:
        self._counts, self._context, self._delay = counts, context, delay
        self._left = b""
        self._tls: ssl.SSLObject | None = None
        self._shaking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counts.connections += 1
        self._say(_GREETING)

    def data_received(self, data: bytes) -> None:
        if self._tls is not None:
            self._in.write(data)
            data = self._decrypted()
        self._left += data
        while b"\n" in self._left:
            line, _, self._left = self._left.partition(b"\n")
            self._answer(line.strip().upper())

    def _answer(self, line: bytes) -> None:
        verb = line.partition(b" ")[0]
        if verb == b"EHLO":
            self._say(_EXTENSIONS + (b"" if self._tls else b"250-STARTTLS\r\n") + _MECHANISMS)
        elif verb == b"STARTTLS":
            self._say(b"220 2.0.0 go ahead\r\n")
            self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
            self._tls = self._context.wrap_bio(self._in, self._out, server_side=True)
            self._shaking = True
        elif verb == b"QUIT":
            self._counts.flights -= 1  # the reply to it is not waited for, or need not be
            self._say(b"221 2.0.0 bye\r\n")
            self._later(self._transport.close)
        else:
            self._say(b"250 2.0.0 ok\r\n")

    def _decrypted(self) -> bytes:
        assert self._tls is not None
        data = b""
        try:
            if self._shaking:
                self._tls.do_handshake()
                self._shaking = False
            while piece := self._tls.read(65536):
                data += piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self._transport.abort()
        if self._shaking:
            self._push(self._out.read())
        return data

    def _say(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.write(data)  # session tickets of the handshake go out with it
            data = self._out.read()
        self._push(data)

    def _push(self, data: bytes) -> None:
        self._counts.flights += 1
        self._later(lambda: self._transport.write(data))

    def _later(self, act: Callable[[], None]) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, act)
        else:
            act()


async def farm(addresses: Sequence[str], port: int) -> None:
    """Serve until the end of the standard input; each line of it is answered by what was counted since the last."""
    from tests.authority import Authority  # not for the process that starts the others: they begin with its size

    with tempfile.TemporaryDirectory() as folder:
        context = Authority(Path(folder)).context(self_signed=True)
    loop, counts = asyncio.get_running_loop(), Counts()
    for number, address in enumerate(addresses):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        delay = 0.0 if number % 10 else FAR
        await loop.create_server(lambda d=delay: Connection(counts, context, d), sock=listener)  # type: ignore[misc]
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say("ready")
    while await lines.readline():
        say(f"{counts.connections} {counts.flights}")
        counts.connections = counts.flights = 0


class Farm:
    """The farm as a process, while it is entered."""

    def __init__(self, count: int, port: int) -> None:
        words = [sys.executable, "-m", "bench.probe", "--farm", "--targets", str(count), "--port", str(port)]
        self._child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        if self._answer() != "ready":
            raise SystemExit("the farm does not start: is a server at its port already?")
        return self

    def __exit__(self, *_: object) -> None:
        self._child.send_signal(signal.SIGTERM)
        self._child.communicate()

    def counted(self) -> tuple[int, int]:
        """Connections, and how often clients waited, since the last call."""
        print("count", file=self._pipe(self._child.stdin), flush=True)
        connections, flights = self._answer().split()
        return int(connections), int(flights)

    def _answer(self) -> str:
        return self._pipe(self._child.stdout).readline().strip()

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


# ---- the pairs


@dataclass(frozen=True)
class Run:
    """What one process took: seconds of wall time, of processor time, its peak of memory in MiB (not below that of this
    process, with which it begins); round trips a target, TCP's and those before QUIT."""

    seconds: float
    cpu: float
    peak: float
    trips: float


@dataclass(frozen=True)
class Program:
    """What it is called here, and its words."""

    name: str
    words: Sequence[str]


def run(program: Program, of: Farm, count: int) -> Run:
    """One process, its output thrown away. Raises SystemExit where it did not speak to all servers."""
    of.counted()
    began = time.perf_counter()
    with subprocess.Popen(program.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, state, usage = os.wait4(child.pid, 0)
        took = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(state)
    time.sleep(2 * FAR)  # what is still on its way to a far server
    connections, flights = of.counted()
    if connections < count:
        raise SystemExit(f"{program.name} spoke to {connections} of {count} servers and gave {child.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(took, cpu, usage.ru_maxrss / 1024, (connections + flights) / count)


def ours(targets: str, port: int, *options: str) -> Program:
    """Our own words."""
    program = str(Path(sys.executable).with_name("maildoctor"))
    words = ("probe", "-q", "--exit-zero", "--allow-unknown", "--targets", targets, "--port", str(port), *options)
    return Program(" ".join(("probe", *options)), (program, *words))


def peers(targets: str, port: int) -> Iterator[tuple[Program, Sequence[str]]]:
    """Those that are installed, and the options with which we do the same."""
    if shutil.which("nmap"):
        script = "smtp-commands" if port == 25 else "+smtp-commands"
        nmap = ("nmap", "-n", "-Pn", "--script", script, f"-p{port}", "-iL", targets)
        yield Program("nmap --script smtp-commands", nmap), ("--tls", "never")
        yield Program("nmap --script smtp-commands", nmap), ()
    if os.path.exists(CHECK_SMTP):
        many = ("xargs", "-a", targets, "-P32", "-n1", CHECK_SMTP, "-p", str(port))
        yield Program("check_smtp, 32 at once", (*many, "-H")), ("--tls", "never")
        yield Program("check_smtp -S -D 7, 32 at once", (*many, "-S", "-D", "7", "-H")), ()


def pair(runs: int, count: int, of: Farm, our: Program, other: Program) -> None:
    """Prints one line: the ratio of the medians, ours to theirs, and what they are made of."""
    run(our, of, count)  # once from a cold cache, and not counted
    both = [(run(our, of, count), run(other, of, count)) for _ in range(runs)]
    a, b = ([one[side] for one in both] for side in (0, 1))
    ratio = statistics.median(x.seconds for x in a) / statistics.median(x.seconds for x in b)
    say(f"{ratio:7.3f} x  {our.name} {_summary(a)}  against  {other.name} {_summary(b)}")


def _summary(runs: Sequence[Run]) -> str:
    low, middle, high = (f([x.seconds for x in runs]) for f in (min, statistics.median, max))
    cpu = statistics.median(x.cpu for x in runs)
    peak, trips = max(x.peak for x in runs), statistics.median(x.trips for x in runs)
    return f"{middle:.2f} s ({low:.2f}-{high:.2f}; {cpu:.2f} s of processor), {peak:.0f} MiB, {trips:.1f} round trips"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.probe", description=__doc__)
    parser.add_argument("--targets", type=int, default=2000, help="how many servers (2000)")
    parser.add_argument("--runs", type=int, default=5, help="how often each side of a pair runs (5)")
    parser.add_argument("--port", type=int, default=25 if os.geteuid() == 0 else 2525, help="of all servers (25)")
    parser.add_argument("--farm", action="store_true", help="only be the farm, until the standard input ends")
    asked = parser.parse_args()
    addresses = [f"127.9.{number // 250}.{number % 250 + 1}" for number in range(asked.targets)]
    if asked.farm:
        asyncio.run(farm(addresses, asked.port))
        return
    with tempfile.TemporaryDirectory() as folder, Farm(asked.targets, asked.port) as of:
        targets = os.path.join(folder, "targets")
        Path(targets).write_text("".join(f"{address}\n" for address in addresses))
        say(f"{asked.targets} servers, one in ten {FAR * 1000:g} ms away; medians of {asked.runs} pairs")
        for other, options in peers(targets, asked.port):
            pair(asked.runs, asked.targets, of, ours(targets, asked.port, *options), other)


if __name__ == "__main__":
    main()
