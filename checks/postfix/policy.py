"""RELAY: what Postfix lets a user do after login, and a stranger without one: its restriction lists, the networks it
trusts, the programs it asks, its limits."""

import re
from collections.abc import Iterator, Sequence

from maildoctor.api import (
    BuildTable,
    EditFile,
    Evidence,
    Findings,
    Found,
    LoginService,
    Restart,
    SetPostfix,
    SetRow,
    Step,
    StopAndStart,
    Unknown,
    UnsetPostfix,
    by_hand,
    check,
    edit,
    found,
    inspect,
    shown,
)
from maildoctor.api.cyrus import SaslDb
from maildoctor.api.host import Listeners, LoginHistory, MailLog
from maildoctor.api.postfix import (
    Decision,
    Peer,
    Postfix,
    PostfixFiles,
    Smtpd,
    Stage,
    admits_own_hosts_only,
    confined,
    decide,
    has_required,
    items,
    milters,
    of_this_host,
    outcome,
    parameter,
    place,
    policies,
    primary,
    rejects_strangers,
    set_postfix,
    stages,
)

_MAIN = "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
_587 = _MASTER + "submission inet n - y - - smtpd\n -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n"
_GOOD = _MAIN + "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n"
_ORDINARY = "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination"
_BY_LOGIN = "permit_sasl_authenticated"
_FIRST: tuple[Stage, ...] = ("client", "helo", "sender")
_LAST: tuple[Stage, ...] = ("relay", "recipient")
_RELAY = "smtpd_relay_restrictions = "
_CLIENT = "smtpd_client_restrictions = "
_ACCESS = "check_sender_access static:OK, reject_unauth_destination"


def _named(services: Sequence[Smtpd]) -> str:
    return " and ".join(f"{s.name} (port {s.port})" if s.port else s.name for s in services)


def _fatal(smtpd: Smtpd) -> bool:
    return not has_required(smtpd, "relay") and not has_required(smtpd, "recipient")


def _groups(services: Sequence[Smtpd], stage: Stage | None = None) -> Iterator[list[Smtpd]]:
    """Services whose lists are the same, or whose list of one stage is, for they have the same fault."""
    known: dict[tuple[str, ...], list[Smtpd]] = {}
    for smtpd in services:
        names = [parameter(s) for s in ((stage,) if stage else (*_FIRST, *_LAST))]
        known.setdefault((*(smtpd.value(n) for n in names), smtpd.value("mynetworks")), []).append(smtpd)
    yield from known.values()


@check(
    "CONF050",
    "postfix-restrictions-without-a-reject",
    "error",
    rung="program",
    role="cause",
    scope=("listener",),
    explains=("stopped", "no-answer", "no-offer", "no-starttls"),
    witnesses=("CONF622", "RUN620"),
    fails=[
        {"postfix": _GOOD + _587 + " -o smtpd_relay_restrictions=permit\n"},
        {"postfix": _MAIN + "smtpd_relay_restrictions = permit\n" + _MASTER},
        {"postfix": _MAIN + _RELAY + "permit_mynetworks, permit, reject_unauth_destination\n" + _MASTER},
        {"postfix": _MAIN + "smtpd_relay_restrictions = permit_mynetworks\n" + _MASTER},
        {"postfix": _MAIN + "smtpd_relay_restrictions = warn_if_reject reject_unauth_destination\n" + _MASTER},
    ],
    passes=[
        {"postfix": _GOOD + _587},
        {"postfix": _MAIN + _MASTER},
        {
            "postfix": _MAIN
            + "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = m\nsmtpd_restriction_classes "
            "= m\nm = permit_mynetworks, reject\n" + _MASTER
        },
    ],
    refs=("postfix: smtpd/smtpd_check.c, smtpd_check_init(), has_required()",),
)
def restrictions_without_a_reject(postfix: Postfix) -> Findings:
    """The relay and recipient restrictions hold no reject that is ever reached, and smtpd refuses to serve.

    Postfix guards against open relays: each smtpd process ends with "fatal: in parameter smtpd_relay_restrictions or
    smtpd_recipient_restrictions, specify at least one working instance of: reject_unauth_destination, …". Connections
    are accepted and nobody answers. A bare `permit` ends the list, so what stands behind it does not count.

    Advice: end smtpd_relay_restrictions with reject_unauth_destination, with nothing but permit_mynetworks and
    permit_sasl_authenticated before it. Postfix waits for service_throttle_time (60 s) before it tries again; a reload
    does not shorten that, stop and start does.
    """
    for services in _groups([s for s in postfix.smtpd if _fatal(s)], "relay"):
        first = services[0]
        relay, option = first.value("smtpd_relay_restrictions"), "smtpd_relay_restrictions"
        ended: Stage | None = next(
            (stage for stage in _LAST if any(i.name == "permit" and not i.classes for i in items(first, stage))),
            None,
        )
        if ended is not None:
            words = [str(i) for i in items(first, ended)]
            behind = words[words.index("permit") + 1 :]
            why = (
                f"`permit` comes before {behind[0]} in {parameter(ended)}, which is never reached"
                if behind
                else f"{parameter(ended)} ends with `permit` and has no reject"
            )
        else:
            why = (
                f"{option} and smtpd_recipient_restrictions have no working reject_unauth_destination, reject or defer"
            )
        option = "smtpd_relay_restrictions" if relay or ended != "recipient" else "smtpd_recipient_restrictions"
        yield found(
            f"{why}: smtpd refuses to serve {_named(services)} (fatal)",
            evidence=[first.evidence("smtpd_relay_restrictions"), first.evidence("smtpd_recipient_restrictions")],
            fix=[*dict.fromkeys(set_postfix(s, option, _ORDINARY) for s in services), StopAndStart("postfix")],
            option=option,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )


