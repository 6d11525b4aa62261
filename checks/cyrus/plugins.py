"""LINK: whether the SASL plug-ins are there and can be loaded."""

from maildoctor.api import (
    Absent,
    Evidence,
    Findings,
    Install,
    Link,
    LoginService,
    Severity,
    Step,
    Unknown,
    by_hand,
    change,
    check,
    edit,
    found,
    inspect,
    known,
    restart,
    set_option,
    taking_effect,
)
from maildoctor.api.cyrus import Directory, Plugin, Plugins, SaslConf, SaslDb, asks_auxprop, mechanisms, uses_sasldb
from maildoctor.api.host import Processes, System
from maildoctor.api.sendmail import SendmailProgram
from maildoctor.api.wire import Wire

_OK = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libplain.so.2\n\tlibc.so.6 => /lib/libc.so.6\n"
)
_DIGEST = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libdigestmd5.so -> /usr/lib/sasl2/libdigestmd5.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libdigestmd5.so.2\n"
)


def _mechanisms(plugin: Plugin) -> str:
    return ", ".join(plugin.mechanisms) or plugin.name


def _reinstall(plugin: Plugin, service: LoginService | Unknown) -> list[Step]:
    return taking_effect(service, Install(plugin.name, again=True))


def _severity(plugin: Plugin, service: LoginService | Unknown, conf: SaslConf | Unknown) -> Severity | None:
    """`info` for a plug-in that nobody asks for, else None. Without one that can be loaded libsasl goes on: it only
    says so in the log (lib/dlopen.c)."""
    return "info" if _idle(plugin, service, conf) else None


def _idle(plugin: Plugin, service: LoginService | Unknown, conf: SaslConf | Unknown) -> bool:
    """Whether the configuration leaves a plug-in out: a mechanism that no list names, an auxprop plug-in that
    auxprop_plugin does not name, or, where there is no such line, one that was given no settings of its own, as sql
    and ldapdb need (lib/auxprop.c, _sasl_auxprop_lookup(); plugins/sql.c, sql_auxprop_plug_init())."""
    if isinstance(conf, Unknown) and not isinstance(conf, Absent):
        return False
    settings = known(conf)
    if plugin.kind == "mechanism":
        lists = [settings.mechs if settings else None]
        lists += [service.mechanisms] if isinstance(service, LoginService) and service.chosen else []
        return any(names is not None and not {*map(str.upper, names)} & {*plugin.mechanisms} for names in lists)
    if plugin.kind != "auxprop":
        return False
    named = settings.auxprop_plugins if settings else None
    canonical = settings.value("canon_user_plugin") if settings else None
    if named is not None:
        return plugin.name not in named and plugin.name not in (canonical or "").split()
    return plugin.name != "sasldb" and not (settings and settings.options_for(plugin.name))


@check(
    "LINK001",
    "unresolved-symbol",
    "error",
    rung="mechanism",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer", "MAP012"),
    witnesses=("LINK130", "LINK131", "LINK132", "LINK133", "LINK134", "LINK150"),
    fails=[{"plugins": _DIGEST + "undefined symbol: des_ecb_encrypt\t(/usr/lib/sasl2/libdigestmd5.so)"}],
    passes=[{"plugins": _OK}],
    refs=('libsasl: lib/dlopen.c, "unable to dlopen"; dlopen(3), RTLD_NOW',),
)
def unresolved_symbol(plugins: Plugins, service: LoginService | Unknown, conf: SaslConf | Unknown) -> Findings:
    """A SASL plug-in cannot be loaded: it refers to a symbol that no library here defines.

    The loader refuses such a plug-in ("undefined symbol", on Solaris "relocation error: … referenced symbol not
    found"), libsasl goes on without it, and its mechanism is gone. The plug-in was built against other libraries than
    those installed.

    Advice: reinstall the plug-in so that it matches the libraries, or remove the plug-in and its mechanism from
    AuthMechanisms.
    """
    for plugin in plugins.plugins:
        if plugin.undefined:
            symbols = ", ".join(f"{s}@{v}" if v else s for s, v in plugin.undefined[:5])
            yield found(
                f"{plugin.target} ({_mechanisms(plugin)}) cannot be loaded: undefined symbol {symbols}",
                evidence=[Evidence(f"ldd -r {plugin.target}", f"undefined symbol: {symbols}")],
                fix=_reinstall(plugin, service),
                severity=_severity(plugin, service, conf),
                plugin=plugin.name,
            )


