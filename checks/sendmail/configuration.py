"""CONF: sendmail's program and configuration."""

import re
from collections.abc import Iterator

from maildoctor.api import (
    Absent,
    AddMacro,
    CreateFile,
    EditMacroFile,
    Evidence,
    Findings,
    Generate,
    Install,
    LoginService,
    Move,
    Rebuild,
    Severity,
    Step,
    Unknown,
    Wanted,
    check,
    drop_macro,
    edit,
    found,
    inspect,
    known,
    rebuild,
    reset_macro,
    restart,
    set_macro,
    set_port,
    trust,
)
from maildoctor.api.cyrus import SaslConf, SaslDb
from maildoctor.api.host import Listeners, LoginHistory, Names, Paths, Processes, Services, System
from maildoctor.api.sendmail import (
    AUTH_OPTION_LETTERS,
    Daemon,
    SendmailCf,
    SendmailMc,
    SendmailProgram,
    SiteConfig,
    SubmitCf,
    set_up_sendmail,
)

_ONE_USER = (
    "# path: /etc/sasldb2\n# format: Berkeley DB hash version 9\n# backend: berkeley\n"
    "test@mail.example.com: userPassword"
)
_RULE = "SLocal_check_rcpt\nR$*\t$#OK\n"


@check(
    "CONF001",
    "configuration-syntax",
    "error",
    rung="program",
    role="cause",
    explains=("no-answer",),
    fails=[
        {"cf": "V10/Berkeley\nQ this is no line\n"},
        {"cf": "V10/Berkeley\nScheck_rcpt\nR$*    $#OK\n"},
        {"cf": "V10/Berkeley\n" + _RULE, "submit": "V10/Berkeley\nQ this is no line\n"},
    ],
    passes=[{"cf": "V10/Berkeley\n" + _RULE}, {"cf": "V10/Berkeley\n" + _RULE, "submit": "V10/Berkeley\n"}],
    refs=("sendmail: sendmail/readcf.c, readcf()",),
)
def configuration_syntax(cf: SendmailCf, submit: SubmitCf | Unknown) -> Findings:
    """sendmail.cf has a line that sendmail does not know or cannot parse.

    Sendmail then stops at start, or drops the rule and behaves otherwise than meant. Most often somebody edited the
    file by hand and tabs became blanks. With such a line in submit.cf programs and users of this host cannot submit
    mail; the daemon does not read it.

    Advice: rebuild sendmail.cf from sendmail.mc (m4; submit.cf from submit.mc), or remove the line.
    """
    yield from _bad_lines(cf, None)
    if isinstance(submit, SendmailCf):
        yield from _bad_lines(submit, "warning")


def _bad_lines(cf: SendmailCf, severity: Severity | None) -> Findings:
    bad = [
        *((line, "unknown configuration line") for line in cf.unknown),
        *((line, line.problem or "malformed") for line in cf.malformed),
        *((line, line.problem or "invalid rule: no tab between its two sides") for line in cf.bad_rules),
    ]
    if bad:
        line, what = bad[0]
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        source = cf.path.removesuffix(".cf") + ".mc"
        yield found(
            f"{cf.path} has a syntax error in line {line.number}: {what}{more}",
            evidence=[Evidence(f"{cf.path}:{b.number}", f"{b.text[:120]}  ({w})") for b, w in bad[:5]],
            fix=[Rebuild(source, cf.path)],
            severity=severity,
            path=cf.path,
        )


def _auth_matters(what: str) -> bool:
    return bool(
        re.search(r"(?i)auth|cert|sasl|tls|daemon|authinfo|domain|access|dontblame|runas|trusteduser|cacert", what)
    )


@check(
    "CONF002",
    "configuration-not-rebuilt",
    "error",
    rung="program",
    role="cause",
    explains=(
        "no-offer",
        "no-starttls",
        "CONF005",
        "CONF006",
        "CONF010",
        "CONF015",
        "MAP004",
        "MAP009",
        "MECH002",
        "MECH003",
        "MECH005",
        "MECH007",
        "MECH009",
        "WIRE011",
    ),
    fails=[
        {
            "cf": "# path: /etc/mail/sendmail.cf\nV10/Berkeley\n",
            "mc": "# path: /etc/mail/sendmail.mc\ndefine(`confAUTH_MECHANISMS', `CRAM-MD5 PLAIN')dnl\n"
            "TRUST_AUTH_MECH(`CRAM-MD5 PLAIN')dnl",
        }
    ],
    passes=[
        {
            "cf": "O AuthMechanisms=CRAM-MD5 PLAIN\nC{TrustAuthMech}CRAM-MD5 PLAIN",
            "mc": "define(`confAUTH_MECHANISMS', `CRAM-MD5 PLAIN')dnl\nTRUST_AUTH_MECH(`CRAM-MD5 PLAIN')dnl",
        }
    ],
    refs=('sendmail: cf/README, "GETTING STARTED"',),
)
def configuration_not_rebuilt(cf: SendmailCf, mc: SendmailMc) -> Findings:
    """sendmail.mc says one thing and sendmail.cf another: the .cf was never rebuilt from it.

    Sendmail reads only sendmail.cf. What was written into sendmail.mc has no effect until m4 has made a new one. The
    values are compared here, not only the times of the files.

    Advice: build sendmail.cf from sendmail.mc (m4 sendmail.mc > sendmail.cf; on Debian make -C /etc/mail), then
    restart sendmail.
    """
    differences = mc.differences(cf)
    if not differences:
        return
    serious = any(_auth_matters(d.what) for d in differences)
    yield found(
        f"{cf.path} does not match {mc.path}: it was not rebuilt after a change; "
        f"{', '.join(dict.fromkeys(d.what for d in differences[:6]))}"
        f" {'differ' if len(differences) > 1 else 'differs'}",
        evidence=[
            Evidence(
                f"{mc.path}:{d.mc_line}",
                f"{d.what}: {d.mc_says or '(nothing)'}; sendmail.cf has: {d.cf_says or '(nothing)'}",
            )
            for d in differences[:6]
        ],
        fix=[Rebuild(mc.path, cf.path, keep=f"{cf.path}.before")],
        severity="error" if serious else "warning",
        path=cf.path,
    )


@check(
    "CONF003",
    "configuration-missing",
    "error",
    rung="program",
    role="cause",
    explains=("stopped",),
    fails=[{"program": "Version 8.17.1"}],
    passes=[{"program": "Version 8.17.1", "cf": "V10/Berkeley"}],
    refs=("sendmail: sendmail/conf.h, _PATH_SENDMAILCF",),
)
def configuration_missing(program: SendmailProgram, cf: SendmailCf | Unknown) -> Findings:
    """sendmail.cf does not exist.

    Without it sendmail does not start at all.

    Advice: build it from sendmail.mc with m4, or reinstall the package.
    """
    if isinstance(cf, Absent):
        yield found(
            "sendmail.cf does not exist, so sendmail cannot start",
            evidence=[Evidence("ls -l /etc/mail/sendmail.cf", cf.reason)],
            fix=[Generate("/etc/mail/sendmail.cf", "/etc/mail/sendmail.mc")],
            path="/etc/mail/sendmail.cf",
        )


