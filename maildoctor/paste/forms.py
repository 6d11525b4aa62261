"""What a line of a paste is, by its form, and which lines say what the next ones are: a shell prompt with a command,
`==> FILE <==`, a heading that names a file."""

import re
from dataclasses import dataclass

from maildoctor.facts.postfix.mail_params import TABLE
from maildoctor.model import PieceKind
from maildoctor.paste.dialects import is_of_conversation

_PATH = r"/[\w.+@%~-]{1,80}(?:/[\w.+@%~-]{1,80}){0,9}"

_CONFIGURED: dict[PieceKind, re.Pattern[str]] = {
    "main.cf": re.compile(r"(?:^|/)main\.cf(?:\.\w+)?$"),
    "master.cf": re.compile(r"(?:^|/)master\.cf(?:\.\w+)?$"),
    "dovecot": re.compile(
        r"(?:^|/)dovecot(?:\.conf$|/|-\w{1,20}\.conf(?:\.ext)?$)|(?:^|/)(?:10|15|20|90)-[\w-]{1,40}\.conf$|(?:^|/)auth-\w+\.conf\.ext$"
    ),
    "sendmail.mc": re.compile(r"\.mc$"),
    "submit.cf": re.compile(r"(?:^|/)submit\.cf$"),
    "sendmail.cf": re.compile(r"(?:^|/)sendmail\.cf$"),
    "sasl-conf": re.compile(r"(?:^|/)Sendmail\.conf$|sasl2?/[\w-]{1,40}\.conf$"),
    "saslauthd-defaults": re.compile(r"(?:default|sysconfig)/saslauthd[\w-]{0,40}$"),
    "saslauthd.conf": re.compile(r"(?:^|/)saslauthd\.conf$"),
    "authinfo": re.compile(r"(?:^|/)(?:authinfo|auth-info|client-info)$"),
    "passwords": re.compile(r"(?:^|/)(?:sasl_passwd|saslpass|sasl_password|passwd\.client)$"),
    "exim": re.compile(r"(?:^|/)exim[\w/.-]{0,60}$"),
    "smtpd.conf": re.compile(r"(?:^|/)smtpd\.conf$"),
    "log": re.compile(r"^/var/log/|(?:^|/)(?:mail\.(?:log|err|warn|info)|maillog|syslog|mainlog|auth\.log)(?:\.\d)?$"),
}
"""What a file is by its name; the first that fits."""

_COMMANDS = frozenset(
    """
    postconf doveconf dovecot cat head tail more less grep egrep fgrep zgrep zcat journalctl ls ll namei id
    groups ps pgrep ss netstat lsof telnet nc ncat openssl swaks curl sasldblistusers2 sasldblistusers
    testsaslauthd pluginviewer saslpluginviewer saslfinger sendmail hostname uname lsb_release getent doveadm
    systemctl service exim exim4 msmtp python python3 perl dpkg rpm printf echo postmap saslpasswd2 stat find
    which ldapsearch ldapwhoami slapcat ldd strings cut ip iptables nft apt-cache apt yum dnf awk sed postfix
    newaliases m4 make vi vim nano
    """.split()  # noqa: SIM905 - seventy words
)

