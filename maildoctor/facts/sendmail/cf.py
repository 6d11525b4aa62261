"""sendmail.cf as sendmail itself reads it: readcf() in sendmail/readcf.c, fgetfolded() in util.c, daemon.c, alias.c.

One pass over the lines by their first letter. What sendmail complains about is kept beside what it understood, since it
goes on after most complaints; what it swallows without a word (a comma in AuthMechanisms, the second letter of a word
in AuthOptions) is what the properties below tell. Checked against 8.17.1 with `sendmail -C FILE -d37.1 -bt`.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, Literal, Self

from maildoctor.facts import of_file
from maildoctor.facts.cyrus.conf import Setting
from maildoctor.model import Evidence

_BLANKS = " \t\n\v\f\r"
_ENOUGH = 1000
"""Complaints kept of each kind."""
_RULES, _RULE = 10_000, 1000
"""Rules that are kept, and characters of one; a sendmail.cf with every feature has some 800 rules."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


OPTIONS = _set(
    """
    AddBcc AddrTypeModes AliasFile AliasWait AllowBogusHELO AuthMaxBits AuthMechanisms AuthOptions AuthRealm
    BadRcptShutdown BadRcptShutdownGood BadRcptThrottle BadRcptThrottleDelay BlankSub BounceQueue CACertFile CACertPath
    CRLFile CRLPath CertFingerprintAlgorithm CheckAliases CheckQueueRunners CheckpointInterval CipherList CipherSuites
    ClassFactor ClientCACertFile ClientCACertPath ClientCertFile ClientKeyFile ClientPortOptions ClientSSLOptions
    ColonOkInAddr ConnectOnlyTo ConnectionCacheSize ConnectionCacheTimeout ConnectionRateThrottle
    ConnectionRateWindowSize ControlSocketName DANE DHParameters DHParameters512 DaemonPortOptions DataFileBufferSize
    DeadLetterDrop DefaultAuthInfo DefaultCharSet DefaultUser DelayLA DeliverByMin DeliveryMode DialDelay
    DirectSubmissionModifiers DontBlameSendmail DontExpandCnames DontInitGroups DontLockFilesForRead
    DontProbeInterfaces DontPruneRoutes DoubleBounceAddress EightBitAddrOK EightBitMode ErrorHeader ErrorMode FIPSMode
    FallbackMXhost FallbackSmartHost FastSplit ForkEachJob ForwardPath Hacks HeloName HelpFile HoldExpensive
    HostStatusDirectory HostsFile IgnoreDots InetQoS InputMailFilters KeepBcc LDAPDefaultSpec LogLevel MailboxDatabase
    MatchGECOS MaxAliasRecursion MaxDaemonChildren MaxForwardEntries MaxHeadersLength MaxHopCount MaxMessageSize
    MaxMimeHeaderLength MaxNOOPCommands MaxQueueAge MaxQueueChildren MaxQueueRunSize MaxRecipientsPerMessage
    MaxRunnersPerQueue MeToo MemoryResource MessageAccept Milter MinFreeBlocks MinQueueAge MustQuoteChars
    NameSearchList NameServer NiceQueueRun NoRecipientAction OldStyleHeaders OperatorChars PidFile PostmasterCopy
    PrivacyOptions ProcessTitlePrefix QueueDelay QueueDirectory QueueFactor QueueFileMode QueueLA QueueLowMem
    QueueSortOrder QueueTimeout RandFile RecipientFactor RefuseLA RefuseLowMem RejectLogInterval RejectNUL RemoteMode
    RequiresDirfsync ResolverOptions RetryFactor RrtImpliesDsn RunAsUser SSLEngine SSLEnginePath SafeFileEnvironment
    SaveFromLine SendMimeErrors ServerCertFile ServerKeyFile ServerSSLOptions ServiceSwitchFile SetCertAltnames
    SevenBitInput SharedMemoryKey SharedMemoryKeyFile SingleLineFromHeader SingleThreadDelivery SmtpGreetingMessage
    SmtpUTF8 SoftBounce StatusFile StrictTransportSecurity SuperSafe TLSFallbacktoClear TLSSrvOptions TempFileMode
    TimeZoneSpec Timeout TrustedUser TryNullMXList UnixFromLine UnsafeGroupWrites UseCompressedIPv6Addresses
    UseErrorsTo UseMSP UserDatabaseSpec Verbose XscriptFileBufferSize
    """
)
"""Long names of all options of 8.12.11 to 8.18.0.2, those that only some builds have included (OptionTab)."""

_BY_LOWER = {name.lower(): name for name in OPTIONS}

_LETTERS = {
    pair[0]: pair[1:]
    for pair in _set(
        """
    7SevenBitInput 8EightBitMode AAliasFile aAliasWait BBlankSub bMinFreeBlocks CCheckpointInterval cHoldExpensive
    dDeliveryMode EErrorHeader eErrorMode FTempFileMode fSaveFromLine GMatchGECOS HHelpFile hMaxHopCount
    IResolverOptions iIgnoreDots JForwardPath jSendMimeErrors kConnectionCacheSize KConnectionCacheTimeout
    lUseErrorsTo LLogLevel mMeToo nCheckAliases oOldStyleHeaders ODaemonPortOptions pPrivacyOptions PPostmasterCopy
    qQueueFactor QQueueDirectory RDontPruneRoutes rTimeout SStatusFile sSuperSafe TQueueTimeout tTimeZoneSpec
    UUserDatabaseSpec uDefaultUser VFallbackMXhost vVerbose wTryNullMXList xQueueLA XRefuseLA yRecipientFactor
    YForkEachJob zClassFactor ZRetryFactor >RemoteMode
    """
    )
}
"""One-letter options. `g` (default group) and `M` (define a macro) have no long name."""

