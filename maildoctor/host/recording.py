"""What a host said, kept in a folder and said again: `host.toml`, a table a verb, a line an answer.

The answers are the host's own words with secrets struck out at the door, so nothing here knows what they mean, and a
better parser reads more in an old recording. What was not answered is kept too: a replay does not know more than the
recording did.
"""

import os
from typing import get_args

from maildoctor import filesystem
from maildoctor.host import Answer, Host, HostError, NoAnswer, Verb, Why
from maildoctor.host.door import Door

_FILE = "host.toml"

_KINDS = ("host", "root", "container", "snapshot", "endpoint", "paste")
"""As in `Host.kind`: a recording may come from anywhere, and a report names it."""

LARGEST = 32 << 20
"""Bytes of a recording that are read; that of a usual host has 1 MB, and a parser of TOML needs ten times as much."""


class Recording:
    """A host that remembers every question and answer of another one."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.kind, self.name = host.kind, host.name
        self._said: dict[str, dict[str, Answer]] = {}

    @property
    def commands(self) -> tuple[str, ...]:
        """What the other host ran."""
        return self._host.commands

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """The other host's answer, remembered."""
        answer = self._host.ask(verb, subject)
        self._said.setdefault(verb, {})[subject] = answer
        return answer

    def save(self, directory: str) -> None:
        """Write the recording to a new directory, readable by the owner alone, whole or not at all. Raises HostError,
        also if there is something already."""
        try:
            filesystem.new_folder(directory, {_FILE: self._text().encode()})
        except OSError as error:
            if occupied := _occupied(directory):
                raise HostError(occupied, directory, "name a new directory for --record") from None
            what = f"cannot record: {error.strerror}"
            raise HostError(what, directory, "name a directory that can be written and has room") from None

    def _text(self) -> str:
        lines = ["# What a host said to maildoctor. Secrets of known forms were struck out:"]
        lines += ["# read it before you hand it on.", "[host]"]
        lines += [f"kind = {_quoted(self.kind)}", f"name = {_quoted(self.name)}"]
        lines += [f"commands = [{', '.join(map(_quoted, self.commands))}]"]
        for verb in sorted(self._said):
            lines += ["", f"[{verb}]"]
            lines += [
                f"{_quoted(subject)} = {_written(answer)}" for subject, answer in sorted(self._said[verb].items())
            ]
        return "\n".join(lines) + "\n"


class Replay(Door):
    """A recording as a host. `kind` is that of the recorded host, so that the report is the same byte for byte."""

    def __init__(self, directory: str, text: bytes | None = None) -> None:
        """`text`: what stands in the recording, where it lies in no folder. Raises HostError."""
        from maildoctor import toml

        super().__init__()
        path = os.path.join(directory, _FILE)
        try:
            if text is None:
                text = filesystem.read(path, LARGEST + 1)
            if len(text) > LARGEST:
                raise HostError(
                    f"it is larger than {LARGEST >> 20} MiB, so it is no recording", path, "record the host again"
                )
            self._said = toml.tables(text.decode("utf-8"))
            host = self._said.pop("host")
            self.kind, self.name = str(host["kind"]), str(host["name"])
            if self.kind not in _KINDS:
                raise ValueError("it is of no known kind of host")
            self.commands = tuple(str(c) for c in host["commands"])
            for verb, table in self._said.items():
                for subject, answer in table.items():
                    _checked(answer, f"the {verb} of {subject}")
        except OSError as error:
            raise HostError(f"no recording: {error.strerror}", path, "give a folder that --record made") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise HostError(f"the recording is damaged: {error}", path, "record the host again") from None

    def _answer(self, verb: Verb, subject: str) -> Answer:
        """What was said then."""
        answer = self._said.get(verb, {}).get(subject)
        if answer is None:
            return NoAnswer(
                "unavailable", f"the recording has no {verb} of {subject or 'the host'}", "record the host again"
            )
        if isinstance(answer, str):
            return answer
        return NoAnswer(answer["why"], answer["reason"], answer.get("remedy", ""))


def _occupied(directory: str) -> str:
    """What is there already, in words; empty where that is not why it cannot be written."""
    if filesystem.is_file(os.path.join(directory, _FILE)):
        return "there is a recording already"
    try:
        if not filesystem.is_folder(directory):
            filesystem.status(directory, follow=False)
            return "this is no directory"
        return "this directory is not empty" if filesystem.names(directory) else ""
    except OSError:
        return ""


def _checked(answer: object, what: str) -> None:
    """Raises TypeError for what is no answer."""
    if isinstance(answer, dict):
        words = [answer.get("why"), answer.get("reason"), answer.get("remedy", "")]
        if words[0] in get_args(Why) and all(isinstance(word, str) for word in words):
            return
    if not isinstance(answer, str):
        raise TypeError(f"{what} is neither words nor a silence")


def _written(answer: Answer) -> str:
    if isinstance(answer, NoAnswer):
        return (
            f"{{ why = {_quoted(answer.why)}, reason = {_quoted(answer.reason)}, remedy = {_quoted(answer.remedy)} }}"
        )
    if "\n" not in answer:
        return _quoted(answer)
    return '"""\n' + "\n".join(_escaped(line).replace('"""', '\\"\\"\\"') for line in answer.split("\n")) + '"""'


def _quoted(text: str) -> str:
    return '"' + _escaped(text).replace('"', '\\"').replace("\n", "\\n") + '"'


def _escaped(text: str) -> str:
    """For a basic string of TOML: backslash and control characters but newline; lone surrogates cannot stand in it."""
    text = text.encode("utf-8", "backslashreplace").decode() if not text.isascii() else text
    text = text.replace("\\", "\\\\")
    return "".join(
        c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
        for c in text
    )