_PROMPT = re.compile(
    r"(?:\[?(?:[\w.-]{1,64}@(?P<host>[A-Za-z0-9][\w.-]{0,99})|[\w.-]{1,60}:)"
    r"(?:[ :]{0,2}[^\]#$%>\s]{0,100})\]?[ \t]{0,2}[#$%>]|(?P<bare>[#$%]))[ \t]{0,4}(?P<command>[\w./~-][^\n]{0,1000})"
)
_BARE = re.compile(
    r"(?:sudo )?(?:postconf -[nMdPf]\w{0,3}|postconf mail_version|doveconf -n|dovecot -n"
    r"|saslfinger -[sc]|namei -\w{1,6} /\S{1,200}"
    r"|ls (?:-\w{1,8} ){0,3}/\S{1,200}(?: /\S{1,200}){0,5}|cat /\S{1,200}|id [\w-]{1,40}"
    r"|ps (?:-?aux\w{0,3}|-ef|ax)(?: \S.{0,100})?"
    r"|(?:ss|netstat) -\w{1,8}(?: .{0,100})?|telnet \S{1,100}(?: \d{1,5})?|openssl s_client .{1,200}|swaks .{1,300}"
    r"|testsaslauthd .{1,200}|sasldblistusers2?(?: -f \S{1,100})?|(?:sasl)?pluginviewer(?: -\w.{0,60})?"
    r"|sendmail -d0\S{0,10}.{0,60}|(?:e?grep|tail) .{1,120} /\S{1,120}|curl -v.{1,200})(?::| *\|.{0,100})?"
)
_SECTION = re.compile(r"==> (/?\S{1,300}) <==|-{2,} content of (\S{1,200}) -{2,}|#{2,} (/\S{1,200}) #{2,}")
_SASLFINGER = re.compile(r"-{2,} (.{1,120}?) ?-{2,}")
_NAMED = re.compile(
    rf"(?<![\w./])(?P<name>{_PATH}|main\.cf|master\.cf|sendmail\.mc|sendmail\.cf|submit\.cf|Sendmail\.conf|smtpd\.conf"
    r"|saslauthd\.conf|dovecot\.conf|dovecot-\w{1,20}\.conf(?:\.ext)?|authdaemonrc"
    r"|(?:10|15|20)-(?:master|auth|ssl)\.conf|postconf(?: -[nMf]{1,3})|doveconf(?: -n)"
    r"|dovecot -n|authinfo|sasl_passwd|mail\.log|maillog)(?![\w=])"
)
_ROUND = re.compile(
    r"(?i)\b(?:contents?|my|the|here(?:'s| is| are)|files?|output|of|from|in|is|and|relevant|parts?"
    r"|part|lines|config(?:uration)?|"
    r"current|looks?|like|postfix|sendmail|dovecot|cyrus|sasl)\b|[^\w]"
)
_IN_PART = re.compile(
    r"(?i)\b(?:parts?|relevant|lines?|snippets?|excerpts?|sections?|bits?|some|added|changed|extract)\b"
)
_LOG = re.compile(
    r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]?\d (?:\d{4} )?\d\d:\d\d:\d\d\b"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d|\b)|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)"
    r"|(?:postfix/[\w/-]{1,30}|dovecot|saslauthd|sendmail|sm-mta|smtpd)(?:\[\d{1,10}\])?: "
)
_COMPLAINT = re.compile(
    r"(?:doveconf|dovecot|postconf|postfix(?:/[\w-]{1,30})?|postmap|postalias|sendmail|exim4?"
    r"|newaliases|make|m4): (?:fatal|error|warning|panic)[: ]",
    re.IGNORECASE,
)
"""What programs say of their configuration where it was to be shown."""
_HEADER = re.compile(
    r"(?i)(?:received|return-path|authentication-results|dkim-signature|message-id|delivered-to"
    r"|x-[\w-]{1,40}|subject|from|to|date): \S"
)
_LOOK = re.compile(r"(?:\d{1,12} {1,8})?(?:\d{1,8} {1,8})?[-dlpscbD][-rwxsStTlL]{9}[+.@]?\s{1,8}\S")
_TRANSCRIPT = re.compile(
    r" (?:Out|In):  ?\S|<[-~*]{1,2}[*-]? {1,3}\d{3}| [-~]> |=== (?:Trying|Connected|TLS)|\*\*\* \S"
    r"|(?:220|221|235|250|334|354|4[25]\d|5[035]\d)[ -]\S"
    r"|(?:EHLO|HELO|ehlo|helo) \S{1,200}$|(?:AUTH|auth) (?:PLAIN|LOGIN|plain|login|CRAM-MD5|DIGEST-MD5)\b"
    r"|(?i:MAIL FROM:|RCPT TO:|STARTTLS$|QUIT$)|Trying \S{1,60}\.\.\.|Connected to \S|Escape character is|CONNECTED\("
    r"|(?:send|reply|connect|data): [\[('b]|reply: retcode|\* (?: +Trying|Connected to|SSL connection"
    r"|Connection #)|[<>] \d{3}[ -]"
    r"|> (?:EHLO|AUTH|MAIL|RCPT|QUIT|STARTTLS)\b|Connection closed by foreign host"
)
_MORE_OF_TRANSCRIPT = re.compile(
    r"(?:Traceback \(|depth|verify|subject|issuer|Verif|SSL|TLS|New, |Server |Acceptable|Peer|Certificate"
    r"|No client|Secure|Compression|Expansion|ALPN"
    r"|Early|DONE|read:|written|Protocol|Cipher|Session|Master|PSK|Start Time|Timeout|Extended"
    r"|[ ]{1,8}\S|-{3}|[<>*~=] ?|[A-Za-z0-9+/=*]{1,400}$|\.$)"
)