_WITH_SUBOPTIONS = frozenset({"Timeout", "Milter"})

TIMEOUTS = _set(
    """
    aconnect auth command connect control datablock datafinal datainit fileopen helo hoststatus iconnect ident initial
    lhlo mail misc queuereturn queuereturn.* queuereturn.dsn queuereturn.non-urgent queuereturn.normal
    queuereturn.urgent queuewarn queuewarn.* queuewarn.dsn queuewarn.non-urgent queuewarn.normal queuewarn.urgent quit
    rcpt resolver.retrans resolver.retrans.first resolver.retrans.normal resolver.retry resolver.retry.first
    resolver.retry.normal rset starttls
    """
)
"""What may follow `Timeout.`; not to be abbreviated (TimeOutTab)."""

DONT_BLAME = _set(
    """
    safe assumesafechown certowner classfileinunsafedirpath dontwarnforwardfileinunsafedirpath
    errorheaderinunsafedirpath filedeliverytohardlink filedeliverytosymlink forwardfileingroupwritabledirpath
    forwardfileinunsafedirpath forwardfileinunsafedirpathsafe groupreadabledefaultauthinfofile groupreadablekeyfile
    groupreadablesasldbfile groupwritablealiasfile groupwritabledirpathsafe groupwritableforwardfile
    groupwritableforwardfilesafe groupwritableincludefile groupwritableincludefilesafe groupwritablesasldbfile
    helpfileinunsafedirpath includefileingroupwritabledirpath includefileinunsafedirpath includefileinunsafedirpathsafe
    insufficiententropy linkedaliasfileinwritabledir linkedclassfileinwritabledir linkedforwardfileinwritabledir
    linkedincludefileinwritabledir linkedmapinwritabledir linkedserviceswitchfileinwritabledir mapinunsafedirpath
    nonrootsafeaddr runprograminunsafedirpath runwritableprogram truststickybit worldwritablealiasfile
    worldwritableforwardfile worldwritableincludefile writemaptohardlink writemaptosymlink writestatstohardlink
    writestatstosymlink
    """
)
"""Words of DontBlameSendmail in 8.18, lower-cased (conf.c)."""

DONT_BLAME_UNTIL_8_14 = "groupreadableadefaultauthinfofile"
"""How 8.12 to 8.14 spell groupreadabledefaultauthinfofile; each refuses the other's spelling."""

PRIVACY = _set(
    """
    public needmailhelo needexpnhelo needvrfyhelo noexpn novrfy authwarnings noverb restrictmailq restrictqrun
    restrictexpand noetrn nobodyreturn noreceipts goaway noactualrecipient noreflection
    """
)
"""Words of PrivacyOptions, lower-cased (conf.c)."""

DEFAULT_AUTH_MECHANISMS = ("EXTERNAL", "GSSAPI", "KERBEROS_V4", "DIGEST-MD5", "CRAM-MD5")
"""AUTH_MECHANISMS in conf.h; a build without STARTTLS leaves EXTERNAL out."""

AUTH_OPTION_LETTERS = frozenset("Aacdfmpy")

NO_LIMIT = 2**31 - 1
"""INT_MAX: the default of AuthMaxBits."""

MAX_DAEMONS = 64
"""DaemonPortOptions that are taken: sendmail has room for 10 (MAXDAEMONS in conf.h), Debian's for 64."""

TLS_OPTIONS = (
    "ServerCertFile",
    "ServerKeyFile",
    "ClientCertFile",
    "ClientKeyFile",
    "CACertFile",
    "CACertPath",
    "DHParameters",
    "CRLFile",
    "CRLPath",
)

_SERVICES = {"smtp": 25, "mail": 25, "submission": 587, "smtps": 465, "submissions": 465, "ssmtp": 465, "urd": 465}
_FILELESS_MAPS = _set(
    "arith arpa bestmx dequote dns dprintf host ldap macro null ph regex sequence setdebug setopt stab switch syslog"
    " user"
)