@check(
    "LINK002",
    "missing-library",
    "warning",
    rung="mechanism",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer", "MAP012"),
    witnesses=("LINK135",),
    fails=[
        {"plugins": _DIGEST + "\tlibcrypto.so.1.0.0 => not found"},
        {
            "plugins": _DIGEST.replace("digestmd5", "gssapiv2") + "\tlibgssapi_krb5.so.2 => not found",
            "service": "mechanisms: GSSAPI PLAIN",
            "system": "keytab: missing",
        },
        {
            "plugins": _DIGEST.replace("digestmd5", "sql") + "\tlibpq.so.5 => not found",
            "conf": "auxprop_plugin: sasldb",
        },
    ],
    passes=[{"plugins": _OK}],
    refs=("libsasl: lib/dlopen.c",),
)
def missing_library(
    plugins: Plugins,
    service: LoginService | Unknown,
    conf: SaslConf | Unknown,
    sasldb: SaslDb | Unknown,
    system: System | Unknown,
) -> Findings:
    """A SASL plug-in cannot be loaded: a shared library that it needs is not installed, or an older one is.

    libsasl skips the plug-in with one line in the auth log, and its mechanism is gone; all others work. Where nobody
    asks for it, as for sql where auxprop_plugin is sasldb, that line is all that comes of it.

    Advice: install the library, or reinstall the plug-in for the libraries that are here; or remove the plug-in if
    its mechanism is not wanted.
    """
    for plugin in plugins.plugins:
        if not plugin.missing_libraries and not plugin.needs_versions:
            continue
        lacks = [f"shared library {name} is missing (not found)" for name in plugin.missing_libraries]
        lacks += [f"version {version} of {library} is not provided" for version, library in plugin.needs_versions]
        yield found(
            f"{plugin.target} ({_mechanisms(plugin)}) cannot be loaded: {'; '.join(lacks)}",
            evidence=[
                Evidence(
                    f"ldd -r {plugin.target}",
                    "; ".join([f"{n} => not found" for n in plugin.missing_libraries] or lacks),
                )
            ],
            fix=_without_kerberos(plugin, service, conf, system) or _reinstall(plugin, service),
            severity=_severity(plugin, service, conf)
            or (
                "error" if _wanted(plugin.mechanisms, service, conf, sasldb) or plugin.kind == "auxprop" else "warning"
            ),
            plugin=plugin.name,
        )


_KERBEROS = frozenset({"GSSAPI", "GSS-SPNEGO", "GS2-KRB5", "GS2-IAKERB"})


def _without_kerberos(
    plugin: Plugin, service: LoginService | Unknown, conf: SaslConf | Unknown, system: System | Unknown
) -> list[Step]:
    """The mail server's list without mechanisms of Kerberos, where the host has no keytab, so that nobody could log in
    by them if the plug-in were whole; none where there may be one, or nothing else is in the list."""
    if isinstance(service, Unknown) or isinstance(system, Unknown) or not service.chosen or not plugin.mechanisms:
        return []
    settings = known(conf)
    rest = [name for name in service.mechanisms or () if name.upper() not in _KERBEROS]
    has_keytab = system.keytab != "" or (settings is not None and settings.value("keytab") is not None)
    useless = _KERBEROS.issuperset(plugin.mechanisms) and not has_keytab and len(rest) < len(service.mechanisms or ())
    return change(service, "mechanisms", rest) if useless and rest else []


def _wanted(
    names: tuple[str, ...], service: LoginService | Unknown, conf: SaslConf | Unknown, sasldb: SaslDb | Unknown
) -> bool:
    """Whether some user could log in by one of these mechanisms if only its plug-in were right."""
    if isinstance(service, Unknown) or isinstance(sasldb, Unknown):
        return False
    table = mechanisms(service, known(conf), None, sasldb)
    return any(o.name in names and o.configured and o.listed and o.users for o in table.all)


