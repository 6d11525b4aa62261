"""The trails to all that a login service trusts."""

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.cyrus import sasldb_path
from maildoctor.collect.knowledge import FactStore, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.exposed import Copies, Exposed, is_copy
from maildoctor.facts.paths import READ_AT_START, Look, Paths, walk
from maildoctor.facts.system import System
from maildoctor.host import Answer, Host, NoAnswer, NotYet


class Files:
    """Looks at paths, each once. `gaps`: why at some of them nobody could look."""

    def __init__(self, host: Host) -> None:
        self._host, self._by_path = host, dict[str, Look | None]()
        self.gaps: dict[str, str] = {}
        self.later: set[str] = set()
        """those of them that are made when the container starts"""

    def __call__(self, path: str) -> Look | None:
        if path not in self._by_path:
            answer = self._host.ask("look", path)
            if isinstance(answer, NoAnswer) and answer.why != "absent":
                self.gaps[path] = answer.reason
                self.later |= {path} if isinstance(answer, NotYet) else set()
            self._by_path[path] = Look.parse(answer) if isinstance(answer, str) else None
        return self._by_path[path]

    @property
    def seen(self) -> list[Look]:
        """What was there."""
        return [look for look in self._by_path.values() if look]


def paths(host: Host, know: FactStore) -> Paths | Unknown:
    """Every element of every path that mail trusts."""
    service = know(LoginService)
    if isinstance(service, Unknown):
        return service
    wanted = know.some(dict.fromkeys(_trusted(host, know)), "paths that mail trusts")
    files = Files(host)
    for _, path in wanted:
        walk(path, files)
    seen = files.seen
    changed: list[str] = []
    if host.kind != "root":  # nothing runs there that could know an older state
        at_start = (path for purpose, path in wanted if purpose in READ_AT_START)
        changed = [_changed(host, x.path) for x in dict.fromkeys(e for p in at_start for e in walk(p, files)[0])]
    system = know.get(System)
    members = system.groups if system else {}
    groups = sorted({x.group for x in seen if x.group_writable})
    return Paths.parse(
        joined(
            *(x.line for x in seen),
            *(f"[{purpose}] {path}" for purpose, path in wanted),
            *(f"{path}: {reason}" for path, reason in files.gaps.items() if path not in files.later),
            *(f"group {g}: {','.join(members.get(g, ()))}" for g in groups),
            *changed,
        )
    )


def _changed(host: Host, path: str) -> str:
    when = host.ask("changed", path)
    return f"changed {when} {path}" if isinstance(when, str) else ""


def _trusted(host: Host, know: FactStore) -> list[tuple[str, str]]:
    """(purpose, path): the service's own files, and those of libsasl."""
    files, plugins = know.get(SaslFiles), know.get(Plugins)
    wanted = know.adapter.trusted(host, know)
    wanted += [("SASL configuration", path) for path in (files.found if files else ())]
    wanted += [("plug-in", p.path) for p in (plugins.plugins if plugins else ())]
    path, application = sasldb_path(know), know.get(SaslApplication)
    # saslpasswd2 knows nothing of the application's own root: what it wrote lies outside, and is as secret
    outside = path.removeprefix(application.root) if application else path
    return [*wanted, *(("sasldb", p) for p in dict.fromkeys((path, outside)))]


_WITH_CREDENTIALS = (
    "/etc/saslauthd.conf",
    "/usr/local/etc/saslauthd.conf",
    "/etc/postfix/sasl_passwd",
    "/etc/postfix/sasl/sasl_passwd",
    "/etc/postfix/sasl/smtpd.conf",
    "/etc/sasl2/smtpd.conf",
    "/usr/lib/sasl2/smtpd.conf",
    "/etc/dovecot/dovecot-sql.conf.ext",
    "/etc/dovecot/dovecot-ldap.conf.ext",
    "/etc/dovecot/dovecot-dict-sql.conf.ext",
    "/etc/dovecot/dovecot-sql.conf",
    "/etc/dovecot/dovecot-ldap.conf",
    "/etc/exim4/passwd.client",
    "/etc/exim4/exim4.conf",
    "/etc/exim/exim.conf",
)
"""Where mail programs keep the passwords that they log in with at databases, directories and other servers, beside
authinfo, Sendmail.conf and sasldb."""