def _rejected(smtpd: Smtpd) -> Decision | None:
    last = outcome(smtpd, "user")[-1]
    return last if last.answer == "reject" else None


@check(
    "RELAY045",
    "postfix-users-may-not-relay",
    "error",
    rung="policy",
    role="cause",
    scope=("listener",),
    explains=("refused-after-login", "WIRE061"),
    witnesses=("RELAY501",),
    fails=[
        {"postfix": _GOOD + _587 + " -o smtpd_relay_restrictions=permit_mynetworks,reject\n"},
        {"postfix": _MAIN + "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n" + _587},
        {
            "postfix": _MAIN
            + "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination, permit_sasl_authenticated\n"
            + _587
        },
        {"postfix": _GOOD + "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination\n" + _MASTER},
        {"postfix": _GOOD + "smtpd_client_restrictions = permit_mynetworks, reject\n" + _MASTER},
    ],
    passes=[
        {"postfix": _GOOD + _587},
        {"postfix": _MAIN + _MASTER},
        {"postfix": _GOOD + "smtpd_recipient_restrictions = reject_unlisted_recipient\n" + _MASTER},
        {
            "postfix": _GOOD.replace("auth_enable = yes", "auth_enable = no").replace("permit_sasl_authenticated, ", "")
            + _MASTER
        },
        {
            "postfix": _MAIN
            + "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n"
            + _587
            + " -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n"
        },
        {
            "postfix": _GOOD
            + _587
            + "127.0.0.1:10025 inet n - n - - smtpd -o smtpd_recipient_restrictions=permit_mynetworks,reject\n"
            "590 inet n - n - - smtpd -o smtpd_client_restrictions=permit_mynetworks,reject\n"
        },
    ],
    refs=("postfix: smtpd/smtpd_check.c; a permit ends its own list alone", "SMTPD_ACCESS_README"),
)
def users_may_not_relay(postfix: Postfix) -> Findings:
    """Whoever has logged in may still not send to other domains: a restriction list rejects them.

    The login succeeds, and RCPT is answered "554 5.7.1 Relay access denied". Each list is asked by itself, and the
    first item that settles the matter counts: permit_sasl_authenticated must stand in every list that ends in a
    reject, before the reject.

    Advice: put permit_sasl_authenticated before reject_unauth_destination in smtpd_relay_restrictions, and before the
    reject of any other list; then reload Postfix.
    """
    users = [s for s in postfix.logins if not _fatal(s) and not admits_own_hosts_only(s)]
    best = primary(postfix)
    refused = [s for s in users if _rejected(s)]
    for smtpd in users:
        if smtpd.name == best.name and smtpd not in refused and not _doubts(smtpd):
            yield shown("who has logged in may relay", smtpd.evidence("smtpd_relay_restrictions"))
    if best.name not in {s.name for s in refused} and users:
        # port 25 of a host with a submission service is for other servers
        refused = [s for s in refused if s.port != 25]
    by_stage: dict[Stage, list[Smtpd]] = {}
    for smtpd in refused:
        if decision := _rejected(smtpd):
            by_stage.setdefault(decision.stage, []).append(smtpd)
    for services in (group for stage, some in by_stage.items() for group in _groups(some, stage)):
        first = services[0]
        decision = _rejected(first)
        if decision is None or decision.by is None:
            continue
        option, listed = parameter(decision.stage), items(first, decision.stage)
        late = any(i.name == _BY_LOGIN for i in listed)
        words = (
            f"{_BY_LOGIN} stands behind {decision.by} in {option}, where it is never reached"
            if late
            else f"{option} has no {_BY_LOGIN} before {decision.by}"
        )
        yield found(
            f"{words}: users who logged in at {_named(services)} may not relay",
            evidence=[first.evidence(option)],
            fix=[*dict.fromkeys(s for x in services for s in _permitted(x, decision)), Restart("postfix")],
            option=option,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )


