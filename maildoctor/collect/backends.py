"""What stands behind a login: saslauthd and its back ends. Only where to look; the facts say what it means."""

import re
import shlex

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.knowledge import FactStore, first, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.backends.accounts import Accounts
from maildoctor.facts.backends.courier import OF_MODULE, CourierAuth
from maildoctor.facts.backends.imap import RemoteImap
from maildoctor.facts.backends.kerberos import Kerberos
from maildoctor.facts.backends.ldap import LdapStore, Server, expanded, widest
from maildoctor.facts.backends.pam import FAILLOCK_CONF, PamService
from maildoctor.facts.backends.saslauthd import Verifier
from maildoctor.facts.backends.tally import Limits, settings_of
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.dovecot.settings import Dovecot
from maildoctor.facts.logins import Logins
from maildoctor.facts.names import Names
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer

_SETTINGS = (
    "/etc/default/saslauthd", "/etc/sysconfig/saslauthd", "/etc/conf.d/saslauthd", "/etc/rc.conf.d/saslauthd",
    "/etc/rc.conf",
)  # fmt: skip
_OF_RC_CONF = re.compile(r"(?m)^[ \t]*saslauthd_\w{1,20}=.*$")

RUN_FOLDERS = {
    "debian": "/var/run/saslauthd", "fedora": "/run/saslauthd", "freebsd": "/var/run/saslauthd",
    "alpine": "/run/saslauthd", "arch": "/var/run/saslauthd", "suse": "/run/sasl2",
}  # fmt: skip
"""--with-saslauthd of each distribution: where saslauthd makes its socket without -m, and libsasl looks for it."""


def saslauthd_here(know: FactStore) -> SaslConf | Unknown:
    """The configuration of an application that asks saslauthd; Absent where another verifier is asked."""
    conf = know(SaslConf)
    if isinstance(conf, Unknown):
        return conf
    return conf if conf.verifies_by("saslauthd") else Absent(f"{conf.path} does not ask saslauthd")


def verifier(host: Host, know: FactStore) -> Verifier | Unknown:
    """Processes, settings, and the socket that is asked."""
    conf, application, system = saslauthd_here(know), know.get(SaslApplication), know.get(System)
    if isinstance(conf, Unknown):
        return conf
    family = system.family if system else ""
    usual = RUN_FOLDERS.get(family, "")
    running = host.ask("processes")
    lines = [text(running), *(["# running: unknown"] if isinstance(running, NoAnswer) else [])]
    named = conf.saslauthd_path or (f"{usual}/mux" if usual else "")
    root = application.root if application else ""
    if named:
        folder, _, name = named.rpartition("/")
        asked = f"{_real(host, root + folder)}/{name}"
        lines += [f"# asked: {asked}", text(host.ask("look", asked))]
    for one in Verifier.parse(text(running)).instances:
        folder = one.flags.folder or usual
        if folder:
            real = _real(host, folder)
            lines += [f"# real: {one.flags.folder or 'default'} {real}", text(host.ask("look", f"{real}/mux"))]
    lines += _settings(host)
    found = Verifier.parse(joined(*lines))
    if found.mechanism in ("ldap", "kerberos5", "httpform"):
        lines.insert(0, text(host.ask("look", found.configuration(family))))
    return Verifier.parse(joined(*lines))


def _real(host: Host, folder: str) -> str:
    return text(host.ask("real", folder)) or folder


def _settings(host: Host) -> list[str]:
    """The file that the distribution's start script reads, with its look line before it."""
    for path in _SETTINGS:
        said = text(host.ask("read", path))
        if path == "/etc/rc.conf":
            said = "\n".join(_OF_RC_CONF.findall(said))
        if said:
            real = text(host.ask("real", path)) or path
            return [text(host.ask("look", real)), f"# file: {path}", said]
    return []


# ---- PAM

_PAM_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")
_FILES = 40
_LISTS = 10
_TRIED = 20
"""Users whose logins failed, and of whom it is asked whether they are locked."""
_NOLOGIN = ("/var/run/nologin", "/run/nologin", "/etc/nologin")
_INCLUDED = re.compile(r"(?m)^[ \t]*(?:@include[ \t]+|-?\w+[ \t]+(?:include|substack)[ \t]+)([\w/.-]{1,200})")
_ABSOLUTE = re.compile(r"(?m)^[ \t]*-?\w+[ \t]+(?:\[[^\]\n]*\]|\w+)[ \t]+(/[^\s#]{1,300})")
_LIST = re.compile(r"pam_listfile\S*[^\n]*?\bfile=(/\S{1,300})|pam_access\S*[^\n]*?\baccessfile=(/\S{1,300})")


