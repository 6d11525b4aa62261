"""RELAY: restriction lists that smtpd cannot follow, or follows before anybody can have logged in; tables of senders
that do not have the sender."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from maildoctor.api import BuildTable, EditFile, Evidence, Findings, Restart, Step, Unknown, check, edit, found
from maildoctor.api.host import LoginHistory, MailLog
from maildoctor.api.postfix import (
    Item,
    Postfix,
    PostfixFiles,
    Smtpd,
    Stage,
    confined,
    decide,
    items,
    parameter,
    primary,
    set_postfix,
    stages,
)

_MAIN = "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
_587 = _MASTER + "submission inet n - y - - smtpd\n -o smtpd_client_restrictions={}\n"
_RELAY = "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n"
_BY_LOGIN = "permit_sasl_authenticated"

_ABOUT = ("client", "reverse_client_hostname", "helo", "sender", "recipient")
_OF_TABLES = frozenset(f"check_{about}{kind}_access" for about in _ABOUT for kind in ("", "_mx", "_ns", "_a")) | {
    "check_ccert_access", "check_sasl_access", "check_etrn_access", "check_policy_service",
}  # fmt: skip
_OF_DOMAINS = frozenset((
    "reject_rbl_client", "reject_rbl", "reject_rhsbl_client", "reject_rhsbl_reverse_client", "reject_rhsbl_helo",
    "reject_rhsbl_sender", "reject_rhsbl_recipient", "permit_dnswl_client", "permit_rhswl_client",
))  # fmt: skip
_ALONE = frozenset((
    "warn_if_reject", "permit", "defer", "reject", "reject_unauth_pipelining", "defer_if_permit", "defer_if_reject",
    "sleep", "reject_plaintext_session", "reject_unknown_client_hostname", "reject_unknown_client",
    "reject_unknown_reverse_client_hostname", "reject_unknown_forward_client_hostname", "permit_inet_interfaces",
    "permit_mynetworks", "reject_maps_rbl", "reject_invalid_helo_hostname", "reject_invalid_hostname",
    "reject_unknown_helo_hostname", "reject_unknown_hostname", "permit_naked_ip_address",
    "reject_non_fqdn_helo_hostname", "reject_non_fqdn_hostname", "reject_unknown_address",
    "reject_unknown_sender_domain", "reject_unverified_sender", "reject_non_fqdn_sender",
    "reject_sender_login_mismatch", "reject_authenticated_sender_login_mismatch",
    "reject_known_sender_login_mismatch", "reject_unauthenticated_sender_login_mismatch", "reject_unlisted_sender",
    "permit_mx_backup", "permit_auth_destination", "reject_unauth_destination", "defer_unauth_destination",
    "check_relay_domains", _BY_LOGIN, "permit_tls_all_clientcerts", "permit_tls_clientcerts",
    "reject_unknown_recipient_domain", "reject_non_fqdn_recipient", "check_recipient_maps",
    "reject_unlisted_recipient", "reject_multi_recipient_bounce", "reject_unverified_recipient", "check_by_default",
))  # fmt: skip
"""What smtpd knows without an argument (smtpd/smtpd_check.c, generic_checks()); a table alone is `check_by_default`."""


def _fault(item: Item) -> str:
    """What smtpd has against an item; empty where it takes it. `fail` and the like are tables, not names."""
    if item.name in _OF_TABLES | _OF_DOMAINS:
        if not item.argument:
            return f"{item.name} has no argument"
        named = item.argument.lower() in _ALONE or item.argument in _OF_TABLES | _OF_DOMAINS
        if item.name in _OF_TABLES and item.name != "check_policy_service" and named:
            return f"{item.name} has {item.argument} where its table is to stand"
        return ""
    return "" if item.name in _ALONE else f"{item.name[:80]} is no restriction that Postfix knows"


def _reached(smtpd: Smtpd, stage: Stage, item: Item) -> bool:
    """Whether the list of somebody who logged in gets to an item."""
    whole, by = list(items(smtpd, stage)), decide(smtpd, stage, "user").by
    return by is None or whole.index(item) < whole.index(by)


@check(
    "RELAY085",
    "postfix-restriction-unknown",
    "error",
    rung="policy",
    role="cause",
    scope=("listener",),
    explains=("refused-after-login", "RELAY045", "RELAY046", "WIRE061", "WIRE062"),
    fails=[
        {
            "postfix": _MAIN
            + "smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_auth, reject_unauth_destination\n"
            + _MASTER
        },
        {"postfix": _MAIN + _RELAY + "smtpd_sender_restrictions = check_sender_access\n" + _MASTER},
        {
            "postfix": _MAIN
            + _RELAY
            + "smtpd_client_restrictions = check_client_access, reject_unknown_client_hostname\n"
            + _MASTER
        },
        {"postfix": _MAIN + _RELAY + _587.format("permit_sasl_authenticated,rejct")},
    ],
    passes=[
        {"postfix": _MAIN + _RELAY + _MASTER},
        {
            "postfix": _MAIN
            + "smtpd_restriction_classes = mine\nmine = check_sender_access hash:/etc/postfix/s, reject\n"
            + "smtpd_sender_restrictions = mine, hash:/etc/postfix/t, Permit_MyNetworks\n"
            + _MASTER
        },
        {
            "postfix": _MAIN
            + _RELAY
            + "smtpd_recipient_restrictions = check_policy_service { inet:127.0.0.1:10023, timeout = 2s },\n"
            "  reject_rbl_client zen.example.org=127.0.0.[2..11], warn_if_reject reject_unverified_recipient\n"
            + _MASTER
        },
    ],
    refs=('postfix: smtpd/smtpd_check.c, generic_checks(): `unknown smtpd restriction: "%s"`, reject_server_error()',),
)
def restriction_unknown(postfix: Postfix) -> Findings:
    """A restriction list has a word that is no restriction, or a restriction without the table that it asks.

    smtpd finds that out when it gets there: the log says "unknown smtpd restriction", and the client, logged in or not,
    is answered "451 4.3.5 Server configuration error".

    Advice: correct the word, or name the table behind it; then reload Postfix.
    """
    seen: dict[tuple[str, str], tuple[str, list[Smtpd]]] = {}
    for smtpd in postfix.smtpd:
        for stage in stages(smtpd):
            for item in items(smtpd, stage):
                if what := _fault(item):
                    seen.setdefault((parameter(stage), what), (str(item), []))[1].append(smtpd)
    for (option, what), (word, services) in seen.items():
        first = services[0]
        stage = next(s for s in stages(first) if parameter(s) == option)
        users = [s for s in services if s.is_yes("smtpd_sasl_auth_enable")]
        hit = any(_reached(s, stage, i) for s in users for i in items(s, stage) if str(i) == word)
        yield found(
            f"{option}: {what}: whoever gets there is refused with 451 Server configuration error",
            evidence=[first.evidence(option)],
            fix=[*_corrected(services, option, stage, word), Restart("postfix")],
            severity=None if hit else "warning",
            option=option,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )


def _corrected(services: Sequence[Smtpd], option: str, stage: Stage, word: str) -> Iterator[Step]:
    """The list with the word that is most like it, where there is one and the list can be written anew."""
    first = services[0]
    near = get_close_matches(word.lower(), sorted(_ALONE), 1, 0.75) if word.lower() not in _OF_TABLES else []
    whole = [str(i) for i in items(first, stage)]
    plain = "$" not in first.value(option) and not any(i.classes or i.warned for i in items(first, stage))
    if near and plain and not (option in first.service.options and any(" " in w for w in whole)):
        comma = "," if option in first.service.options else ", "
        better = comma.join(near[0] if w == word else w for w in whole)
        yield from dict.fromkeys(set_postfix(s, option, better) for s in services)
        return
    words = f"in {option} correct {{word}}" + (f", perhaps to {near[0]}" if near else "")
    yield edit(first.postfix.main.path, words, word=word)


_EARLY: tuple[Stage, ...] = ("client", "helo")


@check(
    "RELAY086",
    "postfix-lists-asked-before-login",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    explains=("no-answer", "no-offer", "no-starttls", "refused-after-login"),
    witnesses=("RELAY500",),
    fails=[
        {"postfix": _MAIN + "smtpd_delay_reject = no\n" + _RELAY + _587.format("permit_sasl_authenticated,reject")},
        {
            "postfix": _MAIN
            + "smtpd_delay_reject = no\nsmtpd_helo_restrictions = permit_sasl_authenticated, reject\n"
            + _MASTER
        },
    ],
    passes=[
        {"postfix": _MAIN + _RELAY + _587.format("permit_sasl_authenticated,reject")},
        {"postfix": _MAIN + "smtpd_delay_reject = no\n" + _RELAY + _587.format("permit_mynetworks")},
        {
            "postfix": _MAIN
            + "smtpd_delay_reject = no\n"
            + _RELAY
            + _587.format("permit_sasl_authenticated,reject")
            + " -o smtpd_delay_reject=yes\n"
        },
    ],
    refs=("postfix: smtpd/smtpd_check.c, smtpd_check_client(), smtpd_check_helo(); postconf(5), smtpd_delay_reject",),
)
def lists_asked_before_login(postfix: Postfix) -> Findings:
    """A list that lets in who has logged in is asked before anybody can have: smtpd_delay_reject is no.

    The client list is asked when a client connects, that of HELO when it says EHLO; permit_sasl_authenticated never
    holds there, and the reject behind it turns everybody away: "554 5.7.1 Client host rejected: Access denied".

    Advice: leave smtpd_delay_reject at yes, its default: all lists are then asked at RCPT, after the login.
    """
    option = "smtpd_delay_reject"
    shut: dict[Stage, list[Smtpd]] = {}
    for smtpd in postfix.logins:
        for stage in _EARLY if smtpd.value(option).lower() == "no" else ():
            by_login = any(i.name == _BY_LOGIN for i in items(smtpd, stage))
            if by_login and decide(smtpd, stage, "stranger").answer == "reject":
                shut.setdefault(stage, []).append(smtpd)
    for stage, services in shut.items():
        first = services[0]
        named = " and ".join(f"{s.name} (port {s.port})" if s.port else s.name for s in services)
        yield found(
            f"{option} is no: {parameter(stage)} of {named} is asked before anybody can log in, where "
            f"{_BY_LOGIN} never holds, so every client is turned away",
            evidence=[first.evidence(option), first.evidence(parameter(stage))],
            fix=[*dict.fromkeys(set_postfix(s, option, "yes") for s in services), Restart("postfix")],
            option=option,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )


_NOT_OWNED = re.compile(
    r"<(?P<sender>[^>\s]{1,320})>: Sender address rejected: not owned by user (?P<user>[^;\s]{1,200})"
)
_TABLE = re.compile(r"(?:hash|btree|cdb|lmdb|dbm|texthash):(/[^\s,]{1,400})")
_OWNED = _MAIN + "smtpd_sender_login_maps = hash:/etc/postfix/senders\n{}" + _MASTER
_CHECKED = _OWNED.format("smtpd_sender_restrictions = reject_sender_login_mismatch\n")
_ROW = "login: /etc/postfix/senders\t{}\t{}"
_SAID = (
    "Nov 22 09:00:01 mail postfix/smtpd[9]: NOQUEUE: reject: RCPT from c[192.0.2.9]: 553 5.7.1 <anna@example.com>: "
    "Sender address rejected: not owned by user anna; from=<anna@example.com>"
)


@check(
    "RELAY087",
    "postfix-sender-in-no-table",
    "error",
    rung="policy",
    role="cause",
    scope=("client",),
    explains=("refused-after-login", "WIRE062"),
    witnesses=("RELAY503",),
    fails=[
        {"postfix": _CHECKED, "files": _ROW.format("bob@example.com", "bob"), "log": _SAID},
        {
            "postfix": _CHECKED,
            "files": _ROW.format("bob@example.com", "bob"),
            "log": _SAID,
            "history": f"# path: /var/log/mail.log\n# since: 2026-11-22T08:00:00Z\n{_SAID}\n"
            "Nov 22 09:00:01 mail postfix/smtpd[9]: disconnect from c[192.0.2.9] ehlo=2 starttls=1 auth=1 mail=1 "
            "rcpt=0/1 quit=1 commands=6/7",
        },
    ],
    passes=[
        {"postfix": _CHECKED, "files": _ROW.format("anna@example.com", "bob"), "log": _SAID},
        {"postfix": _CHECKED, "files": _ROW.format("@example.com", "bob"), "log": _SAID},
        {"postfix": _CHECKED, "files": _ROW.format("bob@example.com", "bob"), "log": ""},
        {"postfix": _OWNED.format(""), "files": _ROW.format("bob@example.com", "bob"), "log": _SAID},
        {
            "postfix": _CHECKED.replace("hash:/etc/postfix/senders", "hash:/etc/postfix/senders, pcre:/etc/postfix/s"),
            "files": _ROW.format("bob@example.com", "bob"),
            "log": _SAID,
        },
    ],
    refs=("postfix: smtpd/smtpd_check.c, reject_auth_sender_login_mismatch(): an address that nobody owns, too",),
)
def sender_in_no_table(
    postfix: Postfix, files: PostfixFiles, log: MailLog, history: LoginHistory | Unknown
) -> Findings:
    """Users are refused their own address, because smtpd_sender_login_maps has no row for it.

    An address that is in no row belongs to nobody, and whoever has logged in is refused it: "553 5.7.1 Sender address
    rejected: not owned by user".

    Advice: give each address, or the whole domain (@example.com), a row with the names that may use it, and postmap the
    table; reject_known_sender_login_mismatch in the list lets addresses without a row pass.
    """
    smtpd = primary(postfix)
    value = smtpd.value("smtpd_sender_login_maps")
    tables = _TABLE.findall(value)
    by_login = [
        (stage, i)
        for stage in stages(smtpd)
        for i in items(smtpd, stage)
        if i.name in ("reject_sender_login_mismatch", "reject_authenticated_sender_login_mismatch") and not i.warned
    ]
    whole = len(tables) == len(value.replace(",", " ").split()) and all(t in files.owners for t in tables)
    if not tables or not whole or not by_login:
        return
    keys = {key.lower() for t in tables for key, _ in files.owners[t]}
    refused = {}
    for line in log.text.splitlines():
        if "not owned by user" in line and (m := _NOT_OWNED.search(line)):
            local, _, domain = m["sender"].lower().rpartition("@")
            if not {m["sender"].lower(), local, f"@{domain}"} & keys:
                refused[m["sender"].lower()] = (m["user"], line)
    if not refused:
        return
    sender, (user, line) = next(reversed(refused.items()))
    stage, item = by_login[0]
    now = isinstance(history, LoginHistory) and bool(history.refused)
    kind = value.partition(":")[0]
    yield found(
        f"smtpd_sender_login_maps ({', '.join(tables)}) has no row for {sender}, so that {item.name} refuses it to "
        f"{user} (553 not owned by user {user})",
        evidence=[
            Evidence(log.path, line),
            smtpd.evidence("smtpd_sender_login_maps"),
            smtpd.evidence(parameter(stage)),
        ],
        fix=[
            EditFile(tables[0], "give the address of each user a row with the name that the user logs in by"),
            BuildTable(kind, tables[0]),
            Restart("postfix"),
        ],
        severity=None if now else "warning",
        table=tables[0],
        **({} if now else {"client": sender}),  # type: ignore[arg-type]
    )