def _permitted(smtpd: Smtpd, decision: Decision) -> Iterator[Step]:
    """The list with permit_sasl_authenticated before what rejects."""
    option = parameter(decision.stage)
    raw = smtpd.service.options.get(option, "") or (
        smtpd.postfix.main.parameters[option].value if option in smtpd.postfix.main.parameters else ""
    )
    if decision.by is None or decision.by.classes or "$" in raw:
        path = smtpd.postfix.main.path
        yield EditFile(path, f"in {option} write {_BY_LOGIN} before {decision.by}")
        return
    words = [str(i) if not i.warned else f"warn_if_reject {i}" for i in items(smtpd, decision.stage)]
    words = [w for w in words if w != _BY_LOGIN]
    at = words.index(str(decision.by)) if str(decision.by) in words else len(words)
    separator = "," if option in smtpd.service.options else ", "
    if option in smtpd.service.options and any(" " in w for w in words):
        yield EditFile(
            smtpd.postfix.master.path if smtpd.postfix.master else "master.cf",
            f"in -o {option} of {smtpd.name} write {_BY_LOGIN} before {decision.by}",
        )
        return
    yield set_postfix(smtpd, option, separator.join([*words[:at], _BY_LOGIN, *words[at:]]))


def _doubts(smtpd: Smtpd) -> list[tuple[Stage, str]]:
    """What may turn away users at home before a list gets to permit_sasl_authenticated."""
    found_: list[tuple[Stage, str]] = []
    for stage in stages(smtpd):
        decision = decide(smtpd, stage, "user")
        found_ += [(stage, str(i)) for i in decision.doubts if rejects_strangers(i)]
    return found_


@check(
    "RELAY046",
    "postfix-users-judged-as-strangers",
    "warning",
    rung="policy",
    role="cause",
    scope=("client",),
    witnesses=("RELAY500",),
    fails=[
        {
            "postfix": _GOOD
            + "smtpd_client_restrictions = permit_mynetworks, reject_rbl_client zen.example.org\n"
            + _MASTER
        },
        {"postfix": _GOOD + "smtpd_helo_restrictions = reject_unknown_helo_hostname\n" + _MASTER},
        {
            "postfix": _GOOD + "smtpd_client_restrictions = reject_rbl_client zen.example.org\n" + _MASTER,
            "history": "# path: /var/log/mail.log\n# since: 2026-11-22T08:00:00Z\n"
            "Nov 22 09:00:01 mail postfix/smtpd[9]: NOQUEUE: reject: RCPT from c[192.0.2.9]: 554 5.7.1 Service "
            "unavailable; Client host [192.0.2.9] blocked using zen.example.org; from=<b@example.com> "
            "to=<a@example.net> proto=ESMTP helo=<c>\n"
            "Nov 22 09:00:01 mail postfix/smtpd[9]: disconnect from c[192.0.2.9] ehlo=2 starttls=1 auth=1 mail=1 "
            "rcpt=0/1 quit=1 commands=6/7",
        },
    ],
    passes=[
        {
            "postfix": _GOOD
            + "smtpd_client_restrictions = permit_sasl_authenticated, reject_rbl_client zen.example.org\n"
            + _MASTER
        },
        {"postfix": _GOOD + "smtpd_client_restrictions = reject_rbl_client zen.example.org\n" + _587},
        {"postfix": _GOOD + "smtpd_client_restrictions = warn_if_reject reject_rbl_client a.example.org\n" + _MASTER},
    ],
    refs=("postfix: smtpd/smtpd_check.c; SMTPD_ACCESS_README: with smtpd_delay_reject all lists are asked at RCPT",),
)
def users_judged_as_strangers(postfix: Postfix, history: LoginHistory | Unknown) -> Findings:
    """Users are judged by block lists or the names of their computers before their login counts.

    Computers at home and telephones have addresses that block lists name, and no names of their own. They log in, and
    RCPT is refused ("blocked using", "cannot find your hostname", "Host not found").

    Advice: put permit_sasl_authenticated first in each list of the service in which users log in, or give that service
    lists of its own by -o in master.cf.
    """
    if not postfix.logins:
        return
    smtpd = primary(postfix)
    doubts: dict[Stage, list[str]] = {}
    for stage, item in _doubts(smtpd):
        doubts.setdefault(stage, []).append(item)
    for stage, some in doubts.items():
        option = parameter(stage)
        whole = [str(i) for i in items(smtpd, stage)]
        rest = [w for w in whole if w != _BY_LOGIN]
        plain = "$" not in smtpd.value(option) and not any(i.classes or i.warned for i in items(smtpd, stage))
        in_master = option in smtpd.service.options
        said = history.refused if isinstance(history, LoginHistory) else ""
        culprit = next((item for item in some if _turned_away(item, said)), "")
        yield found(
            f"{option} of {smtpd.name} has {culprit or some[0]} before permit_sasl_authenticated: users who logged in "
            + ("are refused by it" if culprit else "may be refused by it"),
            evidence=[
                smtpd.evidence(option),
                *(history.evidence(said) if culprit and isinstance(history, LoginHistory) else ()),
            ],
            fix=[set_postfix(smtpd, option, ", ".join([_BY_LOGIN, *rest])), Restart("postfix")]
            if plain and not in_master
            else [],
            severity="error" if culprit else None,
            option=option,
            **({} if culprit else {"client": "others"}),  # type: ignore[arg-type]
        )