@check(
    "LINK003",
    "not-a-plug-in",
    "error",
    rung="mechanism",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer", "MAP012"),
    witnesses=("LINK137", "LINK138", "LINK140"),
    fails=[
        {
            "plugins": "directory: /usr/lib/sasl2\nprogram: ELF 64-bit LSB pie executable, x86-64\n"
            "plugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\nELF 32-bit LSB shared object, i386, "
            "soname libplain.so.2"
        },
        {
            "plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
            "empty file"
        },
    ],
    passes=[{"plugins": _OK}],
    refs=("ld.so(8)",),
)
def not_a_plug_in(plugins: Plugins, service: LoginService | Unknown, conf: SaslConf | Unknown) -> Findings:
    """A file in the plug-in folder is no plug-in that this sendmail could load.

    It is damaged, or of another word size or processor than the sendmail program, or was made for another generation
    of libsasl. libsasl skips it, and its mechanism is gone.

    Advice: reinstall the package that the plug-in belongs to.
    """
    for plugin in plugins.plugins:
        if plugin.loads or plugin.undefined or plugin.missing_libraries or plugin.needs_versions or plugin.dangling:
            continue
        yield found(
            f"{plugin.path} ({_mechanisms(plugin)}) cannot be loaded: {plugin.problem}",
            evidence=[Evidence(plugin.target or plugin.path, plugin.problem)],
            fix=_reinstall(plugin, service),
            severity=_severity(plugin, service, conf),
            plugin=plugin.name,
        )


@check(
    "LINK004",
    "plug-in-link",
    "error",
    rung="mechanism",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer",),
    fails=[
        {"plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> missing"},
        {"plugins": "directory: /usr/lib/sasl2\nfile: /usr/lib/sasl2/libplain.so.2"},
    ],
    passes=[{"plugins": _OK}],
    refs=("libsasl: lib/dlopen.c, only names ending in .so are tried",),
)
def plug_in_link(plugins: Plugins, service: LoginService | Unknown, conf: SaslConf | Unknown) -> Findings:
    """The name by which libsasl would find a plug-in is missing or leads nowhere.

    libsasl tries only names that end in .so, which are links to the real files: without its link, or with a dangling
    one, a plug-in is as good as not installed.

    Advice: reinstall the package, which makes the links anew.
    """
    for plugin in plugins.plugins:
        if plugin.dangling:
            yield found(
                f"{plugin.path} is a dangling link: its plug-in ({_mechanisms(plugin)}) does not exist",
                evidence=[Evidence(plugin.path, "points to nothing")],
                fix=_reinstall(plugin, service),
                severity=_severity(plugin, service, conf),
                plugin=plugin.name,
            )
    for path in plugins.untried:
        name = path.rpartition("/")[2].partition(".so")[0].removeprefix("lib")
        yield found(
            f"{path} is never tried: there is no {path.partition('.so')[0]}.so beside it",
            evidence=[Evidence(path, "only names that end in .so are loaded")],
            fix=taking_effect(service, Link(path.partition(".so")[0] + ".so", path.rpartition("/")[2])),
            plugin=name,
        )


@check(
    "LINK005",
    "plug-in-directory",
    "error",
    rung="mechanism",
    role="cause",
    explains=("no-offer", "LINK006", "MAP012", "MECH001", "MECH005", "MECH009"),
    witnesses=("LINK141", "MECH120"),
    fails=[
        {"plugins": "directory: /usr/lib/x86_64-linux-gnu/sasl2 dangling -> /opt/local/lib/sasl2"},
        {"plugins": "directory: /usr/lib/sasl2 missing"},
        {"plugins": "directory: /usr/lib/sasl2"},
        {
            "plugins": "library: /usr/local/lib/libsasl2.so.2\nsecond library: /usr/lib/libsasl2.so.2\n"
            "directory: /usr/local/lib/sasl2 missing"
        },
    ],
    passes=[{"plugins": _OK}],
    refs=("libsasl: lib/common.c, _sasl_get_default_path / PLUGINDIR",),
)
def plug_in_directory(plugins: Plugins, service: LoginService | Unknown) -> Findings:
    """The folder in which libsasl looks for plug-ins is missing, leads nowhere or is empty.

    Without plug-ins there is no mechanism at all: sendmail answers EHLO without an AUTH line. The folder is compiled
    into libsasl; a second libsasl, built by hand into /usr/local/lib, may be loaded first and look in another one.

    Advice: put the plug-ins back where libsasl looks for them: reinstall libsasl's modules, or repair the symbolic
    link of the directory. Of two copies of libsasl remove the one that has no plug-ins, and run ldconfig.
    """
    if plugins.plugins or any(d.state == "unreadable" for d in plugins.directories):
        return
    for folder in plugins.directories:
        what = (
            f"is a dangling symbolic link to {folder.target}, which does not exist"
            if folder.target
            else ("does not exist" if folder.state == "missing" else "holds no plug-in: they are missing")
        )
        yield found(
            f"The SASL plug-in directory {folder.path} {what}{_whose(plugins)}",
            evidence=[
                Evidence(f"ls -ld {folder.path}", f"{folder.state}{' -> ' + folder.target if folder.target else ''}"),
                *(Evidence("ldd", f"{path.rpartition('/')[2]} => {path}") for path in [plugins.library] if path),
            ],
            fix=taking_effect(service, *_to_the_second(plugins, folder)),
            path=folder.path,
        )


