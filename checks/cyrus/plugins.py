"""LINK: whether the SASL plug-ins are there and can be loaded."""

from maildoctor.api import (
    Evidence,
    Findings,
    Install,
    Link,
    LoginService,
    Step,
    Unknown,
    check,
    found,
    known,
    set_option,
    taking_effect,
)
from maildoctor.api.cyrus import Plugin, Plugins, SaslConf, SaslDb, mechanisms, uses_sasldb
from maildoctor.api.sendmail import SendmailProgram

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
def unresolved_symbol(plugins: Plugins, service: LoginService | Unknown) -> Findings:
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
    fails=[{"plugins": _DIGEST + "\tlibcrypto.so.1.0.0 => not found"}],
    passes=[{"plugins": _OK}],
    refs=("libsasl: lib/dlopen.c",),
)
def missing_library(
    plugins: Plugins,
    service: LoginService | Unknown,
    conf: SaslConf | Unknown,
    sasldb: SaslDb | Unknown,
) -> Findings:
    """A SASL plug-in cannot be loaded: a shared library that it needs is not installed, or an older one is.

    libsasl skips the plug-in with one line in the auth log, and its mechanism is gone; all others work.

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
            fix=_reinstall(plugin, service),
            severity="error"
            if _wanted(plugin.mechanisms, service, conf, sasldb) or plugin.kind == "auxprop"
            else "warning",
            plugin=plugin.name,
        )


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
def not_a_plug_in(plugins: Plugins, service: LoginService | Unknown) -> Findings:
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
def plug_in_link(plugins: Plugins, service: LoginService | Unknown) -> Findings:
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
    ],
    passes=[{"plugins": _OK}],
    refs=("libsasl: lib/common.c, _sasl_get_default_path / PLUGINDIR",),
)
def plug_in_directory(plugins: Plugins, service: LoginService | Unknown) -> Findings:
    """The folder in which libsasl looks for plug-ins is missing, leads nowhere or is empty.

    Without plug-ins there is no mechanism at all: sendmail answers EHLO without an AUTH line.

    Advice: put the plug-ins back where libsasl looks for them: reinstall libsasl's modules, or repair the symbolic
    link of the directory.
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
            f"The SASL plug-in directory {folder.path} {what}",
            evidence=[
                Evidence(f"ls -ld {folder.path}", f"{folder.state}{' -> ' + folder.target if folder.target else ''}")
            ],
            fix=taking_effect(service, Install("plain", again=True)),
            path=folder.path,
        )


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
        }
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
    if not plugins.plugins:
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
def plug_in_of_another_libsasl(plugins: Plugins, program: SendmailProgram, service: LoginService | Unknown) -> Findings:
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
                plugin=plugin.name,
            )