_LINES: dict[PieceKind, re.Pattern[str]] = {
    "sasl-conf": re.compile(
        r"(?:pwcheck_method|mech_list|auxprop_plugin|sasldb_path|saslauthd_path|sql_\w{2,30}|saslauthd_version|log_level"
        r"|auto_transition|autotransition|allowanonymouslogin|authdaemond_path|canon_user_plugin"
        r"|ldapdb_\w{1,30})[ \t]{0,8}:"
    ),
    "saslauthd-defaults": re.compile(
        r"(?:START|MECHANISMS|MECH_OPTIONS|THREADS|OPTIONS|SOCKETDIR|MECH|FLAGS|DESC"
        r"|NAME|PARAMS)="
    ),
    "saslauthd.conf": re.compile(r"ldap_\w{1,40}[ \t]{0,8}:"),
    "master.cf": re.compile(
        r"\S{1,100}\s{1,20}(?:inet|unix|fifo|pass"
        r"|unix-dgram)\s{1,20}(?:[-yn]\s{1,20}){3}\S{1,8}\s{1,20}\S{1,8}\s{1,20}\S"
    ),
    "sendmail.mc": re.compile(
        r"(?:dnl |dnl$|(?:define|undefine|FEATURE|DAEMON_OPTIONS|CLIENT_OPTIONS|TRUST_AUTH_MECH|MAILER"
        r"|OSTYPE|VERSIONID|DOMAIN"
        r"|MASQUERADE_AS|include|divert|EXPOSED_USER|LOCAL_DOMAIN|INPUT_MAIL_FILTER)\()"
    ),
    "sendmail.cf": re.compile(r"O [A-Z]\w{2,40}=|D[a-zA-Z](?![A-Z_]{2,20}=)\S{1,40}$|C\{[^}]{1,40}\}|Kauthinfo "),
    "authinfo": re.compile(r"AuthInfo:"),
    "sasldb-users": re.compile(r"\S{1,200}@\S{1,200}: (?:userPassword|cmusaslsecret\w{1,20}|authPassword)$"),
    "namei": re.compile(r"f: /\S"),
    "id": re.compile(r"uid=\d{1,10}\([\w-]{1,64}\) gid="),
    "processes": re.compile(
        r"(?:USER|UID|PID)\s{1,20}(?:PID|PPID|TTY|USER|%CPU)\b|[\w+-]{1,32}\s{1,12}\d{1,8}\s{1,8}\d{1,3}\.\d\s{1,8}\d{1,3}\.\d\s"
        r"|[\w+-]{1,32}\s{1,12}\d{1,8}\s{1,8}\d{1,8}\s{1,8}\d{1,2}\s{1,8}[\w:]{4,6}\s"
    ),
    "listeners": re.compile(
        r"(?:State|Netid|Proto|Active Internet)\s|LISTEN\s{1,12}\d"
        r"|tcp6?\s{1,12}(?:LISTEN\s|\d{1,6}\s)"
    ),
    "plug-ins": re.compile(
        r"(?:Installed and properly configured|List of (?:server|client|auxprop|canon_user) plug"
        r"|Plugin \"|Available SASL)"
    ),
    "program": re.compile(r"Version 8\.\d|\s{0,8}Compiled with:"),
    "testsaslauthd": re.compile(r"0: (?:OK|NO) \"|\d{1,3}: (?:OK|NO) \""),
    "exim": re.compile(
        r"(?:driver = (?:plaintext|cram_md5|dovecot|cyrus_sasl|accept|smtp)|(?:server"
        r"|client)_(?:condition|prompts|advertise_condition|set_id|send|secret|name|socket) ?="
        r"|begin (?:authenticators|acl|routers)$|auth_advertise_hosts ?=|public_name ?=)"
    ),
    "smtpd.conf": re.compile(r"(?:listen on \S|action \S|match (?:auth|from|for|!)|pki \S|table \w{1,40}[ (<{])"),
}
_SETTING = re.compile(r"([a-z0-9_]{2,60})[ \t]{0,20}=")
_PARAMETERS = frozenset(row.partition("\t")[0] for row in TABLE.splitlines() if row and row[0] != "=")
_DOVECOT = re.compile(
    r"# \d\.\d{1,2}\.\S{0,60}(?: \(\w{1,40}\))?: (/\S{1,200})|(?:passdb|userdb|service|unix_listener"
    r"|protocol|plugin|namespace|inet_listener) ?\S{0,100} ?\{"
    r"|(?:auth_\w{2,40}|disable_plaintext_auth|ssl(?:_\w{2,30})?|mail_location|mail_privileged_group|protocols|first_valid_uid"
    r"|login_\w{2,30}|dovecot_config_version|dovecot_storage_version|passdb_\w{2,40}|listen) ?="
)
_CONTINUED: frozenset[PieceKind] = frozenset(
    {"main.cf", "master.cf", "dovecot", "program", "header", "exim", "plug-ins", "sendmail.cf", "smtpd.conf"}
)
_PROSE = re.compile(r"[A-Z\"'(][\w'\"]{0,30},? [\w'\"]{1,30},? [\w'\"(]{1,40}[,:;)]? .{6,}")

