"""SASL: libsasl's configuration of sendmail, and saslauthd."""

from collections.abc import Iterator, Mapping

from maildoctor.api import (
    Absent,
    Evidence,
    Findings,
    Found,
    Install,
    JoinGroup,
    LoginService,
    Move,
    RenameOption,
    Restart,
    SaslApplication,
    SeparateByColon,
    SetOption,
    SetUpPam,
    Start,
    Step,
    Unknown,
    change,
    check,
    edit,
    found,
    inspect,
    known,
    leave_root,
    restart,
    set_option,
    taking_effect,
)
from maildoctor.api.cyrus import (
    OPTIONS,
    PLAINTEXT,
    PWCHECK_METHODS_OF_SASL_1,
    Outside,
    Plugins,
    Saslauthd,
    SaslConf,
    SaslDb,
    SaslFiles,
    mechanisms,
)
from maildoctor.api.host import LoginHistory, Look, Processes, System, may

_PLAIN = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libplain.so.2\n"
)


def _at(conf: SaslConf, option: str) -> Evidence:
    setting = conf.options[option]
    return Evidence(f"{conf.path}:{setting.line}", f"{option}: {setting.value}")


@check(
    "SASL001",
    "configuration-syntax",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-offer", "MECH004", "SASL002", "SASL004"),
    witnesses=("CONF120", "CONF121"),
    fails=[{"conf": "pwcheck_method = auxprop"}, {"conf": "pwcheck_method: auxprop\nmech_list PLAIN"}],
    passes=[{"conf": "# comment\npwcheck_method: auxprop\n\nmech_list: PLAIN LOGIN"}],
    refs=("libsasl: lib/config.c, sasl_config_init()",),
)
def configuration_syntax(conf: SaslConf, service: LoginService | Unknown) -> Findings:
    """libsasl cannot parse its configuration file, and sendmail stops at start because of it.

    A line is `option: value`, the colon right behind the name. Anything else makes sasl_server_init fail ("error when
    parsing configuration file"), which sendmail takes for fatal.

    Advice: write each line as `option: value` with a colon, then start sendmail.
    """
    if conf.broken:
        first = conf.broken[0]
        signs = any("=" in b.problem for b in conf.broken)
        yield found(
            f"{conf.path} has a syntax error in line {first.number}: {first.problem}",
            evidence=[Evidence(f"{conf.path}:{b.number}", b.text) for b in conf.broken[:5]],
            fix=taking_effect(service, SeparateByColon(conf.path)) if signs else [],
            path=conf.path,
        )


@check(
    "SASL002",
    "unknown-pwcheck-method",
    "error",
    rung="verifier",
    role="cause",
    explains=("no-offer",),
    witnesses=("CONF150", "SASL124", "SASL502"),
    fails=[{"conf": "pwcheck_method: sasldb"}, {"conf": "pwcheck_method: saslauth"}],
    passes=[{"conf": "pwcheck_method: saslauthd auxprop"}, {"conf": ""}],
    refs=("libsasl: lib/checkpw.c, _sasl_verify_password[]",),
)
def unknown_pwcheck_method(conf: SaslConf, service: LoginService | Unknown) -> Findings:
    """pwcheck_method names a password verifier that libsasl 2 does not have.

    PLAIN and LOGIN then fail for everybody; the log holds "unknown password verifier(s)", with Sendmail the
    auth log only.

    Advice: use auxprop for users in a sasldb, saslauthd for system accounts, PAM or LDAP.
    """
    right = dict.fromkeys(_known_verifier(m) if m in conf.unknown_pwcheck else m for m in conf.pwcheck_methods)
    for method in conf.unknown_pwcheck:
        old, better = method.lower() in PWCHECK_METHODS_OF_SASL_1, _known_verifier(method)
        yield found(
            f"pwcheck_method {method} is an unknown password verifier"
            + (f" (SASL 1 had it; for SASL 2 it is {better})" if old else ""),
            evidence=[_at(conf, "pwcheck_method")],
            fix=taking_effect(service, set_option(conf, "pwcheck_method", " ".join(right))),
            option="pwcheck_method",
        )