_ANSWERS = {
    "reject_unknown_client_hostname": "cannot find your hostname",
    "reject_unknown_client": "cannot find your hostname",
    "reject_unknown_reverse_client_hostname": "cannot find your reverse hostname",
    "reject_unknown_helo_hostname": "Host not found",
    "reject_invalid_helo_hostname": "Invalid name",
    "reject_non_fqdn_helo_hostname": "need fully-qualified hostname",
    "reject_unknown_hostname": "Host not found",
    "reject_invalid_hostname": "Invalid name",
    "reject_non_fqdn_hostname": "need fully-qualified hostname",
}
"""What smtpd answers by each (smtpd/smtpd_check.c)."""


def _turned_away(item: str, line: str) -> bool:
    """Whether a line of the log tells that this restriction refused a client."""
    name, _, rest = item.partition(" ")
    if name.startswith("reject_") and ("rbl" in name or "rhsbl" in name) and rest:
        return f"blocked using {rest.strip().partition('=')[0]};" in f"{line};"
    return name in _ANSWERS and _ANSWERS[name] in line


@check(
    "RELAY047",
    "postfix-mynetworks-holds-everybody",
    "error",
    rung="policy",
    role="risk",
    explains=("RELAY048", "WIRE060"),
    fails=[
        {"postfix": _GOOD + "mynetworks = 0.0.0.0/0\n" + _MASTER},
        {"postfix": _GOOD + "mynetworks = 127.0.0.0/8, [::]/0\n" + _MASTER},
        {"postfix": _GOOD + "mynetworks = 127.0.0.0/8 64.0.0.0/2\n" + _MASTER},
    ],
    passes=[
        {"postfix": _GOOD + "mynetworks = 127.0.0.0/8 [::1]/128 10.0.0.0/8\n" + _MASTER},
        {"postfix": _GOOD + _MASTER},
        {
            "postfix": _MAIN
            + "mynetworks = 0.0.0.0/0\nsmtpd_relay_restrictions = permit_sasl_authenticated, reject\n"
            + _MASTER
        },
    ],
    refs=("postfix: postconf(5), mynetworks; smtpd/smtpd_check.c, permit_mynetworks",),
)
def mynetworks_holds_everybody(postfix: Postfix) -> Findings:
    """mynetworks holds the whole internet, or much of it: an open relay.

    permit_mynetworks lets every client of these networks send anywhere without a login.

    Advice: name this machine and its own network only: mynetworks = 127.0.0.0/8 [::1]/128; then reload Postfix.
    """
    bad: dict[str, list[Smtpd]] = {}
    for smtpd in postfix.smtpd:
        uses = any(i.name == "permit_mynetworks" for stage in ("relay", "recipient") for i in items(smtpd, stage))
        for word in smtpd.value("mynetworks").replace(",", " ").split() if uses else ():
            if _much(word):
                bad.setdefault(word, []).append(smtpd)
    for word, services in bad.items():
        whole = _much(word) == "all"
        kept = [w for w in services[0].value("mynetworks").replace(",", " ").split() if not _much(w)]
        yield found(
            f"mynetworks has {word}: {'every client' if whole else 'a large part of the internet'} may relay without "
            "a login" + (" (open relay)" if whole else ""),
            evidence=[services[0].evidence("mynetworks")],
            fix=[
                *dict.fromkeys(
                    set_postfix(s, "mynetworks", " ".join(kept) or "127.0.0.0/8 [::1]/128") for s in services
                ),
                Restart("postfix"),
            ],
            severity=None if whole else "warning",
            network=word,
        )


_NET = re.compile(r"\[?([0-9a-fA-F:.]{2,45})\]?/(\d{1,3})")


def _much(word: str) -> str:
    """`all`, `much` (a network of IPv4 above the size of the largest that is anybody's own), or nothing."""
    if word.lower() == "static:all":
        return "all"
    m = _NET.fullmatch(word)
    if m is None:
        return ""
    length = int(m[2])
    if length == 0:
        return "all"
    return "much" if length < (16 if ":" in m[1] else 8) else ""