_FOLD = re.compile(r"\n(?![ \t])")
_JOIN = re.compile(r"\n[ \t]*")
_MARK = re.compile(r"\$[$#]|\\#|#[^\n]*")
_LEVEL = re.compile(r"[ \t]*([0-9]{1,9})(?:/([A-Za-z]*))?")
_NAME = re.compile(r"\{([^}]*)\}|(.)", re.S)
_RULESET = re.compile(r"[ \t]*([0-9]+|[A-Za-z][A-Za-z0-9_]*)")
_MAP_NAME = re.compile(r"[ \t\n]*([A-Za-z0-9][A-Za-z0-9_.]*)[^A-Za-z0-9_.]?")
_MAP_TYPE = re.compile(r"[ \t\n]*([A-Za-z0-9]+)[^A-Za-z0-9]?[ \t\n]*(.*)", re.S)
_HEADER = re.compile(r"(?:\?[^?]*\?)?([!-9;-~]+)[ \t\n]*:(.*)", re.S)
_WORD = re.compile(r"[A-Za-z0-9]+|[^\x00-\x7f]+")
_NUMBER = re.compile(r"[ \t\n\v\f\r]*([-+]?[0-9]{1,18})")
_CONDITIONAL = re.compile(r"\$[$?.|]")
_MACRO = re.compile(r"\$(?:\$|&?(?:\{([A-Za-z0-9_]+)\}|([A-Za-z_])))")
_HITS = 3
"""Lines behind a rule that asks a block list, in which the first is that takes its answer."""
_BLOCK_LIST = re.compile(r"\$\((e?dnsbl|host) \$4\.\$3\.\$2\.\$1\.([A-Za-z0-9._-]{1,200}?)\.? ")
_GREET_PAUSE = re.compile(r"\$#[ \t]{0,9}([0-9]{1,9})[ \t]{0,9}$")
_AUTH_SEPARATORS = re.compile("[, \t]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line sendmail complains about: number from 1, its text, and what is wrong in our words."""

    number: int
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class UnknownOption:
    """An `O` line that sets nothing: `readcf: unknown option name`, or an abbreviation that fits several."""

    name: str
    line: int

    @property
    def suggestion(self) -> str | None:
        """The real option most like it; None where nothing is near."""
        near = difflib.get_close_matches(self.name.strip().lower()[:64], _BY_LOWER, 1, 0.75)
        return _BY_LOWER[near[0]] if near else None


@dataclass(frozen=True, slots=True)
class MapDef:
    """A `K` line. `flags`: the words that begin with `-`. `path`: the file, empty for types that have none.

    `arguments`: everything behind the type, as written. Of several lines with one name the last counts.
    """

    name: str
    type: str
    flags: tuple[str, ...]
    path: str
    arguments: str
    line: int

    @classmethod
    def of(cls, name: str, words: str, line: int) -> Self | None:
        """From the words behind the name, `hash -o /etc/mail/access`; None: there is no type."""
        found = _MAP_TYPE.match(words)
        if found is None:
            return None
        flags = tuple(w for w in found[2].split() if w[0] == "-")
        files = [w.strip('"') for w in found[2].split() if w[0] != "-"]
        path = files[0] if files and found[1] not in _FILELESS_MAPS else ""
        return cls(name, found[1], flags, path, found[2], line)


@dataclass(frozen=True, slots=True)
class ClassFile:
    """An `F` line: class `name` is filled from `path` by a scanf `pattern`. Without `optional` (`-o`) the file must be
    there. `path` may be `|program` or `key@map:spec`."""

    name: str
    path: str
    optional: bool
    pattern: str
    line: int


@dataclass(frozen=True, slots=True)
class Mailer:
    """An `M` line. `path` is a program or `[IPC]`, empty where P= is missing; `arguments` is what A= has."""

    name: str
    path: str
    line: int
    arguments: str = ""


FilterFailure = Literal["defers", "rejects", "hangs up", "goes on"]
"""What becomes of mail when a filter does not answer: F=T a 451, F=R a rejection, F=4 a 421, none of them nothing."""


@dataclass(frozen=True, slots=True)
class Filter:
    """An `X` line, a mail filter (milter). `socket`: as S= has it; `path` of one of this host's file system, `port` and
    `host` of one of TCP, which are None and empty for the other kind."""

    name: str
    socket: str
    path: str
    port: int | None
    host: str
    failure: FilterFailure
    line: int

    @classmethod
    def of(cls, name: str, words: str, line: int) -> Self:
        """From what follows the name (milter.c, milter_setup() and milter_open())."""
        equates = (part.partition("=") for part in words.split(","))
        found = {key.strip(_BLANKS)[:1]: value.strip(_BLANKS) for key, _, value in equates}
        socket, flags = found.get("S", ""), found.get("F", "")
        kind, colon, rest = socket.partition(":")
        if not colon:
            kind, rest = "local", socket
        path = rest if kind.lower() in ("local", "unix") and rest.startswith("/") else ""
        port, _, host = rest.partition("@") if kind.lower() in ("inet", "inet6") else ("", "", "")
        how: FilterFailure = (
            "defers" if "T" in flags else "hangs up" if "4" in flags else "rejects" if "R" in flags else "goes on"
        )
        number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else None
        return cls(name, socket, path, number, host.strip("[]"), how, line)


@dataclass(frozen=True, slots=True)
class BlockList:
    """A rule that asks a list of the DNS for the client's address (FEATURE dnsbl, enhdnsbl). `any_answer`: whatever the
    list answers counts as a hit, also that it is closed, or that it does not serve the name server that asks."""

    zone: str
    any_answer: bool
    line: int


@dataclass(frozen=True, slots=True)
class Ruleset:
    """An `S` line; `rules` counts the rules that follow any `S` line of this name. `line`: the first one's."""

    name: str
    rules: int
    line: int


@dataclass(frozen=True, slots=True)
class Daemon:
    """A DaemonPortOptions line (daemon.c setsockaddroptions()): keys count by their first letter, nothing is trimmed.

    `port` is None where `service`, the words as written, is not known or the family has no ports. `line` is None for
    the daemon sendmail makes up when there is no such line: name `Daemon0`, port 25, every IPv4 address.
    `unknown`: parameters sendmail refuses. `letters`: the modifiers as written. `written`: the value of the option.
    """

    name: str
    port: int | None
    service: str
    address: str | None
    family: str
    modifiers: frozenset[str]
    filters: str | None
    line: int | None
    unknown: tuple[str, ...] = ()
    letters: str = ""
    written: str = field(default="", compare=False)

    @classmethod
    def of(cls, name: str, value: str, line: int | None) -> Self:
        """From the value of the option; `name` is what it is called without Name=."""
        found: dict[str, str] = {"N": name, "F": "inet"}
        unknown: list[str] = []
        for part in value.split(","):
            part = part.lstrip(_BLANKS)
            key, equals, words = part.partition("=")
            letter = key[:1]
            if equals and letter and letter.upper() in "AFILMNPS":
                found[letter.upper()] = words.lstrip(_BLANKS)
            elif equals and letter not in tuple("cDdqRrT"):
                unknown.append(part)
        service = found.get("P", "")
        family = found["F"].lower()
        return cls(
            name=found["N"],
            port=_port(service) if family in ("inet", "inet6", "2", "10") else None,
            service=service,
            address=found.get("A"),
            family=family,
            modifiers=frozenset(c for c in found.get("M", "") if "!" <= c <= "~"),
            filters=found.get("I"),
            line=line,
            unknown=tuple(unknown),
            letters=found.get("M", "").strip(_BLANKS),
            written=value,
        )

    def evidence(self, path: str) -> Evidence:
        """The line of this file that makes it, or that none does."""
        if self.line is None:
            return Evidence(path, "no O DaemonPortOptions: sendmail listens on port 25 of every IPv4 address")
        return Evidence(f"{path}:{self.line}", f"O DaemonPortOptions={self.written}")

    @property
    def is_default(self) -> bool:
        """The port of submission that stands there though sendmail.mc does not name it (cf/m4/proto.m4)."""
        return self.written == "Port=587, Name=MSA, M=E"

    @property
    def auth_off(self) -> bool:
        """M=A: AUTH is not offered; it overrides M=a."""
        return "A" in self.modifiers

    @property
    def auth_required(self) -> bool:
        """M=a: 530 to whoever has not logged in."""
        return "a" in self.modifiers and "A" not in self.modifiers

    @property
    def starttls_off(self) -> bool:
        """M=S: STARTTLS is not offered."""
        return "S" in self.modifiers

    @property
    def smtps(self) -> bool:
        """M=s: TLS from the first byte."""
        return "s" in self.modifiers


@dataclass(frozen=True, slots=True)
class SmartHost:
    """What `DS` says. `bracketed`: the host is in [ ], so that MX records are not asked. `mailer` empty: the default.

    Of a list of hosts `host` is the first."""

    mailer: str
    host: str
    bracketed: bool
    line: int


@dataclass(frozen=True, slots=True)
class Account:
    """`user:group`; `group` is empty where none is given."""

    user: str
    group: str


@dataclass(frozen=True, slots=True)
class SendmailCf:
    """The whole file. Names of options and headers are looked up without regard to case, all others with it.

    `level`, `vendor`: of the `V` line, 0 and "" without one. `macros`: `S`, `j`, `{long}` without its braces.
    `classes`: the `C` and `T` lines of each class; `options`: all settings of each option, by lower-cased long name,
    abbreviations (which sendmail accepts) written out. `headers`: by lower-cased name, the last one of each.
    `unknown`: lines with a letter sendmail does not know; `malformed`: with a letter it knows, but refused;
    `bad_rules`: `R` lines without a tab, or with nothing behind it, which are dropped. Each holds at most 1000.
    `rules`: the lines of each ruleset, at most 10,000 in all.
    `trusted_mechs_rule`: line of the first rule that uses $={TrustAuthMech}; None: nobody may relay because of AUTH.
    """

    default_path: ClassVar[str] = "sendmail.cf"

    path: str
    level: int
    vendor: str
    macros: Mapping[str, Setting]
    classes: Mapping[str, tuple[Setting, ...]]
    class_files: tuple[ClassFile, ...]
    options: Mapping[str, tuple[Setting, ...]]
    maps: Mapping[str, MapDef]
    headers: Mapping[str, Setting]
    mailers: Mapping[str, Mailer]
    filters: Mapping[str, Setting]
    rulesets: Mapping[str, Ruleset]
    rules: Mapping[str, tuple[Line, ...]]
    trusted_mechs_rule: int | None
    unknown: tuple[Line, ...]
    malformed: tuple[Line, ...]
    bad_rules: tuple[Line, ...]
    unknown_options: tuple[UnknownOption, ...]
    environment: Mapping[str, str]
    """variables that E lines set; of several lines for one the last"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any text; a first line `# path: /etc/mail/sendmail.cf` names the file and is not counted."""
        path, body = of_file(text, cls.default_path)
        r = _Reader()
        r.read(body)
        return cls(
            path=path,
            level=r.level,
            vendor=r.vendor,
            macros=r.macros,
            classes={name: tuple(lines) for name, lines in r.classes.items()},
            class_files=tuple(r.class_files),
            options={name: tuple(settings) for name, settings in r.options.items()},
            maps=r.maps,
            headers=r.headers,
            mailers=r.mailers,
            filters=r.filters,
            rulesets={name: Ruleset(name, r.rules[name], line) for name, line in r.rulesets.items()},
            rules={name: tuple(lines) for name, lines in r.lines.items()},
            trusted_mechs_rule=r.trusted_mechs_rule,
            unknown=tuple(r.unknown),
            malformed=tuple(r.malformed),
            bad_rules=tuple(r.bad_rules),
            unknown_options=tuple(r.unknown_options),
            environment=r.variables,
        )

    def settings(self, name: str) -> tuple[Setting, ...]:
        """Every setting of the option, in the order of the file; `Timeout.auth` and `Milter.…` are names of their own.

        AliasFile, AuthOptions, ClientPortOptions, DaemonPortOptions, DontBlameSendmail, PrivacyOptions, TLSSrvOptions
        add up; of all others the last counts.
        """
        return self.options.get(name.lower(), ())

    def option(self, name: str) -> Setting | None:
        """The last setting of the option; its value is empty where the line has no `=`."""
        settings = self.settings(name)
        return settings[-1] if settings else None

    def value(self, name: str) -> str:
        """The value of the last setting, empty where there is none."""
        setting = self.option(name)
        return setting.value if setting else ""

    def macro(self, name: str) -> Setting | None:
        """The definition of `S`, `j`, `long` or `{long}` that counts, its value as written."""
        return self.macros.get(name.strip("{}"))

    def class_(self, name: str) -> tuple[str, ...]:
        """The words this file puts into the class, in order; those of class files are not known here."""
        return tuple(w for s in self.classes.get(name.strip("{}"), ()) for w in s.value.split())

    def has_rules(self, *names: str) -> bool:
        """Whether some ruleset of these names has a rule; generated files declare many that are empty."""
        return any(name in self.rulesets and self.rulesets[name].rules for name in names)

    @property
    def auth_mechanisms(self) -> tuple[str, ...]:
        """AuthMechanisms, cut at single blanks (sasl.c intersect()): a comma or tab is part of the name, which then is
        no mechanism. Default: `DEFAULT_AUTH_MECHANISMS`. Set to nothing: no mechanism, AUTH is not offered."""
        setting = self.option("AuthMechanisms")
        if setting is None:
            return DEFAULT_AUTH_MECHANISMS
        return tuple(w for w in setting.value.split(" ") if w)

    @property
    def auth_mechanisms_line(self) -> int | None:
        """None: the default holds."""
        setting = self.option("AuthMechanisms")
        return setting.line if setting else None

    @property
    def auth_options(self) -> frozenset[str]:
        """The letters of AuthOptions that take effect; default none. See `auth_option_trouble`."""
        return frozenset(letter for s in self.settings("AuthOptions") for letter in auth_option_letters(s.value))

    @property
    def auth_option_trouble(self) -> tuple[str, ...]:
        """Letters of AuthOptions without effect, a sentence each.

        setoption() looks at one character, then skips to behind the next comma, blank or tab. So of `pay` only `p`
        counts, and of `A, p` only `A`: the blank behind the comma is the next character looked at.
        """
        return tuple(t for s in self.settings("AuthOptions") for t in _auth_trouble(s.value))

    @property
    def auth_max_bits(self) -> int:
        """Upper bound of the SASL security layer in bits; default `NO_LIMIT`, 0 means none at all."""
        setting = self.option("AuthMaxBits")
        return _atoi(setting.value) if setting else NO_LIMIT

    @property
    def auth_realm(self) -> str | None:
        """AuthRealm (8.13+); None, also when set to nothing: `$j`."""
        return self.value("AuthRealm") or None

    @property
    def default_auth_info(self) -> str | None:
        """DefaultAuthInfo: a file, or `|program`. It is not read where ruleset authinfo exists."""
        return self.value("DefaultAuthInfo") or None

    @property
    def trusted_mechs(self) -> tuple[str, ...]:
        """Class {TrustAuthMech}: mechanisms whose users may relay; default none."""
        return self.class_("TrustAuthMech")

    @property
    def dont_blame(self) -> frozenset[str]:
        """Words of DontBlameSendmail in effect, lower-cased; `safe` takes back those before it."""
        words: set[str] = set()
        for word in self._words("DontBlameSendmail"):
            if word == "safe":
                words.clear()
            elif word in DONT_BLAME or word == DONT_BLAME_UNTIL_8_14:
                words.add(word)
        return frozenset(words)

    @property
    def unknown_dont_blame(self) -> tuple[str, ...]:
        """Words of DontBlameSendmail no release has, lower-cased."""
        return tuple(w for w in self._words("DontBlameSendmail") if w not in DONT_BLAME and w != DONT_BLAME_UNTIL_8_14)

    @property
    def privacy(self) -> frozenset[str]:
        """Words of PrivacyOptions, lower-cased; default none. `goaway` is not taken apart."""
        return frozenset(self._words("PrivacyOptions")) & PRIVACY

    @property
    def unknown_privacy(self) -> tuple[str, ...]:
        """Words of PrivacyOptions no release has, lower-cased."""
        return tuple(w for w in self._words("PrivacyOptions") if w not in PRIVACY)

    @property
    def trusted_user(self) -> str:
        """TrustedUser: name or number; default root."""
        return self.value("TrustedUser") or "root"

    @property
    def run_as_user(self) -> Account | None:
        """RunAsUser, cut at the first `.`, `/` or `:`; None: stays root."""
        user, *group = re.split("[./:]", self.value("RunAsUser"), maxsplit=1)
        return Account(user, group[0] if group else "") if user else None

    @property
    def log_level(self) -> int:
        """LogLevel; default 9."""
        setting = self.option("LogLevel")
        return _atoi(setting.value) if setting else 9

    @property
    def queue_directory(self) -> str | None:
        """QueueDirectory, which may end in `*`; set to nothing it is `mqueue`. None: not set, sendmail will not run."""
        setting = self.option("QueueDirectory")
        return (setting.value or "mqueue") if setting else None

    @property
    def alias_files(self) -> tuple[str, ...]:
        """AliasFile without `hash:` and flags, in order (alias.c setalias()); maps that are no files are left out."""
        specs = (spec for s in self.settings("AliasFile") for spec in _unquoted_split(s.value or "aliases"))
        return tuple(path for path in map(_alias_path, specs) if path)

    @property
    def tls_files(self) -> Mapping[str, tuple[str, ...]]:
        """For each of `TLS_OPTIONS` that is set, its words cut at commas (a second certificate and key, 8.16+).

        Macros are left as they are; DHParameters may be a digit or `none` instead of a file."""
        words = {name: tuple(w.strip() for w in self.value(name).split(",") if w.strip()) for name in TLS_OPTIONS}
        return {name: values for name, values in words.items() if values}

    @property
    def daemons(self) -> tuple[Daemon, ...]:
        """What listens, by DaemonPortOptions; without such a line the one sendmail makes up. Of more than sendmail
        takes it makes none."""
        settings = self.settings("DaemonPortOptions")[:MAX_DAEMONS]
        return tuple(Daemon.of(f"Daemon{i}", s.value, s.line) for i, s in enumerate(settings)) or (
            Daemon.of("Daemon0", "", None),
        )

    @property
    def input_filters(self) -> tuple[Filter, ...]:
        """The filters that are asked: those of InputMailFilters, and of a daemon's InputMailFilters=. One that an X
        line defines and nothing names is not asked."""
        lists = [self.value("InputMailFilters"), *(d.filters or "" for d in self.daemons)]
        names = dict.fromkeys(name.strip(_BLANKS) for words in lists for name in re.split("[;,]", words))
        return tuple(Filter.of(n, self.filters[n].value, self.filters[n].line) for n in names if n in self.filters)

    @property
    def block_lists(self) -> tuple[BlockList, ...]:
        """The lists of the DNS that the client's address is looked up in, in the order of the file."""
        found = dict[str, BlockList]()
        for lines in self.rules.values():
            for at, line in enumerate(lines):
                if m := _BLOCK_LIST.search(line.text):
                    hits = (x.text for x in lines[at + 1 : at + 1 + _HITS])
                    any_answer = any(hit.startswith("R<?>$+\t") and "$#" in hit for hit in hits)
                    found.setdefault(m[2], BlockList(m[2], any_answer, line.number))
        return tuple(found.values())

    @property
    def delays_checks(self) -> bool:
        """FEATURE(delay_checks): clients are judged at RCPT, and whoever has logged in is let through before."""
        return "checkrelay" in self.rulesets

    @property
    def greet_pause(self) -> tuple[int, int] | None:
        """Milliseconds that a client waits for the banner where the access map has nothing for it, and the line
        (FEATURE greet_pause); None: it does not wait."""
        for line in self.rules.get("greet_pause", ()):
            if m := _GREET_PAUSE.search(line.text):
                return int(m[1]), line.number
        return None

    @property
    def client_modifiers(self) -> frozenset[str]:
        """M= of all ClientPortOptions lines, e.g. `A` no AUTH, `S` no STARTTLS; default none."""
        return frozenset(
            m for s in self.settings("ClientPortOptions") for m in Daemon.of("", s.value, s.line).modifiers
        )

    @property
    def smart_host(self) -> SmartHost | None:
        """`DS`: `host`, `[host]`, `mailer:host`; the first of `host:host`. None: not set or empty."""
        setting = self.macro("S")
        if setting is None or not setting.value.strip():
            return None
        found = re.match(r"(?:([A-Za-z0-9_-]+):)?(?:\[([^\]]*)\]|([^:]*))", setting.value.strip())
        mailer, bracketed, host = found.groups() if found else (None, None, "")
        return SmartHost(mailer or "", bracketed or host or "", bracketed is not None, setting.line)

    @property
    def domain_name(self) -> str | None:
        """`Dj` as written, see `resolve_macros`; None: sendmail asks the resolver for its own name."""
        setting = self.macro("j")
        return setting.value if setting else None

    @property
    def received_header(self) -> str:
        """The body of HReceived on one line, empty without it."""
        setting = self.headers.get("received")
        return _JOIN.sub(" ", setting.value).strip() if setting else ""

    @property
    def unbalanced_headers(self) -> tuple[Line, ...]:
        """Headers whose `$?`, `$|`, `$.` do not pair, so that they come out truncated or with rubbish."""
        pairs = ((name, s, _unbalanced(s.value)) for name, s in self.headers.items())
        return tuple(Line(s.line, f"{name}:{s.value}"[:200], problem) for name, s, problem in pairs if problem)

    def resolve_macros(self, text: str, *, w: str, m: str) -> str | None:
        """`text` with its macros filled in, given the host's own name `$w` and domain `$m`.

        `$j` is `Dj`, or `w.m` without it. None where another macro is needed that this file does not define.
        """
        known = {"w": w, "m": m, "j": f"{w}.{m}" if m and "." not in w else w}
        known.update((name, s.value[:2048]) for name, s in self.macros.items() if name not in "wm")
        for _ in range(5):
            if "$" not in text:
                return text
            names = [a or b for a, b in _MACRO.findall(text)]
            if any(name and name not in known for name in names):
                return None
            text = _MACRO.sub(lambda found: known.get(found[1] or found[2], ""), text)[:2048]
        return None

    def _words(self, option: str) -> Iterator[str]:
        return (word.lower() for s in self.settings(option) for word in _WORD.findall(s.value))


class SubmitCf(SendmailCf):
    """submit.cf: the file of the mail submission program, which hands mail to the daemon."""

    __slots__ = ()

    default_path: ClassVar[str] = "submit.cf"


@dataclass(slots=True)
class _Reader:
    """What readcf() has built so far."""

    level: int = 0
    vendor: str = ""
    macros: dict[str, Setting] = field(default_factory=dict)
    classes: dict[str, list[Setting]] = field(default_factory=dict)
    class_files: list[ClassFile] = field(default_factory=list)
    options: dict[str, list[Setting]] = field(default_factory=dict)
    maps: dict[str, MapDef] = field(default_factory=dict)
    headers: dict[str, Setting] = field(default_factory=dict)
    mailers: dict[str, Mailer] = field(default_factory=dict)
    filters: dict[str, Setting] = field(default_factory=dict)
    rulesets: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[Line]] = field(default_factory=dict)
    kept: int = 0
    ruleset: str | None = None
    trusted_mechs_rule: int | None = None
    unknown: list[Line] = field(default_factory=list)
    malformed: list[Line] = field(default_factory=list)
    bad_rules: list[Line] = field(default_factory=list)
    unknown_options: list[UnknownOption] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def read(self, text: str) -> None:
        """Every logical line to the method of its letter. A line that begins with a blank continues the one before,
        be that a comment or empty: then the whole begins with a newline, which sendmail does not know."""
        if "\r\n" in text:
            text = text.replace("\r\n", "\n")
        methods = {
            "R": self.rule,
            "S": self.begin_ruleset,
            "O": self.option,
            "D": self.define,
            "C": self.add_to_class,
            "T": self.trust,
            "F": self.class_file,
            "K": self.map,
            "H": self.header,
            "M": self.mailer,
            "P": self.precedence,
            "Q": self.queue_group,
            "V": self.version,
            "X": self.filter,
            "E": self.environment,
            "L": self.of_sun,
            "G": self.of_sun,
        }
        after = 1
        for line in _FOLD.split(text):
            number = after
            after += 1
            if not line:
                continue
            if "\n" in line:
                after += line.count("\n")
            letter = line[0]
            if letter == "#":
                continue
            if "#" in line and self.level >= 3:
                line = _uncommented(line)
            method = methods.get(letter)
            if method is None:
                self.complain(self.unknown, number, line, "sendmail knows no such line")
            else:
                method(number, line[:1] + line[1:].rstrip(_BLANKS) if line[-1] in _BLANKS else line)

    def complain(self, about: list[Line], number: int, line: str, problem: str) -> None:
        if len(about) < _ENOUGH:
            about.append(Line(number, line[:200].rstrip(_BLANKS), problem))

    def rule(self, number: int, line: str) -> None:
        if "\t" not in line:
            self.complain(self.bad_rules, number, line, "no tab between the two sides of the rule")
        elif self.ruleset is None:
            self.complain(self.malformed, number, line, "a rule before any ruleset")
        else:
            self.rules[self.ruleset] += 1
            if self.kept < _RULES:
                self.kept += 1
                self.lines.setdefault(self.ruleset, []).append(Line(number, line[:_RULE]))
            if self.trusted_mechs_rule is None and "$={TrustAuthMech}" in line:
                self.trusted_mechs_rule = number

    def begin_ruleset(self, number: int, line: str) -> None:
        name = _RULESET.match(line, 1)
        if name is None:
            self.ruleset = None
            self.complain(self.malformed, number, line, "no valid name of a ruleset")
        else:
            self.ruleset = name[1]
            self.rulesets.setdefault(name[1], number)
            self.rules.setdefault(name[1], 0)

    def option(self, number: int, line: str) -> None:
        letter = line[1:2]
        if letter == " ":
            written, _, value = line[2:].partition("=")
            written = written.rstrip(" ")
            name, value = _long_name(written[:100]), value.lstrip(" ")
        elif letter == "M":
            self.define(number, line[1:])
            return
        elif letter == "g":
            return
        else:
            written, name, value = letter, _LETTERS.get(letter), line[2:]
        if name is None:
            if len(self.unknown_options) < _ENOUGH:
                self.unknown_options.append(UnknownOption(written[:200], number))
        else:
            self.options.setdefault(name.lower(), []).append(Setting(value, number))

    def define(self, number: int, line: str) -> None:
        name, rest = _named(line)
        if name:
            self.macros[name] = Setting(rest, number)
        else:
            self.complain(self.malformed, number, line, "no name of a macro")

    def add_to_class(self, number: int, line: str) -> None:
        name, rest = _named(line)
        if name:
            self.classes.setdefault(name, []).append(Setting(rest, number))
        else:
            self.complain(self.malformed, number, line, "no name of a class")

    def trust(self, number: int, line: str) -> None:
        self.classes.setdefault("t", []).append(Setting(line[1:], number))

    def class_file(self, number: int, line: str) -> None:
        name, rest = _named(line)
        spec = rest.strip(_BLANKS)
        optional = spec.startswith("-o")
        if optional:
            spec = " ".join(spec.split(None, 1)[1:])
        path, _, pattern = spec.partition(" ") if not spec.startswith("|") else (spec, "", "")
        if name and path:
            self.class_files.append(ClassFile(name, path.strip('"'), optional, pattern.strip() or "%s", number))
        else:
            self.complain(self.malformed, number, line, "no name of a class or no file")

    def map(self, number: int, line: str) -> None:
        name = _MAP_NAME.match(line, 1)
        made = MapDef.of(name[1], line[name.end() :], number) if name else None
        if made:
            self.maps[made.name] = made
        else:
            self.complain(self.malformed, number, line, "no name or no type of a map")

    def header(self, number: int, line: str) -> None:
        parts = _HEADER.match(line, 1)
        if parts:
            self.headers[parts[1].lower()] = Setting(parts[2].lstrip(_BLANKS), number)
        else:
            self.complain(self.malformed, number, line, "no header name with a colon")

    def mailer(self, number: int, line: str) -> None:
        name = re.split(r"[,\s]", line[1:], maxsplit=1)[0]
        if not name:
            self.complain(self.malformed, number, line, "no name of a mailer")
            return
        equates = [part.strip(_BLANKS).partition("=") for part in line[len(name) + 1 :].split(",")]
        path, arguments = (next((value for key, _, value in equates if key[:1] == x), "") for x in "PA")
        self.mailers[name] = Mailer(name, path.strip(_BLANKS + '"'), number, arguments.strip(_BLANKS))

    def precedence(self, number: int, line: str) -> None:
        if "=" not in line:
            self.complain(self.unknown, number, line, "a P line without `=`")

    def queue_group(self, number: int, line: str) -> None:
        name, *rest = re.split(r"[,\s]", line[1:], maxsplit=1)
        fields = rest[0].split(",") if rest else []
        if not line[1:] or any("=" not in f for f in fields if f.strip()):
            self.complain(self.malformed, number, line, f"queue {name}: `=` expected" if line[1:] else "no queue name")

    def version(self, number: int, line: str) -> None:
        level = _LEVEL.match(line, 1)
        if level:
            self.level, self.vendor = int(level[1]), level[2] or ""
        else:
            self.complain(self.malformed, number, line, "no level")

    def filter(self, number: int, line: str) -> None:
        name, _, rest = line[1:].partition(",")
        self.filters[name.strip()] = Setting(rest.strip(_BLANKS), number)

    def environment(self, number: int, line: str) -> None:
        name, equals, value = line[1:].partition("=")
        if equals:
            self.variables[name.strip(_BLANKS)] = value.strip(_BLANKS)

    def of_sun(self, number: int, line: str) -> None:
        if self.vendor.lower() != "sun":
            self.complain(self.unknown, number, line, "sendmail knows no such line")


