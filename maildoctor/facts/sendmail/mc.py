"""sendmail.mc as people write it, and whether sendmail.cf was built from it. Not an m4 interpreter.

Read: quotes, comments, `dnl`, and the calls below. An expectation is kept only where the outcome is certain; whatever
might change it (a conditional, a file not at hand, a macro inside the value) takes it back, so that a freshly built
pair never differs. Rules of m4: GNU m4's manual; what each macro puts into the .cf: cf/m4/cfhead.m4, cf/m4/proto.m4 and
cf/feature/*.m4 of sendmail 8.12 to 8.18 and Debian's additions.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from maildoctor.facts import of_file
from maildoctor.facts.sendmail.cf import Daemon, Line, MapDef, SendmailCf, auth_option_letters


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


Kind = Literal["option", "macro", "class", "daemon", "client", "map"]

_ONE_TO_ONE = _set(
    """
    ALIAS_WAIT:AliasWait ALLOW_BOGUS_HELO:AllowBogusHELO AUTH_MAX_BITS:AuthMaxBits AUTH_MECHANISMS:AuthMechanisms
    AUTH_OPTIONS:AuthOptions AUTH_REALM:AuthRealm BAD_RCPT_THROTTLE:BadRcptThrottle BIND_OPTS:ResolverOptions
    BLANK_SUB:BlankSub CACERT:CACertFile CACERT_PATH:CACertPath CERT_FINGERPRINT_ALGORITHM:CertFingerprintAlgorithm
    CHECKPOINT_INTERVAL:CheckpointInterval CHECK_ALIASES:CheckAliases CIPHER_LIST:CipherList
    CLIENT_CERT:ClientCertFile CLIENT_KEY:ClientKeyFile CLIENT_SSL_OPTIONS:ClientSSLOptions
    COLON_OK_IN_ADDR:ColonOkInAddr CONNECTION_RATE_THROTTLE:ConnectionRateThrottle
    CONNECTION_RATE_WINDOW_SIZE:ConnectionRateWindowSize CONNECT_ONLY_TO:ConnectOnlyTo
    CONTROL_SOCKET_NAME:ControlSocketName CON_EXPENSIVE:HoldExpensive COPY_ERRORS_TO:PostmasterCopy CRL:CRLFile
    CRL_PATH:CRLPath DANE:DANE DEAD_LETTER_DROP:DeadLetterDrop DEF_AUTH_INFO:DefaultAuthInfo
    DEF_CHAR_SET:DefaultCharSet DEF_USER_ID:DefaultUser DELAY_LA:DelayLA DELIVERY_MODE:DeliveryMode
    DELIVER_BY_MIN:DeliverByMin DF_BUFFER_SIZE:DataFileBufferSize DH_PARAMETERS:DHParameters DIAL_DELAY:DialDelay
    DIRECT_SUBMISSION_MODIFIERS:DirectSubmissionModifiers DONT_BLAME_SENDMAIL:DontBlameSendmail
    DONT_EXPAND_CNAMES:DontExpandCnames DONT_INIT_GROUPS:DontInitGroups DONT_PROBE_INTERFACES:DontProbeInterfaces
    DONT_PRUNE_ROUTES:DontPruneRoutes DOUBLE_BOUNCE_ADDRESS:DoubleBounceAddress EIGHT_BIT_HANDLING:EightBitMode
    ERROR_MESSAGE:ErrorHeader ERROR_MODE:ErrorMode FALLBACK_MX:FallbackMXhost FALLBACK_SMARTHOST:FallbackSmartHost
    FAST_SPLIT:FastSplit FORWARD_PATH:ForwardPath FROM_LINE:UnixFromLine HELO_NAME:HeloName HOSTS_FILE:HostsFile
    HOST_STATUS_DIRECTORY:HostStatusDirectory IGNORE_DOTS:IgnoreDots INPUT_MAIL_FILTERS:InputMailFilters
    LDAP_DEFAULT_SPEC:LDAPDefaultSpec LOG_LEVEL:LogLevel MAILBOX_DATABASE:MailboxDatabase MATCH_GECOS:MatchGECOS
    MAX_ALIAS_RECURSION:MaxAliasRecursion MAX_DAEMON_CHILDREN:MaxDaemonChildren MAX_HEADERS_LENGTH:MaxHeadersLength
    MAX_HOP:MaxHopCount MAX_MESSAGE_SIZE:MaxMessageSize MAX_MIME_HEADER_LENGTH:MaxMimeHeaderLength
    MAX_NOOP_COMMANDS:MaxNOOPCommands MAX_QUEUE_AGE:MaxQueueAge MAX_QUEUE_CHILDREN:MaxQueueChildren
    MAX_QUEUE_RUN_SIZE:MaxQueueRunSize MAX_RCPTS_PER_MESSAGE:MaxRecipientsPerMessage
    MAX_RUNNERS_PER_QUEUE:MaxRunnersPerQueue MCI_CACHE_SIZE:ConnectionCacheSize
    MCI_CACHE_TIMEOUT:ConnectionCacheTimeout ME_TOO:MeToo MILTER_LOG_LEVEL:Milter.LogLevel
    MILTER_MACROS_CONNECT:Milter.macros.connect MILTER_MACROS_DATA:Milter.macros.data
    MILTER_MACROS_ENVFROM:Milter.macros.envfrom MILTER_MACROS_ENVRCPT:Milter.macros.envrcpt
    MILTER_MACROS_EOH:Milter.macros.eoh MILTER_MACROS_EOM:Milter.macros.eom MILTER_MACROS_HELO:Milter.macros.helo
    MIME_FORMAT_ERRORS:SendMimeErrors MIN_FREE_BLOCKS:MinFreeBlocks MIN_QUEUE_AGE:MinQueueAge
    MUST_QUOTE_CHARS:MustQuoteChars NICE_QUEUE_RUN:NiceQueueRun NO_RCPT_ACTION:NoRecipientAction
    OLD_STYLE_HEADERS:OldStyleHeaders OPERATORS:OperatorChars PID_FILE:PidFile PRIVACY_FLAGS:PrivacyOptions
    PROCESS_TITLE_PREFIX:ProcessTitlePrefix QUEUE_FACTOR:QueueFactor QUEUE_FILE_MODE:QueueFileMode QUEUE_LA:QueueLA
    QUEUE_SORT_ORDER:QueueSortOrder RAND_FILE:RandFile REFUSE_LA:RefuseLA REJECT_LOG_INTERVAL:RejectLogInterval
    REJECT_NUL:RejectNUL REQUIRES_DIR_FSYNC:RequiresDirfsync RRT_IMPLIES_DSN:RrtImpliesDsn RUN_AS_USER:RunAsUser
    SAFE_FILE_ENV:SafeFileEnvironment SAFE_QUEUE:SuperSafe SAVE_FROM_LINES:SaveFromLine SEPARATE_PROC:ForkEachJob
    SERVER_CERT:ServerCertFile SERVER_KEY:ServerKeyFile SERVER_SSL_OPTIONS:ServerSSLOptions
    SERVICE_SWITCH_FILE:ServiceSwitchFile SEVEN_BIT_INPUT:SevenBitInput SHARED_MEMORY_KEY:SharedMemoryKey
    SHARED_MEMORY_KEY_FILE:SharedMemoryKeyFile SINGLE_LINE_FROM_HEADER:SingleLineFromHeader
    SINGLE_THREAD_DELIVERY:SingleThreadDelivery SMTP_LOGIN_MSG:SmtpGreetingMessage SOFT_BOUNCE:SoftBounce
    SSL_ENGINE:SSLEngine SSL_ENGINE_PATH:SSLEnginePath TEMP_FILE_MODE:TempFileMode
    TLS_FALLBACK_TO_CLEAR:TLSFallbacktoClear TLS_SRV_OPTIONS:TLSSrvOptions TO_ACONNECT:Timeout.aconnect
    TO_AUTH:Timeout.auth TO_COMMAND:Timeout.command TO_CONNECT:Timeout.connect TO_CONTROL:Timeout.control
    TO_DATABLOCK:Timeout.datablock TO_DATAFINAL:Timeout.datafinal TO_DATAINIT:Timeout.datainit
    TO_FILEOPEN:Timeout.fileopen TO_HELO:Timeout.helo TO_HOSTSTATUS:Timeout.hoststatus TO_ICONNECT:Timeout.iconnect
    TO_IDENT:Timeout.ident TO_INITIAL:Timeout.initial TO_LHLO:Timeout.lhlo TO_MAIL:Timeout.mail TO_MISC:Timeout.misc
    TO_QUEUERETURN:Timeout.queuereturn TO_QUEUERETURN_DSN:Timeout.queuereturn.dsn
    TO_QUEUERETURN_NONURGENT:Timeout.queuereturn.non-urgent TO_QUEUERETURN_NORMAL:Timeout.queuereturn.normal
    TO_QUEUERETURN_URGENT:Timeout.queuereturn.urgent TO_QUEUEWARN:Timeout.queuewarn
    TO_QUEUEWARN_DSN:Timeout.queuewarn.dsn TO_QUEUEWARN_NONURGENT:Timeout.queuewarn.non-urgent
    TO_QUEUEWARN_NORMAL:Timeout.queuewarn.normal TO_QUEUEWARN_URGENT:Timeout.queuewarn.urgent TO_QUIT:Timeout.quit
    TO_RCPT:Timeout.rcpt TO_RESOLVER_RETRANS:Timeout.resolver.retrans
    TO_RESOLVER_RETRANS_FIRST:Timeout.resolver.retrans.first
    TO_RESOLVER_RETRANS_NORMAL:Timeout.resolver.retrans.normal TO_RESOLVER_RETRY:Timeout.resolver.retry
    TO_RESOLVER_RETRY_FIRST:Timeout.resolver.retry.first TO_RESOLVER_RETRY_NORMAL:Timeout.resolver.retry.normal
    TO_RSET:Timeout.rset TO_STARTTLS:Timeout.starttls TRUSTED_USER:TrustedUser TRY_NULL_MX_LIST:TryNullMXList
    UNSAFE_GROUP_WRITES:UnsafeGroupWrites USERDB_SPEC:UserDatabaseSpec USE_ERRORS_TO:UseErrorsTo USE_MSP:UseMSP
    WORK_CLASS_FACTOR:ClassFactor WORK_RECIPIENT_FACTOR:RecipientFactor WORK_TIME_FACTOR:RetryFactor
    XF_BUFFER_SIZE:XscriptFileBufferSize
    """
)

CONF: Mapping[str, str] = {
    f"conf{macro}": option for macro, _, option in (pair.partition(":") for pair in _ONE_TO_ONE)
} | {"ALIAS_FILE": "AliasFile", "STATUS_FILE": "StatusFile"}
"""Every macro that becomes one `O` line (_OPTION in proto.m4)."""

MACROS: Mapping[str, str] = {option: macro for macro, option in CONF.items()}
"""Option -> the macro that sets it."""

_MACROS = {"confDOMAIN_NAME": "j", "SMART_HOST": "S"}

_MAPS = {
    "authinfo": "authinfo",
    "access_db": "access",
    "mailertable": "mailertable",
    "virtusertable": "virtuser",
    "genericstable": "generics",
    "domaintable": "domaintable",
    "uucpdomain": "uudomain",
    "bitdomain": "bitdomain",
}
"""FEATUREs that define a map, and its name in the .cf."""

_FEATURES = _set("""
        accept_unqualified_senders accept_unresolvable_domains access_db allmasquerade always_add_domain authinfo badmx
        bcc bestmx_is_local bitdomain blacklist_recipients block_bad_helo blocklist_recipients check_cert_altnames
        check_other compat_check conncontrol delay_checks dnsbl domainmap domaintable drac enhdnsbl fips3
        generics_entire_domain genericstable greet_pause ldap_routing limited_masquerade local_lmtp
        local_no_masquerade local_procmail lookupdotdomain loose_relay_check mailertable masquerade_entire_domain
        masquerade_envelope mtamark no_default_msa nocanonify nopercenthack notsticky nouucp prefixmod
        preserve_local_plus_detail preserve_luser_host promiscuous_relay queuegroup ratecontrol redirect
        relay_based_on_MX relay_entire_domain relay_hosts_only relay_local_from relay_mail_from require_rdns rhsbl
        smrsh stickyhost sts tls_session_features use_client_ptr use_ct_file use_cw_file uucpdomain
        virtuser_entire_domain virtusertable vnet
        """)
"""FEATUREs known to define no option; any other may (msp, nullclient, tls_failures and those of the site do)."""

_PREDEFINED = frozenset(
    f"conf{name}"
    for name in _set("""
        ALIAS_WAIT BLANK_SUB CHECK_ALIASES CON_EXPENSIVE CR_FILE CW_FILE DELIVERY_MODE FORWARD_PATH FROM_LINE
        INPUT_MAIL_FILTERS LOG_LEVEL MAILER_NAME MCI_CACHE_SIZE MCI_CACHE_TIMEOUT MILTER_MACROS_CONNECT
        MILTER_MACROS_ENVFROM MILTER_MACROS_ENVRCPT MILTER_MACROS_EOM MILTER_MACROS_HELO MIME_FORMAT_ERRORS
        MIN_FREE_BLOCKS OLD_STYLE_HEADERS OPERATORS PRIVACY_FLAGS RECEIVED_HEADER SAFE_QUEUE SEVEN_BIT_INPUT
        SMTP_LOGIN_MSG TEMP_FILE_MODE TIME_ZONE TO_QUEUERETURN TO_QUEUEWARN USE_ERRORS_TO
        """)
)
"""What cfhead.m4 defines, so that without quotes the name is replaced before `define` sees it."""

_CONDITIONALS = frozenset({"ifdef", "ifelse", "eval", "indir", "builtin", "forloop", "foreach", "popdef"})
_BARRIERS = frozenset({"OSTYPE", "DOMAIN", "HACK", "SITECONFIG", "undivert", "esyscmd"})

_HANDLED = _CONDITIONALS | _BARRIERS | {"include", "sinclude", "changequote"}

_EXPANDED = _set("""
        ALIAS_FILE CF_LEVEL DATABASE_MAP_TYPE DOMAIN EXPOSED_USER FEATURE HACK HELP_FILE LOCAL_CONFIG LOCAL_NET_CONFIG
        LOCAL_RELAY LOCAL_RULESETS LOCAL_USER LUSER_RELAY MAILER MAILER_DEFINITIONS MAIL_HUB MAIL_SETTINGS_DIR
        MASQUERADE_AS MASQUERADE_NAME MSP_QUEUE_DIR OSTYPE QUEUE_DIR SITE SITECONFIG SMART_HOST STATUS_FILE VENDOR_NAME
        VERSIONID _CF_DIR_ __file__ __gnu__ __line__ __unix__ changecom changequote divert divnum dnl dumpdef errprint
        m4exit shift sysval traceoff traceon undivert unix
        """)
"""Words that m4 or cf.m4 replace even where no parenthesis follows."""

_ENOUGH = 1000
_MOST_PORTS = 200
"""Port options and class lines that are compared; sendmail takes 10 daemons (MAXDAEMONS), Debian's 64."""
_DEEPEST = 100
"""Included files that are read, each once."""
_BLANKS = " \t\n\v\f\r"