@check(
    "RELAY048",
    "postfix-open-relay",
    "error",
    rung="policy",
    role="risk",
    scope=("listener",),
    explains=("WIRE060",),
    fails=[
        {
            "postfix": _GOOD
            + _MASTER
            + "587 inet n - y - - smtpd\n -o smtpd_relay_restrictions=check_sender_access,static:OK,reject\n"
        },
        {
            "postfix": _MAIN + "smtpd_relay_restrictions = permit_mynetworks, check_sender_access static:OK, "
            "reject_unauth_destination\n" + _MASTER
        },
        {
            "postfix": _MAIN + "smtpd_relay_restrictions = permit\nsmtpd_recipient_restrictions = permit_mynetworks, "
            "check_client_access static:OK, reject\n" + _MASTER
        },
    ],
    passes=[
        {"postfix": _GOOD + _MASTER},
        {"postfix": _GOOD + "smtpd_recipient_restrictions = check_sender_access static:OK, reject\n" + _MASTER},
        {
            "postfix": _MAIN
            + "smtpd_relay_restrictions = permit_mynetworks, check_sender_access hash:/etc/postfix/ok, "
            "reject_unauth_destination\n" + _MASTER
        },
    ],
    refs=("postfix: smtpd/smtpd_check.c, check_table_result(): OK is a permit; SMTPD_ACCESS_README, Dangerous use",),
)
def open_relay(postfix: Postfix) -> Findings:
    """Whoever connects may send to any domain without a login: an open relay.

    An access table that answers OK, or a permit, comes before reject_unauth_destination, and no other list refuses.

    Advice: take it out, or put it behind reject_unauth_destination; then reload Postfix.
    """
    open_ = [s for s in postfix.smtpd if not _fatal(s) and outcome(s, "stranger")[-1].answer != "reject"]
    for services in _groups(open_, "relay"):
        first = services[0]
        by = next((d for d in outcome(first, "stranger") if d.answer == "permit" and d.stage in _LAST), None)
        by = by or next((d for d in outcome(first, "stranger") if d.answer == "permit"), None)
        if by is None or by.by is None or by.by.name == "permit_mynetworks":
            continue
        option = parameter(by.stage)
        words = [str(i) for i in items(first, by.stage)]
        behind = next((w for w in words[words.index(str(by.by)) + 1 :] if w.startswith(("reject", "defer"))), "")
        yield found(
            f"{by.by} in {option} lets everybody relay"
            + (f": it comes before {behind}" if behind else "")
            + f", so {_named(services)} is an open relay",
            evidence=[first.evidence(option)],
            fix=[*dict.fromkeys(_without(s, option, by.stage, str(by.by)) for s in services), Restart("postfix")],
            option=option,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )


def _without(smtpd: Smtpd, option: str, stage: Stage, item: str) -> Step:
    """The list without an item; where users log in and no list names them, with permit_sasl_authenticated."""
    if any(i.classes or i.warned for i in items(smtpd, stage)):
        return EditFile(smtpd.postfix.main.path, f"take {item} out of {option}")
    words = [str(i) for i in items(smtpd, stage) if str(i) != item]
    if _BY_LOGIN not in words and smtpd.is_yes("smtpd_sasl_auth_enable"):
        at = 1 if words[:1] == ["permit_mynetworks"] else 0
        words.insert(at, _BY_LOGIN)
    return set_postfix(smtpd, option, ", ".join(words))


# ---- programs that are asked

_KNOWN = {
    10023: "postgrey",
    10031: "policyd",
    10040: "policyd-weight",
    12340: "Dovecot's quota service",
    12345: "the SPF or OpenDKIM service",
    8891: "OpenDKIM",
    8892: "OpenDKIM",
    8893: "OpenDMARC",
    11332: "rspamd",
    12301: "OpenDKIM",
    7777: "policyd",
}


@check(
    "RELAY049",
    "postfix-asks-a-program-that-is-down",
    "error",
    rung="policy",
    role="cause",
    scope=("listener",),
    explains=("refused-after-login", "WIRE062"),
    fails=[
        {
            "postfix": _GOOD + _587 + " -o smtpd_recipient_restrictions=check_policy_service,inet:127.0.0.1:10023\n",
            "listeners": "",
        },
        {
            "postfix": _GOOD + "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023\n" + _587,
            "listeners": "0.0.0.0 25 4 master",
        },
        {
            "postfix": _GOOD + "smtpd_milters = unix:opendkim/opendkim.sock\n" + _MASTER,
            "files": "missing: /var/spool/postfix/opendkim/opendkim.sock",
            "listeners": "",
        },
        {
            "postfix": _GOOD + "smtpd_recipient_restrictions = check_policy_service unix:private/policy\n" + _MASTER,
            "files": "srw-rw---- postfix postfix /var/spool/postfix/private/policy\n"
            "bound: /var/spool/postfix/private/policy no",
        },
        {
            "postfix": _GOOD + "smtpd_milters = inet:localhost:8891\nmilter_default_action = accept\n" + _MASTER,
            "listeners": "",
        },
    ],
    passes=[
        {
            "postfix": _GOOD + "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023\n" + _587,
            "listeners": "127.0.0.1 10023 9 postgrey",
        },
        {
            "postfix": _GOOD + "smtpd_recipient_restrictions = check_policy_service inet:192.0.2.1:10023\n" + _587,
            "listeners": "",
        },
        {
            "postfix": _GOOD
            + "smtpd_recipient_restrictions = check_policy_service unix:private/spf\n"
            + _587
            + "spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf\n",
            "files": "missing: /var/spool/postfix/private/spf",
        },
    ],
    refs=(
        "postfix: smtpd/smtpd_check.c, check_policy_service(): smtpd_policy_service_default_action is 451 4.3.5",
        "postfix: milter/milter8.c: milter_default_action is tempfail",
    ),
)
def asked_program_is_down(postfix: Postfix, listeners: Listeners | Unknown, files: PostfixFiles | Unknown) -> Findings:
    """Postfix asks a policy service or a milter that does not run, and refuses mail for want of its answer.

    Every recipient is answered "451 4.3.5 Server configuration problem" (policy service) or "451 4.7.1 Service
    unavailable" (milter), from users who logged in too.

    Advice: start the program, or name its socket as it is; or take it out of main.cf meanwhile and reload Postfix.
    """
    asked: dict[Peer, list[Smtpd]] = {}
    for smtpd in postfix.smtpd:
        for peer in (*policies(smtpd), *milters(smtpd)):
            asked.setdefault(peer, []).append(smtpd)
    for peer, services in asked.items():
        if not of_this_host(peer):
            continue
        why = _down(services[0], peer, listeners, files)
        if isinstance(why, Unknown):
            yield why
        elif why is not None:
            yield _down_found(postfix, peer, services, *why)