def pam(host: Host, know: FactStore) -> PamService | Unknown:
    """The files of the service that saslauthd or Dovecot asks for, all that they include, and what modules read."""
    service, system = _pam_service(know), know.get(System)
    if isinstance(service, Unknown):
        return service
    if system and system.family == "freebsd":
        return Unknown("the PAM of FreeBSD is another one, OpenPAM, which is not read")
    if not any(isinstance(host.ask("list", folder), str) for folder in _PAM_FOLDERS):
        return unknown(host.ask("list", _PAM_FOLDERS[0]), _PAM_FOLDERS[0])  # type: ignore[arg-type]
    lines, whole = [f">> service: {service}"], ""
    todo, done = [service, "other"], set[str]()
    for name in todo:
        if name in done or len(done) == _FILES:
            continue
        done.add(name)
        path, answer = _pam_file(host, name)
        if isinstance(answer, NoAnswer):
            if answer.why != "absent":
                return unknown(answer, path)
            lines.append(f">> missing: {path}")
            continue
        lines += [f">> file: {path}", answer]
        whole += answer + "\n"
        todo += _INCLUDED.findall(answer)
    lines += _modules(host, system.triplet if system else "", whole)
    if nologin := first(host, _NOLOGIN):
        lines.append(f">> nologin: {nologin}")
    if "pam_shells" in whole:
        lines += [">> shells", text(host.ask("read", "/etc/shells"))]
    lists = ["".join(m) for m in _LIST.findall(whole)] + ["/etc/security/access.conf"] * ("pam_access" in whole)
    for path in list(dict.fromkeys(lists))[:_LISTS]:
        answer = host.ask("read", path)
        if isinstance(answer, str):
            lines += [f">> list: {path}", answer, text(host.ask("look", path))]
        elif answer.why == "absent":
            lines.append(f">> missing: {path}")
    if (found := know.get(Verifier)) is not None:
        lines += _tallies(host, know, PamService.parse("\n".join(lines)), found)
    return PamService.parse("\n".join(lines))


def _pam_service(know: FactStore) -> str | Unknown:
    """The name of the service that is asked for: by saslauthd the protocol, by Dovecot what its passdb says."""
    login = know.get(LoginService)
    if login is not None and login.provider == "dovecot":
        dovecot = know(Dovecot)
        if isinstance(dovecot, Unknown):
            return dovecot
        asked = [p.service for p in dovecot.passdbs if p.driver == "pam" and p.verifies]
        return asked[0] if asked and re.fullmatch(r"[\w.-]{1,80}", asked[0]) else Absent("Dovecot does not ask PAM")
    found, application = know(Verifier), know.get(SaslApplication)
    if isinstance(found, Unknown):
        return found
    if found.mechanism != "pam":
        return Absent("saslauthd does not ask PAM")
    return application.protocol if application else "smtp"


def _tallies(host: Host, know: FactStore, pam: PamService, found: Verifier) -> list[str]:
    """What pam_faillock and pam_tally2 have counted for those whose logins failed."""
    rows = [h.row for h in pam.stack("auth") if h.row.name in ("pam_faillock", "pam_tally2")]
    logins = know.get(Logins)
    if not rows or logins is None:
        return []
    lines = [f">> now: {text(host.ask('clock'))}"]
    confs = [next((a.partition("=")[2] for a in r.arguments if a.startswith("conf=")), FAILLOCK_CONF) for r in rows]
    for path in dict.fromkeys(confs):
        answers = (text(host.ask("read", p)) for p in (path, *(f"/usr{path}" for _ in [0] if path == FAILLOCK_CONF)))
        lines += [f">> conf: {path}", next(filter(None, answers), "")]
    pam = PamService.parse("\n".join([f">> service: {pam.service}", *lines]))
    failed = [a for a in logins.names.values() if a.failures and a.name][-_TRIED:]
    joins = bool(found.flags and found.flags.joins_realm)
    names = [f"{a.name}@{max(a.domains)}" if joins and a.domains else a.name for a in failed]
    uids = {
        row[0]: row[2]
        for row in (x.split(":") for x in text(host.ask("read", "/etc/passwd")).splitlines())
        if len(row) > 3
    }
    for row in rows:
        for name in names:
            if not re.fullmatch(r"[\w.@$-]{1,64}", name, re.ASCII) or name.startswith("."):
                continue
            if row.name == "pam_faillock":
                path = f"{Limits.of_faillock(pam.settings(row)).folder}/{name}"
                said = host.ask("tally", path)
            elif name in uids:
                path = Limits.of_tally2(settings_of((), row.arguments)).folder
                said = host.ask("tally", f"{path} {uids[name]}")
            else:
                continue
            if isinstance(said, str) and " " not in path:
                lines += [f">> tally: {row.name} {name} {path}", said]
    return lines


