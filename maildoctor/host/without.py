"""A host that is not asked one kind of question, whoever may want to know."""

from maildoctor.host import Answer, Host, NoAnswer, Verb


class Without:
    """`host` without the questions `verb`; `why` says who wanted that."""

    def __init__(self, host: Host, verb: Verb, why: str, remedy: str) -> None:
        self._host, self._verb, self._no_answer = host, verb, NoAnswer("unavailable", why, remedy)
        self.kind, self.name = host.kind, host.name

    @property
    def commands(self) -> tuple[str, ...]:
        """What the other host ran."""
        return self._host.commands

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """The other host's answer, or silence."""
        return self._no_answer if verb == self._verb else self._host.ask(verb, subject)
