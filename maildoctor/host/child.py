"""A program that is run to hear what it says: no shell, no input, a time limit, a limit on what it may print."""

import contextlib
import os
import select
import shlex
import signal
import subprocess
import time

from maildoctor.host import Answer, NoAnswer

PATIENCE = 5.0
"""Seconds that a program may take. A sendmail that cannot qualify its own name sleeps for a minute first."""

OUTPUT = 256 * 1024
"""Bytes of output that are kept; a program that prints more is ended."""

PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


class Child:
    """A program that was started; `words` waits for it and gives `exit N` and what it printed."""

    def __init__(self, argv: list[str], process: subprocess.Popen[bytes]) -> None:
        self._argv, self._process, self._end = argv, process, time.monotonic() + PATIENCE

    def words(self) -> Answer:
        """`exit N`, then the output, undecodable bytes escaped. Who stops waiting for it ends it."""
        try:
            return self._answer()
        except BaseException:
            self._kill()
            raise

    def _answer(self) -> Answer:
        if self._process.stdout is None:
            raise ValueError("a child is started with a pipe")
        fd, said, shown = self._process.stdout.fileno(), b"", shlex.join(self._argv)
        while True:
            left = self._end - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                self._kill()
                return NoAnswer("failed", f"`{shown}` took longer than {PATIENCE:.0f} s", f"run `{shown}` by hand")
            chunk = os.read(fd, 65536)
            if not chunk:
                break
            said += chunk
            if len(said) > OUTPUT:
                self._kill()
                return NoAnswer("failed", f"`{shown}` printed more than {OUTPUT // 1024} KiB", f"run `{shown}` by hand")
        try:
            status = self._process.wait(max(0.1, self._end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._kill()
            return NoAnswer("failed", f"`{shown}` did not end", f"run `{shown}` by hand")
        return f"exit {status}\n" + said.decode("utf-8", "backslashreplace")

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def start(argv: list[str]) -> Child | NoAnswer:
    """Start a program, in a session of its own so that it can be ended with all it starts."""
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": PATH, "LC_ALL": "C", "HOME": "/"},
            start_new_session=True,
        )
    except FileNotFoundError:
        return NoAnswer("absent", f"there is no {argv[0]}")
    except OSError as error:
        return NoAnswer("failed", f"{argv[0]} could not be run: {error.strerror}")
    return Child(argv, process)
