"""What a person pasted, as a host: it answers from that and from nothing else, and opens no file."""

from collections.abc import Mapping

from maildoctor.host import Answer, NoAnswer, Verb
from maildoctor.host.door import Door

_ROOTS = "drwxr-xr-x root root {}"
_USUAL = frozenset((
    "/", "/etc", "/etc/mail", "/etc/postfix", "/etc/postfix/sasl", "/etc/sasl2", "/etc/default", "/etc/dovecot", "/lib",
    "/lib64", "/opt", "/run", "/usr", "/usr/lib", "/usr/lib64", "/usr/lib/sasl2", "/usr/lib64/sasl2", "/usr/local",
    "/usr/local/etc", "/usr/local/lib", "/usr/local/lib/sasl2", "/usr/sbin", "/var", "/var/lib", "/var/log",
    "/var/run", "/var/spool", "/var/spool/postfix", "/var/spool/postfix/etc", "/var/spool/postfix/var",
    "/var/spool/postfix/var/run",
))  # fmt: skip
"""Folders that every system has as root's, open to all: on the way to what was pasted nobody shows them."""


_PRIVATE = "/var/spool/postfix/private"


class Pasted(Door):
    """A host whose answers are the pieces of a paste."""

    kind = "paste"

    def __init__(self, name: str, answers: Mapping[tuple[Verb, str], Answer]) -> None:
        super().__init__()
        self.name = name
        self._given = answers
        self._shown = frozenset(subject for verb, subject in answers if verb == "look")

    @property
    def commands(self) -> tuple[str, ...]:
        """None: nothing is run."""
        return ()

    def _answer(self, verb: Verb, subject: str) -> Answer:
        """From the paste; else that it was not pasted."""
        found = self._given.get((verb, subject))
        if found is not None:
            return found
        if verb == "look" and subject in _USUAL and any(p.startswith(f"{subject.rstrip('/')}/") for p in self._shown):
            return _ROOTS.format(subject)
        if verb == "look" and subject == _PRIVATE and any(p.startswith(f"{_PRIVATE}/") for p in self._shown):
            return f"drwx------ postfix root {_PRIVATE}"
        if verb == "real" and subject in self._shown:
            return _target(self._given.get(("look", subject)), subject)
        what = _WORDS.get(verb, subject or verb)
        return NoAnswer("unavailable", f"{what} was not pasted", "paste it too")


_WORDS: Mapping[Verb, str] = {
    "probe": "what the server says to clients",
    "processes": "which programs run",
    "listeners": "which ports are listened on",
    "hostname": "the name of the host",
}


def _target(look: Answer | None, path: str) -> Answer:
    if not isinstance(look, str):
        return look or NoAnswer("unavailable", f"{path} was not pasted", "paste it too")
    _, arrow, target = look.partition(" -> ")
    if not arrow:
        return path
    return target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