def _uncommented(line: str) -> str:
    r"""Without ` # comment` up to the end of the physical line; `$#` stays, `\#` becomes `#` (translate_dollars())."""
    out: list[str] = []
    at = 0
    for mark in _MARK.finditer(line):
        start = mark.start()
        if mark[0] == r"\#":
            out.append(line[at:start])
            at = start + 1
        elif mark[0][0] == "#" and start:
            out.append(line[at:start].rstrip(" \t\v\f\r"))
            at = mark.end()
    return "".join([*out, line[at:]])


def _named(line: str) -> tuple[str, str]:
    """Name of a macro or class behind the letter, without braces, and what follows; empty name: there is none."""
    found = _NAME.match(line, 1)
    if found is None or found[2] == "{":
        return "", ""
    return found[1] if found[1] is not None else found[2], line[found.end() :]


@lru_cache(maxsize=512)
def _long_name(written: str) -> str | None:
    """Full name of an option from what stands in the file: any case, any unique beginning, suboption kept or cut."""
    head, dot, suboption = written.partition(".")
    lower = head.lower()
    name = _BY_LOWER.get(lower)
    if name is None:
        fitting = [full for low, full in _BY_LOWER.items() if low.startswith(lower)] if lower else []
        if len(fitting) != 1:
            return None
        name = fitting[0]
    if not dot or name not in _WITH_SUBOPTIONS:
        return name
    if name == "Timeout" and suboption.lower() not in TIMEOUTS:
        return None
    return f"{name}.{suboption}"