def _known_verifier(method: str) -> str:
    """What does in SASL 2 what this one was to do."""
    name = method.lower()
    old = name != "sasldb" and name in PWCHECK_METHODS_OF_SASL_1
    return "saslauthd" if old or name in ("saslauth", "sasl_authd", "sasl-authd") else "auxprop"


@check(
    "SASL003",
    "misnamed-configuration",
    "warning",
    rung="verifier",
    role="cause",
    explains=("no-offer",),
    fails=[
        {"files": "searched: /etc/sasl2\nmisnamed: /etc/sasl2/sendmail.conf"},
        {"files": "searched: /etc/sasl2\nelsewhere: /etc/mail/Sendmail.conf"},
    ],
    passes=[{"files": "searched: /etc/sasl2\nfound: /etc/sasl2/Sendmail.conf"}],
    refs=('sendmail: sendmail/srvrsmtp.c, sasl_server_init(srvcallbacks, "Sendmail")',),
)
def misnamed_configuration(
    files: SaslFiles, service: LoginService | Unknown, application: SaslApplication | Unknown
) -> Findings:
    """A SASL configuration is called otherwise, or lies elsewhere, than libsasl looks for it.

    Sendmail's is called Sendmail.conf, with a capital S, and lies in libsasl's own search path. Another file is never
    read; libsasl's defaults apply: all plug-ins, pwcheck_method auxprop.

    Advice: rename or move it to where libsasl looks, or remove it if the defaults are wanted.
    """
    name = application.file if isinstance(application, SaslApplication) else "Sendmail.conf"
    for path in files.misnamed:
        folder = path.rpartition("/")[0]
        shadow = any(f.startswith(folder + "/") for f in files.found)
        yield found(
            f"{path} is never read: libsasl looks for {folder}/{name}",
            evidence=[Evidence(f"ls {folder}", path.rpartition("/")[2])],
            fix=[] if shadow else taking_effect(service, Move(path, f"{folder}/{name}")),
            severity="info" if shadow else "warning",
            path=path,
        )
    if not files.found:
        for path in files.elsewhere:
            yield found(
                f"{path} is never read: libsasl looks for {name} in {' '.join(files.searched)}",
                evidence=[
                    Evidence(f"ls {path}", "there"),
                    *(Evidence(folder, f"no {name}") for folder in files.searched),
                ],
                fix=taking_effect(service, Move(path, f"{files.searched[0]}/{name}")) if files.searched else [],
                path=path,
            )


@check(
    "SASL004",
    "unknown-option",
    "warning",
    rung="verifier",
    role="cause",
    fails=[{"conf": "pwcheck_metod: saslauthd"}],
    passes=[{"conf": "pwcheck_method: saslauthd\nsql_engine: mysql"}],
    refs=("libsasl: doc/options.html",),
)
def unknown_option(conf: SaslConf, service: LoginService | Unknown) -> Findings:
    """An option in the SASL configuration is one that nothing reads, most often a misspelt one.

    libsasl accepts any name in silence, so the line has no effect and the default applies.

    Advice: correct the spelling, or remove the line.
    """
    for option in conf.unknown_options:
        if option.suggestion:
            yield found(
                f"{option.name} in {conf.path} is no option of libsasl; {option.suggestion} is",
                evidence=[_at(conf, option.name)],
                fix=taking_effect(service, RenameOption(conf.path, option.name, option.suggestion)),
                option=option.name,
            )


@check(
    "SASL005",
    "no-known-mechanism-listed",
    "error",
    rung="offer",
    role="cause",
    explains=("no-offer", "MECH003", "MECH004"),
    fails=[{"conf": "mech_list: PLAIN,LOGIN", "plugins": _PLAIN}],
    passes=[{"conf": "mech_list: PLAIN LOGIN", "plugins": _PLAIN}],
    refs=("libsasl: lib/server.c: mech_list is cut at white space",),
)
def no_known_mechanism_listed(conf: SaslConf, plugins: Plugins, service: LoginService | Unknown) -> Findings:
    """mech_list names mechanisms in a way that libsasl does not understand.

    Names are separated by blanks. A comma becomes part of the name, which then is no mechanism at all, and is passed
    over in silence.

    Advice: separate the mechanisms in mech_list with blanks.
    """
    if conf.mechs and (conf.commas_in_mech_list or any(m[:1] in "\"'" for m in conf.mechs)):
        line = conf.options["mech_list"]
        clean = " ".join(line.value.replace(",", " ").replace('"', " ").replace("'", " ").split())
        yield found(
            f"mech_list in {conf.path} is written with {'commas' if conf.commas_in_mech_list else 'quotes'}: "
            f"{line.value}",
            evidence=[_at(conf, "mech_list")],
            fix=taking_effect(service, set_option(conf, "mech_list", clean)),
            option="mech_list",
        )