_KEYTABS = ("/etc/krb5.keytab", "/usr/local/etc/krb5.keytab")
_SECRET = ("sasldb", "key")
_MAPS = ("authinfo", "sasl_passwd", "client-info", "auth-info")


def copies(host: Host, know: FactStore) -> Copies | Unknown:
    """What lies beside the user database, keys, keytab and files with passwords, and is called like a copy of one."""
    originals = [path for purpose, path in _trusted(host, know) if purpose in _SECRET or _is_secret(path)]
    originals += [subject.rpartition(" ")[2] for subject in know.adapter.credentials(host, know)]
    originals += [*_WITH_CREDENTIALS, *_KEYTABS]
    by_folder: dict[str, dict[str, None]] = {}
    for path in dict.fromkeys(originals):
        folder, _, name = path.rpartition("/")
        by_folder.setdefault(folder or "/", {})[name] = None
    found: dict[str, str] = {}
    lists = {folder: host.ask("list", folder) for folder in by_folder}
    lacking = [answer for answer in lists.values() if isinstance(answer, NoAnswer)]
    if len(lacking) == len(lists) and (gap := next((a for a in lacking if a.why != "absent"), None)):
        return unknown(gap)
    for folder, names in by_folder.items():
        for name in know.some(text(lists[folder]).splitlines(), f"files of {folder}"):
            of = next((n for n in names if is_copy(name, n)), "") if name not in names else ""
            if of:
                found[f"{folder}/{name}"] = f"{folder}/{of}"
    looked = Files(host)
    for path in know.some(found, "copies of files with secrets"):
        walk(path, looked)
    seen = [x for x in looked.seen if x.path not in found or x.size]
    system = know.get(System)
    groups = {x.group: system.groups.get(x.group, ()) for x in seen} if system else {}
    members = (f"group {group}: {','.join(names)}" for group, names in sorted(groups.items()))
    copied = (f"copy {path} of {of}" for path, of in found.items())
    return Copies.parse(joined(*copied, *(x.line for x in seen), *members))


def _is_secret(path: str) -> bool:
    """Whether a map holds passwords, by its name."""
    return path.rpartition("/")[2].partition(".")[0] in _MAPS


def _lacks(answer: Answer) -> bool:
    """Whether these files hold no such thing, or not yet."""
    return isinstance(answer, NoAnswer) and (answer.why == "absent" or isinstance(answer, NotYet))


def exposed(host: Host, know: FactStore) -> Exposed | Unknown:
    """The files with credentials in clear, and what decides who can read them."""
    files = know.get(SaslFiles)
    named = know.adapter.credentials(host, know)
    wanted = know.some(
        dict.fromkeys((*_WITH_CREDENTIALS, *named, *(files.found if files else ()))), "files with credentials"
    )
    answers = {subject.rpartition(" ")[2]: host.ask("clear", subject) for subject in wanted}
    there = {path: a for path, a in answers.items() if not _lacks(a)}
    if not there:
        return Absent("there is no file in which mail programs keep credentials")
    rows, looked = list[str](), Files(host)
    for path, answer in there.items():
        if isinstance(answer, NoAnswer):
            rows.append(f"unread {path}: {answer.reason}")
        elif answer:
            rows += (f"clear {path}:{row}" for row in answer.split("\n"))
            walk(path, looked)
    seen = looked.seen
    system = know.get(System)
    groups = {x.group: system.groups.get(x.group, ()) for x in seen} if system else {}
    members = (f"group {group}: {','.join(names)}" for group, names in sorted(groups.items()))
    return Exposed.parse(joined(*rows, *(x.line for x in seen), *members))