_INCLUDED = re.compile(r"^# include: (/[^\n]*)\n?", re.M)
_TOKEN = re.compile(r"`|#[^\n]*|(?<!\w)dnl(?!\w)[^\n]*|(?<!\w)INPUT_MAIL_FILTER|(?<!\w)[A-Za-z_]\w*+(?=\()", re.A)
_IN_CALL = re.compile(r"`|[(),]|#[^\n]*|(?<!\w)dnl(?!\w)[^\n]*\n?|(?<!\w)[A-Za-z_]\w*+(?=\()", re.A)
_QUOTE = re.compile("[`']")
_BLANK = re.compile(r"[ \t\n\v\f\r]*")
_NAME = re.compile(r"(?<!\w)[A-Za-z_]\w*+", re.A)
_OPAQUE = re.compile(r"[A-Za-z_]\w*+\(|\$[0-9#*@]|#|\n(?![ \t])", re.A)
_RAW = re.compile(r"^(?:O +(?P<option>[\w.*-]+)|D(?:\{(?P<long>\w+)\}|(?P<macro>.))|K[ \t]*(?P<map>\w+))", re.M | re.A)
_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the .cf must hold: an option, a macro, words of a class, a map, or a line of port options.

    `name` as it is in the .cf, empty for the port options. `value` None: the option must not be set (`undefine`); for
    a map empty: any. `line` and `path` tell where in the source, `mc_text` is that line.
    """

    kind: Kind
    name: str
    value: str | None
    line: int
    mc_text: str
    path: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The .cf does not hold what the .mc says. `what` names the thing in the .cf, e.g. `option AuthMechanisms`.

    The values are as written, empty for nothing, `(not set)` for what is not there."""

    what: str
    mc_says: str
    cf_says: str
    mc_line: int
    mc_path: str
    cf_line: int | None


