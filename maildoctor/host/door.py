"""What every answer passes before anything else sees it: here, and nowhere else, secrets are struck out."""

from maildoctor.host import Answer, NoAnswer, Verb
from maildoctor.masking import kind_of, masked

_LISTINGS = frozenset((
    "look", "changed", "real", "acl", "list", "map", "accounts", "passwd-file", "handshake", "keytab", "tally",
    "sasldb", "elf", "cert", "key", "space", "listeners", "hostname", "build", "release", "elapsed", "whoami",
    "clock", "clear", "kdc",
))  # fmt: skip
"""What we write ourselves, of names, numbers and digests: a user called `password` is no password."""
_LINES = frozenset((
    "logins", "recent", "run", "processes", "probe", "announced", "directory", "imap", "greets", "dns", "bound",
    "start",
))  # fmt: skip


class Door:
    """A host whose answers are remembered, and masked before they are."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Verb, str], Answer] = {}

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """The answer to one question, without secrets, remembered."""
        key = (verb, subject)
        if key not in self._answers:
            self._answers[key] = _without_secrets(verb, subject, self._answer(verb, subject))
        return self._answers[key]

    def _answer(self, verb: Verb, subject: str) -> Answer:
        raise NotImplementedError


def _without_secrets(verb: Verb, subject: str, answer: Answer) -> Answer:
    if isinstance(answer, NoAnswer):
        return NoAnswer(answer.why, masked(answer.reason, "log"), masked(answer.remedy, "log"))
    if verb in _LISTINGS:
        return masked(answer, "names")
    if verb in _LINES:
        return masked(answer, "log")
    return masked(answer, kind_of(subject), settings=True)