def _pam_file(host: Host, name: str) -> tuple[str, str | NoAnswer]:
    """The first file of this name, as _pam_open_config_file() looks for it; a name may be a whole path."""
    paths = [name] if name.startswith("/") else [f"{folder}/{name}" for folder in _PAM_FOLDERS]
    for path in paths:
        answer = host.ask("read", path)
        if isinstance(answer, str) or answer.why != "absent":
            return path, answer
    return paths[0], host.ask("read", paths[0])


def _modules(host: Host, triplet: str, whole: str) -> list[str]:
    folders = [f"/usr/lib/{triplet}/security", f"/lib/{triplet}/security"] if triplet else []
    folders += [f"{prefix}/{lib}/security" for lib in ("lib64", "lib") for prefix in ("/usr", "")]
    lines = []
    for folder in folders:
        names = text(host.ask("list", folder))
        if "pam_deny.so" in names.split("\n"):
            lines = [f">> modules: {folder}", names]
            break
    for path in list(dict.fromkeys(_ABSOLUTE.findall(whole)))[:_FILES]:
        answer = host.ask("real", path)
        if isinstance(answer, str) or answer.why == "absent":
            lines.append(f">> module: {path}" + ("" if isinstance(answer, str) else " missing"))
    return lines


# ---- the system's accounts


def accounts(host: Host, know: FactStore) -> Accounts | Unknown:
    """Who could log in by a password of the system, where that is what saslauthd asks for."""
    found, system = know(Verifier), know.get(System)
    if isinstance(found, Unknown):
        return found
    if found.mechanism not in ("pam", "shadow", "getpwent"):
        return Absent("saslauthd does not ask for the passwords of the system")
    answer = host.ask("accounts")
    if isinstance(answer, NoAnswer):
        return unknown(answer, "/etc/shadow")
    members = system.groups if system else {}
    own = {
        row[2]: row[0]
        for row in (x.split(":") for x in text(host.ask("read", "/etc/group")).splitlines())
        if len(row) == 4
    }
    lines = []
    for line in answer.splitlines():
        name, _, rest = line.partition(" ")
        if m := re.match(r"(uid=\d+ gid=(\d+) shell=\S*) (.*)", rest):
            groups = [*([own[m[2]]] if m[2] in own else []), *(g for g, those in members.items() if name in those)]
            line = f"{name} {m[1]} groups={','.join(dict.fromkeys(groups))} {m[3]}"
        lines.append(line)
    switch = text(host.ask("read", "/etc/nsswitch.conf"))
    rows = [x.partition("#")[0].split() for x in switch.splitlines()]
    sources = next((row[1:] for row in rows if row[:1] == ["passwd:"]), [])
    lines.append("elsewhere: " + " ".join(s for s in sources if s not in ("files", "compat", "systemd")))
    lines.append(f"crypt: {_crypt(host, system.triplet if system else '')}")
    lines.append(text(host.ask("look", "/etc/shadow")))
    return Accounts.parse(joined(*lines))