_TWO = (
    "found: /etc/sasl2/Sendmail.conf\nfound: /usr/lib/sasl2/Sendmail.conf\n"
    "says: /etc/sasl2/Sendmail.conf pwcheck_method: saslauthd\n"
    "says: /usr/lib/sasl2/Sendmail.conf pwcheck_method: auxprop\n"
)


@check(
    "SASL006",
    "shadowed-configuration",
    "warning",
    rung="verifier",
    role="cause",
    explains=("no-offer",),
    fails=[
        {"files": "found: /etc/sasl2/Sendmail.conf\nfound: /usr/lib/sasl2/Sendmail.conf"},
        {"files": _TWO, "saslauthd": "installed"},
    ],
    passes=[{"files": "found: /etc/sasl2/Sendmail.conf"}],
    refs=("libsasl: lib/common.c, the first usable file of the search path wins",),
)
def shadowed_configuration(
    files: SaslFiles, saslauthd: Saslauthd | Unknown, service: LoginService | Unknown, history: LoginHistory | Unknown
) -> Findings:
    """There is more than one Sendmail.conf, and only the first is read.

    Whoever edits the other one wonders why nothing changes. Where the one that is read names a verifier that does not
    run, and the other does not need it, the wrong one is read.

    Advice: keep one file; remove the copy that is not read, or the one that is read by mistake.
    """
    asked = files.says.get(files.used, {})
    dead = isinstance(saslauthd, Saslauthd) and saslauthd.processes_seen and not saslauthd.processes
    nobody = isinstance(history, LoginHistory) and bool(history.failed) and not history.succeeded
    for path in files.shadowed:
        other = files.says.get(path, {})
        swapped = _asks_saslauthd(asked) != _asks_saslauthd(other)
        wrong = swapped and (nobody or (dead and _asks_saslauthd(asked)))
        shadow = f"{path} is not read: {files.used} comes first"
        differ = [f"{o}: {v} there, {other[o]} in the other" for o, v in asked.items() if other.get(o, v) != v]
        yield found(
            shadow + (f", and has {'; '.join(differ)}" if differ else ""),
            severity="error" if wrong else None,
            evidence=[
                Evidence("search path", " ".join(files.searched) or files.used),
                *(Evidence(p, f"{o}: {v}") for p in (files.used, path) for o, v in files.says.get(p, {}).items()),
            ],
            fix=taking_effect(service, Move(files.used, f"{files.used}.off"))
            if wrong
            else [inspect("diff {read} {other}", read=files.used, other=path)],
            path=path,
        )


def _asks_saslauthd(settings: Mapping[str, str]) -> bool:
    return "saslauthd" in settings.get("pwcheck_method", "auxprop").lower().split()


