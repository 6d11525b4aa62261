"""RUN, RELAY: whether OpenSMTPD runs, from where users reach it, and what they may do once they have logged in."""

from collections.abc import Iterator

from maildoctor.api import (
    AddBefore,
    CreateFile,
    EditFile,
    Evidence,
    Findings,
    Inspect,
    Install,
    Restart,
    Start,
    Step,
    check,
    found,
    is_plain,
    shown,
)
from maildoctor.api.host import Listeners, Processes, daemons
from maildoctor.api.opensmtpd import OpenSmtpd, Statement

_MAIN = 'pki mx cert "/etc/smtpd/host.pem"\npki mx key "/etc/smtpd/host.key"\n'
_LISTEN = "listen on 0.0.0.0 port 587 tls-require pki mx auth\n"
_LOOPBACK = "listen on localhost port 587 tls-require pki mx auth\n"
_ACTIONS = 'action "local" maildir\naction "relay" relay\n'
_LOCAL = 'match for local action "local"\n'
_AUTH = 'match auth from any for any action "relay"\n'
_GOOD = _MAIN + _LISTEN + _ACTIONS + _LOCAL + _AUTH
_RUNS = "7 root 1.0 /usr/sbin/smtpd /usr/sbin/smtpd\n"


@check(
    "RELAY981",
    "opensmtpd-open-relay",
    "error",
    rung="policy",
    role="risk",
    explains=("WIRE060",),
    fails=[
        {"smtpd": f'{_GOOD}match from any for any action "relay"'},
        {"smtpd": f'{_GOOD}match from src "0.0.0.0/0" for any action "relay"'},
    ],
    passes=[
        {"smtpd": f'{_GOOD}match from local for any action "relay"'},
        {"smtpd": f'{_GOOD}match from any for domain "example.com" action "relay"'},
        {"smtpd": f'{_GOOD}match from any mail-from <partners> for any action "relay"'},
        {"smtpd": f'{_GOOD}match from any for any reject\nmatch from any for any action "relay"'},
        {"smtpd": f'{_GOOD}match from any for any action "local"'},
    ],
    refs=("OpenSMTPD: smtpd.conf(5), match; ruleset.c, ruleset_match()",),
)
def opensmtpd_open_relay(smtpd: OpenSmtpd) -> Findings:
    """Whoever connects may send to any domain without a login: an open relay.

    Of the match rules the first that fits decides; one that relays from any for any asks nobody to log in.

    Advice: write match auth from any for any, or from local; then restart OpenSMTPD.
    """
    relays = {a.name for a in smtpd.actions if a.kind == "relay"}
    for rule in smtpd.matches:
        if not _is_for_all(rule):
            continue
        if "reject" in rule.words:
            return
        if rule.words[-1] in relays:
            yield found(
                "Everybody may relay without a login (open relay): a match rule from any for any relays",
                evidence=[rule.evidence],
                fix=[
                    EditFile(rule.path, "match auth from any for any instead of {rule}", (("rule", rule.words[1:5]),)),
                    Restart("opensmtpd"),
                ],
                path=smtpd.path,
            )
            return


_LIMITS = ("auth", "tag", "mail-from", "rcpt-to", "helo", "domain", "rdns", "tls", "!")


def _is_for_all(rule: Statement) -> bool:
    words = rule.words
    anywhere = "from any" in " ".join(words) or any(w in ("0.0.0.0/0", "::/0") for w in words)
    return anywhere and "for any" in " ".join(words) and not any(w in _LIMITS for w in words)