_ROWS: dict[PieceKind, re.Pattern[str]] = {
    "main.cf": re.compile(r"[\w.-]{1,100}[ \t]{0,40}(?:=|$)"),
    "master.cf": re.compile(r"(?:\S{1,300}\s{1,40}){4,}\S|-o "),
    "dovecot": re.compile(r"[\w./-]{1,100}[ \t]{0,40}(?:=|\{|$)|[\w./-]{1,60} [\w./-]{1,100} ?\{|\}|!include"),
    "sasl-conf": re.compile(r"[\w-]{1,60}[ \t]{0,20}[:=]"),
    "saslauthd-defaults": re.compile(r"[\w-]{1,60}[ \t]{0,20}[:=]|\. |if |fi$"),
    "saslauthd.conf": re.compile(r"[\w-]{1,60}[ \t]{0,20}[:=]"),
    "passwords": re.compile(r"\S{1,255}[ \t]{1,40}\S{1,400}$|[\[\w][\w.@:\[\]+-]{1,254}$"),
}
"""What a line looks like in a file that a heading named, right or wrong as it may be."""

_NAMED_ANYHOW: frozenset[PieceKind] = frozenset({"file", "output", "processes", "listeners", "names"})


@dataclass(frozen=True, slots=True)
class Heading:
    """What the next lines are. `name`: a path or a command; `host`: of the shell's prompt; `part`: only some lines of
    the file, or of the listing, are shown."""

    kind: PieceKind
    name: str
    host: str = ""
    part: bool = False
    command: bool = False


def heading_of(text: str) -> Heading | None:
    """What this line says of the next ones; None where it is no heading."""
    if len(text) > 1100 or not text:
        return None
    if m := _PROMPT.fullmatch(text):
        command = m["command"].strip()
        if m["host"] or _word(command) in _COMMANDS:
            return _of_command(command, m["host"] or "")
    line = text.strip(" \t`*#:").rstrip(":")
    if _BARE.fullmatch(line) and (text[:1] != "#" or " " in line):
        return _of_command(line, "")
    if m := _SECTION.fullmatch(text.strip()):
        return Heading(kind_of_path(name := m[1] or m[2] or m[3]), name)
    if m := _SASLFINGER.fullmatch(text.strip()):
        return _of_saslfinger(m[1])
    if len(text) <= 160 and "=" not in text.replace("==", "") and "{" not in text and (m := _NAMED.search(text)):
        return _in_words(text, m)
    return None


def is_remark(text: str) -> bool:
    """Whether what may be a prompt and a command begins as a remark does, and is no command that people paste so."""
    return text[:1] == "#" and not _BARE.fullmatch(text.strip(" \t#"))