@check(
    "SASL007",
    "saslauthd-not-running",
    "error",
    rung="verifier",
    role="cause",
    shows=("not-started",),
    explains=("SASL008",),
    witnesses=("RUN150", "SASL123"),
    fails=[
        {"conf": "pwcheck_method: saslauthd", "processes": "", "saslauthd": "START=yes\ninstalled"},
        {"conf": "pwcheck_method: auxprop SaslAuthd", "processes": "", "saslauthd": "installed"},
        {
            "conf": "pwcheck_method: saslauthd",
            "processes": "",
            "saslauthd": "START=no\ninstalled\nSTART=yes is demanded",
        },
    ],
    passes=[
        {
            "conf": "pwcheck_method: saslauthd",
            "processes": "",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam",
        },
        {"conf": "pwcheck_method: auxprop", "processes": "", "saslauthd": "installed"},
    ],
    refs=("libsasl: lib/checkpw.c, saslauthd_verify_password()",),
)
def saslauthd_not_running(
    conf: SaslConf, processes: Processes, saslauthd: Saslauthd, system: System | Unknown
) -> Findings:
    """Passwords are to be checked by saslauthd, but saslauthd is not running.

    Every PLAIN and LOGIN fails with 535; the log says "cannot connect to saslauthd server" or only "generic failure".
    The init script of Debian up to 12 starts nothing, and reports no error, unless /etc/default/saslauthd has
    START=yes.

    Advice: start saslauthd, and have it started at boot (Debian up to 12: START=yes in /etc/default/saslauthd).
    """
    if not conf.verifies_by("saslauthd") or saslauthd.processes or processes.named("saslauthd"):
        return
    start = saslauthd.settings.get("START")
    kept = saslauthd.installed and saslauthd.is_kept_from_starting
    yield found(
        "pwcheck_method is saslauthd, but saslauthd is not "
        + ("running" if saslauthd.installed else "installed")
        + (f": its init script starts nothing without START=yes in {_DEFAULTS}" if kept else ""),
        evidence=[
            _at(conf, "pwcheck_method"),
            Evidence("ps", "no saslauthd process"),
            *([Evidence(_DEFAULTS, f"START={start}" if start else "no START=")] if start or kept else []),
        ],
        fix=list(_started(saslauthd, known(system))),
        daemon="saslauthd",
    )


_DEFAULTS = "/etc/default/saslauthd"


def _started(saslauthd: Saslauthd, system: System | None) -> Iterator[Step]:
    """systemd takes an init script that started nothing for active, so that only a restart has an effect."""
    if not saslauthd.installed:
        yield Install("saslauthd")
        if system is not None and system.family == "debian":
            yield edit(_DEFAULTS, "START=yes, where /etc/init.d/saslauthd asks for it (Debian up to 12)")
            yield Restart("saslauthd")
            return
    elif saslauthd.is_kept_from_starting:
        start = saslauthd.settings.get("START")
        if saslauthd.settings:
            yield SetOption(_DEFAULTS, "START", "yes", start or "", "=", new=start is None)
        else:
            yield edit(_DEFAULTS, "START=yes")
        yield Restart("saslauthd")
        return
    yield Start("saslauthd", at_boot=True)


_TWICE = "pwcheck_method: saslauthd\nmech_list: PLAIN\npwcheck_method: auxprop\n"


@check(
    "SASL024",
    "option-set-twice",
    "warning",
    rung="verifier",
    role="cause",
    fails=[
        {"conf": _TWICE, "processes": "", "saslauthd": "installed"},
        {"conf": "auxprop_plugin: sql\nauxprop_plugin: sasldb", "plugins": _PLAIN},
        {"conf": "mech_list: NTLM\nmech_list: PLAIN LOGIN", "plugins": _PLAIN},
        {"conf": "log_level: 1\nlog_level: 7"},
    ],
    passes=[
        {"conf": "log_level: 7\nLog_Level: 7"},
        {"conf": "log_level: 7\n# log_level: 1"},
        {"conf": "my_option: 7\nmy_option: 1"},
    ],
    refs=("libsasl: lib/config.c, sasl_config_getstring(): the first of several counts",),
)
def option_set_twice(
    conf: SaslConf,
    service: LoginService | Unknown,
    plugins: Plugins | Unknown,
    sasldb: SaslDb | Unknown,
    processes: Processes | Unknown,
    saslauthd: Saslauthd | Unknown,
) -> Findings:
    """An option stands twice in libsasl's configuration, with different values: the first one counts.

    Whoever adds a line at the end, as most how-tos tell, changes nothing where the option stands above already: most
    programs take the last, libsasl takes the first.

    Advice: keep one line, with the value that is meant, and restart the mail server.
    """
    others = {o: later for o, later in reversed(conf.repeated) if later.value != conf.options[o].value}
    for option, later in others.items():
        first = conf.options[option]
        if option not in OPTIONS:
            continue
        wrong = _leads_nowhere(option, conf, plugins, sasldb, processes, saslauthd)
        yield found(
            f"{option} stands twice in {conf.path}: line {first.line} ({first.value}) counts, line {later.line}"
            f" ({later.value}) does not" + (f"; {wrong}" if wrong else ""),
            evidence=[
                _at(conf, option),
                Evidence(f"{conf.path}:{later.line}", f"{option}: {later.value}"),
            ],
            fix=taking_effect(
                service,
                set_option(conf, option, later.value)
                if wrong
                else edit(conf.path, f"keep one line of {option}, with the value that is meant"),
            ),
            severity="error" if wrong else None,
            option=option,
        )


