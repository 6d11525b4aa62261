"""RELAY: access tables that turn away users who logged in, for they are asked before permit_sasl_authenticated."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.api import Evidence, Findings, Restart, SetPostfix, Step, Unknown, check, edit, found
from maildoctor.api.host import LoginHistory, is_private
from maildoctor.api.postfix import (
    Item,
    Postfix,
    PostfixFiles,
    Smtpd,
    Stage,
    decide,
    items,
    network,
    parameter,
    primary,
    refuses,
    row_of,
    stages,
)

_MAIN = (
    "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
    "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n"
)
_587 = "==> /etc/postfix/master.cf <==\nsubmission inet n - y - - smtpd\n -o smtpd_client_restrictions={}\n"
_TABLE = "check_client_access,cidr:/etc/postfix/client_access"
_BAD = _MAIN + _587.format(f"{_TABLE},permit_sasl_authenticated,reject")
_GOOD = _MAIN + _587.format(f"permit_sasl_authenticated,{_TABLE},reject")
_ROWS = "access: cidr:/etc/postfix/client_access\t{}\tREJECT dynamic address"
_LOG = (
    "# path: /var/log/mail.log\n# since: 2026-11-22T08:00:00Z\n"
    "Nov 22 09:00:01 mail postfix/submission/smtpd[9]: NOQUEUE: reject: RCPT from pc.example.com[198.51.100.7]: 554 "
    "5.7.1 <pc.example.com[198.51.100.7]>: Client host rejected: dynamic address; from=<a@example.com> "
    "to=<b@example.net>\n"
    "Nov 22 09:00:02 mail postfix/submission/smtpd[9]: disconnect from pc.example.com[198.51.100.7] ehlo=2 starttls=1 "
    "auth=1 mail=1 rcpt=0/1 quit=1 commands=6/7"
)
_BY_LOGIN = "permit_sasl_authenticated"
_REJECTED = re.compile(
    r"reject: \w{1,10} from (?P<name>[^\[\s]{1,255})\[(?P<address>[^\]]{2,60})\]: .{1,400}?"
    r"(?P<what>Client host|Sender address|Helo command|Recipient address) rejected: (?P<why>[^;]{0,300})"
)
"""smtpd_check.c, smtpd_check_reject(): what was looked up, and the text of the row or `Access denied`."""
_ASKED_ABOUT = {
    "Client host": ("client", "reverse_client_hostname", "sasl"),
    "Sender address": ("sender",),
    "Helo command": ("helo",),
    "Recipient address": ("recipient",),
}


@dataclass(frozen=True, slots=True)
class _Hit:
    """A table that turns users away: the row, where it is known, and the client that met it, where one did."""

    item: Item
    pattern: str
    action: str
    client: str


def _is_table(item: Item) -> bool:
    return item.name.endswith("_access") or item.name == "check_by_default"


def _about(stage: Stage, item: Item) -> str:
    """What a table is asked about: `client`, `sender` …; a table without a restriction's name, by the list."""
    if item.name == "check_by_default":
        return stage if stage != "relay" else "recipient"
    return item.name.removeprefix("check_").removesuffix("_access").removesuffix("_a").removesuffix("_ns")


def _hits(smtpd: Smtpd, stage: Stage, files: PostfixFiles | Unknown, history: LoginHistory | Unknown) -> Iterator[_Hit]:
    refused = history.refused if isinstance(history, LoginHistory) else ""
    said = _REJECTED.search(refused)
    clients = list(history.clients) if isinstance(history, LoginHistory) else []
    for item in decide(smtpd, stage, "user").doubts:
        if not _is_table(item):
            continue
        kind, _, _path = item.argument.partition(":")
        rows = files.access.get(item.argument, ()) if isinstance(files, PostfixFiles) else ()
        about = _about(stage, item)
        bad = [(p, a) for p, a in rows if refuses(a)]
        if said and about in _ASKED_ABOUT[said["what"]]:
            why = said["why"].strip()
            row = row_of(kind, rows, said["address"], said["name"]) if about == "client" else None
            alike = next(((p, a) for p, a in bad if why != "Access denied" and why in a), None)
            bare = next(((p, a) for p, a in bad if len(a.split()) == 1), None) if why == "Access denied" else None
            row = row if row and refuses(row[1]) else alike or (bare if about != "client" or _unread(kind) else None)
            if row or (not rows and why == "Access denied"):
                yield _Hit(item, *(row or ("", "")), said["address"])
                continue
        if about != "client":
            continue
        met = next(((c, r) for c in clients if (r := row_of(kind, rows, c)) and refuses(r[1])), None)
        if met:
            yield _Hit(item, *met[1], met[0])
        elif home := next(((p, a) for p, a in bad if (n := network(p)) and is_private(n) and not _own(n)), None):
            yield _Hit(item, *home, "")