def _crypt(host: Host, triplet: str) -> str:
    """Whose crypt(3): libxcrypt's library is libcrypt.so.1.1.0 or .2.0.0, glibc's libcrypt-2.28.so."""
    folders = [
        f"{prefix}/lib{rest}" for rest in (f"/{triplet}" if triplet else "", "64", "") for prefix in ("/usr", "")
    ]
    for folder in dict.fromkeys(folders):
        for name in ("libcrypt.so.1", "libcrypt.so.2"):
            real = text(host.ask("real", f"{folder}/{name}"))
            if real:
                return "glibc" if re.search(r"libcrypt-2\.\d+\.so$", real) else "libxcrypt"
    names = text(host.ask("list", "/lib"))
    return "musl" if re.search(r"(?m)^ld-musl-", names) else ""


# ---- LDAP

_LDAP_CONF = ("/etc/ldap/ldap.conf", "/etc/openldap/ldap.conf", "/usr/local/etc/openldap/ldap.conf")
_BASE = re.compile(r"(?mi)^[ \t]*BASE[ \t]+(\S[^\n]*)$")
_NAMED = ("ldap_tls_cacert_file", "ldap_tls_cacert_dir", "ldap_tls_cert", "ldap_tls_key")
_SERVERS = 3
_NAMES = 3


def ldap_store(host: Host, know: FactStore) -> LdapStore | Unknown:
    """saslauthd's file for LDAP, and what the directory says to the questions that it leads to."""
    found, system = know(Verifier), know.get(System)
    if isinstance(found, Unknown):
        return found
    if found.mechanism != "ldap":
        return Absent("saslauthd does not ask LDAP")
    path = found.configuration(system.family if system else "")
    answer = host.ask("read", path)
    if isinstance(answer, NoAnswer):
        if answer.why != "absent":
            return unknown(answer, path)
        return LdapStore.parse(f"# path: {path}\n>> absent")
    lines = [f"# path: {path}", answer]
    for conf in _LDAP_CONF:
        if m := _BASE.search(text(host.ask("read", conf))):
            lines.append(f">> base: {m[1].strip()}")
            break
    store = LdapStore.parse("\n".join(lines))
    lines += [f">> missing: {p}" for p in map(store.value, _NAMED) if p and _is_absent(host, p)]
    lines += [">> looks", *(text(host.ask("look", p)) for p in (path, *map(store.value, _NAMED)) if p)]
    if not store.broken and store.method != "fastbind":
        lines.append(f">> filter: {widest(store.filter)}")
        names = know.get(Names)
        for server in store.servers[:_SERVERS]:
            at = _in_hosts(names, server.host)
            said = host.ask("directory", store.question(server, widest(store.filter), address=at))
            if isinstance(said, NoAnswer):
                lines.append(f">> unasked: {server.uri} because {said.reason}")
            else:
                lines += [f">> ask {server.uri}", said]
                if verifies := _authority(host, store, server, at, said):
                    lines.append(f">> verifies: {verifies}")
                if LdapStore.parse("\n".join(["", ">> ask x", said])).asked[0].entries:
                    lines += _users(host, know, store, found, server, at)
    return LdapStore.parse("\n".join(lines))


def _in_hosts(names: Names | None, host: str) -> str:
    """The address of the loopback that /etc/hosts has for a name, empty where it has none."""
    rows = [h.address for h in names.hosts if host in map(str.lower, h.names)] if names else []
    return next((a for a in rows[:1] if Server.parse(f"ldap://{a}/").is_own or a == "::1"), "")


_CA_NAMED = re.compile(r"[^/]{1,100}\.(?:pem|crt|cer)", re.IGNORECASE)
_OF_SLAPD = re.compile(r"(?mi)^[ \t]*TLSCACertificateFile[ \t]+(/\S{1,300})")
_SLAPD = ("/etc/ldap/slapd.conf", "/etc/openldap/slapd.conf", "/usr/local/etc/openldap/slapd.conf")
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
_AUTHORITIES = 12


def _authority(host: Host, store: LdapStore, server: Server, address: str, said: str) -> str:
    """A file by which the certificate is accepted that was refused by ldap_tls_cacert_file: that which slapd itself
    names, one beside, or what the system trusts. Each is tried by a handshake."""
    named = store.value("ldap_tls_cacert_file")
    if not named or not re.search(r"(?m)^tls: (?!ok|[0-9])", said):
        return ""
    folder = named.rpartition("/")[0]
    files: list[str] = _OF_SLAPD.findall("\n".join(text(host.ask("read", path)) for path in _SLAPD))
    files += [f"{folder}/{n}" for n in text(host.ask("list", folder)).splitlines() if _CA_NAMED.fullmatch(n)]
    for path in [p for p in dict.fromkeys((*files, *_BUNDLES)) if p != named][:_AUTHORITIES]:
        if isinstance(host.ask("cert", path), str):
            answer = text(host.ask("directory", store.question(server, "", address=address, ca=path)))
            if re.search(r"(?m)^tls: ok$", answer):
                return path
    return ""