def _down_found(postfix: Postfix, peer: Peer, services: Sequence[Smtpd], why: str, evidence: Evidence) -> Found:
    mild = peer.default_action.lower().split(" ")[0] in ("dunno", "ok", "accept", "permit")
    what = "the policy service" if peer.use == "policy" else "the milter"
    program = _KNOWN.get(peer.port, "")
    words = f"check_policy_service {peer.text}" if peer.use == "policy" else peer.text
    return found(
        f"{what.capitalize()} {peer.text} of {peer.option}{f' ({program})' if program else ''} does not run: {why}"
        + ("; mail is taken without it" if mild else "; mail is refused with 451"),
        evidence=[services[0].evidence(peer.option), evidence],
        fix=[
            by_hand(f"start {program or what}, which is to listen at {{at}}", at=peer.text),
            *dict.fromkeys(_taken_out(s, peer, words) for s in services),
            Restart("postfix"),
        ],
        severity="warning" if mild else None,
        peer=peer.text,
        **confined(services, postfix.smtpd),  # type: ignore[arg-type]
    )


def _taken_out(smtpd: Smtpd, peer: Peer, words: str) -> Step:
    name = peer.option
    value = smtpd.value(name)
    rest = re.sub(r"\s*,\s*,\s*|\s{2,}", ", ", value.replace(words, "")).strip(", ")
    in_master = name in smtpd.service.options
    if words not in value or "$" in value or "{" in value or (in_master and " " in rest):
        return EditFile(smtpd.postfix.main.path, f"or: take {words} out of {name}")
    if not rest and name != "smtpd_relay_restrictions":
        return UnsetPostfix(name, smtpd.name if in_master else "")
    return set_postfix(smtpd, name, rest)


def _down(
    smtpd: Smtpd, peer: Peer, listeners: Listeners | Unknown, files: PostfixFiles | Unknown
) -> tuple[str, Evidence] | Unknown | None:
    if peer.path:
        path = place(smtpd, peer.path)
        if isinstance(files, Unknown):
            return files
        if path in files.missing and isinstance(listeners, Unknown):
            # files alone: master makes what master.cf lists when it starts, another program its own
            return None if _of_master(smtpd, path) else listeners
        if path in files.missing:
            return f"its socket {path} is missing", Evidence(f"ls -l {path}", "No such file or directory")
        look = files.look(path)
        if look is not None and files.bound.get(path) is False:
            return f"nobody listens on its socket {path}", look.evidence
        return None
    if isinstance(listeners, Unknown):
        return listeners
    if not peer.port or listeners.on(peer.port):
        return None
    return f"nothing listens on port {peer.port}", Evidence("ss -ltn", f"no listener on port {peer.port}")


def _of_master(smtpd: Smtpd, path: str) -> bool:
    """Whether master.cf has the service whose socket this is: private/policy-spf, public/cleanup."""
    queue = smtpd.value("queue_directory").rstrip("/")
    return any(
        s.service.kind == "unix" and path in (f"{queue}/private/{s.service.name}", f"{queue}/public/{s.service.name}")
        for s in smtpd.postfix.services
    )


# ---- senders

_NOT_OWNED = re.compile(r"Sender address rejected: not owned by user ([^;\s]{1,200})")


