"""SASL: saslauthd as it runs and as it is set up."""

from maildoctor.api import (
    DropFlag,
    Evidence,
    Findings,
    LoginService,
    Restart,
    SaslApplication,
    SetOption,
    Start,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
    set_option,
    taking_effect,
)
from maildoctor.api.backends import READ_ONCE, SASLAUTHD_MECHANISMS, Accounts, Verifier
from maildoctor.api.cyrus import SaslConf
from maildoctor.api.host import Logins, Look, Processes, System

_CONF = "pwcheck_method: saslauthd"
_DEFAULT = "# file: /etc/default/saslauthd\n"
_RUNS = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd "


def _same(one: Look, other: Look | None) -> bool:
    """Whether this is one socket, mounted in two places."""
    return other is not None and (one.mtime, one.owner, one.mode) == (other.mtime, other.owner, other.mode)


@check(
    "SASL013",
    "saslauthd-cannot-start",
    "error",
    rung="verifier",
    role="cause",
    explains=("SASL007", "SASL008"),
    fails=[
        {"conf": _CONF, "verifier": _DEFAULT + 'START=yes\nMECHANISMS="shadwo"'},
        {"conf": _CONF, "verifier": _DEFAULT + 'START=yes\nMECHANISMS=""'},
        {"conf": _CONF, "verifier": _DEFAULT + 'START=yes\nMECHANISMS="rimap"\nMECH_OPTIONS=""'},
        {"conf": _CONF, "verifier": _DEFAULT + 'MECHANISMS="pam"\nOPTIONS="-c -m run/saslauthd"'},
        {"conf": _CONF, "verifier": _DEFAULT + 'MECHANISMS="pam"\nTHREADS=-2\nOPTIONS="-c"'},
    ],
    passes=[
        {"conf": _CONF, "verifier": _DEFAULT + 'START=yes\nMECHANISMS="pam"\nOPTIONS="-c -m /var/run/saslauthd"'},
        {"conf": _CONF, "verifier": _RUNS + "-a pam\n" + _DEFAULT + 'MECHANISMS="shadwo"'},
        {"conf": _CONF, "verifier": "# running: unknown\n" + _DEFAULT + 'MECHANISMS="PAM"'},
        {"conf": "pwcheck_method: auxprop", "verifier": _DEFAULT + 'MECHANISMS="shadwo"'},
    ],
    refs=("libsasl: saslauthd/saslauthd-main.c, set_auth_mech(), set_run_path(); auth_rimap.c, auth_rimap_init()",),
)
def saslauthd_cannot_start(conf: SaslConf, verifier: Verifier) -> Findings:
    """saslauthd cannot start with its settings, and every PLAIN and LOGIN is refused.

    It ends at once with "unknown authentication mechanism", "no authentication mechanism specified", "rimap_init: no
    hostname specified", "-m requires an absolute pathname" or "invalid number of worker processes defined".

    Advice: set one mechanism that this saslauthd has (`saslauthd -v` lists them) and the options that it needs, then
    start saslauthd.
    """
    if not conf.verifies_by("saslauthd") or verifier.instances or not verifier.path:
        return
    flags, path = verifier.configured, verifier.path
    sign = "="
    option = next((n for n in ("MECHANISMS", "MECH", "SASLAUTHD_AUTHMECH") if n in verifier.settings), "")
    value = verifier.settings.get(option, "")
    line = f"{option}={value}" if option else "no mechanism is set"
    start = Start("saslauthd")
    if flags.mechanism not in SASLAUTHD_MECHANISMS and (option or verifier.running_known):
        named = f"saslauthd has no mechanism {flags.mechanism}" if flags.mechanism else "no mechanism is set"
        yield found(
            f"saslauthd cannot start: {named} in {path}",
            evidence=[Evidence(path, line)],
            fix=[
                inspect("saslauthd -v"),
                SetOption(path, option, "pam", value, sign) if option else edit(path, "set the mechanism, as -a pam"),
                start,
            ],
            path=path,
        )
    if flags.mechanism == "rimap" and not flags.option:
        yield found(
            f"saslauthd cannot start: mechanism rimap needs the name of an IMAP server, and {path} names none",
            evidence=[Evidence(path, line)],
            fix=[edit(path, "name the IMAP server: MECH_OPTIONS=HOST, or -O HOST"), start],
            path=path,
        )
    if flags.folder and not flags.folder.startswith("/"):
        yield found(
            f"saslauthd cannot start: -m {flags.folder} in {path} is no absolute path",
            evidence=[Evidence(path, f"-m {flags.folder}")],
            fix=[edit(path, "give -m the whole path of the folder"), start],
            path=path,
        )
    if flags.workers < 0:
        yield found(
            f"saslauthd cannot start: {path} asks for {flags.workers} worker processes",
            evidence=[Evidence(path, f"-n {flags.workers}")],
            fix=[edit(path, "ask for 5 workers: THREADS=5, or -n 5"), start],
            path=path,
        )