def _users(host: Host, know: FactStore, store: LdapStore, found: Verifier, server: Server, address: str) -> list[str]:
    """What the directory says to the names that failed in the log, as saslauthd would look them up."""
    logins, application = know.get(Logins), know.get(SaslApplication)
    failed = [a for a in (logins.names.values() if logins else ()) if a.failures and a.name][-_NAMES:]
    lines = []
    for one in failed:
        realm = max(one.domains, default="")
        name = f"{one.name}@{realm}" if realm and found.flags and found.flags.joins_realm else one.name
        if not re.fullmatch(r"[^\s]{1,100}", name):
            continue
        default = store.value("ldap_default_realm", store.value("ldap_default_domain"))
        words = expanded(store.filter, name, realm or default, application.protocol if application else "smtp")
        said = host.ask("directory", store.question(server, words, "2", state=True, address=address))
        if isinstance(said, str):
            lines += [f">> user {name} {server.uri}", said]
    return lines


def _is_absent(host: Host, path: str) -> bool:
    answer = host.ask("real", path)
    return isinstance(answer, NoAnswer) and answer.why == "absent"


# ---- Kerberos

_KRB5_CONF = "/etc/krb5.conf"
_KEYTAB = "/etc/krb5.keytab"
_SNIPPETS = 20
_OF_KRB5 = re.compile(r"(?m)^[ \t]*krb5_(keytab|servername|verify_principal):[ \t]*(\S+)")


def kerberos(host: Host, know: FactStore) -> Kerberos | Unknown:
    """The keytab that the service uses, and krb5.conf with what it includes."""
    service, found = know.get(SaslConf), know.get(Verifier)
    if isinstance(absent := know(LoginService), Absent):
        return absent
    conf = host.ask("read", _KRB5_CONF)
    lines = [text(conf)]
    for folder in re.findall(r"(?m)^includedir[ \t]+(/\S{1,300})", lines[0]):
        names = text(host.ask("list", folder)).split("\n")[:_SNIPPETS]
        lines += [text(host.ask("read", f"{folder.rstrip('/')}/{name}")) for name in names if name]
    own, by = (service.value("keytab") if service else None), service.path if service else ""
    verifies = ""
    if found and found.mechanism == "kerberos5":
        system = know.get(System)
        path = found.configuration(system.family if system else "")
        settings = dict(_OF_KRB5.findall(text(host.ask("read", path))))
        own, by = settings.get("keytab"), path
        verifies = f"{settings.get('servername', 'host')}/{settings.get('verify_principal', '')}"
    if own is None:
        by = ""
        if m := re.search(r"(?m)^[ \t]*default_keytab_name[ \t]*=[ \t]*(\S+)", "\n".join(lines)):
            own, by = m[1], _KRB5_CONF
    path = re.sub(r"^(?:WR)?FILE:", "", own or _KEYTAB)
    if not path.startswith("/"):
        return Unknown(f"the keytab {path} is no file")
    answer = host.ask("keytab", path)
    if isinstance(answer, NoAnswer) and isinstance(conf, NoAnswer) and not own:
        return Absent("this host is not set up for Kerberos")
    parts = [
        f">> keytab: {path}",
        f">> by: {by}",
        f">> verify: {verifies}" if verifies else "",
        text(host.ask("look", text(host.ask("real", path)) or path)),
    ]
    if isinstance(answer, str):
        parts.append(answer)
    elif answer.why == "absent":
        parts.append(">> missing")
    elif answer.why == "refused":
        return unknown(answer, path)
    else:
        parts.append(f">> unreadable: {answer.reason}")
    behind = [f">> krb5.conf: {_KRB5_CONF}", *lines] if isinstance(conf, str) else []
    store = Kerberos.parse("\n".join([*parts, *behind]))
    return Kerberos.parse("\n".join([*parts, *_of_kdc(host, know, store), *behind]))


