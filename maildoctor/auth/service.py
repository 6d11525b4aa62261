"""A login, as every mail server knows it: where it is offered, what may be used, in which realm a name is looked up.

Each mail server's adapter makes a `LoginService` of its own configuration, and a `SaslApplication` where libsasl does
the work; checks of plug-ins, users and mechanisms take these and know no mail server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

from maildoctor.facts import Unknown
from maildoctor.facts.paths import FilePurpose
from maildoctor.model import Evidence

Subject = Literal["mechanisms", "trusted", "requires", "realm", "account", "certificate"]
"""What a mail server's configuration settles of a login."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One subject in a mail server's own words: the option's name, its value as written (empty where it is not set),
    and the line that sets it, or that none does."""

    option: str
    value: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Account:
    """The user, and the groups it is given, as whom a server works once it gave up root."""

    user: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoginService:
    """One service in which users log in.

    `product`: `sendmail`, `postfix`, `cyrus-imapd`, or the name of another application of libsasl. `path`: its
    configuration. `provider`: who checks logins, `libsasl` or another program (`dovecot`). `offer_known`: its own
    configuration tells what it offers. `wanted`: AUTH was set up here. `mechanisms`: those its configuration lets
    through, None: whatever libsasl has; `chosen`: somebody wrote them. `trusted`: mechanisms whose users may relay,
    None: all. `requires` and `requires_in_tls`: security properties asked of a mechanism, by the letters of
    `mechanism_flags`; `needs_tls`: AUTH is offered in TLS only. `realm`: what is looked up with a name without `@`;
    `realm_unknown`: why that may be another one. `account`: None is root; `read_as_account`: the purposes of files it
    reads after it gave up root. `without_tls`: why it cannot offer TLS, empty where it can.
    """

    product: str
    path: str
    provider: str = "libsasl"
    offer_known: bool = True
    wanted: bool = False
    mechanisms: tuple[str, ...] | None = None
    chosen: bool = False
    trusted: tuple[str, ...] | None = None
    requires: frozenset[str] = frozenset()
    requires_in_tls: frozenset[str] = frozenset()
    needs_tls: bool = False
    realm: str = ""
    realm_is_set: bool = False
    realm_unknown: Unknown | None = None
    account: Account | None = None
    read_as_account: frozenset[FilePurpose] = frozenset()
    without_tls: str = ""
    settings: Mapping[Subject, Setting] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From lines `service: PRODUCT PATH`, `provider: NAME`, `offer unknown`, `wanted`, `mechanisms: PLAIN LOGIN`,
        `trusted: PLAIN`, `requires: p y`, `realm: example.com` or `realm unknown: WHY`, `account: USER GROUP …`, `reads
        as it: sasldb key`, `without TLS: WHY`; each may be missing, the product then is sendmail."""
        rows = [line.partition(":") for line in text.splitlines()]
        values = {key.strip(): value.strip() for key, _, value in rows}
        product, _, path = values.get("service", "sendmail /etc/mail/sendmail.cf").partition(" ")
        words = {key: tuple(value.split()) for key, value in values.items()}
        letters = frozenset(words.get("requires", ()))
        user, *groups = words.get("account") or ("",)
        reported = {
            s: Setting(s, values[s], Evidence(path, f"{s}: {values[s]}")) for s in get_args(Subject) if s in values
        }
        return cls(
            product=product,
            path=path,
            provider=values.get("provider", "libsasl"),
            offer_known="offer unknown" not in values,
            wanted="wanted" in values,
            mechanisms=words.get("mechanisms"),
            chosen="mechanisms" in values,
            trusted=words.get("trusted"),
            requires=letters,
            requires_in_tls=letters - {"p"},
            realm=values.get("realm", ""),
            realm_unknown=Unknown(values["realm unknown"]) if "realm unknown" in values else None,
            account=Account(user, tuple(groups)) if user else None,
            read_as_account=frozenset(p for p in get_args(FilePurpose) if p in words.get("reads as it", ("sasldb",))),
            without_tls=values.get("without TLS", ""),
            settings=reported,
        )

    def option(self, subject: Subject) -> str:
        """What the mail server calls it."""
        setting = self.settings.get(subject)
        return setting.option if setting else subject

    def value(self, subject: Subject) -> str:
        """As it is written; empty where it is not set."""
        setting = self.settings.get(subject)
        return setting.value if setting else ""

    def evidence(self, subject: Subject) -> Evidence:
        """Where it is set, or that it is not."""
        setting = self.settings.get(subject)
        return setting.evidence if setting else Evidence(self.path, f"{subject}: the default applies")


@dataclass(frozen=True, slots=True)
class SaslApplication:
    """A program that uses libsasl, and what libsasl does for it.

    `name`: what it calls itself to sasl_server_init(), which is the name of its configuration file without `.conf`.
    `product`: as in `LoginService`. `program`: its file, for whom plug-ins are loaded. `generation`: 1 or 2 of libsasl.
    `configurations` and `plugins`: folders that are searched, in order. `settings`: the file in which libsasl's options
    stand with a prefix of their own (`sasl_` of imapd.conf), empty where NAME.conf is searched. `root`: the folder
    that is the root for what libsasl opens at a login, empty where that is `/`; `rooted`: the services that work in it,
    as the mail server's configuration names them. `protocol`: smtp, imap, …, which
    saslauthd is told as the service.
    """

    name: str
    product: str
    program: str
    generation: int = 2
    configurations: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    settings: str = ""
    root: str = ""
    rooted: tuple[str, ...] = ()
    protocol: str = "smtp"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From lines `name: Sendmail`, `product: sendmail`, `program: PATH`, `generation: 2`, `configurations: DIR …`,
        `plugins: DIR …`, `settings: PATH`, `root: DIR`, `rooted: SERVICE …`, `protocol: smtp`."""
        values = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in text.splitlines())}
        return cls(
            name=values.get("name", "Sendmail"),
            product=values.get("product", "sendmail"),
            program=values.get("program", ""),
            generation=1 if values.get("generation") == "1" else 2,
            configurations=tuple(values.get("configurations", "").split()),
            plugins=tuple(values.get("plugins", "").split()),
            settings=values.get("settings", ""),
            root=values.get("root", "").rstrip("/"),
            rooted=tuple(values.get("rooted", "").split()),
            protocol=values.get("protocol", "smtp"),
        )

    @property
    def file(self) -> str:
        """The name of its configuration file."""
        return f"{self.name}.conf"