@check(
    "RELAY050",
    "postfix-sender-belongs-to-another-name",
    "error",
    rung="policy",
    role="cause",
    explains=("refused-after-login", "WIRE062"),
    witnesses=("RELAY503",),
    fails=[
        {
            "postfix": _GOOD + "smtpd_sender_login_maps = hash:/etc/postfix/sender_login\n"
            "smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch\n" + _MASTER,
            "service": "service: postfix /etc/postfix/main.cf\nwanted\nrealm: mail.example.com",
            "files": "login: /etc/postfix/sender_login\tbob@example.com\tbob@example.com",
        },
        {
            "postfix": _GOOD + "smtpd_sender_login_maps = hash:/etc/postfix/sender_login\n"
            "smtpd_sender_restrictions = reject_sender_login_mismatch\n" + _MASTER,
            "service": "service: postfix /etc/postfix/main.cf\nwanted\nprovider: dovecot",
            "files": "login: /etc/postfix/sender_login\tbob@example.com\tbob",
            "log": "Nov 22 09:00:01 mail postfix/smtpd[9]: NOQUEUE: reject: RCPT from c[192.0.2.9]: 553 5.7.1 "
            "<bob@example.com>: Sender address rejected: not owned by user bob@example.com; from=<bob@example.com>",
        },
    ],
    passes=[
        {
            "postfix": _GOOD + "smtpd_sender_login_maps = hash:/etc/postfix/sender_login\n"
            "smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch\n" + _MASTER,
            "service": "service: postfix /etc/postfix/main.cf\nwanted\nrealm: mail.example.com",
            "files": "login: /etc/postfix/sender_login\tbob@example.com\tbob",
        },
        {
            "postfix": _GOOD + "smtpd_sender_login_maps = hash:/etc/postfix/sender_login\n" + _MASTER,
            "service": "service: postfix /etc/postfix/main.cf\nwanted",
            "files": "login: /etc/postfix/sender_login\tbob@example.com\tbob@example.com",
        },
    ],
    refs=("postfix: smtpd/smtpd_check.c, check_mail_access(), reject_auth_sender_login_mismatch()",),
)
def sender_belongs_to_another_name(
    postfix: Postfix,
    service: LoginService,
    files: PostfixFiles,
    log: MailLog | Unknown,
    sasldb: SaslDb | Unknown,
) -> Findings:
    """smtpd_sender_login_maps lists users under another name than the one that they log in with.

    Postfix compares the names in the table with the user name as SASL gives it, letter by letter but for case: with or
    without the domain. Where they differ, users are refused their own address: "553 5.7.1 Sender address rejected: not
    owned by user".

    Advice: write the names in the table as the log shows them (sasl_username=), then postmap it.
    """
    smtpd = primary(postfix)
    tables = [p for p in files.owners if p in smtpd.value("smtpd_sender_login_maps")]
    by_login = [
        (stage, i)
        for stage in stages(smtpd)
        for i in items(smtpd, stage)
        if "sender_login_mismatch" in i.name and "unauth" not in i.name and not i.warned
    ]
    if not tables or not by_login or not smtpd.is_yes("smtpd_sasl_auth_enable"):
        return
    lines = [line for line in log.text.splitlines() if "not owned by user" in line] if isinstance(log, MailLog) else []
    tried = {m[1].lower(): line for line in lines if (m := _NOT_OWNED.search(line))}
    users = {u.name.lower() for u in sasldb.users} if isinstance(sasldb, SaslDb) else set()
    for path in tables:
        rows = files.owners[path]
        names = [n.lower() for _, words in rows for n in words.replace(",", " ").split()]
        wrong = _other_names(names, tried, users, service)
        if not wrong:
            continue
        listed, login = wrong
        spots = [(a, w) for a, w in rows if listed in w.lower().replace(",", " ").split()]
        stage, item = by_login[0]
        yield found(
            f"smtpd_sender_login_maps ({path}) says that {spots[0][0]} is owned by {listed}, but users log in as "
            f"{login}: {item.name} refuses them their own address (553 not owned by user {login})",
            evidence=[
                *(Evidence(path, f"{a} {w}") for a, w in spots[:3]),
                smtpd.evidence(parameter(stage)),
                *(Evidence(log.path if isinstance(log, MailLog) else "log", x) for x in [*tried.values()][:1]),
            ],
            fix=_renamed(smtpd, path, spots, names, login, listed),
            severity=None if tried or users else "warning",
            path=path,
        )


def _renamed(
    smtpd: Smtpd, path: str, spots: Sequence[tuple[str, str]], names: Sequence[str], login: str, listed: str
) -> list[Step]:
    """The rows of that user with the right name; all other users by hand, for nobody saw under which they log in."""
    kind = next((k for k in _INDEXED if f"{k}:{path}" in smtpd.value("smtpd_sender_login_maps")), "")
    rows: list[Step] = []
    for address, words in spots[:_ROWS]:
        kept = [login if w.lower() == listed else w for w in words.replace(",", " ").split()]
        rows.append(SetRow(path, address, ", ".join(kept), words))
    others = len(spots) > _ROWS or any(n.partition("@")[0] != listed.partition("@")[0] for n in names)
    more = [edit(path, "write the other users as they log in, too")] if others else []
    return [*rows, *more, *([BuildTable(kind, path)] if kind else []), Restart("postfix")]


_INDEXED = ("hash", "btree", "cdb", "lmdb", "dbm")
_ROWS = 5


def _other_names(
    names: Sequence[str], tried: dict[str, str], users: set[str], service: LoginService
) -> tuple[str, str] | None:
    """A name of the table and the one with which its user logs in, where they differ in the domain alone."""
    for login in tried:
        for name in names:
            if name != login and name.partition("@")[0] == login.partition("@")[0] and login not in names:
                return name, login
    if tried or service.provider != "libsasl" or not names:
        return None
    # xsasl/xsasl_cyrus_server.c: without smtpd_sasl_local_domain names stay as they are typed
    if service.realm_is_set and all("@" not in n for n in names):
        return names[0], f"{names[0]}@{service.realm}"
    if not service.realm_is_set and all("@" in n for n in names) and (not users or names[0].partition("@")[0] in users):
        return names[0], names[0].partition("@")[0]
    return None


# ---- limits

_LIMITS = {
    "smtpd_client_auth_rate_limit": (10, "logins"),
    "smtpd_client_connection_rate_limit": (10, "connections"),
    "smtpd_client_message_rate_limit": (5, "messages"),
    "smtpd_client_recipient_rate_limit": (10, "recipients"),
    "smtpd_client_new_tls_session_rate_limit": (10, "new TLS sessions"),
}
"""Below which number a mail program with a few folders, or an office behind one address, is refused."""
_LIMITED = re.compile(r"AUTH command rate limit exceeded")


