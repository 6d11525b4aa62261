"""The restriction lists of an smtpd, walked in Postfix's own order (smtpd/smtpd_check.c).

A permit ends its own list alone, a reject all of them. Of what Postfix would ask a table, the DNS or a server only what
is certain is told: tables of the types `static` and `inline` are known, all others may say anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from maildoctor.facts.postfix.server import Smtpd

Stage = Literal["client", "helo", "sender", "relay", "recipient"]

Who = Literal["user", "stranger"]
"""Both come from another network and send to another domain; a user has logged in."""

Answer = Literal["permit", "reject", "pass", "maybe", "may-permit"]
"""`pass`: the next item is asked; `maybe`: it may turn the client away, by what a table, the DNS or a server says;
`may-permit`: a table may let it through as well."""

REQUIRED = frozenset(
    {
        "reject_unauth_destination",
        "defer_unauth_destination",
        "reject",
        "defer",
        "defer_if_permit",
        "check_relay_domains",
    }
)
"""smtpd_check_init(): without one of them in the relay or recipient list smtpd ends with a fatal error."""

_WITH_ARGUMENT = re.compile(
    r"check_\w{1,60}|reject_rbl_client|reject_rhsbl_\w{1,30}|permit_dnswl_client|permit_rhswl_client|sleep"
)
_REFUSING_FOREIGN = frozenset({"reject_unauth_destination", "defer_unauth_destination", "check_relay_domains"})
_ALL = frozenset({"reject", "defer", "reject_plaintext_session"})
_BY_LOGIN = frozenset(
    {
        "reject_sender_login_mismatch",
        "reject_authenticated_sender_login_mismatch",
        "reject_known_sender_login_mismatch",
        "reject_unauthenticated_sender_login_mismatch",
    }
)
_OF_STRANGERS = re.compile(
    r"reject_(?:unknown_(?:reverse_)?client_hostname|unknown_client|rbl_client|rhsbl_\w{1,30}|(?:invalid|non_fqdn|"
    r"unknown)_(?:helo_)?hostname|unlisted_\w{1,20})"
)
"""What rejects the computers of users at home: their address is on a block list, their name is none of the DNS."""
_DEEPEST = 20
_MOST = 2_000
_WIDE = re.compile(r"(?:0\.0\.0\.0|\[?::\]?)/0|static:all")


@dataclass(frozen=True, slots=True)
class Item:
    """One restriction. `argument`: of those that ask a table or a server; `warned`: behind warn_if_reject, which makes
    its reject a line in the log; `classes`: the restriction classes through which it was reached."""

    name: str
    argument: str = ""
    warned: bool = False
    classes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.argument}".strip()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a list comes to: the answer of the first item that settles it, and what stands before it and may reject or
    permit."""

    stage: Stage
    answer: Literal["permit", "reject", "pass"]
    by: Item | None
    doubts: tuple[Item, ...] = ()
    """items before it that may reject, by a table, the DNS or a server"""
    openings: tuple[Item, ...] = ()
    """items before it that may permit, by a table"""


def parameter(stage: Stage) -> str:
    """What main.cf calls a list."""
    return f"smtpd_{stage}_restrictions"


def items(smtpd: Smtpd, stage: Stage) -> tuple[Item, ...]:
    """The items of a list, restriction classes unfolded where they stand."""
    classes = frozenset(_words(smtpd.value("smtpd_restriction_classes")))
    unfolded: list[Item] = []
    for item in _unfold(smtpd, smtpd.value(parameter(stage)), classes, ()):
        unfolded.append(item)
        if len(unfolded) == _MOST:
            break
    return tuple(unfolded)


def _unfold(smtpd: Smtpd, text: str, classes: frozenset[str], within: tuple[str, ...]) -> Iterator[Item]:
    words = iter(_words(text))
    warned = False
    for word in words:
        name = word.lower()
        if name == "warn_if_reject":
            warned = True
            continue
        if word in classes:
            if word not in within and len(within) < _DEEPEST:
                yield from _unfold(smtpd, smtpd.value(word), classes, (*within, word))
        elif ":" in word and "=" not in word and not name.startswith(("check_", "reject_")):
            yield Item("check_by_default", word, warned, within)
        else:
            yield Item(name, next(words, "") if _WITH_ARGUMENT.fullmatch(name) else "", warned, within)
        warned = False