def auth_option_letters(value: str) -> frozenset[str]:
    """The letters of one value of AuthOptions that take effect, see `SendmailCf.auth_option_trouble`."""
    return frozenset(word[:1] for word, looked in _looked_at(value) if looked) & AUTH_OPTION_LETTERS


def _looked_at(value: str) -> Iterator[tuple[str, bool]]:
    """Words of AuthOptions and whether setoption() looks at their first character."""
    looked = True
    for word in _AUTH_SEPARATORS.split(value):
        yield word, looked
        # An empty word is a separator where a letter should be: looking at it costs the word behind it.
        looked = bool(word) or not looked


def _auth_trouble(value: str) -> Iterator[str]:
    for word, looked in _looked_at(value):
        if word and not looked:
            yield f"{word!r} is passed over, because more than one separator stands before it"
        elif word[:1] and word[0] not in AUTH_OPTION_LETTERS:
            yield f"{word[0]!r} is no option"
        elif word[1:]:
            yield f"of {word!r} only {word[0]!r} counts"


def _atoi(text: str) -> int:
    number = _NUMBER.match(text)
    return int(number[1]) if number else 0


def _unquoted_split(value: str) -> list[str]:
    """Cut at commas that are not in quotes."""
    return re.findall(r'(?:"[^"]*"?|[^,"])+', value)


def _alias_path(spec: str) -> str:
    kind, colon, rest = spec.strip(_BLANKS).partition(":")
    if not colon or set(kind) & set(" /"):
        kind, rest = "implicit", spec
    if kind in _FILELESS_MAPS | {"nis", "nisplus", "nsd", "hesiod", "netinfo"}:
        return ""
    return next((w.strip('"') for w in rest.split() if not w.startswith("-")), "")


def _port(service: str) -> int | None:
    if service[:1].isdigit():
        return (_atoi(service) & 0xFFFF) or 25
    return _SERVICES.get(service) if service else 25


def _unbalanced(value: str) -> str:
    """What is wrong with the conditionals of a header; empty: nothing."""
    depth = 0
    for mark in _CONDITIONAL.findall(value):
        if mark == "$?":
            depth += 1
        elif mark in ("$.", "$|") and not depth:
            return f"{mark} without $?"
        elif mark == "$.":
            depth -= 1
    return "$? without $." if depth else ""
