"""The trails to all that a login service trusts."""

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.cyrus import sasldb_path
from maildoctor.collect.knowledge import FactStore, joined
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.exposed import Exposed
from maildoctor.facts.paths import READ_AT_START, Look, Paths, walk
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer


class Files:
    """Looks at paths, each once. `gaps`: why at some of them nobody could look."""

    def __init__(self, host: Host) -> None:
        self._host, self._by_path = host, dict[str, Look | None]()
        self.gaps: dict[str, str] = {}

    def __call__(self, path: str) -> Look | None:
        if path not in self._by_path:
            answer = self._host.ask("look", path)
            if isinstance(answer, NoAnswer) and answer.why != "absent":
                self.gaps[path] = answer.reason
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
            *(f"{path}: {reason}" for path, reason in files.gaps.items()),
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


def exposed(host: Host, know: FactStore) -> Exposed | Unknown:
    """The files with credentials in clear, and what decides who can read them."""
    files = know.get(SaslFiles)
    named = know.adapter.credentials(host, know)
    wanted = know.some(
        dict.fromkeys((*_WITH_CREDENTIALS, *named, *(files.found if files else ()))), "files with credentials"
    )
    answers = {subject.rpartition(" ")[2]: host.ask("clear", subject) for subject in wanted}
    there = {path: a for path, a in answers.items() if isinstance(a, str) or a.why != "absent"}
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