@check(
    "SASL014",
    "saslauthd-elsewhere",
    "error",
    rung="verifier",
    role="cause",
    explains=("SASL008",),
    witnesses=("RUN150", "SASL123"),
    fails=[
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a pam -m /var/spool/postfix/var/run/saslauthd\n# asked: /run/saslauthd/mux",
        },
        {
            "conf": _CONF + "\nsaslauthd_path: /run/sasl/mux",
            "verifier": _RUNS + "-a pam -m /run/saslauthd\n# asked: /run/sasl/mux",
        },
        {
            "conf": _CONF + "\nsaslauthd_path: /run/saslauthd",
            "verifier": _RUNS + "-a pam -m /var/spool/postfix/run/saslauthd\n# asked: /var/spool/postfix/run/saslauthd",
            "application": "name: smtpd\nproduct: postfix\nroot: /var/spool/postfix\nrooted: smtp/inet",
        },
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a pam -m /run/a\n8 root 1000.0 /usr/sbin/saslauthd saslauthd -a shadow -m /run/b\n"
            "# asked: /run/saslauthd/mux",
        },
    ],
    passes=[
        {"conf": _CONF, "verifier": _RUNS + "-a pam -m /run/saslauthd\n# asked: /run/saslauthd/mux"},
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a pam -m /var/run/saslauthd\n# real: /var/run/saslauthd /run/saslauthd\n"
            "# asked: /run/saslauthd/mux",
        },
        {"conf": _CONF, "verifier": _RUNS + "-a pam\n# asked: /run/saslauthd/mux"},
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a pam -m /run/a\n8 root 1000.0 /usr/sbin/saslauthd saslauthd -a shadow -m /run/b\n"
            "# asked: /run/b/mux",
        },
        {  # one folder mounted in two places
            "conf": _CONF,
            "verifier": _RUNS + "-a pam -m /run/saslauthd\n# asked: /var/spool/postfix/run/saslauthd/mux\n"
            "srwxrwxrwx 1 root root 0 2026-01-01 00:00:00.5 +0000 /run/saslauthd/mux\n"
            "srwxrwxrwx 1 root root 0 2026-01-01 00:00:00.5 +0000 /var/spool/postfix/run/saslauthd/mux",
        },
    ],
    refs=("saslauthd(8), -m", "libsasl: lib/checkpw.c, saslauthd_verify_password(): saslauthd_path, else the default"),
)
def saslauthd_elsewhere(
    conf: SaslConf, verifier: Verifier, application: SaslApplication | Unknown, service: LoginService | Unknown
) -> Findings:
    """saslauthd runs, but has its socket in another folder than the one where the mail server asks.

    Every PLAIN and LOGIN is refused; the log says "cannot connect to saslauthd server". saslauthd makes its socket
    `mux` in the folder of its option -m; the mail server asks saslauthd_path of its SASL configuration.

    Advice: make both name one socket: saslauthd_path with /mux at its end, -m without it.
    """
    if not conf.verifies_by("saslauthd") or not verifier.asked:
        return
    folders = [one.folder for one in verifier.instances]
    sockets = [f"{folder}/mux" for folder in folders]
    if not folders or not all(folders) or verifier.asked in sockets:
        return
    there = verifier.files.get(verifier.asked)
    if there is not None and any(_same(there, verifier.files.get(s)) for s in sockets):
        return
    socket = f"{folders[0]}/mux"
    root = application.root if isinstance(application, SaslApplication) else ""
    if root and not socket.startswith(f"{root}/"):
        return  # out of reach from a chroot: saslauthd_socket (SASL008) tells the way out
    yield found(
        f"saslauthd has its socket at {socket}, but the mail server asks {verifier.asked}",
        evidence=[
            *(one.evidence for one in verifier.instances[:3]),
            Evidence(conf.path, f"saslauthd_path: {conf.saslauthd_path or '(not set: the default)'}"),
        ],
        fix=taking_effect(service, set_option(conf, "saslauthd_path", socket.removeprefix(root))),
        path=verifier.asked,
    )