def _unread(kind: str) -> bool:
    """Patterns are not run here."""
    return kind in ("pcre", "regexp")


def _own(net: object) -> bool:
    return str(net).startswith(("127.", "::1", "169.254.", "fe80"))


@check(
    "RELAY053",
    "postfix-access-table-refuses-users",
    "error",
    rung="policy",
    role="cause",
    scope=("client",),
    explains=("WIRE061", "WIRE062"),
    witnesses=("RELAY500", "RELAY501"),
    fails=[
        {"postfix": _BAD, "files": _ROWS.format("198.51.100.0/24"), "history": _LOG},
        {"postfix": _BAD, "files": _ROWS.format("10.0.0.0/8")},
        {
            "postfix": _BAD.replace("cidr:", "pcre:"),
            "files": _ROWS.format("/^198/").replace("cidr", "pcre"),
            "history": _LOG,
        },
        {
            "postfix": _BAD.replace("cidr:", "hash:"),
            "files": _ROWS.format("198.51").replace("cidr", "hash"),
            "history": _LOG,
        },
    ],
    passes=[
        {"postfix": _GOOD, "files": _ROWS.format("198.51.100.0/24"), "history": _LOG},
        {"postfix": _BAD, "files": _ROWS.format("203.0.113.0/24")},
        {"postfix": _BAD, "files": _ROWS.format("10.0.0.0/8").replace("REJECT dynamic address", "OK")},
    ],
    refs=("postfix: smtpd/smtpd_check.c, check_namadr_access(); SMTPD_ACCESS_README", "access(5), cidr_table(5)"),
)
def access_table_refuses_users(
    postfix: Postfix, files: PostfixFiles | Unknown, history: LoginHistory | Unknown
) -> Findings:
    """An access table stands before permit_sasl_authenticated in a restriction list, and refuses users who logged in.

    Such tables are meant for strangers: networks of dial-up lines, sender domains. A user at home has an address in
    them, logs in all right, and is answered "554 5.7.1 Client host rejected: Access denied" at RCPT.

    Advice: put permit_sasl_authenticated before the table in that list, or take the row out of it; then reload Postfix.
    """
    first = primary(postfix)
    users = [first, *(s for s in postfix.logins if s.name != first.name)] if postfix.logins else []
    seen = set[tuple[str, str]]()
    for smtpd in users:
        if smtpd.port == 25 and len(users) > 1:
            continue  # for other servers
        for stage in stages(smtpd):
            for hit in _hits(smtpd, stage, files, history):
                option = parameter(stage)
                if (option, hit.item.argument) in seen:
                    continue
                seen.add((option, hit.item.argument))
                late = any(i.name == _BY_LOGIN for i in items(smtpd, stage))
                where = (
                    f"{hit.item} stands before {_BY_LOGIN}" if late else f"{hit.item} is asked, without {_BY_LOGIN},"
                )
                row = f": it refuses {hit.pattern}" if hit.pattern else ""
                whom = f", as it did to {hit.client}" if hit.client else ""
                path = hit.item.argument.partition(":")[2]
                refused = history.refused if isinstance(history, LoginHistory) else ""
                yield found(
                    f"{where} in {option} of {smtpd.name}{row}, also to users who logged in{whom}",
                    evidence=[
                        smtpd.evidence(option),
                        *([Evidence(path, f"{hit.pattern} {hit.action}")] if hit.pattern else []),
                        *(
                            history.evidence(refused)
                            if isinstance(history, LoginHistory) and hit.client and hit.client in refused
                            else ()
                        ),
                    ],
                    fix=[*_first(smtpd, stage), edit(path, "or: take out the row of {pattern}", pattern=hit.pattern)]
                    if hit.pattern
                    else [*_first(smtpd, stage)],
                    severity=None if hit.client else "warning",
                    option=option,
                    table=hit.item.argument,
                    **({} if hit.client else {"client": hit.pattern}),  # type: ignore[arg-type]
                )


def _first(smtpd: Smtpd, stage: Stage) -> Iterator[Step]:
    """The list with permit_sasl_authenticated on top."""
    option, whole = parameter(stage), items(smtpd, stage)
    plain = not any(i.classes or i.warned for i in whole)
    if not plain or option in smtpd.service.options:
        master = smtpd.postfix.master
        path = master.path if master and option in smtpd.service.options else smtpd.postfix.main.path
        yield edit(path, f"in {option} of {{service}} write {_BY_LOGIN} first", service=smtpd.name)
    else:
        yield SetPostfix(option, ", ".join([_BY_LOGIN, *(w for i in whole if (w := str(i)) != _BY_LOGIN)]))
    yield Restart("postfix")