@dataclass(frozen=True, slots=True)
class SendmailMc:
    """What can be told of the source.

    `expected`: the last of several definitions only. `opaque`: names that are defined but not compared.
    `includes`: every path of include() and sinclude(); `missing`: those whose text was not at hand, sendmail's own
    cf.m4 left out. `ineffective`: definitions m4 throws away, because the name is not quoted and has a value already.
    `unfinished`: the file ends within a quote or a call, where m4 stops with an error; then nothing is expected.
    """

    path: str
    expected: tuple[Expectation, ...]
    opaque: frozenset[str]
    includes: tuple[str, ...]
    missing: tuple[str, ...]
    ineffective: tuple[Line, ...]
    unfinished: bool
    features: Mapping[str, str]
    """FEATURE()s by name, with the place where each stands, `PATH:LINE`"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any text. A first line `# path: /etc/mail/sendmail.mc` names the file; the text of included files may
        follow, each behind a line `# include: /etc/mail/tls/starttls.m4`. Neither line is counted."""
        path, body = of_file(text, "sendmail.mc")
        main, *rest = _INCLUDED.split(body)
        reader = _Reader(dict(zip((p.strip() for p in rest[::2]), rest[1::2], strict=True)))
        finished = reader.read(main, path)
        return cls(
            path=path,
            expected=tuple(reader.expectations()) if finished else (),
            opaque=frozenset(reader.opaque),
            includes=tuple(dict.fromkeys(reader.includes)),
            missing=tuple(dict.fromkeys(reader.missing)),
            ineffective=tuple(reader.ineffective),
            unfinished=not finished,
            features=reader.features,
        )

    def differences(self, cf: SendmailCf) -> tuple[Difference, ...]:
        """Where `cf` does not hold what is expected. White space, case of names, order of words in lists do not
        count; classes, DontBlameSendmail and port options may hold more."""
        return tuple(found for e in self.expected if (found := _COMPARE[e.kind](e, cf)) is not None)