@check(
    "SASL015",
    "saslauthd-settings-not-in-effect",
    "warning",
    rung="verifier",
    role="cause",
    fails=[
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a pam -m /run/saslauthd\n-rw-r--r-- 1 root root 100 2026-01-01 00:00:00 +0000 "
            "/etc/default/saslauthd\n" + _DEFAULT + 'MECHANISMS="shadow"\nOPTIONS="-c -m /run/saslauthd"',
        },
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a pam -m /run/saslauthd\n-rw-r--r-- 1 root root 100 2026-01-01 00:00:00 +0000 "
            "/etc/default/saslauthd\n" + _DEFAULT + 'MECHANISMS="pam"\nOPTIONS="-r -m /run/saslauthd"',
        },
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a pam -c -m /run/saslauthd\n-rw-r--r-- 1 root root 100 2026-01-01 00:00:00 +0000 "
            "/etc/default/saslauthd\n" + _DEFAULT + 'MECHANISMS="pam"\nOPTIONS="-c -m /run/saslauthd"',
        },
        {  # started by hand, and the settings are older: they are not what is meant to count
            "conf": _CONF,
            "verifier": _RUNS.replace("1000.0", "1900000000.0") + "-a ldap\n-rw-r--r-- 1 root root 100 2026-01-01 "
            "00:00:00 +0000 /etc/default/saslauthd\n" + _DEFAULT + 'MECHANISMS="pam"',
        },
    ],
    refs=("libsasl: saslauthd/saslauthd-main.c: options are read at start alone",),
)
def saslauthd_settings_not_in_effect(conf: SaslConf, verifier: Verifier) -> Findings:
    """saslauthd's settings were changed after it started, and it runs with the old ones.

    Advice: restart saslauthd, so that it runs as it is set up.
    """
    one, look = verifier.serving, verifier.files.get(verifier.path)
    if not conf.verifies_by("saslauthd") or one is None or look is None or look.mtime <= one.started + 1:
        return
    runs, wanted = one.flags, verifier.configured
    if not wanted.mechanism:
        return
    same = (runs.mechanism, runs.option, runs.joins_realm) == (wanted.mechanism, wanted.option, wanted.joins_realm)
    if same and (not wanted.folder or not runs.folder or wanted.folder == runs.folder):
        return
    yield found(
        f"saslauthd runs with {runs.words}, but {verifier.path}, changed since it started, says {wanted.words}",
        evidence=[one.evidence, look.evidence],
        fix=[Restart("saslauthd")],
        path=verifier.path,
    )


@check(
    "SASL016",
    "saslauthd-read-an-older-file",
    "warning",
    rung="verifier",
    role="cause",
    fails=[
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a ldap\n-rw------- 1 root root 100 2026-01-01 00:00:00 +0000 /etc/saslauthd.conf",
        }
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _RUNS.replace("1000.0", "1900000000.0")
            + "-a ldap\n-rw------- 1 root root 100 2026-01-01 00:00:00 +0000 /etc/saslauthd.conf",
        },
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a pam\n-rw------- 1 root root 100 2026-01-01 00:00:00 +0000 /etc/saslauthd.conf",
        },
    ],
    refs=(
        "libsasl: saslauthd/auth_ldap.c: each worker reads it at its first login and keeps it; auth_krb5.c, "
        "auth_httpform.c: read at start",
    ),
)
def saslauthd_read_an_older_file(conf: SaslConf, verifier: Verifier, system: System | Unknown) -> Findings:
    """The file of saslauthd's mechanism was changed after saslauthd started.

    Mechanisms ldap, kerberos5 and httpform read it once, ldap in each worker at its first login, so some workers may
    ask by the old words and some by the new ones. PAM's files, krb5.conf and shadow are read at each login.

    Advice: restart saslauthd.
    """
    one = verifier.serving
    if not conf.verifies_by("saslauthd") or one is None or one.flags.mechanism not in READ_ONCE:
        return
    look = verifier.files.get(verifier.configuration(system.family if isinstance(system, System) else ""))
    if look is not None and look.mtime > one.started + 1:
        yield found(
            f"{look.path} was changed after saslauthd started, which reads it once",
            evidence=[one.evidence, look.evidence],
            fix=[Restart("saslauthd")],
            path=look.path,
        )