def _whose(plugins: Plugins) -> str:
    if not plugins.library:
        return ""
    other = f", which the loader finds before {plugins.second_library}" if plugins.second_library else ""
    return f"; it is compiled into {plugins.library}, a libsasl built by hand{other}"


def _to_the_second(plugins: Plugins, folder: Directory) -> list[Step]:
    """What gives the mail server its plug-ins."""
    if plugins.second_library:
        return [
            by_hand("mv {library} {library}.not-used && ldconfig", library=plugins.library),
            inspect("ldconfig -p"),
        ]
    if plugins.library:
        return [edit(folder.path, "install the plug-ins of {library} there", library=plugins.library)]
    return [Install("plain", again=True), Install("sasldb", again=True)]


@check(
    "LINK006",
    "auxprop-plug-in",
    "error",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer",),
    witnesses=("CONF151", "SASL502"),
    fails=[{"plugins": _OK, "conf": "pwcheck_method: auxprop\nauxprop_plugin: sasldb", "service": ""}],
    passes=[
        {
            "plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libsasldb.so -> /usr/lib/sasl2/libsasldb.so\n"
            "ELF 64-bit LSB shared object, x86-64, soname libsasldb.so.2\n",
            "conf": "auxprop_plugin: sasldb",
            "service": "",
        },
        {
            "plugins": _OK,
            "conf": "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\nauxprop_plugin: rimap",
            "service": "",
        },
    ],
    refs=("libsasl: lib/auxprop.c",),
)
def auxprop_plug_in(
    plugins: Plugins,
    service: LoginService,
    conf: SaslConf | Unknown,
    sasldb: SaslDb | Unknown,
) -> Findings:
    """The auxprop plug-in that fetches users and their passwords is not installed.

    Mechanisms are offered, but no user is found in any: "no mechanism available" or "user not found".

    Advice: install the package that brings the plug-in.
    """
    asked = conf.auxprop_plugins if isinstance(conf, SaslConf) else None
    wanted = asked or (("sasldb",) if isinstance(sasldb, SaslDb) and sasldb.users and uses_sasldb(known(conf)) else ())
    if not plugins.plugins or not asks_auxprop(known(conf)):
        return
    for name in wanted:
        if any(p.name == name for p in plugins.plugins) or name in plugins.auxprop:
            continue
        if name not in ("sasldb", "sql", "ldapdb") and isinstance(conf, SaslConf):
            yield found(
                f"auxprop_plugin {name} is no plug-in of libsasl; users in a sasldb need: auxprop_plugin: sasldb",
                evidence=[Evidence(conf.path, f"auxprop_plugin: {name}")],
                fix=taking_effect(service, set_option(conf, "auxprop_plugin", "sasldb")),
                advice="Name the plug-in as its file is called: sasldb, sql or ldapdb; then restart sendmail.",
                plugin=name,
            )
            continue
        yield found(
            f"The auxprop plug-in {name} is not installed (no lib{name}.so in "
            f"{', '.join(d.path for d in plugins.directories)})",
            evidence=[Evidence(conf.path if isinstance(conf, SaslConf) else "default", f"auxprop_plugin: {name}")],
            fix=taking_effect(service, Install(name)),
            plugin=name,
        )