def _of_kdc(host: Host, know: FactStore, store: Kerberos) -> list[str]:
    """What the KDCs of the realm say of the principals whose keys are needed; only the first that answers is asked."""
    service, application, names = know.get(LoginService), know.get(SaslApplication), know.get(Names)
    own = [n for n in dict.fromkeys((names.canonical, *names.aliases, names.hostname)) if n] if names else []
    wanted = []
    word = application.protocol if application else "smtp"
    if (
        service
        and service.realm_unknown is None
        and "." in service.realm
        and (store.state == "missing" or store.of_service(word))
    ):
        wanted.append(f"{word}/{service.realm.lower()}")
    if store.verifies:
        name, _, instance = store.verifies.partition("/")
        full = instance or next((n for n in own if "." in n), "")
        wanted += [f"{name}/{full.lower()}"] if full else []
    lines: list[str] = []
    for principal in wanted:
        realm = next((k.realm for k in store.keys if k.name == principal), store.realm)
        for kdc in store.kdcs.get(realm, ())[:_SERVERS]:
            address = _address(kdc, own)
            words = {"kdc": address, "principal": principal, "realm": realm}
            said = host.ask("kdc", " ".join(shlex.quote(f"{k}={v}") for k, v in words.items())) if address else ""
            if isinstance(said, str) and said:
                lines += [f">> ask {address} {principal}@{realm}", said]
                if not said.startswith("connect: ") or said.split("\n", 1)[0].endswith(" ok"):
                    break
    return lines


def _address(kdc: str, own: list[str]) -> str:
    """Where to ask: ADDRESS:PORT of a `kdc =` line, that of the loopback where it names this host."""
    m = re.fullmatch(r"(?:(?:tcp|udp)/)?(?:\[([0-9a-fA-F:]{2,45})\]|([\w.-]{1,255}))(?::([0-9]{1,5}))?", kdc)
    if m is None:
        return ""
    name = m[1] or m[2]
    return f"{'127.0.0.1' if name.lower() in (n.lower() for n in own) else name}:{m[3] or 88}"


# ---- IMAP

_IMAP_PORTS = {"": 143, "imap": 143, "imap2": 143}


def remote_imap(host: Host, know: FactStore) -> RemoteImap | Unknown:
    """How the IMAP server greets that saslauthd -a rimap asks."""
    found = know(Verifier)
    if isinstance(found, Unknown):
        return found
    if found.mechanism != "rimap" or found.flags is None or not found.flags.option:
        return Absent("saslauthd does not ask an IMAP server")
    name, _, word = found.flags.option.partition("/")
    port = int(word) if re.fullmatch(r"[0-9]{1,5}", word) else _IMAP_PORTS.get(word, 0)
    if not port or not re.fullmatch(r"[\w.:-]{1,255}", name):
        return Unknown(f"the port of {found.flags.option} is not known")
    answer = host.ask("imap", f"{name}:{port}")
    if isinstance(answer, NoAnswer):
        return unknown(answer, f"{name}:{port}")
    return RemoteImap.parse(f"# server: {name}:{port}\n{answer}")


_COURIER = ("/etc/courier", "/etc/authlib", "/usr/local/etc/authlib")


def courier(host: Host, _: FactStore) -> CourierAuth | Unknown:
    """Which modules authdaemond asks; of the files of modules the one setting that tells whether they are in use."""
    for folder in _COURIER:
        said = host.ask("read", f"{folder}/authdaemonrc")
        if not isinstance(said, str):
            if said.why == "refused":
                return unknown(said, f"{folder}/authdaemonrc")
            continue
        blocks = [f">> {folder}/authdaemonrc", *re.findall(r"(?m)^[ \t]*authmodulelist[ \t]*=.*$", said)]
        for file, name, _shipped in OF_MODULE.values():
            body = host.ask("read", f"{folder}/{file}")
            if isinstance(body, str):
                blocks += [f">> {folder}/{file}", *re.findall(rf"(?m)^{name}[ \t].*$", body)]
        return CourierAuth.parse("\n".join(blocks) + "\n")
    return Absent("Courier's authdaemonrc is not there")