def _leads_nowhere(
    option: str,
    conf: SaslConf,
    plugins: Plugins | Unknown,
    sasldb: SaslDb | Unknown,
    processes: Processes | Unknown,
    saslauthd: Saslauthd | Unknown,
) -> str:
    """Why the first value, which counts, cannot be what is meant; empty where it may be."""
    value = conf.options[option].value
    by_daemon = option == "pwcheck_method" and [m.lower() for m in conf.pwcheck_methods] == ["saslauthd"]
    if by_daemon and isinstance(processes, Processes) and isinstance(saslauthd, Saslauthd):
        return "" if saslauthd.processes or processes.named("saslauthd") else "saslauthd does not run"
    if option == "pwcheck_method" and conf.unknown_pwcheck:
        return f"libsasl has no verifier {conf.unknown_pwcheck[0]}"
    if option in ("auxprop_plugin", "mech_list") and isinstance(plugins, Plugins) and plugins.plugins:
        names = plugins.auxprop if option == "auxprop_plugin" else plugins.mechanisms
        wanted = conf.auxprop_plugins if option == "auxprop_plugin" else tuple(m.upper() for m in conf.mechs or ())
        return "" if set(wanted or ()) & set(names) else f"no plug-in brings {value}"
    if option == "sasldb_path" and isinstance(sasldb, Absent) and sasldb.subject:
        return f"{value} does not exist"
    if option == "saslauthd_path" and isinstance(saslauthd, Saslauthd) and saslauthd.socket_missing:
        return f"{value} does not exist"
    return ""