@check(
    "LINK007",
    "plug-in-of-another-libsasl",
    "error",
    rung="mechanism",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer",),
    witnesses=("LINK139",),
    fails=[
        {
            "program": "\tlibsasl2.so.2 => /lib/libsasl2.so.2",
            "plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
            "ELF 64-bit LSB shared object, x86-64\n\tlibsasl.so.7 => /lib/libsasl.so.7",
        }
    ],
    passes=[{"program": "\tlibsasl2.so.2 => /lib/libsasl2.so.2", "plugins": _OK}],
    refs=("libsasl: lib/server.c, sasl_server_add_plugin(): version check",),
)
def plug_in_of_another_libsasl(
    plugins: Plugins, program: SendmailProgram, service: LoginService | Unknown, conf: SaslConf | Unknown
) -> Findings:
    """A plug-in was built for another generation of libsasl than sendmail is linked with.

    A plug-in of SASL 1 does not fit into SASL 2 and the other way round: it is refused, or the process crashes.

    Advice: reinstall the plug-in from the package that belongs to the installed libsasl.
    """
    linked = {n for n in program.libraries if n.startswith(("libsasl.so", "libsasl2.so"))}
    for plugin in plugins.plugins:
        wants = {n for n, _ in plugin.libraries if n.startswith(("libsasl.so", "libsasl2.so"))}
        if linked and wants and not wants & linked:
            yield found(
                f"{plugin.path} was built for {min(wants)}, but sendmail is linked with {min(linked)}",
                evidence=[Evidence(f"ldd {plugin.target}", min(wants)), Evidence("ldd sendmail", min(linked))],
                fix=_reinstall(plugin, service),
                severity=_severity(plugin, service, conf),
                plugin=plugin.name,
            )


_RUNS = "7 root 1000.0 /usr/sbin/sendmail sendmail: accepting connections\nlibsasl: 7 "
_TAKES = "loader takes: /usr/lib/libsasl2.so.2.0.25\n" + _OK
_NO_AUTH = "=== connect 127.0.0.1:587 auto\n<-  220 mail ESMTP Sendmail 8.17.1\n -> EHLO x\n<-  250-mail\n<-  250 HELP"


@check(
    "LINK020",
    "running-libsasl-is-another",
    "warning",
    rung="mechanism",
    role="cause",
    explains=("no-offer",),
    fails=[
        {"processes": _RUNS + "/usr/local/lib/libsasl2.so.2.0.23", "plugins": _TAKES},
        {"processes": _RUNS + "/opt/lib/libsasl2.so.3.0.0", "plugins": _TAKES, "wire": _NO_AUTH},
    ],
    passes=[
        {"processes": _RUNS + "/usr/lib/libsasl2.so.2.0.25", "plugins": _TAKES},
        {"processes": _RUNS.replace("libsasl: 7 ", ""), "plugins": _TAKES},
    ],
    refs=("ld.so(8): LD_LIBRARY_PATH, then /etc/ld.so.cache, which ldconfig makes", "proc_pid_maps(5)"),
)
def running_libsasl_is_another(
    processes: Processes, plugins: Plugins, service: LoginService | Unknown, wire: Wire | Unknown
) -> Findings:
    """The running mail server has loaded another libsasl than it would get if it were started now.

    Each copy of libsasl has folders of its own compiled in, for plug-ins and for its configuration, so what is judged
    here of the files need not be what the running server does. It was started with LD_LIBRARY_PATH, or ldconfig was
    run since, after a library was installed or removed.

    Advice: restart the mail server, and keep one libsasl alone.
    """
    for process in processes.sendmail_daemons[:1]:
        if not process.libsasl or not plugins.taken or process.libsasl.endswith(plugins.taken):  # in a root of its own
            continue
        talks = [c for c in wire.per_endpoint if c.hello and c.server == "sendmail"] if isinstance(wire, Wire) else []
        silent = bool(talks) and not any("AUTH" in c.hello.keywords for c in talks if c.hello)
        yield found(
            f"The running sendmail works with {process.libsasl}, and would get {plugins.taken} if it were started now",
            evidence=[
                Evidence(f"/proc/{process.pid}/maps", process.libsasl),
                Evidence("ldd", f"libsasl2.so => {plugins.taken}"),
            ],
            fix=[inspect("ldconfig -p"), restart(service)],
            severity="error" if silent else None,
            subject="libsasl",
        )