@check(
    "SASL017",
    "saslauthd-looks-up-the-whole-address",
    "warning",
    rung="account",
    role="cause",
    fails=[
        {"conf": _CONF, "service": "", "verifier": _RUNS + "-a shadow -r"},
        {"conf": _CONF, "service": "", "verifier": _DEFAULT + 'MECHANISMS="getpwent"\nOPTIONS="-c -r"'},
        {"conf": _CONF, "service": "service: postfix /etc/postfix/main.cf", "verifier": _RUNS + "-cr -a shadow"},
    ],
    passes=[
        {"conf": _CONF, "service": "", "verifier": _RUNS + "-a shadow -c"},
        {"conf": _CONF, "service": "", "verifier": _RUNS + "-a ldap -r -O /etc/r"},
    ],
    refs=("libsasl: saslauthd/saslauthd-main.c, do_auth(): CONCAT_LOGIN_REALM; lib/checkpw.c: name cut at the last @",),
)
def saslauthd_asks_for_the_whole_address(
    conf: SaslConf, service: LoginService, verifier: Verifier, logins: Logins | Unknown
) -> Findings:
    """saslauthd runs with -r, so it looks up `user@domain`, and no account of the system has such a name.

    libsasl cuts the domain off a name and hands it over as the realm. Without -r saslauthd looks up the bare name;
    with -r it joins both again. Users who log in with their address, as most mail programs have it, are refused.

    Advice: take -r out of saslauthd's options and restart it, or have everybody log in with the bare name.
    """
    flags = verifier.flags
    if flags is None or not conf.verifies_by("saslauthd") or not flags.joins_realm:
        return
    if flags.mechanism not in ("shadow", "getpwent"):
        return
    always = service.product == "postfix" and service.realm_is_set and bool(service.realm)
    whole = [a for a in logins.names.values() if a.failures and a.domains] if isinstance(logins, Logins) else []
    seen = [Evidence(logins.path, a.last) for a in whole[:2]] if isinstance(logins, Logins) else []
    yield found(
        f"saslauthd -a {flags.mechanism} -r looks up USER@DOMAIN, which no system account is called"
        + (f"; {', '.join(a.name for a in whole[:3])} tried so" if whole else ""),
        evidence=[verifier.evidence(), *seen],
        fix=[
            DropFlag(verifier.path, "-r")
            if verifier.path
            else by_hand("take -r out of the options with which saslauthd is started"),
            Restart("saslauthd"),
        ],
        severity="error" if always or whole else None,
        option="-r",
    )


@check(
    "SASL021",
    "saslauthd-remembers-old-passwords",
    "info",
    rung="none",
    role="note",
    fails=[
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a shadow -c",
            "accounts": "-rw-r----- 1 root shadow 900 1970-01-01 00:20:00 +0000 /etc/shadow",
        }
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a shadow",
            "accounts": "-rw-r----- 1 root shadow 900 1970-01-01 00:20:00 +0000 /etc/shadow",
        },
        {
            "conf": _CONF,
            "verifier": _RUNS + "-a shadow -c",
            "accounts": "-rw-r----- 1 root shadow 900 1970-01-01 00:10:00 +0000 /etc/shadow",
        },
    ],
    refs=("libsasl: saslauthd/cache.c; saslauthd(8), -c and -t",),
)
def saslauthd_remembers_old_passwords(conf: SaslConf, verifier: Verifier, accounts: Accounts) -> Findings:
    """saslauthd caches logins (-c), and a password of the system was changed since it started.

    Until the time of its option -t is over, eight hours without one, the old password of a user who logged in before is
    still taken, and so is that of an account that was locked.

    Advice: restart saslauthd after you changed or locked an account.
    """
    one, look = verifier.serving, accounts.shadow
    if not conf.verifies_by("saslauthd") or one is None or look is None or not one.flags.caches:
        return
    if look.mtime > one.started + 1:
        yield found(
            f"saslauthd may still take passwords from before {look.path} was changed, for up to {one.flags.seconds} s",
            evidence=[one.evidence, look.evidence],
            fix=[Restart("saslauthd")],
            option="-c",
        )


@check(
    "SASL023",
    "saslauthd-suspended",
    "error",
    rung="verifier",
    role="cause",
    fails=[{"conf": _CONF, "processes": _RUNS + "-a pam\nstopped: 7"}],
    passes=[
        {"conf": _CONF, "processes": _RUNS + "-a pam"},
        {"conf": _CONF, "processes": _RUNS + "-a pam\n" + _RUNS.replace("7 ", "8 ", 1) + "-a pam\nstopped: 7"},
        {"conf": "pwcheck_method: auxprop", "processes": _RUNS + "-a pam\nstopped: 7"},
    ],
    refs=("libsasl: saslauthd/ipc_unix.c: a socket takes connections also while nobody reads them",),
)
def saslauthd_suspended(conf: SaslConf, processes: Processes) -> Findings:
    """All processes of saslauthd are suspended by a signal: logins wait, and none is answered.

    The socket is there and takes connections, so nothing is refused and nothing is logged; clients give up after
    minutes.

    Advice: let it go on (SIGCONT), or restart it, and find out what stopped it: Ctrl-Z, a debugger, a freezer.
    """
    running = processes.named("saslauthd", users=("saslauth", "saslauthd", "sasl", "cyrus"))
    if conf.verifies_by("saslauthd") and running and all(p.stopped for p in running):
        yield found(
            "saslauthd is suspended: its socket takes what is asked, and nobody answers",
            evidence=[p.evidence for p in running[:3]],
            fix=[Restart("saslauthd")],
            daemon="saslauthd",
        )