@check(
    "SASL008",
    "saslauthd-socket",
    "error",
    rung="verifier",
    role="cause",
    witnesses=("PERM150", "RUN150", "SASL123"),
    fails=[
        {
            "conf": "pwcheck_method: saslauthd\nsaslauthd_path: /run/saslauthd",
            "service": "",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam\ndrwxr-xr-x root root /run\n"
            "drwx--x--- root sasl /run/saslauthd\nsocket /run/saslauthd: no socket",
        },
        {
            "conf": "pwcheck_method: saslauthd\nsaslauthd_path: /run/other/mux",
            "service": "",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam\nsocket /run/other/mux: missing",
        },
        {
            "conf": "pwcheck_method: saslauthd",
            "service": "service: postfix /etc/postfix/main.cf\nwanted",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam -m /run/saslauthd\n"
            "socket /var/spool/postfix/var/run/saslauthd/mux: missing",
            "application": "name: smtpd\nproduct: postfix\nroot: /var/spool/postfix\nrooted: smtp/inet submission/inet",
            "outside": "srwxrwxrwx root root /run/saslauthd/mux",
        },
        {
            "conf": "pwcheck_method: saslauthd\nsaslauthd_path: /var/spool/postfix/var/run/saslauthd/mux",
            "service": "service: postfix /etc/postfix/main.cf\nwanted",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -m /var/spool/postfix/var/run/saslauthd"
            "\nsocket /var/spool/postfix/var/spool/postfix/var/run/saslauthd/mux: missing",
            "application": "name: smtpd\nproduct: postfix\nroot: /var/spool/postfix\nrooted: smtp/inet submission/inet",
            "outside": "srwxrwxrwx root root /var/spool/postfix/var/run/saslauthd/mux",
        },
        {
            "conf": "pwcheck_method: saslauthd",
            "service": "account: smmsp",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam\ndrwx--x--- root sasl "
            "/run/saslauthd\nsrwxrwxrwx root root /run/saslauthd/mux",
        },
    ],
    passes=[
        {
            "conf": "pwcheck_method: saslauthd",
            "service": "",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam\ndrwx--x--- root sasl "
            "/run/saslauthd\nsrwxrwxrwx root root /run/saslauthd/mux",
        }
    ],
    refs=("saslauthd(8), -m; libsasl: saslauthd_path names the socket itself, /mux included",),
)
def saslauthd_socket(
    conf: SaslConf,
    service: LoginService,
    saslauthd: Saslauthd,
    system: System | Unknown,
    application: SaslApplication | Unknown,
    outside: Outside | Unknown,
) -> Findings:
    """saslauthd runs, but the mail server cannot reach its socket.

    The socket is elsewhere (option -m of saslauthd, saslauthd_path), outside of the chroot in which the mail server
    looks for it, or its directory is closed to the user as whom the mail server runs. PLAIN and LOGIN then fail
    with 535, in Postfix with "generic failure".

    Advice: make saslauthd_path name the socket that saslauthd made, /mux included; or let the user into its group
    (Sendmail keeps no other group than the one of RunAsUser: name it there, RunAsUser=USER:GROUP).
    """
    if not conf.verifies_by("saslauthd") or not saslauthd.processes:
        return
    if saslauthd.socket_missing and isinstance(outside, Outside) and outside.socket:
        if isinstance(application, SaslApplication):
            yield _socket_outside_of_root(conf, service, application, saslauthd, outside.socket)
        return
    if saslauthd.socket_missing:
        yield found(
            f"The saslauthd socket {saslauthd.socket_path} does not exist",
            evidence=[
                Evidence(conf.path, f"saslauthd_path: {conf.saslauthd_path or 'default'}"),
                *(Evidence("ps", p.command) for p in saslauthd.processes[:1]),
            ],
            fix=[inspect("ps ax | grep '[s]aslauthd'"), Restart("saslauthd")],
            path=saslauthd.socket_path,
        )
        return
    named = conf.saslauthd_path
    instead, socket = saslauthd.folder_instead, (named or "").rstrip("/") + "/mux"
    if named and instead is not None:
        yield found(
            f"saslauthd_path names the directory {named}, not the socket in it",
            evidence=[Evidence(conf.path, f"saslauthd_path: {named}"), instead.evidence],
            fix=taking_effect(service, set_option(conf, "saslauthd_path", socket)),
            path=named,
        )
        return
    folder, account = saslauthd.folder, service.account
    if folder is None or account is None:
        return
    members = system.groups.get(folder.group, ()) if isinstance(system, System) else ()
    # sendmail/main.c, drop_privileges(): setgroups() leaves it one group, whatever /etc/group says
    one_group = service.product == "sendmail"
    joined = [folder.group] if account.user in members and not one_group else []
    if not may(folder, account.user, {*account.groups, *joined}, 1):
        yield found(
            f"{account.user} ({service.option('account')}) may not enter {folder.path}, where saslauthd's socket is",
            evidence=[folder.evidence],
            fix=change(service, "account", [f"{account.user}:{folder.group}"])
            if one_group
            else taking_effect(service, JoinGroup(account.user, folder.group)),
            path=folder.path,
        )


def _socket_outside_of_root(
    conf: SaslConf, service: LoginService, application: SaslApplication, saslauthd: Saslauthd, there: Look
) -> Found:
    root, inside = application.root, there.path.removeprefix(application.root)
    says_root = conf.saslauthd_path is not None and inside != there.path
    return found(
        f"saslauthd's socket {there.path} cannot be seen by {application.name}, which works in {root} (chroot) "
        f"and looks for {saslauthd.socket_path}",
        evidence=[
            Evidence(conf.path, f"saslauthd_path: {conf.saslauthd_path or 'default'}"),
            there.evidence,
            *(Evidence("ps", p.command) for p in saslauthd.processes[:1]),
        ],
        fix=[set_option(conf, "saslauthd_path", inside), restart(service)]
        if says_root
        else leave_root(service, application),
        advice=_NAME_IN_ROOT if says_root else _IN_ROOT.format(name=application.name, path=saslauthd.socket_path),
        path=saslauthd.socket_path,
    )