@check(
    "CONF004",
    "submit-cf-missing",
    "warning",
    rung="hand-over",
    role="cause",
    direction="local",
    fails=[{"program": "Version 8.17.1", "cf": "V10/Berkeley"}],
    passes=[
        {"program": "Version 8.17.1", "cf": "V10/Berkeley", "submit": "V10/Berkeley"},
        {"program": "Version 8.11.7", "cf": "V9/Berkeley"},
    ],
    refs=("sendmail: sendmail/SECURITY; submit.cf is there since 8.12",),
)
def submit_cf_missing(program: SendmailProgram, cf: SendmailCf, submit: SubmitCf | Unknown) -> Findings:
    """submit.cf does not exist: programs and users of this host cannot submit mail.

    The command sendmail then falls back to sendmail.cf, for which it has no rights, and fails. Mail by SMTP is not
    touched.

    Advice: build it (m4 submit.mc > submit.cf), or reinstall the package.
    """
    if isinstance(submit, Absent) and program.at_least("8.12") is not False:
        path = cf.path.rpartition("/")[0] or "/etc/mail"
        yield found(
            f"{path}/submit.cf is missing: local submission of mail fails, SMTP is not touched",
            evidence=[Evidence(f"ls -l {path}/submit.cf", "No such file or directory")],
            fix=[Generate(f"{path}/submit.cf", f"{path}/submit.mc", safety="safe")],
            path=f"{path}/submit.cf",
        )


@check(
    "CONF005",
    "auth-switched-off",
    "error",
    rung="offer",
    role="cause",
    scope=("listener",),
    explains=("no-offer",),
    fails=[{"cf": "O DaemonPortOptions=Name=MSP-v4, Port=587, M=EA"}],
    passes=[
        {"cf": "O DaemonPortOptions=Name=MSP-v4, Port=587, M=Ea"},
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25, M=A\nO DaemonPortOptions=Name=MSA, Port=587, M=Ea"},
    ],
    refs=("sendmail: doc/op, DaemonPortOptions: A disable AUTH (overrides a)",),
)
def auth_switched_off(cf: SendmailCf) -> Findings:
    """A port has the modifier A: AUTH is switched off there (a, small, would require it).

    On a submission port nobody can log in then; the client sees no AUTH line.

    Advice: drop the A from M= in DAEMON_OPTIONS of sendmail.mc, or on a port for submission make it a small a, which
    demands a login of every client; rebuild sendmail.cf and restart.
    """
    everywhere = all(d.auth_off for d in cf.daemons)
    for daemon in cf.daemons:
        if daemon.auth_off and (everywhere or daemon.port in (587, 465)):
            modifiers = daemon.letters
            yield found(
                f"AUTH is switched off on port {daemon.port or daemon.service} ({daemon.name}): DaemonPortOptions "
                f"has M={modifiers} with the modifier A",
                evidence=[daemon.evidence(cf.path)],
                fix=set_port(cf.path, "M", modifiers.replace("A", "a" if daemon.port in _FOR_LOGINS else ""), daemon),
                port=str(daemon.port),
            )


@check(
    "CONF006",
    "starttls-switched-off",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("no-starttls",),
    fails=[
        {
            "cf": "O DaemonPortOptions=Name=MSP-v4, Port=587, M=EaS\nO AuthOptions=A p\nO "
            "ServerCertFile=/etc/mail/host.pem"
        }
    ],
    passes=[
        {
            "cf": "O DaemonPortOptions=Name=MSP-v4, Port=587, M=Ea\nO AuthOptions=A p\nO "
            "ServerCertFile=/etc/mail/host.pem"
        }
    ],
    refs=("sendmail: doc/op, DaemonPortOptions: S do not offer STARTTLS",),
)
def starttls_switched_off(cf: SendmailCf) -> Findings:
    """A port has the modifier S: STARTTLS is not offered there though a certificate is configured.

    With AuthOptions p the mechanisms PLAIN and LOGIN vanish with it; without p passwords go in the clear.

    Advice: take the S out of M= in DAEMON_OPTIONS of sendmail.mc, rebuild sendmail.cf and restart.
    """
    if not cf.tls_files.get("ServerCertFile"):
        return
    lost = ", so PLAIN and LOGIN are not offered (AuthOptions p)" if "p" in cf.auth_options else ""
    for daemon in cf.daemons:
        if daemon.starttls_off and not daemon.auth_off and not daemon.smtps:
            modifiers = daemon.letters
            submission = "submission " if daemon.port == 587 else ""
            yield found(
                f"STARTTLS is switched off on {submission}port {daemon.port or daemon.service} ({daemon.name}) by "
                f"DaemonPortOptions M={modifiers}{lost}",
                evidence=[daemon.evidence(cf.path)],
                fix=set_port(cf.path, "M", modifiers.replace("S", ""), daemon),
                port=str(daemon.port),
            )


@check(
    "CONF007",
    "received-header-hides-auth",
    "warning",
    rung="hand-over",
    role="cause",
    fails=[{"cf": "V10/Berkeley\nHReceived: $?sfrom $s $.by $j ($v/$Z)$?r with $r$. id $i; $b\nC{TrustAuthMech}PLAIN"}],
    passes=[
        {
            "cf": "V10/Berkeley\nHReceived: $?sfrom $s $.by $j ($v/$Z)$?r with $r$. id $i$?{auth_type} "
            "(authenticated$?{auth_ssf} bits=${auth_ssf}$.)$.; $b"
        }
    ],
    refs=("sendmail: cf/m4/cfhead.m4, _REC_AUTH_",),
)
def received_header_hides_auth(cf: SendmailCf) -> Findings:
    """The Received header was redefined without the part that says "authenticated".

    Logins work, but delivered mail no longer shows that its sender had logged in, which filters and people look for.

    Advice: remove the redefinition (confRECEIVED_HEADER) from sendmail.mc: the default has the part; rebuild, restart.
    """
    header = cf.received_header
    if header and "auth_type" not in header and "auth_authen" not in header and "auth_ssf" not in header:
        line = cf.headers["received"].line
        yield found(
            "The Received header has no ${auth_type} part: mail of users who logged in carries no 'authenticated'",
            evidence=[Evidence(f"{cf.path}:{line}", f"HReceived: {header[:160]}")],
            fix=drop_macro(cf.path, "define", "confRECEIVED_HEADER"),
            header="Received",
        )


@check(
    "CONF008",
    "unknown-option",
    "warning",
    rung="program",
    role="cause",
    explains=("no-offer", "no-starttls"),
    fails=[{"cf": "O AuthMechs=PLAIN"}],
    passes=[{"cf": "O AuthMechanisms=PLAIN"}],
    refs=("sendmail: sendmail/readcf.c, OptionTab",),
)
def unknown_option(cf: SendmailCf) -> Findings:
    """sendmail.cf sets an option that no release of sendmail has.

    Sendmail complains once at start ("unknown option name") and goes on without it.

    Advice: correct the name, or remove the option; rebuild sendmail.cf and restart.
    """
    for option in cf.unknown_options:
        better = option.suggestion
        yield found(
            f"{cf.path} sets the unknown option {option.name}" + (f"; {better} is meant?" if better else ""),
            evidence=[Evidence(f"{cf.path}:{option.line}", f"O {option.name}")],
            fix=rebuild(
                cf.path,
                "correct the option {option}" + (" to {better}" if better else ""),
                option=option.name,
                better=better or "",
            ),
            option=option.name,
        )


