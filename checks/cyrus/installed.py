"""RUN: whether any mechanism is installed, as in images that take only what a package needs."""

from maildoctor.api import Evidence, Findings, Install, LoginService, Unknown, check, found, gaps, known, taking_effect
from maildoctor.api.cyrus import Plugins, SaslConf

_ELF = "ELF 64-bit LSB shared object, x86-64, soname"
_SASLDB = f"directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libsasldb.so -> /usr/lib/sasl2/libsasldb.so\n{_ELF} x"
_PLAIN = f"{_SASLDB}\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n{_ELF} x"
_POSTFIX = "service: postfix /etc/postfix/main.cf\nwanted"


@check(
    "RUN025",
    "no-mechanism-installed",
    "error",
    rung="mechanism",
    role="cause",
    explains=("no-offer", "MECH001", "MECH003", "MECH005", "MECH009", "MECH011", "LINK006", "SASL005"),
    witnesses=("MECH500",),
    fails=[
        {"service": _POSTFIX, "plugins": _SASLDB},
        {"service": _POSTFIX, "plugins": _SASLDB, "conf": "mech_list: PLAIN LOGIN"},
        {"service": _POSTFIX, "plugins": _PLAIN, "conf": "mech_list: CRAM-MD5 DIGEST-MD5"},
    ],
    passes=[
        {"service": _POSTFIX, "plugins": _PLAIN},
        {"service": _POSTFIX, "plugins": _PLAIN, "conf": "mech_list: plain login"},
        {"service": "service: postfix /etc/postfix/main.cf", "plugins": _SASLDB},
        {"service": _POSTFIX, "plugins": "directory: /usr/lib/sasl2"},
        {"service": _POSTFIX, "plugins": _SASLDB, "conf": "mech_list: EXTERNAL"},
    ],
    refs=(
        'postfix: xsasl/xsasl_cyrus_server.c and smtpd/smtpd_sasl_glue.c: "fatal: no SASL authentication mechanisms"',
        "libsasl: lib/server.c, _sasl_server_listmech(): mech_list leaves no other",
    ),
)
def no_mechanism_installed(service: LoginService, plugins: Plugins, conf: SaslConf | Unknown) -> Findings:
    """No mechanism that could be offered has its plug-in installed.

    Debian's libsasl2-2 brings the sasldb plug-in alone, and packages that recommend the mechanisms (libsasl2-modules)
    do not bring them where an image is built with --no-install-recommends; Alpine, Fedora and SUSE have a package for
    each. Postfix then ends each session with "fatal: no SASL authentication mechanisms".

    Advice: install the packages of the mechanisms that clients use, PLAIN and LOGIN at least.
    """
    if not service.wanted or service.provider != "libsasl" or not plugins.plugins:
        return
    settings = known(conf)
    listed = {m.upper() for word in (settings.mechs or ()) for m in word.split(",") if m} if settings else set()
    # one that does not load is another matter, and one that nobody knows may bring anything
    there = {m.upper() for p in plugins.plugins for m in p.mechanisms}
    unknown = any(p.kind == "unknown" for p in plugins.plugins)
    if unknown or (listed & (there | {"EXTERNAL"})) or (there and not listed):
        return
    if any(plugins.by_mechanism(name) for name in listed):
        return
    yield from gaps(conf)
    folder = plugins.directories[0].path if plugins.directories else "plug-ins"
    names = " ".join(sorted(listed)) or "any mechanism"
    rows = [Evidence(folder, " ".join(sorted(p.path.rpartition("/")[2] for p in plugins.plugins)))]
    if settings and listed:
        rows.append(Evidence(settings.path, f"mech_list: {' '.join(sorted(listed))}"))
    yield found(
        f"No plug-in for {names} is installed, so no mechanism can be offered",
        evidence=rows,
        fix=taking_effect(service, Install(min(listed & {"PLAIN", "LOGIN"} or listed or {"PLAIN"}))),
        path=folder,
    )