@check(
    "RELAY983",
    "opensmtpd-users-may-not-relay",
    "error",
    rung="policy",
    role="cause",
    explains=("refused-after-login", "WIRE061"),
    fails=[
        {"smtpd": _GOOD.replace(_AUTH, 'match from local for any action "relay"\n')},
        {"smtpd": _GOOD.replace("from any ", "")},
    ],
    passes=[
        {"smtpd": _GOOD},
        {"smtpd": _GOOD.replace("match auth from any", "match from auth")},
        {"smtpd": _GOOD.replace(" auth\n", "\n").replace(_AUTH, "")},
        {"smtpd": _GOOD.replace(" auth\n", " auth tag IN\n").replace("match auth from any", "match tag IN")},
    ],
    refs=("OpenSMTPD: smtpd.conf(5), match; ruleset.c, ruleset_match()",),
)  # fmt: skip
def opensmtpd_users_may_not_relay(smtpd: OpenSmtpd) -> Findings:
    """Users can log in, but no match rule lets who has logged in send to others from elsewhere.

    A rule without from is for this host alone, with auth or without; where none fits, the answer is "550 Invalid
    recipient", as for a user who is not known.

    Advice: add match auth from any for any with an action that relays, before other rules, and restart OpenSMTPD.
    """
    if not smtpd.logins or smtpd.missing or smtpd.is_old or any(map(_is_for_users, smtpd.matches)):
        return
    auth = [m.evidence for m in smtpd.matches if "auth" in m.words]
    yield found(
        "No match rule lets who logged in relay: there is no match auth from any for any",
        evidence=auth or [m.evidence for m in smtpd.matches[:3]] or [Evidence(smtpd.path, "no match rule")],
        fix=[*_rule_for_users(smtpd), Restart("opensmtpd")],
        path=smtpd.path,
    )


def _is_for_users(rule: Statement) -> bool:
    """Whether it may be for users elsewhere: tags and tables say what these files do not."""
    words = " ".join(rule.words)
    if "from auth" in words or "tag" in rule.words:
        return True
    return "from any" in words or "from src" in words if "auth" in rule.words or "for any" in words else False


def _rule_for_users(smtpd: OpenSmtpd) -> Iterator[Step]:
    relay = next((a.name for a in smtpd.actions if a.kind == "relay" and is_plain(a.name)), "")
    if relay and smtpd.matches and smtpd.matches[0].path == smtpd.path:
        yield AddBefore(smtpd.path, f'match auth from any for any action "{relay}"', "match")
    else:
        yield EditFile(smtpd.path, "add match auth from any for any, with an action that relays")


@check(
    "RUN981",
    "opensmtpd-on-loopback-only",
    "error",
    rung="listener",
    role="cause",
    explains=("no-answer",),
    fails=[{"smtpd": _MAIN + _LOOPBACK + _ACTIONS + _AUTH}],
    passes=[
        {"smtpd": _GOOD},
        {"smtpd": _GOOD.replace("listen on", "listen on 127.0.0.1 port 587 tls pki mx auth\nlisten on", 1)},
        {"smtpd": _MAIN + "listen on localhost\n" + _ACTIONS},
    ],
    refs=("OpenSMTPD: smtpd.conf(5), listen on",),
)
def opensmtpd_on_loopback_only(smtpd: OpenSmtpd) -> Findings:
    """OpenSMTPD lets users log in, but listens for them on this host's loopback address only.

    Mail programs elsewhere get "connection refused".

    Advice: write listen on 0.0.0.0 (and ::), or the address that users reach, and restart OpenSMTPD.
    """
    if smtpd.logins and all(x.is_loopback for x in smtpd.logins):
        yield found(
            f"OpenSMTPD listens for users on the loopback address only: listen on {smtpd.logins[0].address}",
            evidence=[x.statement.evidence for x in smtpd.logins[:3]],
            fix=[EditFile(smtpd.path, "listen on 0.0.0.0 instead"), Restart("opensmtpd")],
            option="listen on",
        )