@dataclass(slots=True)
class _Reader:
    """`definitions`: what is expected so far by kind and name of macro, with values not yet looked into; `additions`:
    what adds up instead. `unsure`: words in the macros of the site. `raw`: what plain lines of the .cf set."""

    sections: dict[str, str]
    definitions: dict[tuple[Kind, str], Expectation] = field(default_factory=dict)
    additions: list[Expectation] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    raw: set[tuple[Kind, str]] = field(default_factory=set)
    includes: list[str] = field(default_factory=list)
    read_already: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    ineffective: list[Line] = field(default_factory=list)
    features: dict[str, str] = field(default_factory=dict)
    domain: bool = False

    def read(self, text: str, path: str) -> bool:
        """One file. False: m4 gives up here (end of file within quotes or a call)."""
        self.find_raw(text)
        at, line, counted = 0, 1, 0
        while (token := _TOKEN.search(text, at)) is not None:
            word, at = token[0], token.end()
            if word == "`":
                at = _end_of_quote(text, at)
                if at < 0:
                    return False
            elif word == "INPUT_MAIL_FILTER":
                self.forget({"confINPUT_MAIL_FILTERS"})
            elif word[0] != "#" and not word.startswith("dnl"):
                if not self.interesting(word):
                    continue
                call = _call(text, at + 1)
                if call is None:
                    return False
                line += text.count("\n", counted, token.start())
                counted = token.start()
                at = call.end
                if word == "changequote":
                    at = self.other_quotes(text, at, call)
                elif not self.act(word, call, line, path, text, token.start()):
                    return False
        return True

    def interesting(self, word: str) -> bool:
        return word in _CALLS or word in _HANDLED

    def act(self, word: str, call: "_Call", line: int, path: str, text: str, start: int) -> bool:
        if word in _BARRIERS:
            self.domain = True
            self.forget_all()
        elif word in _CONDITIONALS:
            self.forget(set(_NAME.findall(text, start, call.end)))
        elif word in ("include", "sinclude"):
            return self.include(call.arguments[0].text.strip(_BLANKS))
        else:
            begin = max(text.rfind("\n", max(start - 200, 0), start) + 1, start - 200, 0)
            source = text[begin : start + 200].partition("\n")[0]
            _CALLS[word](self, call, Expectation("option", "", None, line, source.strip(_BLANKS)[:200], path))
        return True

    def find_raw(self, text: str) -> None:
        """Lines for the .cf that stand in the source as they are: they may override anything."""
        for found in _RAW.finditer(text):
            if found["option"]:
                self.raw.add(("option", found["option"].lower()))
            elif found["map"]:
                self.raw.add(("map", found["map"]))
            else:
                self.raw.add(("macro", found["long"] or found["macro"]))

    def other_quotes(self, text: str, at: int, call: "_Call") -> int:
        """With other quotes we read on behind the call that brings the usual ones back."""
        if [a.text.strip() for a in call.arguments[:2]] in ([""], ["`", "'"]):
            return at
        end = text.find("changequote", at)
        end = len(text) if end < 0 else end
        self.forget(set(_NAME.findall(text, at, end)))
        closing = text.find(")", end)
        return len(text) if closing < 0 else closing + 1

    def include(self, path: str) -> bool:
        self.includes.append(path)
        own = path.endswith("/m4/cf.m4")
        section = None if own else self.sections.get(path)
        if section is not None and path not in self.read_already and len(self.read_already) < _DEEPEST:
            self.read_already.add(path)
            return self.read(section, path)
        if section is None and not own:
            self.missing.append(path)
        self.forget_all()
        return True

    def forget(self, names: set[str]) -> None:
        """What these macros say is no longer certain."""
        for name in names:
            key = _key(name)
            if key and self.definitions.pop(key, None):
                self.opaque.add(name)

    def forget_all(self) -> None:
        self.forget({name for kind, name in self.definitions if kind != "map"})

    def define(self, call: "_Call", made: Expectation) -> None:
        name = call.arguments[0].text.strip(_BLANKS)
        if call.arguments[0].bare and (name in self.names or name in _PREDEFINED or self.domain):
            if name in CONF and (name in self.names or name in _PREDEFINED) and len(self.ineffective) < _ENOUGH:
                self.ineffective.append(Line(made.line, made.mc_text, f"{name} is not quoted and has a value already"))
            self.forget({name})
            return
        self.names.add(name)
        key = _key(name)
        body = call.arguments[1] if len(call.arguments) > 1 else _NOTHING
        if key is None:
            # a macro of the site that may be called anywhere
            self.unsure.update(_NAME.findall(body.text))
            return
        self.definitions.pop(key, None)
        if self.replaced(body):
            self.opaque.add(name)
        else:
            self.opaque.discard(name)
            self.definitions[key] = _made(made, key, body.text)

    def undefine(self, call: "_Call", made: Expectation) -> None:
        for argument in call.arguments:
            name = argument.text.strip(_BLANKS)
            key = _key(name)
            if argument.bare:
                self.forget({name})
            elif key:
                self.names.add(name)
                self.definitions.pop(key, None)
                if key[0] == "option":
                    self.definitions[key] = _made(made, key, None)

    def feature(self, call: "_Call", made: Expectation) -> None:
        name = call.arguments[0].text.strip(_BLANKS)
        self.features[name] = f"{made.path}:{made.line}"
        if name not in _FEATURES:
            self.forget_all()
        if name in _MAPS:
            argument = call.arguments[1] if len(call.arguments) > 1 else _NOTHING
            key: tuple[Kind, str] = ("map", _MAPS[name])
            given = "" if self.replaced(argument) or argument.text == "LDAP" else argument.text
            self.definitions[key] = _made(made, key, given)

    def trust(self, call: "_Call", made: Expectation) -> None:
        self.add(call, _made(made, ("class", "TrustAuthMech"), None))

    def daemon(self, call: "_Call", made: Expectation) -> None:
        self.add(call, _made(made, ("daemon", ""), None))

    def client(self, call: "_Call", made: Expectation) -> None:
        self.add(call, _made(made, ("client", ""), None))

    def add(self, call: "_Call", made: Expectation) -> None:
        if not self.replaced(call.arguments[0]) and len(self.additions) < _MOST_PORTS:
            self.additions.append(_made(made, (made.kind, made.name), call.arguments[0].text))

    def expectations(self) -> Iterator[Expectation]:
        """What is left, with values as m4 would put them out."""
        for key, made in [*self.definitions.items(), *(((a.kind, a.name), a) for a in self.additions)]:
            written = (key[0], made.name.lower() if key[0] == "option" else made.name)
            if written in self.raw or key[1] in self.unsure:
                continue
            value = made.value if made.value is None else self.plain(made.value)
            if made.value is not None and value is None:
                if made.kind != "map":
                    self.opaque.add(made.name or made.kind)
                    continue
                value = ""
            yield _made(made, (made.kind, made.name), value)

    def replaced(self, argument: "_Argument") -> bool:
        """Whether m4 puts something else in place of a part of the argument while it collects it."""
        return argument.calls or any(self.macro(word) for word in argument.bare)

    def macro(self, word: str) -> bool:
        return word in _EXPANDED or word in self.names or word in CONF

    def plain(self, value: str) -> str | None:
        """The text a value becomes when m4 reads it once more; None: that takes an m4."""
        if _OPAQUE.search(value):
            return None
        if any(self.macro(word) for word in _NAME.findall(value)):
            return None
        if "`" not in value:
            return value
        pieces, at = [], 0
        while (start := value.find("`", at)) >= 0:
            end = _end_of_quote(value, start + 1)
            if end < 0:
                return None
            pieces += [value[at:start], value[start + 1 : end - 1]]
            at = end
        return "".join([*pieces, value[at:]])