@check(
    "CONF009",
    "unknown-word",
    "error",
    rung="program",
    role="cause",
    witnesses=("CONF124",),
    fails=[{"cf": "O DontBlameSendmail=GroupWriteableDirPathSafe"}],
    passes=[{"cf": "O DontBlameSendmail=GroupWritableDirPathSafe,TrustStickyBit"}],
    refs=("sendmail: sendmail/conf.c, DontBlameSendmailValues; PrivacyValues",),
)
def unknown_word(cf: SendmailCf) -> Findings:
    """DontBlameSendmail or PrivacyOptions holds a word that no release of sendmail knows.

    Sendmail complains at start and the word has no effect.

    Advice: correct the spelling in sendmail.mc, rebuild sendmail.cf and restart.
    """
    for option, words in (("DontBlameSendmail", cf.unknown_dont_blame), ("PrivacyOptions", cf.unknown_privacy)):
        for word in words:
            setting = cf.option(option)
            yield found(
                f"{option} holds the unknown word {word}",
                evidence=[
                    Evidence(
                        f"{cf.path}:{setting.line if setting else 0}", f"O {option}={setting.value if setting else ''}"
                    )
                ],
                fix=rebuild(cf.path, "correct {word} in {option}", word=word, option=option),
                option=option,
                word=word,
            )


@check(
    "CONF010",
    "log-level-too-low",
    "warning",
    rung="none",
    role="note",
    fails=[{"cf": "O LogLevel=8", "program": "Version 8.17.1.9"}, {"cf": "O LogLevel=9", "program": "Version 8.15.2"}],
    passes=[
        {"cf": "O LogLevel=9", "program": "Version 8.17.1.9"},
        {"cf": "O LogLevel=10", "program": "Version 8.15.2"},
    ],
    refs=("sendmail: sendmail/srvrsmtp.c: AUTH failure is logged at LogLevel 10, since 8.16 at 9",),
)
def log_level_too_low(cf: SendmailCf, program: SendmailProgram | Unknown) -> Findings:
    """LogLevel is so low that failed logins leave no line in the log.

    AUTH failures are logged from level 9 on (before 8.16 from 10, which is more than the default). Whoever looks for
    the cause in the log finds nothing.

    Advice: define(`confLOG_LEVEL', `14') while looking for a fault, at least 10 otherwise; rebuild and restart.
    """
    needed = 10 if isinstance(program, SendmailProgram) and program.at_least("8.16") is False else 9
    explicit = cf.option("LogLevel")
    if cf.log_level < needed and (explicit is not None or needed > 9):
        yield found(
            f"LogLevel is {cf.log_level}, too low: a failed login leaves no line in the log (needs at least {needed})",
            evidence=[
                Evidence(
                    f"{cf.path}:{explicit.line}" if explicit else cf.path,
                    f"O LogLevel={cf.log_level}" if explicit else "no O LogLevel: default 9",
                )
            ],
            fix=set_macro(cf.path, "confLOG_LEVEL", "14"),
            severity="warning" if explicit else "info",
            option="LogLevel",
        )


_STARTED = "7 root 1.00 /usr/sbin/sendmail sendmail: accepting connections\nstarted as: /usr/sbin/sendmail -bd "


@check(
    "CONF024",
    "sendmail-logs-passwords",
    "warning",
    rung="none",
    role="risk",
    witnesses=("PERM142",),
    fails=[{"cf": "O LogLevel=15"}, {"cf": "O LogLevel=9", "processes": _STARTED + "-OLogLevel=20"}],
    passes=[{"cf": "O LogLevel=14"}, {"cf": "", "processes": _STARTED + "-OLogLevel=14"}],
    refs=("sendmail: sendmail/srvrsmtp.c, LogLevel > 14",),
)
def log_level_shows_passwords(cf: SendmailCf, processes: Processes | Unknown) -> Findings:
    """LogLevel is so high that sendmail writes the passwords of those who log in into the log.

    From 15 on every command is logged, AUTH with its first answer too: name and password in base64, which hides
    nothing. Logs are kept, copied and sent to other machines.

    Advice: define(`confLOG_LEVEL', `14') at most, rebuild and restart; then delete the log with its copies, and let the
    users concerned change their passwords.
    """
    started = processes.started_as if isinstance(processes, Processes) else ""
    given = re.search(r"\s-O\s?LogLevel=([0-9]{1,4})(?:\s|$)", started)
    if given is not None:
        level, where, said = int(given[1]), "sendmail.pid", given[0].strip()
    else:
        setting = cf.option("LogLevel")
        level, where, said = cf.log_level, f"{cf.path}:{setting.line if setting else 0}", f"O LogLevel={cf.log_level}"
    if level > _PASSWORDS_FROM:
        yield found(
            f"LogLevel is {level}: the log shows the passwords of everybody who logs in by PLAIN",
            evidence=[Evidence(where, said)],
            fix=set_macro(cf.path, "confLOG_LEVEL", "14"),
            option="LogLevel",
        )


_PASSWORDS_FROM = 14
"""Above this level sendmail logs commands as they are."""


@check(
    "CONF011",
    "built-without-sasl",
    "error",
    rung="mechanism",
    role="cause",
    explains=("no-offer", "CONF008", "LINK001", "LINK002", "MECH001", "MECH002", "MECH003", "MECH005", "RUN004"),
    witnesses=("CONF122",),
    fails=[{"program": "Version 8.17.1\n Compiled with: DNSMAP LOG NEWDB STARTTLS"}],
    passes=[{"program": "Version 8.17.1\n Compiled with: DNSMAP LOG NEWDB SASLv2 STARTTLS"}],
    refs=("sendmail: sendmail/README, SASL; `sendmail -d0.1 -bt </dev/null`",),
)
def built_without_sasl(program: SendmailProgram) -> Findings:
    """The sendmail program was compiled without SASL: it cannot do AUTH at all.

    No configuration can help; options such as AuthMechanisms only give a warning at start.

    Advice: install a sendmail that is built with SASL (put the distribution's package back), or rebuild it with
    -DSASL=2 in confENVDEF and -lsasl2 in confLIBS.
    """
    if program.has_sasl is False:
        where = program.look.path if program.look else "sendmail"
        yield found(
            f"{where} (sendmail {program.version}) was compiled without SASL support",
            evidence=[Evidence(program.source, "Compiled with: " + " ".join(sorted(program.flags)))],
            fix=[Install("sendmail", again=True), restart()],
            path=where,
        )