@check(
    "RELAY051",
    "postfix-limit-too-low",
    "warning",
    rung="policy",
    role="risk",
    scope=("client",),
    witnesses=("ABUSE501",),
    fails=[{"postfix": _GOOD + "smtpd_client_auth_rate_limit = 2\n" + _587}],
    passes=[
        {"postfix": _GOOD + _587},
        {"postfix": _GOOD + "smtpd_client_auth_rate_limit = 60\n" + _587},
    ],
    refs=("postfix: anvil/anvil.c; postconf(5), smtpd_client_auth_rate_limit: per anvil_rate_time_unit and address",),
)
def limit_too_low(postfix: Postfix) -> Findings:
    """A limit for each client address is so low that ordinary mail programs are refused.

    A mail program opens several connections and logs in on each; an office behind one address does so for all its
    people. They get "450 4.7.1 Error: too many AUTH commands" or "421 4.7.0 Too many connections".

    Advice: raise the limit (0 is none), or exempt the office's address in smtpd_client_event_limit_exceptions; then
    reload Postfix.
    """
    for name, (least, what) in _LIMITS.items():
        low = [s for s in postfix.logins if (v := s.value(name)).isdecimal() and 0 < int(v[:9]) < least]
        if not low:
            continue
        unit = low[0].value("anvil_rate_time_unit") or "60s"
        a_minute = "a minute" if unit in ("60s", "1m", "60") else f"in {unit}"
        yield found(
            f"{name} = {low[0].value(name)}: only {low[0].value(name)} {what} {a_minute} from one address, too few for "
            "ordinary mail programs",
            evidence=[low[0].evidence(name)],
            fix=[
                *dict.fromkeys(UnsetPostfix(name, s.name if name in s.service.options else "") for s in low),
                Restart("postfix"),
            ],
            option=name,
            client="busy",
        )


_SMALL = 1_000_000
"""Bytes; a photo or a PDF is larger."""


@check(
    "RELAY052",
    "postfix-message-size-limit",
    "warning",
    rung="hand-over",
    role="cause",
    scope=("client",),
    fails=[
        {"postfix": _GOOD + "message_size_limit = 102400\n" + _587},
        {"postfix": _GOOD + "mailbox_size_limit = 5000000\n" + _587},
    ],
    passes=[
        {"postfix": _GOOD + _587},
        {"postfix": _GOOD + "message_size_limit = 0\nmailbox_size_limit = 0\n" + _587},
    ],
    refs=(
        "postfix: smtpd/smtpd_check.c: 552 5.3.4; local/local.c, virtual/virtual.c: fatal where the limit is smaller",
    ),
)
def message_size_limit(postfix: Postfix) -> Findings:
    """A size limit keeps ordinary mail from being taken or delivered.

    Above message_size_limit a client gets "552 5.3.4 Message size exceeds fixed limit". Where mailbox_size_limit (local
    users) or virtual_mailbox_limit (virtual ones) is smaller than message_size_limit, the delivery agent ends with a
    fatal error at once, and mail that was taken waits.

    Advice: raise message_size_limit (50 MB: 52428800; 0 is no limit), keep the limits of mailboxes at 0 or above it;
    then reload Postfix.
    """
    least = postfix.value("message_size_limit")
    size = int(least[:15]) if least.isdecimal() else 10_240_000
    if 0 < size < _SMALL:
        yield found(
            f"message_size_limit = {size}: a message with an attachment is refused (552)",
            evidence=[postfix.main.evidence("message_size_limit")],
            fix=[SetPostfix("message_size_limit", "52428800"), Restart("postfix")],
            option="message_size_limit",
            client="large messages",
        )
    for option, whose, used in (
        ("mailbox_size_limit", "local users", _delivers(postfix, "local", "mydestination")),
        ("virtual_mailbox_limit", "virtual mailboxes", _delivers(postfix, "virtual", "virtual_mailbox_domains")),
    ):
        most = postfix.value(option)
        box = int(most[:15]) if most.isdecimal() else 51_200_000
        if box > 0 and (size == 0 or box < size) and (used or option in postfix.main.parameters):
            yield found(
                f"{option} {box} is smaller than message_size_limit {size or '0 (none)'}: mail for {whose} waits",
                evidence=[postfix.main.evidence(option), postfix.main.evidence("message_size_limit")],
                fix=[SetPostfix(option, "0"), Restart("postfix"), inspect("postqueue -p")],
                severity="error" if used else None,
                option=option,
            )


def _delivers(postfix: Postfix, agent: str, domains: str) -> bool:
    """Whether mail goes to an agent of Postfix's own: it has domains, and nothing else takes their mail."""
    transport = postfix.value(f"{agent}_transport").partition(":")[0]
    elsewhere = agent == "local" and postfix.value("mailbox_transport")
    return transport == agent and bool(postfix.value(domains)) and not elsewhere