@dataclass(frozen=True, slots=True)
class _Argument:
    """`bare`: the words outside quotes, which m4 replaces at once if they are macros. `calls`: so stands a call."""

    text: str
    bare: frozenset[str]
    calls: bool


_NOTHING = _Argument("", frozenset(), False)


@dataclass(frozen=True, slots=True)
class _Call:
    """At least one argument; `end` is the position behind the closing parenthesis."""

    arguments: list[_Argument]
    end: int


_CALLS: dict[str, Callable[[_Reader, _Call, Expectation], None]] = {
    "define": _Reader.define,
    "pushdef": _Reader.define,
    "undefine": _Reader.undefine,
    "FEATURE": _Reader.feature,
    "TRUST_AUTH_MECH": _Reader.trust,
    "DAEMON_OPTIONS": _Reader.daemon,
    "CLIENT_OPTIONS": _Reader.client,
}


def _key(name: str) -> tuple[Kind, str] | None:
    if name in CONF:
        return "option", name
    return ("macro", name) if name in _MACROS else None


def _made(like: Expectation, key: tuple[Kind, str], value: str | None) -> Expectation:
    name = CONF.get(key[1]) or _MACROS.get(key[1]) or key[1]
    return Expectation(key[0], name, value, like.line, like.mc_text, like.path)