@check(
    "RUN982",
    "opensmtpd-without-ca-bundle",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer", "no-offer"),
    fails=[
        {"smtpd": f"no bundle: /etc/ssl/certs/ca-certificates.crt\n==> /etc/smtpd.conf <==\n{_GOOD}", "processes": ""},
        {
            "smtpd": f"no bundle: /etc/ssl/certs/ca-certificates.crt\n==> /etc/smtpd.conf <==\n{_GOOD}",
            "processes": _RUNS,
        },
    ],
    passes=[{"smtpd": _GOOD, "processes": ""}],
    refs=("OpenSMTPD: dispatcher.c, tls_config_set_ca_file()",),
)
def opensmtpd_without_ca_bundle(smtpd: OpenSmtpd, processes: Processes) -> Findings:
    """The bundle of certificate authorities is missing, without which OpenSMTPD ends as soon as it starts.

    It opens the file that its build names even if it is to verify nobody. The status of the start is 0 all the same.

    Advice: install ca-certificates, then start OpenSMTPD. Where no package can be had an empty file lets it start; it
    then trusts no other server's certificate.
    """
    if not smtpd.lacks_bundle:
        return
    runs = bool(daemons("opensmtpd", processes))
    yield found(
        f"{smtpd.lacks_bundle} does not exist: OpenSMTPD ends "
        + ("at its next start" if runs else "when it is started"),
        evidence=[Evidence(f"ls -l {smtpd.lacks_bundle}", "No such file or directory")],
        fix=[Install("ca-certificates"), *([] if runs else [CreateFile(smtpd.lacks_bundle), Start("opensmtpd")])],
        severity="warning" if runs else None,
        path=smtpd.lacks_bundle,
    )


@check(
    "RUN983",
    "opensmtpd-not-running",
    "error",
    rung="program",
    role="symptom",
    shows=("stopped",),
    explains=("no-answer",),
    fails=[{"smtpd": _GOOD, "processes": "", "listeners": ""}],
    passes=[
        {"smtpd": _GOOD, "processes": _RUNS, "listeners": "0.0.0.0 587 7 smtpd"},
        {"smtpd": _GOOD, "processes": "", "listeners": "0.0.0.0 587 7 master"},
    ],
    refs=("OpenSMTPD: smtpd.c, main()",),
)
def opensmtpd_not_running(smtpd: OpenSmtpd, processes: Processes, listeners: Listeners) -> Findings:
    """OpenSMTPD does not run: nothing listens on its ports.

    Every client gets "connection refused".

    Advice: start OpenSMTPD; if it ends at once, smtpd -n and the last lines of its log say why.
    """
    if running := daemons("opensmtpd", processes):
        yield shown("OpenSMTPD runs", running[0].evidence)
        return
    ports = sorted({x.port for x in smtpd.listeners})
    if not ports or any(listeners.on(port) for port in ports):
        return
    yield found(
        f"OpenSMTPD is not running: nothing listens on {', '.join(map(str, ports))}",
        evidence=[Evidence("ps", "no process of smtpd")],
        fix=[Start("opensmtpd", at_boot=True)],
        daemon="opensmtpd",
    )


@check(
    "RUN985",
    "opensmtpd-runs-an-older-configuration",
    "warning",
    rung="program",
    role="cause",
    explains=("no-offer", "no-starttls", "no-answer"),
    fails=[{"smtpd": f"changed: 100.00\n==> /etc/smtpd.conf <==\n{_GOOD}", "processes": _RUNS}],
    passes=[
        {"smtpd": f"changed: 0.50\n==> /etc/smtpd.conf <==\n{_GOOD}", "processes": _RUNS},
        {"smtpd": f"changed: 100.00\n==> /etc/smtpd.conf <==\n{_GOOD}", "processes": ""},
    ],
    refs=("OpenSMTPD: smtpd.c, main(): parse_config() at the start alone",),
)
def opensmtpd_runs_an_older_configuration(smtpd: OpenSmtpd, processes: Processes) -> Findings:
    """OpenSMTPD was started before smtpd.conf was changed, and reads it at its start alone.

    Advice: run smtpd -n, which says what is wrong with the new one, then restart OpenSMTPD.
    """
    running = daemons("opensmtpd", processes)
    if running and min(p.started for p in running) < smtpd.changed:
        yield found(
            f"{smtpd.path} was changed after OpenSMTPD was started",
            evidence=[Evidence(smtpd.path, "newer than the process"), running[0].evidence],
            fix=[Inspect("smtpd -n"), Restart("opensmtpd")],
            path=smtpd.path,
        )