def _words(text: str) -> list[str]:
    """Cut at blanks and commas; what stands in braces is one word (util/mystrtok.c, mystrtokq())."""
    found: list[str] = []
    depth, word = 0, ""
    for letter in text:
        if not depth and letter in ", \t\r\n":
            if word:
                found.append(word)
            word = ""
            continue
        depth += (letter == "{") - (letter == "}" and depth > 0)
        word += letter
    return [*found, word] if word else found


def has_required(smtpd: Smtpd, stage: Stage) -> bool:
    """has_required() of smtpd_check.c: a reject that is reached, not behind a bare permit nor after warn_if_reject."""
    for item in items(smtpd, stage):
        if item.warned:
            continue
        if item.name == "permit" and not item.classes:
            return False
        if item.name in REQUIRED:
            return True
    return False


def stages(smtpd: Smtpd) -> tuple[Stage, ...]:
    """The order in which the lists are asked when a recipient is named (smtpd_check_rcpt())."""
    first: tuple[Stage, ...] = ("client", "helo", "sender")
    relay_first = smtpd.value("smtpd_relay_before_recipient_restrictions").lower() == "yes"
    return (*first, "relay", "recipient") if relay_first else (*first, "recipient", "relay")


def decide(smtpd: Smtpd, stage: Stage, who: Who) -> Decision:
    """What one list says to somebody."""
    doubts, openings = list[Item](), list[Item]()
    for item in items(smtpd, stage):
        answer = _answer(smtpd, stage, item, who)
        if item.warned and answer in ("reject", "maybe"):
            continue
        if answer == "permit":
            return Decision(stage, "permit", item, tuple(doubts), tuple(openings))
        if answer == "reject":
            return Decision(stage, "reject", item, tuple(doubts), tuple(openings))
        if answer == "maybe":
            doubts.append(item)
        elif answer == "may-permit":
            doubts.append(item)
            openings.append(item)
    return Decision(stage, "pass", None, tuple(doubts), tuple(openings))


def outcome(smtpd: Smtpd, who: Who) -> tuple[Decision, ...]:
    """The decisions of all lists in order, up to the first that rejects."""
    found: list[Decision] = []
    for stage in stages(smtpd):
        found.append(decide(smtpd, stage, who))
        if found[-1].answer == "reject":
            break
    return tuple(found)


def _answer(smtpd: Smtpd, stage: Stage, item: Item, who: Who) -> Answer:
    name = item.name
    if name == "permit":
        return "permit"
    if name == "permit_sasl_authenticated":
        return "permit" if who == "user" and smtpd.is_yes("smtpd_sasl_auth_enable") else "pass"
    if name == "permit_mynetworks":
        return "permit" if covers_all(smtpd.value("mynetworks")) else "pass"
    if name in _ALL:
        return "reject" if name != "reject_plaintext_session" else "pass"
    if name in _REFUSING_FOREIGN:
        return "reject" if stage in ("recipient", "relay") else "pass"
    if name in _BY_LOGIN:
        return "maybe" if smtpd.value("smtpd_sender_login_maps") and who == "user" else "pass"
    if name == "check_policy_service":
        return "maybe"
    if name.startswith("check_"):
        return _of_table(item.argument, stage)
    if _OF_STRANGERS.fullmatch(name):
        return "maybe"
    return "pass"


def _of_table(table: str, stage: Stage) -> Answer:
    """An OK of an access table in the sender list lets through that list alone, in that of recipients all."""
    if not table.startswith("static:"):
        return "may-permit" if stage in ("relay", "recipient") else "maybe"
    said = table.removeprefix("static:").strip("{} ").upper()
    if said.startswith(("REJECT", "DEFER")) or re.match(r"[45]\d\d(?!\d)", said):
        return "reject"
    return "permit" if said in ("OK", "PERMIT") or said.isdecimal() else "pass"


def covers_all(networks: str) -> bool:
    """Whether mynetworks holds everybody of IPv4 or IPv6."""
    return any(_WIDE.fullmatch(word) for word in _words(networks))


def networks(text: str) -> tuple[str, ...]:
    """The patterns of mynetworks or a list like it, in order; `!` excludes, a file or table stands as it is written."""
    return tuple(_words(text))


def rejects_strangers(item: Item) -> bool:
    """Whether an item turns away computers at home: by block lists and by the names of the DNS."""
    return bool(_OF_STRANGERS.fullmatch(item.name))