@check(
    "CONF012",
    "open-relay",
    "error",
    rung="policy",
    role="risk",
    explains=("CONF016",),
    fails=[{"cf": "V10/Berkeley\nSbasic_check_rcpt\nR$*\t$@ OK\nScheck_rcpt\nR$*\t$: $>Basic_check_rcpt $1\n"}],
    passes=[
        {"cf": "V10/Berkeley\nScheck_rcpt\nR$*\t$: $>Rcpt_ok $1\nSRelay_ok\nR$*\t$@ NO\n"},
        {"cf": "V10/Berkeley\n"},
    ],
    refs=("sendmail: cf/README, FEATURE(`promiscuous_relay'): the ruleset Relay_ok is left out",),
)
def open_relay(cf: SendmailCf) -> Findings:
    """The configuration lets anybody relay (promiscuous_relay): AUTH protects nothing.

    Such a host is found and abused within hours.

    Advice: remove FEATURE(`promiscuous_relay') from sendmail.mc, rebuild sendmail.cf and restart.
    """
    if (
        cf.level >= 10
        and cf.has_rules("check_rcpt", "basic_check_rcpt", "Basic_check_rcpt")
        and not cf.has_rules("Relay_ok")
    ):
        yield found(
            "Open relay: anybody may relay through this server without a login (promiscuous_relay)",
            evidence=[Evidence(cf.path, "check_rcpt has rules, but there is no ruleset Relay_ok")],
            fix=drop_macro(cf.path, "FEATURE", "promiscuous_relay"),
            feature="promiscuous_relay",
        )


@check(
    "CONF013",
    "auth-option-without-effect",
    "warning",
    rung="offer",
    role="cause",
    explains=("no-offer", "MECH007", "WIRE011", "WIRE023"),
    fails=[{"cf": "O AuthOptions=pay"}],
    passes=[{"cf": "O AuthOptions=p,a,y"}],
    refs=("sendmail: sendmail/readcf.c, O_AUTHOPTIONS",),
)
def auth_option_without_effect(cf: SendmailCf) -> Findings:
    """A letter in AuthOptions has no effect.

    Sendmail looks at one character, then skips to behind the next separator; what it skips or does not know is lost,
    with a warning on standard output at most.

    Advice: separate the letters with single blanks or single commas: define(`confAUTH_OPTIONS', `A p y').
    """
    setting = cf.option("AuthOptions")
    if setting and cf.auth_option_trouble:
        yield found(
            f"AuthOptions {setting.value!r}: {'; '.join(cf.auth_option_trouble)}",
            evidence=[Evidence(f"{cf.path}:{setting.line}", f"O AuthOptions={setting.value}")],
            fix=set_macro(
                cf.path, "confAUTH_OPTIONS", *dict.fromkeys(c for c in setting.value if c in AUTH_OPTION_LETTERS)
            ),
            option="AuthOptions",
        )


@check(
    "CONF014",
    "name-not-qualified",
    "error",
    rung="listener",
    role="cause",
    # RUN002: it sleeps for a minute before it listens
    explains=("RUN002", "TLS004", "USER005", "USER008", "USER009"),
    witnesses=("CONF127",),
    fails=[{"names": "hostname: mail\n127.0.0.1 localhost", "program": "(canonical domain name) $j = mail", "cf": ""}],
    passes=[
        {
            "names": "hostname: mail\n127.0.0.1 mail.example.com mail",
            "program": "(canonical domain name) $j = mail.example.com",
            "cf": "",
        },
        {"names": "hostname: mail\n127.0.0.1 localhost", "program": "Version 8.17.1", "cf": "Djmail.example.com"},
    ],
    refs=('sendmail: sendmail/main.c, myhostname(); doc/op, "Who Am I?"',),
)
def name_not_qualified(
    names: Names, cf: SendmailCf, program: SendmailProgram | Unknown, sasldb: SaslDb | Unknown
) -> Findings:
    """The host's own name has no domain: sendmail cannot qualify it.

    $j is then the short name, and with it the greeting and the realm in which users are looked up; some releases sleep
    a minute at every start ("unable to qualify my own domain name").

    Advice: put the full name first on the host's line in /etc/hosts (192.0.2.1 mail.example.com mail), or set
    confDOMAIN_NAME; then restart sendmail.
    """
    reported = program if isinstance(program, SendmailProgram) and "j" in program.identity else None
    said = reported.identity["j"] if reported else None
    if (said and "." in said) or cf.domain_name or "." in names.canonical:
        return
    name, own = said or names.canonical, names.own_line
    full = {u.realm for u in sasldb.users if u.realm.startswith(f"{name}.")} if isinstance(sasldb, SaslDb) else set()
    asked = "sendmail says $j = " + said if said else "no line of /etc/hosts gives it a domain; DNS was not asked"
    yield found(
        f"The host name {name!r} is not fully qualified: it has no domain",
        evidence=[
            Evidence("hostname", names.hostname),
            Evidence(reported.named_by if reported else "/etc/hosts", asked),
            *([Evidence(f"/etc/hosts:{own.number}", f"{own.address} {' '.join(own.names)}")] if own else []),
        ],
        fix=set_macro(cf.path, "confDOMAIN_NAME", *full)
        if len(full) == 1
        else [
            edit("/etc/hosts", "ADDRESS {name}.DOMAIN {name}", name=name),
            *rebuild(cf.path, "if that cannot be: define(`confDOMAIN_NAME', `{name}.DOMAIN')dnl", name=name)[:1],
        ],
        severity="error" if said else "info",
        name=name,
    )