def _end_of_quote(text: str, at: int) -> int:
    """Position behind the quote that closes the one before `at`; -1: there is none."""
    depth = 1
    for mark in _QUOTE.finditer(text, at):
        depth += 1 if mark[0] == "`" else -1
        if not depth:
            return mark.end()
    return -1


def _call(text: str, at: int) -> _Call | None:
    """The arguments of a call whose parenthesis opened before `at`, one level of quotes off, as m4 collects them."""
    arguments: list[_Argument] = []
    pieces: list[str] = []
    depth = 0
    bare: set[str] = set()
    calls = False
    at = _blanks(text, at)
    while (mark := _IN_CALL.search(text, at)) is not None:
        between, word, at = text[at : mark.start()], mark[0], mark.end()
        pieces.append(between)
        bare.update(_NAME.findall(between))
        if word == "`":
            end = _end_of_quote(text, at)
            if end < 0:
                return None
            pieces.append(text[at : end - 1])
            at = end
        elif word in (",", ")") and not depth:
            arguments.append(_Argument("".join(pieces), frozenset(bare), calls))
            if word == ")":
                return _Call(arguments, at)
            pieces, bare, calls = [], set(), False
            at = _blanks(text, at)
        elif not word.startswith("dnl"):
            depth += {"(": 1, ")": -1}.get(word, 0)
            calls = calls or word[0].isalpha() or word[0] == "_"
            pieces.append(word)
    return None