def _in_words(text: str, m: re.Match[str]) -> Heading | None:
    """A heading that people write: `my main.cf:`, `# /etc/sasl2/smtpd.conf`, `**/etc/default/saslauthd**`."""
    if _LOG.match(text) or _LOOK.match(text) or "://" in text or _TRANSCRIPT.match(text):
        return None
    rest = text[: m.start()] + " " + text[m.end() :]
    alone = not _ROUND.sub("", rest)
    named = text.rstrip(" *`_#").endswith(":") and len(rest.split()) <= 14 and not text.startswith((" ", "\t"))
    if not alone and not named:
        return None
    name = m["name"]
    if name.startswith(("postconf", "doveconf", "dovecot -n")):
        return _of_command(name, "")
    if (
        name.startswith("/")
        and alone
        and text.strip() == name
        and "." not in name
        and not name.endswith(("/saslauthd", "rc"))
    ):
        return None  # a path that stands alone is a line of some listing
    kind = kind_of_path(name)
    return Heading(kind, name, part=bool(_IN_PART.search(rest))) if kind != "file" or name.startswith("/etc/") else None


def _of_saslfinger(words: str) -> Heading | None:
    """A section of saslfinger's report (http://postfix.state-of-mind.de/patrick.koetter/saslfinger)."""
    if m := re.search(r"content of (/\S+)", words):
        return Heading(kind_of_path(m[1]), m[1])
    if "SMTP AUTH and TLS parameters" in words:
        return Heading("main.cf", "postconf -n", part=True)
    if "services in" in words:
        return Heading("master.cf", "/etc/postfix/master.cf")
    if m := re.search(r"listing of (/\S+)", words):
        return Heading("look", f"ls -l {m[1]}", command=True)
    if "mechanisms on" in words:
        return Heading("transcript", words)
    return Heading("saslfinger", words) if re.search(r"basics|linked to|saslfinger|version", words) else None


def _word(command: str) -> str:
    words = [w for w in command.split()[:4] if w not in ("sudo", "doas", "time", "-n") and "=" not in w]
    return words[0].rpartition("/")[2] if words else ""


_FILE_SHOWN = (
    "cat",
    "head",
    "more",
    "less",
    "zcat",
    "tail",
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
    "sed",
    "awk",
    "vi",
    "vim",
    "nano",
)
_BARE_TABLE = re.compile(r"(?<![\w/])(?:sasl_passwd|saslpass|sasl_password)$")
_OF_COMMAND: dict[str, PieceKind] = {
    "doveconf": "dovecot", "ls": "look", "ll": "look", "namei": "namei", "id": "id", "groups": "output",
    "ps": "processes",
    "pgrep": "output", "ss": "listeners", "netstat": "listeners", "telnet": "transcript", "nc": "transcript",
    "ncat": "transcript", "openssl": "transcript", "swaks": "transcript", "curl": "transcript", "python": "transcript",
    "python3": "transcript", "sasldblistusers2": "sasldb-users", "sasldblistusers": "sasldb-users",
    "testsaslauthd": "testsaslauthd", "pluginviewer": "plug-ins", "saslpluginviewer": "plug-ins",
    "saslfinger": "saslfinger",
    "journalctl": "log", "hostname": "names", "uname": "names", "lsb_release": "output",
}  # fmt: skip


def _of_command(command: str, host: str) -> Heading:
    """What a command prints."""
    program = _word(command)
    paths = re.findall(_PATH, command)
    filtered = bool(re.search(r"\|\s{0,4}(?:e|f|z)?grep (?!-v|-Ev|-v?E? ?'\^)", command)) or "head" in command
    if program in _FILE_SHOWN and paths:
        shows_all = program in ("cat", "less", "more", "zcat", "vi", "vim", "nano") or bool(
            re.search(r"grep \S{0,6}v", command)
        )
        kind = kind_of_path(paths[-1])
        return Heading(kind, paths[-1], host, part=filtered or not shows_all)
    if program in ("awk", "cut", "cat", "sed") and not paths and (m := _BARE_TABLE.search(command)):
        return Heading("passwords", m[0], host, part=filtered)
    if program == "postconf":
        flags = "".join(re.findall(r" -([A-Za-z]+)", command))
        kind = "master.cf" if "M" in flags else "output" if "P" in flags or "d" in flags else "main.cf"
        return Heading(kind, command, host, part=filtered or ("n" not in flags and kind == "main.cf"), command=True)
    if program == "dovecot":
        return Heading("dovecot" if "-n" in command else "output", command, host, filtered, command=True)
    if program == "sendmail":
        return Heading("program" if "-d0" in command else "output", command, host, command=True)
    return Heading(_OF_COMMAND.get(program, "output"), command, host, filtered, command=True)