@check(
    "CONF015",
    "auth-mechanisms-written-wrong",
    "error",
    rung="offer",
    role="cause",
    explains=("no-offer", "MECH001", "MECH003"),
    fails=[{"cf": "O AuthMechanisms=PLAIN,LOGIN"}, {"cf": "O AuthMechanisms="}],
    passes=[{"cf": "O AuthMechanisms=PLAIN LOGIN"}, {"cf": ""}],
    refs=("sendmail: sendmail/sasl.c, intersect(): names are separated by single blanks",),
)
def auth_mechanisms_written_wrong(cf: SendmailCf) -> Findings:
    """AuthMechanisms is empty or written in a way that sendmail does not understand.

    Names are separated by blanks; a comma becomes part of the name, which then is no mechanism. Nothing warns.

    Advice: define(`confAUTH_MECHANISMS', `DIGEST-MD5 CRAM-MD5 LOGIN PLAIN') with blanks between; rebuild and restart.
    """
    setting = cf.option("AuthMechanisms")
    if setting is None:
        return
    odd = [m for m in cf.auth_mechanisms if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", m)]
    if odd or not cf.auth_mechanisms:
        yield found(
            f"AuthMechanisms in {cf.path} is "
            + (f"written wrong: {odd[0][:60]!r} is no mechanism" if odd else "empty, so AUTH is not offered"),
            evidence=[Evidence(f"{cf.path}:{setting.line}", f"O AuthMechanisms={setting.value}")],
            fix=set_macro(cf.path, "confAUTH_MECHANISMS", *setting.value.replace(",", " ").split()),
            option="AuthMechanisms",
        )


@check(
    "CONF016",
    "nobody-may-relay",
    "warning",
    rung="policy",
    role="derived",
    fails=[{"cf": "V10/Berkeley\nC{TrustAuthMech}PLAIN\nSRelay_ok\nR$*\t$@ NO\n"}],
    passes=[
        {"cf": "V10/Berkeley\nC{TrustAuthMech}PLAIN\nSRelay_auth\nR$* $| $={TrustAuthMech}\t$# RELAY\n"},
        {"cf": "V10/Berkeley\nC{TrustAuthMech}PLAIN"},
    ],
    refs=("sendmail: cf/m4/proto.m4, ruleset Relay_ok",),
)
def nobody_may_relay(cf: SendmailCf) -> Findings:
    """Mechanisms are trusted, but no rule of sendmail.cf asks for them.

    The class {TrustAuthMech} alone does nothing: the rulesets of cf/m4/proto.m4 let its members relay. In a hand-made
    or very old sendmail.cf they are missing.

    Advice: build sendmail.cf from a sendmail.mc with TRUST_AUTH_MECH.
    """
    if cf.trusted_mechs and cf.trusted_mechs_rule is None and cf.rulesets:
        yield found(
            f"{cf.path} fills the class TrustAuthMech, but no rule uses it: nobody may relay because of a login",
            evidence=[Evidence(cf.path, "no rule with $={TrustAuthMech}")],
            fix=trust(cf.path, cf.trusted_mechs),
            subject="TrustAuthMech",
        )


@check(
    "CONF017",
    "library-missing",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-offer", "CONF011"),
    fails=[{"program": "-rwxr-sr-x root smmsp /usr/sbin/sendmail\n\tlibsasl2.so.2 => not found"}],
    passes=[{"program": "-rwxr-sr-x root smmsp /usr/sbin/sendmail\n\tlibsasl2.so.2 => /lib/libsasl2.so.2"}],
    refs=("ld.so(8)",),
)
def library_missing(program: SendmailProgram) -> Findings:
    """The sendmail program needs a shared library that is not here, so it cannot even start.

    Advice: install the package that holds the library, or reinstall sendmail for the libraries of this system.
    """
    for name in program.missing_libraries:
        where = program.look.path if program.look else "sendmail"
        yield found(
            f"{where} cannot start: the shared library {name} is not found",
            evidence=[Evidence(f"ldd {where}", f"{name} => not found")],
            fix=[Install("libsasl2", again=True)] if name.startswith("libsasl") else [],
            library=name,
        )


@check(
    "CONF018",
    "class-file-missing",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-offer", "no-starttls"),
    witnesses=("PERM130",),
    fails=[
        {
            "cf": "Fw/etc/mail/local-host-names",
            "paths": "drwxr-xr-x root root /etc/mail/local-host-names\n[class file] /etc/mail/local-host-names",
        },
        {
            "cf": "Fw/etc/mail/local-host-names",
            "paths": "drwxr-xr-x root root /etc/mail\n[class file] /etc/mail/local-host-names",
        },
    ],
    passes=[
        {
            "cf": "Fw/etc/mail/local-host-names",
            "paths": "-rw-r--r-- root root /etc/mail/local-host-names\n[class file] /etc/mail/local-host-names",
        },
        {
            "cf": "Fw-o /etc/mail/local-host-names",
            "paths": "drwxr-xr-x root root /etc/mail\n[class file] /etc/mail/local-host-names",
        },
    ],
    refs=("sendmail: sendmail/readcf.c, fileclass()",),
)
def class_file_missing(cf: SendmailCf, paths: Paths) -> Findings:
    """A file that sendmail.cf reads a class from does not exist, and sendmail stops at start because of it.

    "fileclass: cannot open '/etc/mail/local-host-names': No such file or directory" is all that is said.

    Advice: create the file; an empty one will do.
    """
    trails = {t.path: t for t in paths.of("class file")}
    for class_file in cf.class_files:
        trail = trails.get(class_file.path)
        if trail is not None and trail.file is not None and trail.file.kind == "d":
            yield found(
                f"{class_file.path} is a directory, and sendmail cannot start with it: it reads regular files only",
                evidence=[
                    Evidence(f"{cf.path}:{class_file.line}", f"F{class_file.name}{class_file.path}"),
                    trail.file.evidence,
                ],
                fix=[
                    Move(class_file.path, f"{class_file.path}.old"),
                    CreateFile(class_file.path),
                ],
                path=class_file.path,
            )
        elif (
            trail is not None
            and not trail.complete
            and not class_file.optional
            and not any(g in paths.gaps for g in (class_file.path,))
        ):
            yield found(
                f"{class_file.path} does not exist, and sendmail cannot start without it",
                evidence=[
                    Evidence(f"{cf.path}:{class_file.line}", f"F{class_file.name}{class_file.path}"),
                    Evidence(f"ls -l {class_file.path}", "No such file or directory"),
                ],
                fix=[CreateFile(class_file.path)],
                path=class_file.path,
            )


_OF_DEBIAN = "smmta"
"""Who is the TrustedUser by Debian's own settings (cf/domain/debian-mta.m4), and is made by its package."""


@check(
    "CONF019",
    "unknown-user",
    "error",
    rung="program",
    role="cause",
    explains=("PERM006", "QUEUE002"),
    fails=[
        {"cf": "O RunAsUser=smmta:smmsp", "system": "users: root daemon"},
        {"cf": "O TrustedUser=sendmail", "system": "users: root daemon smmta"},
    ],
    passes=[
        {"cf": "O RunAsUser=smmta:smmsp", "system": "users: root smmta smmsp"},
        {"cf": "O TrustedUser=smmta", "system": ""},
    ],
    refs=("sendmail: sendmail/readcf.c, O_RUNASUSER, O_TRUSTUSER",),
)
def unknown_user(cf: SendmailCf, system: System) -> Findings:
    """sendmail.cf names a user who does not exist on this system.

    Sendmail complains at start and keeps the rights of root, or stops.

    Advice: create the user (reinstalling the package does it), or correct the option in sendmail.mc.
    """
    account = cf.run_as_user
    for option, user in (("TrustedUser", cf.trusted_user), ("RunAsUser", account.user if account else "root")):
        if system.users is not None and user not in system.users and not user.isdigit():
            setting = cf.option(option)
            yield found(
                f"{option} names the user {user}, who does not exist",
                evidence=[
                    Evidence(
                        f"{cf.path}:{setting.line if setting else 0}",
                        f"O {option}={setting.value if setting else user}",
                    ),
                    Evidence("/etc/passwd", f"no {user}"),
                ],
                fix=set_macro(cf.path, "confTRUSTED_USER", _OF_DEBIAN)
                if option == "TrustedUser" and _OF_DEBIAN in system.users
                else rebuild(
                    cf.path,
                    "correct define(`{macro}', `{user}')",
                    macro="confTRUSTED_USER" if option == "TrustedUser" else "confRUN_AS_USER",
                    user=user,
                ),
                option=option,
            )


@check(
    "CONF020",
    "port-25-demands-auth",
    "error",
    rung="policy",
    role="cause",
    scope=("listener",),
    fails=[{"cf": "O DaemonPortOptions=Name=MTA, Port=25, M=a"}],
    passes=[
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25\nO DaemonPortOptions=Name=MSA, Port=587, M=Ea"},
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25, M=aA"},
    ],
    refs=("sendmail: doc/op, DaemonPortOptions: a require authentication",),
)
def port_25_demands_auth(cf: SendmailCf) -> Findings:
    """Port 25 has the modifier a: every client must log in there, other mail servers too.

    Mail from outside is refused with "530 Authentication required", as no foreign server has an account here.

    Advice: drop the a from the DAEMON_OPTIONS of port 25 and keep it for 587; rebuild sendmail.cf and restart.
    """
    for daemon in cf.daemons:
        if daemon.port == 25 and daemon.auth_required and not (daemon.address or "").startswith("127."):
            modifiers = daemon.letters
            yield found(
                f"Port 25 ({daemon.name}) requires AUTH of every client (DaemonPortOptions M={modifiers}): mail from "
                f"other servers is refused",
                evidence=[daemon.evidence(cf.path)],
                fix=set_port(cf.path, "M", modifiers.replace("a", ""), daemon),
                port="25",
            )


_LIMITS = {
    "Timeout.auth": 10,
    "Timeout.command": 10,
    "Timeout.starttls": 5,
    "Timeout.datablock": 10,
    "MaxHopCount": 2,
    "MaxHeadersLength": 1000,
    "MaxDaemonChildren": 3,
    "ConnectionRateThrottle": 1,
    "RefuseLA": 2,
}
_NOTHING_FITS = {"MaxMessageSize": 2_000, "MaxHeadersLength": 400}
"""Bytes below which no message of a client of today fits: its headers alone have some 500, and twice that through one
more server."""
_FEW_FIT = {"MaxMessageSize": 100_000}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@check(
    "CONF021",
    "limit-too-small",
    "warning",
    rung="listener",
    role="cause",
    explains=("no-offer",),
    fails=[{"cf": "O Timeout.auth=2s"}, {"cf": "O MaxDaemonChildren=1"}, {"cf": "O RefuseLA=1"}],
    passes=[
        {"cf": "O Timeout.auth=10m\nO MaxDaemonChildren=100\nO RefuseLA=12\nO ConnectionRateThrottle=20"},
        {"cf": "O MaxDaemonChildren=0"},
    ],
    refs=("sendmail: doc/op, OPTIONS",),
)
def limit_too_small(cf: SendmailCf) -> Findings:
    """A limit is so small that ordinary clients run into it.

    They are turned away or cut off in the middle of a login, at busy times only, which is hard to see.

    Advice: raise the limit in sendmail.mc or remove it, rebuild sendmail.cf and restart.
    """
    for option, least in _LIMITS.items():
        setting = cf.option(option)
        m = re.fullmatch(r"\s*(\d{1,9})\s*([smhdw]?)\s*", setting.value) if setting else None
        if setting is None or m is None:
            continue
        value = int(m[1]) * (_SECONDS.get(m[2], 60 if option.startswith("Timeout") else 1))
        if 0 < value <= least:
            yield found(
                f"{option} is {setting.value.strip()}, too small for ordinary clients",
                evidence=[Evidence(f"{cf.path}:{setting.line}", f"O {option}={setting.value}")],
                fix=reset_macro(cf.path, option),
                option=option,
            )


@check(
    "CONF093",
    "no-message-fits",
    "error",
    rung="policy",
    role="cause",
    explains=("refused-after-login", "WIRE061", "WIRE062"),
    fails=[
        {"cf": "O MaxMessageSize=25"},
        {"cf": "O MaxMessageSize=10240"},
        {"cf": "O MaxHeadersLength=100"},
    ],
    passes=[
        {"cf": "O MaxMessageSize=26214400\nO MaxHeadersLength=32768\nO MaxHopCount=25"},
        {"cf": "O MaxMessageSize=0"},
        {"cf": "O MaxMessageSize="},
    ],
    refs=(
        "sendmail: doc/op, MaxMessageSize (bytes); sendmail/srvrsmtp.c: `552 5.2.3 Message size exceeds fixed maximum`",
        "sendmail: sendmail/collect.c, MaxHeadersLength: `552 5.6.0 Headers too large`",
    ),
)
def no_message_fits(cf: SendmailCf) -> Findings:
    """A limit of sendmail.cf is so small that no message, or hardly any, gets through: users log in and cannot send.

    Sendmail counts bytes: 25 for "25 megabytes" is 26214400. EHLO shows the limit (SIZE 25), and every message is
    refused with "552 5.2.3 Message exceeds maximum fixed size".

    Advice: write the limit in bytes in sendmail.mc (confMAX_MESSAGE_SIZE, 26214400 for 25 MB), or remove it; rebuild
    sendmail.cf and restart.
    """
    for option, most in {**_FEW_FIT, "MaxHeadersLength": 400}.items():
        setting = cf.option(option)
        m = re.fullmatch(r"\s*(\d{1,9})(?:/\d{1,9})?\s*", setting.value) if setting else None
        if setting is None or m is None or not 0 < int(m[1]) < most:
            continue
        value = int(m[1])
        none_fits = value < _NOTHING_FITS.get(option, most)
        meant = f"; {value} MB are {value * 1048576}" if option == "MaxMessageSize" and value <= 1000 else ""
        yield found(
            f"{option} is {value} bytes, too small: "
            + ("no message fits" if none_fits else "only short messages without attachments fit")
            + meant,
            evidence=[Evidence(f"{cf.path}:{setting.line}", f"O {option}={setting.value}")],
            fix=set_macro(cf.path, "confMAX_MESSAGE_SIZE", "26214400")
            if option == "MaxMessageSize"
            else reset_macro(cf.path, option),
            severity=None if none_fits else "warning",
            option=option,
        )


@check(
    "CONF023",
    "configuration-refused",
    "error",
    rung="program",
    role="derived",
    explains=("stopped", "MAP001"),
    fails=[
        {"program": '/etc/mail/sendmail.cf: line 257: service "submision" unknown'},
        {"program": "/etc/mail/sendmail.cf: line 148: readcf: map access: class cdb not available"},
    ],
    passes=[
        {"program": "/etc/mail/sendmail.cf: line 9: WARNING: Option: AuthOptions unknown parameter 'T'"},
        {"program": "/etc/mail/sendmail.cf: line 84: fileclass: cannot open '/etc/mail/cw': Permission denied"},
    ],
    refs=("sendmail: sendmail/main.c: after readcf() any error ends the daemon; readcf.c, setdaemonoptions()",),
)
def configuration_refused(program: SendmailProgram) -> Findings:
    """Sendmail itself refuses a line of its configuration: a daemon stops at its start because of it.

    A port's name that /etc/services does not have, a kind of map that was not compiled in, and the like: what the
    file says is well written, and this sendmail on this host cannot do it.

    Advice: fix the line in sendmail.mc (a port by its number, a kind of map that `sendmail -d0.1 -bt` names), rebuild
    sendmail.cf and start sendmail.
    """
    for complaint in program.complaints:
        if _refused(complaint.text):
            yield found(
                f"sendmail refuses line {complaint.line} of {complaint.path}: {complaint.text[:160]}",
                evidence=[Evidence(program.source, f"{complaint.path}: line {complaint.line}: {complaint.text[:200]}")],
                fix=[*_repair_of(complaint.text), *rebuild(complaint.path, "fix what the line is made of")],
                path=complaint.path,
                words=complaint.text[:60],
            )


def _refused(text: str) -> bool:
    """Whether the words end a daemon, and no other check speaks of them: class files have their own."""
    return bool(re.match(r'service "|readcf: (map|unknown|option)|host "', text))


def _repair_of(text: str) -> list[Step]:
    service = re.match(r'service "([^"]{1,40})" unknown', text)
    return [inspect("grep -nw {service} /etc/services", service=service[1])] if service else []


@check(
    "CONF022",
    "source-without-sasl",
    "error",
    rung="program",
    role="cause",
    fails=[
        {"site": "define(`confENVDEF', `-DSOLARIS=20800')\ndefine(`confLIBS', `-lsocket -lnsl')"},
        {"site": "APPENDDEF(`confENVDEF', `-DSASL')\nAPPENDDEF(`conf_sendmail_LIBS', `-lsasl2')"},
    ],
    passes=[
        {"site": "define(`confENVDEF', `-DSOLARIS=20800 -DSASL')\ndefine(`confLIBS', `-lsocket -lnsl -lsasl')"},
        {"site": "APPENDDEF(`conf_sendmail_ENVDEF', `-DSASL=2')\nAPPENDDEF(`conf_sendmail_LIBS', `-lsasl2')"},
    ],
    refs=("sendmail: sendmail/README, SASL; devtools/README",),
)
def source_without_sasl(site: SiteConfig) -> Findings:
    """The source tree is not set up to build a sendmail with SASL.

    Both the compiler flag and the library are needed, and of the same generation: -DSASL with -lsasl for SASL 1,
    -DSASL=2 with -lsasl2 for SASL 2.

    Advice: add both to site.config.m4 and build anew (sh Build -c).
    """
    if site.generation and site.generation == site.library:
        return
    lacks = []
    if not site.generation:
        lacks.append("no -DSASL in confENVDEF")
    if not site.library:
        lacks.append("no -lsasl2 (or -lsasl) in confLIBS")
    if site.generation and site.library:
        lacks.append(f"-DSASL asks for SASL {site.generation}, but -lsasl{'2' if site.library == 2 else ''} is linked")
    yield found(
        f"{site.path}: {'; '.join(lacks)}",
        evidence=[Evidence(site.path, f"{name}: {' '.join(words)}") for name, words in site.values.items()]
        or [Evidence(site.path, "neither confENVDEF nor confLIBS is set")],
        fix=[
            edit(site.path, "APPENDDEF(`conf_sendmail_ENVDEF', `-DSASL=2')"),
            edit(site.path, "APPENDDEF(`conf_sendmail_LIBS', `-lsasl2')"),
        ],
        path=site.path,
    )


@check(
    "CONF028",
    "auth-not-set-up",
    "error",
    rung="offer",
    role="cause",
    explains=(
        "no-offer",
        "no-starttls",
        "CONF010",
        "CONF013",
        "CONF016",
        "MECH002",
        "MECH003",
        "MECH005",
        "MECH007",
        "MECH008",
        "MECH009",
        "MECH011",
        "MECH012",
        "RUN003",
        "RUN012",
        "RUN013",
        "RUN014",
        "SASL002",
        "SASL007",
        "SASL008",
        "TLS007",
        "USER001",
        "USER002",
        "WIRE011",
        "WIRE023",
    ),
    fails=[
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25"},
        {
            "cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=127.0.0.1",
            "mc": "MAILER(`smtp')dnl",
            "system": "ID=debian",
        },
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25", "mc": "MAILER(`smtp')dnl", "system": "ID=fedora"},
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25\nO DaemonPortOptions=Name=MSA, Port=587, M=E"},
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25", "sasldb": _ONE_USER, "services": "service: sendmail"},
        {"cf": "DS[hub.example.com]\nKauthinfo hash /etc/mail/authinfo"},
    ],
    passes=[
        {"cf": "O AuthMechanisms=PLAIN LOGIN"},
        {"cf": "C{TrustAuthMech}PLAIN LOGIN"},
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25", "mc": "TRUST_AUTH_MECH(`PLAIN LOGIN')dnl\nMAILER(`smtp')dnl"},
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25", "mc": "include(`/etc/mail/sasl/sasl.m4')dnl"},
        {
            "cf": "O DaemonPortOptions=Name=MTA, Port=25",
            "services": "service: sendmail\nservice: postfix",
            "listeners": "0.0.0.0 25 40 master",
        },
        {
            "cf": "O DaemonPortOptions=Name=MTA, Port=25",
            "history": "Nov 22 09:00:03 mail sm-mta[8]: AUTH=server, relay=client.example.com [192.0.2.9], authid=bob, "
            "mech=CRAM-MD5, bits=0",
        },
    ],
    refs=(
        "sendmail: cf/README, USING SMTP AUTH; sendmail/conf.h, AUTH_MECHANISMS",
        "Debian: sendmail-base, /usr/share/doc/sendmail-bin/README.Debian; /etc/mail/Makefile, targets auth and tls",
    ),
)
def auth_not_set_up(
    cf: SendmailCf,
    mc: SendmailMc | Unknown,
    history: LoginHistory | Unknown,
    system: System | Unknown,
    sasldb: SaslDb | Unknown,
    services: Services | Unknown,
    listeners: Listeners | Unknown,
    service: LoginService | Unknown,
    conf: SaslConf | Unknown,
) -> Findings:
    """SMTP AUTH is not set up here: sendmail.cf names no mechanism and trusts none.

    A sendmail with SASL offers by default what its plug-ins can do, but who logs in may not send elsewhere, and PLAIN
    and LOGIN, which most mail programs need, are not among the default. A host that only sends, or takes mail for its
    own users, needs no more; it is an error where something else here is for logins.

    Advice: if users are to log in here, name the mechanisms in sendmail.mc, have a certificate, listen on port 587 for
    all, rebuild sendmail.cf and restart; then create the users and run maildoctor check again.
    """
    if cf.trusted_mechs or cf.auth_mechanisms_line is not None:
        return
    if isinstance(mc, SendmailMc) and (_speaks_of_auth(mc) or any("sasl" in path for path in mc.includes)):
        return
    if isinstance(history, LoginHistory) and history.succeeded:
        return
    if isinstance(services, Services) and isinstance(listeners, Listeners) and services.idle("sendmail", listeners):
        return
    if "authinfo" in cf.maps or cf.default_auth_info:  # it logs in elsewhere, and need not let anybody in
        yield found(
            "SMTP AUTH is not set up for users here; this host only logs in at another server",
            evidence=[Evidence(cf.path, "no O AuthMechanisms, no C{TrustAuthMech}"), *_logs_in_elsewhere(cf)],
            severity="info",
            path=cf.path,
        )
        return
    beside = services.beside if isinstance(services, Services) else None
    realm = service.realm if isinstance(service, LoginService) else ""
    way = set_up_sendmail(Wanted("sendmail"), known(system), beside, cf, known(mc), known(conf), realm=realm or "REALM")
    meant = _meant_for_logins(cf, sasldb, services)
    yield found(
        "SMTP AUTH is not set up here: no confAUTH_MECHANISMS and no TRUST_AUTH_MECH",
        evidence=[
            Evidence(cf.path, "no O AuthMechanisms, no C{TrustAuthMech}"),
            *([Evidence(mc.path, "no AUTH_MECH")] if isinstance(mc, SendmailMc) else []),
            *meant,
        ],
        fix=way.steps,
        severity=None if meant else "warning",
        path=cf.path,
    )


def _logs_in_elsewhere(cf: SendmailCf) -> Iterator[Evidence]:
    if logins := cf.maps.get("authinfo"):
        yield Evidence(f"{cf.path}:{logins.line}", f"K{logins.name} {logins.type} {logins.arguments}")


def _meant_for_logins(cf: SendmailCf, sasldb: SaslDb | Unknown, services: Services | Unknown) -> list[Evidence]:
    """What shows that users are to log in all the same: a port for nothing else that the network reaches, an option of
    AUTH, users made for it. Of other programs that ask a sasldb they may be as well."""
    meant = [d.evidence(cf.path) for d in cf.daemons if d.port in _FOR_LOGINS and not _is_loopback(d)]
    for name in ("AuthOptions", "AuthRealm", "AuthMaxBits"):
        if setting := cf.option(name):
            meant.append(Evidence(f"{cf.path}:{setting.line}", f"O {name}={setting.value}"))
    alone = not isinstance(services, Services) or services.products == ("sendmail",)
    if isinstance(sasldb, SaslDb) and sasldb.users and alone:
        meant.append(Evidence(sasldb.path, f"{len(sasldb.users)} users"))
    return meant


_FOR_LOGINS = (465, 587)


def _is_loopback(daemon: Daemon) -> bool:
    return (daemon.address or "").startswith(("127.", "::1", "IPv6:::1"))


def _speaks_of_auth(mc: SendmailMc) -> bool:
    names = {e.name for e in mc.expected} | mc.opaque
    return any("AUTH" in name.upper() for name in names)


@check(
    "CONF094",
    "mc-without-auth",
    "warning",
    rung="offer",
    role="cause",
    explains=("no-offer", "no-starttls"),
    witnesses=("RELAY120",),
    fails=[
        {"mc": "DAEMON_OPTIONS(`Port=submission, Name=MSA, M=E')dnl\nMAILER(`smtp')dnl"},
        {"mc": "dnl TRUST_AUTH_MECH(`LOGIN')dnl\nDAEMON_OPTIONS(`Port=smtp, Name=MTA')dnl\nMAILER(`smtp')"},
    ],
    passes=[
        {"mc": "TRUST_AUTH_MECH(`LOGIN PLAIN')dnl\nMAILER(`smtp')dnl"},
        {"mc": "FEATURE(`authinfo', `hash /etc/mail/authinfo')dnl\nMAILER(`smtp')dnl"},
        {"mc": "include(`/etc/mail/sasl/sasl.m4')dnl\nMAILER(`smtp')dnl"},
        {"mc": "FEATURE(`msp')dnl"},
        {"mc": "MAILER(`smtp')dnl", "cf": "O DaemonPortOptions=Name=MTA, Port=25"},
    ],
    refs=(
        "sendmail: cf/README, USING SMTP AUTH; cf/m4/proto.m4: a sendmail.cf names no mechanism unless the .mc does",
    ),
)
def mc_without_auth(mc: SendmailMc, cf: SendmailCf | Unknown) -> Findings:
    """sendmail.mc sets up no SMTP AUTH, and sendmail.cf was not seen.

    Neither confAUTH_MECHANISMS nor TRUST_AUTH_MECH is there, or they stand behind `dnl`. A sendmail.cf that is built
    from it offers what plug-ins can do by default, without PLAIN and LOGIN, and lets nobody relay who has logged in.

    Advice: if users are to log in here, name the mechanisms in both, build sendmail.cf again and restart sendmail.
    """
    if isinstance(cf, SendmailCf) or _speaks_of_auth(mc) or any("sasl" in path for path in mc.includes):
        return
    if "msp" in mc.features or not any(e.kind in ("daemon", "option") for e in mc.expected):
        return
    yield found(
        "sendmail.mc sets up no SMTP AUTH: no confAUTH_MECHANISMS and no TRUST_AUTH_MECH",
        evidence=[Evidence(mc.path, "no AUTH_MECH")],
        fix=[
            AddMacro(mc.path, "TRUST_AUTH_MECH(`PLAIN LOGIN CRAM-MD5')dnl"),
            AddMacro(mc.path, "define(`confAUTH_MECHANISMS', `PLAIN LOGIN CRAM-MD5')dnl"),
            Rebuild(mc.path, "/etc/mail/sendmail.cf"),
        ],
        path=mc.path,
    )


_NOT_IN_CLEAR = "define(`confAUTH_OPTIONS', `A p')dnl\nTRUST_AUTH_MECH(`LOGIN PLAIN')dnl\n"


@check(
    "CONF195",
    "mc-plain-needs-certificate",
    "warning",
    rung="tls",
    role="cause",
    explains=("no-offer", "no-starttls", "WIRE010"),
    fails=[{"mc": _NOT_IN_CLEAR + "MAILER(`smtp')dnl"}],
    passes=[
        {"mc": _NOT_IN_CLEAR + "define(`confSERVER_CERT', `/etc/mail/host.pem')dnl\nMAILER(`smtp')dnl"},
        {"mc": _NOT_IN_CLEAR + "include(`/etc/mail/tls/starttls.m4')dnl\nMAILER(`smtp')dnl"},
        {"mc": "TRUST_AUTH_MECH(`LOGIN PLAIN')dnl\nMAILER(`smtp')dnl"},
        {"mc": _NOT_IN_CLEAR + "MAILER(`smtp')dnl", "cf": "O DaemonPortOptions=Name=MTA, Port=25"},
    ],
    refs=("sendmail: cf/README, USING SMTP AUTH and STARTTLS; sendmail/srvrsmtp.c: no STARTTLS without a certificate",),
)
def mc_plain_needs_certificate(mc: SendmailMc, cf: SendmailCf | Unknown) -> Findings:
    """sendmail.mc forbids PLAIN and LOGIN in clear and names no certificate, and sendmail.cf was not seen.

    With p in confAUTH_OPTIONS they are offered within TLS only, and without confSERVER_CERT and confSERVER_KEY there is
    no STARTTLS, so EHLO never shows them; where nothing else is offered, nobody can log in.

    Advice: name the certificate and its key, or take p away if passwords may cross the network in clear.
    """
    if isinstance(cf, SendmailCf) or mc.includes:
        return
    options = next((e for e in mc.expected if e.name == "AuthOptions" and e.value), None)
    if options is None or "p" not in (options.value or "") or any("Cert" in e.name for e in mc.expected):
        return
    if any("CERT" in name.upper() for name in mc.opaque):
        return
    yield found(
        "sendmail.mc forbids PLAIN and LOGIN without TLS (confAUTH_OPTIONS p) and names no certificate for TLS",
        evidence=[Evidence(f"{options.path}:{options.line}", options.mc_text)],
        fix=[
            EditMacroFile(mc.path, "define(`confSERVER_CERT', `/etc/mail/certs/mail.pem')dnl"),
            EditMacroFile(mc.path, "define(`confSERVER_KEY', `/etc/mail/certs/mail.key')dnl"),
            Rebuild(mc.path, "/etc/mail/sendmail.cf"),
        ],
        path=mc.path,
    )