def _blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _compare_option(e: Expectation, cf: SendmailCf) -> Difference | None:
    settings = cf.settings(e.name)
    last = settings[-1] if settings else None
    if e.value is None:
        same = last is None
    elif last is None:
        same = False
    elif e.name in ("DontBlameSendmail", "PrivacyOptions"):
        ours, theirs = _words(e.value), _words(" ".join(s.value for s in settings))
        same = ours <= theirs if e.name == "DontBlameSendmail" else ours == theirs
    elif e.name == "AuthOptions":
        same = auth_option_letters(e.value) == auth_option_letters(last.value)
    elif e.name == "AuthMechanisms":
        same = {w.upper() for w in e.value.split(" ")} - {""} == {w.upper() for w in last.value.split(" ")} - {""}
    else:
        same = e.value.split() == last.value.split()
    if same:
        return None
    return _difference(f"option {e.name}", e, last.value if last else None, last.line if last else None)


def _compare_macro(e: Expectation, cf: SendmailCf) -> Difference | None:
    setting = cf.macro(e.name)
    if (setting.value.split() if setting else []) == (e.value or "").split():
        return None
    return _difference(f"macro {e.name}", e, setting.value if setting else None, setting.line if setting else None)


def _compare_class(e: Expectation, cf: SendmailCf) -> Difference | None:
    words = cf.class_(e.name)
    if {w.upper() for w in (e.value or "").split()} <= {w.upper() for w in words}:
        return None
    lines = cf.classes.get(e.name, ())
    return _difference(f"class {e.name}", e, " ".join(words) or None, lines[0].line if lines else None)


