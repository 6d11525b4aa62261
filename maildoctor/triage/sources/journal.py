"""The systemd journal, as journalctl tells it."""

import subprocess
import threading
from collections.abc import Sequence

from maildoctor import filesystem
from maildoctor.triage.sources import SourceError
from maildoctor.triage.sources.tied import tied

_FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,SYSLOG_PID,_HOSTNAME,_PID,_COMM,_SOURCE_REALTIME_TIMESTAMP"
"""What is asked for: all the others are three quarters of what journalctl would write."""

_MOST_WORDS = 16384
"""Bytes that are kept of what journalctl says on stderr."""

_UNSEEN = "not seeing messages from other users"


def argv(units: Sequence[str], since: float | None, until: float | None, *, follow: bool) -> list[str]:
    """The command that tells the journal of these units, all of it where there is none; times in seconds since 1970."""
    command = ["journalctl", "--no-pager", "--output=export"]
    command += [f"--unit={unit}" for unit in units]
    command += [f"--since=@{int(since)}"] if since is not None else []
    command += [f"--until=@{int(until)}"] if until is not None else []
    return [*command, "--follow", "--no-tail"] if follow else command


class Journal:
    """What journalctl writes, in export format."""

    def __init__(self, command: list[str]) -> None:
        """Raises SourceError where there is no journalctl."""
        self._command, self._again = command, False
        self._words = b""
        self.damage, self.position = "", 0
        # A journalctl of before 2018 does not know the option, ends at once, and is asked again without it.
        self._process = self._run([*command, f"--output-fields={_FIELDS}"])

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                [filesystem.program(command[0]) or f"/nowhere/{command[0]}", *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                preexec_fn=tied(),
            )
        except OSError as error:
            raise SourceError(
                "the journal cannot be read: journalctl could not be run", error.strerror or "journalctl",
                "name the log files instead, or run this where systemd runs",
            ) from error  # fmt: skip

        self._listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._listener.start()
        return process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Take what comes on stderr, or the pipe could fill up, and each would wait for the other."""
        assert process.stderr is not None
        with process.stderr as words:
            while said := words.read(_MOST_WORDS):
                self._words = (self._words + said)[:_MOST_WORDS]

    def readinto(self, buffer: memoryview) -> int:
        """See `Stream`."""
        while True:
            assert self._process.stdout is not None
            count = int(self._process.stdout.readinto(buffer))  # type: ignore[attr-defined]
            self.position += count
            if count or self._ended():
                return count

    def _ended(self) -> bool:
        """Whether that was all; False where it begins once more."""
        status = self._process.wait()
        self._listener.join(1)
        words = self._words.decode("utf-8", "replace").strip()
        if status != 0 and self.position == 0 and "output-fields" in words and not self._again:
            self._again = True
            self._let_go()
            self._words = b""
            self._process = self._run(self._command)
            return False
        if status != 0:
            self.damage = f"journalctl ended with status {status}: {words.splitlines()[0] if words else 'no words'}"
        elif _UNSEEN in words:
            self.damage = "shows this user only a part of the journal; run as root or in the group systemd-journal"
        return True

    def close(self) -> None:
        """See `Stream`."""
        self._let_go()

    def _let_go(self) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join(1)
        assert self._process.stdout is not None
        self._process.stdout.close()