_NAME_IN_ROOT = "write saslauthd_path as it is called in the chroot, without the chroot's own path."
_IN_ROOT = (
    "let {name} work without the chroot, as Postfix comes. To keep the chroot instead, have saslauthd make its socket "
    "{path}: option -m with its folder (Debian: OPTIONS in /etc/default/saslauthd, and the folder by dpkg-statoverride "
    "--add root sasl 710); other programs that ask saslauthd must then be told the new place."
)


@check(
    "SASL009",
    "saslauthd-without-pam-service",
    "warning",
    rung="verifier",
    role="cause",
    fails=[
        {
            "conf": "pwcheck_method: saslauthd",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam\npam /etc/pam.d/smtp: missing",
        }
    ],
    passes=[
        {
            "conf": "pwcheck_method: saslauthd",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a shadow\npam /etc/pam.d/smtp: missing",
        }
    ],
    refs=("pam(7): a service without a file falls to `other`",),
)
def saslauthd_without_pam_service(conf: SaslConf, saslauthd: Saslauthd) -> Findings:
    """saslauthd asks PAM for the service smtp, which has no file in /etc/pam.d.

    PAM then uses /etc/pam.d/other, which on many systems denies everybody and on others asks the system accounts.

    Advice: make /etc/pam.d/smtp (a copy of the rules for a login without a session is enough).
    """
    if conf.verifies_by("saslauthd") and saslauthd.processes and saslauthd.mechanism == "pam" and saslauthd.pam_missing:
        yield found(
            f"{saslauthd.pam_missing} does not exist, so saslauthd -a pam falls back to /etc/pam.d/other"
            + (", which asks for passwords too" if saslauthd.pam_other_asks else ""),
            evidence=[Evidence("ps", saslauthd.processes[0].command), Evidence("ls /etc/pam.d", "no smtp")],
            fix=[SetUpPam("/etc/pam.d/smtp")],
            severity="info" if saslauthd.pam_other_asks else "warning",
            path=saslauthd.pam_missing,
        )


@check(
    "SASL010",
    "verifier-always-true",
    "error",
    rung="verifier",
    role="risk",
    fails=[
        {"conf": "pwcheck_method: alwaystrue", "service": "mechanisms: PLAIN"},
        {"conf": "pwcheck_method: alwaystrue", "service": "service: postfix /etc/postfix/main.cf"},
    ],
    passes=[{"conf": "pwcheck_method: auxprop", "service": "mechanisms: PLAIN"}],
    refs=("libsasl: lib/checkpw.c, always_true(), for tests alone",),
)
def verifier_always_true(conf: SaslConf, service: LoginService) -> Findings:
    """pwcheck_method is alwaystrue: every password is accepted.

    Whoever can reach the port may relay.

    Advice: use auxprop or saslauthd.
    """
    if conf.verifies_by("alwaystrue") and any(
        n in PLAINTEXT for n in mechanisms(service, known(conf), None, None).offered(tls=True)
    ):
        yield found(
            f"{conf.path} accepts every password: pwcheck_method alwaystrue",
            evidence=[_at(conf, "pwcheck_method")],
            fix=taking_effect(service, set_option(conf, "pwcheck_method", "auxprop")),
            option="pwcheck_method",
        )


@check(
    "SASL011",
    "log-level-shows-passwords",
    "warning",
    rung="verifier",
    role="risk",
    fails=[{"conf": "log_level: 7"}],
    passes=[{"conf": "log_level: 5"}, {"conf": ""}],
    refs=("libsasl: include/sasl.h, SASL_LOG_PASS",),
)
def log_level_shows_passwords(conf: SaslConf, service: LoginService | Unknown) -> Findings:
    """log_level 7 makes libsasl write passwords into the log.

    Advice: use log_level: 3 while looking for a fault, and none otherwise.
    """
    if conf.log_level >= 7:
        yield found(
            f"log_level in {conf.path} is {conf.log_level}: passwords are logged",
            evidence=[_at(conf, "log_level")],
            fix=taking_effect(service, set_option(conf, "log_level", "3")),
            option="log_level",
        )