def _compare_port(e: Expectation, cf: SendmailCf) -> Difference | None:
    option = "DaemonPortOptions" if e.kind == "daemon" else "ClientPortOptions"
    settings = cf.settings(option)
    wanted = Daemon.of("", e.value or "", None)
    if any(Daemon.of("", s.value, None) == wanted for s in settings[:_MOST_PORTS]):
        return None
    there = "; ".join(s.value for s in settings)
    return _difference(f"option {option}", e, there or None, settings[0].line if settings else None)


def _compare_map(e: Expectation, cf: SendmailCf) -> Difference | None:
    there = cf.maps.get(e.name)
    if there is None:
        return _difference(f"map {e.name}", e, None, None)
    wanted = MapDef.of(e.name, e.value or "", e.line)
    if wanted is None or (wanted.type, wanted.path) == (there.type, there.path):
        return None
    return _difference(f"map {e.name}", e, f"{there.type} {there.arguments}", there.line)


_COMPARE: dict[Kind, Callable[[Expectation, SendmailCf], Difference | None]] = {
    "option": _compare_option,
    "macro": _compare_macro,
    "class": _compare_class,
    "daemon": _compare_port,
    "client": _compare_port,
    "map": _compare_map,
}


def _difference(what: str, e: Expectation, cf_says: str | None, cf_line: int | None) -> Difference:
    there = "(not set)" if cf_says is None else cf_says
    return Difference(what, "(not set)" if e.value is None else e.value, there, e.line, e.path, cf_line)


def _words(value: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(value)}