def kind_of_path(path: str) -> PieceKind:
    """What a file is by its name."""
    return next((kind for kind, shape in _CONFIGURED.items() if shape.search(path)), "file")


def form_of(text: str) -> PieceKind | None:
    """What a line is by its form alone; None where it could be anything."""
    if is_of_conversation(text):
        return "transcript"
    if _LOG.match(text) or _COMPLAINT.match(text):
        return "log"
    if _LOOK.match(text):
        return "look"
    if _TRANSCRIPT.match(text):
        return "transcript"
    for kind, shape in _LINES.items():
        if shape.match(text):
            return kind
    if (m := _SETTING.match(text)) and m[1] in _PARAMETERS and not (m[1] == "listen" or m[1].startswith("ssl")):
        return "main.cf"
    if _DOVECOT.match(text):
        return "dovecot"
    if text[:1] not in (" ", "\t") and text[:9].lower() == "received:":
        return "header"
    return None


def goes_on(kind: PieceKind, text: str, depth: int) -> bool:
    """Whether a line can be another one of a piece of this kind. `depth`: of open braces."""
    if not text or depth > 0:
        return True
    form = form_of(text)
    if form == kind:
        return True
    if kind == "look":
        return bool(re.match(r"total \d|/\S{1,200}:$|ls: |stat: ", text))
    if kind == "namei":
        return bool(_LOOK.match(text.lstrip()) or re.match(r"f: |\s{1,40}\S", text))
    if kind == "transcript":
        said = text[-1] in ".?!:" and bool(_PROSE.fullmatch(text))
        return form is None and bool(_MORE_OF_TRANSCRIPT.match(text)) and not said
    if kind in ("log", "testsaslauthd", "sasldb-users", "authinfo", "id"):
        return False
    if text[0] in " \t":
        return kind in _CONTINUED
    if kind == "header":
        return bool(_HEADER.match(text))
    if text[0] == "#" and kind not in ("plug-ins", "program", "listeners", "processes"):
        return True
    if kind == "dovecot":
        return bool(_SETTING.match(text)) or text[0] == "}" or text.startswith("!include")
    if kind == "main.cf":
        return bool(_SETTING.match(text)) and form is None
    if kind == "exim":
        return bool(re.match(r"[\w.]{1,60}:$|[\w]{1,60} ?=", text)) and form is None
    if kind in ("saslauthd-defaults", "saslauthd.conf", "sasl-conf"):
        return bool(re.match(r"[\w-]{1,60}[ \t]{0,8}[:=]", text)) and form is None
    if kind == "sendmail.mc":
        return text.startswith(("LOCAL_", "MAILER", "D", "#", "C{")) and form is None
    return kind == "processes" and bool(re.match(r"\s{0,8}\S{1,40}\s{1,20}\d", text)) and form is None


def goes_on_named(kind: PieceKind, text: str, depth: int) -> bool:
    """The same of a piece whose heading said what it is: it ends with words of a person and lines of another kind."""
    if goes_on(kind, text, depth):
        return True
    form = form_of(text)
    if kind in ("sendmail.cf", "submit.cf"):
        return form != "log"
    if kind in _ROWS:
        return form is None and (text[0] in " \t#" or bool(_ROWS[kind].match(text)))
    if kind in _NAMED_ANYHOW or kind in ("testsaslauthd", "plug-ins", "program", "saslfinger"):
        return form in (None, "testsaslauthd", "plug-ins", "program", "sasl-conf") and not _PROSE.fullmatch(text)
    return form is None and kind not in ("log", "transcript", "look", "namei") and not _PROSE.fullmatch(text)
