"""What a log says all day of clients, deliveries and refusals, whatever words it uses: no trouble of this host."""

import re

MAIL_PROGRAM = re.compile(
    r"(?:[\w.-]{1,40}/)?(?:postfix(?:-[\w-]{1,30})?(?:/[\w.-]{1,40}){0,3}|(?:sendmail|sm-[a-z-]{1,30}|MTA|MSP"
    r"|newaliases"
    r"|makemap|praliases|mailq|smtpctl|smtpd|smtp|dovecot(?:[\w.-]{0,30})|doveadm|doveconf|auth|auth-worker"
    r"|imap[\w-]{0,12}"
    r"|pop3[\w-]{0,12}|lmtp[\w-]{0,8}|managesieve[\w-]{0,8}|submission[\w-]{0,8}|exim[\w.-]{0,8}|saslauthd|saslpasswd2?"
    r"|sasldblistusers2?|testsaslauthd|pluginviewer|sasl[\w-]{0,20}|authdaemond?|courier[\w-]{0,20}|imapd?-ssl"
    r"|pop3d-ssl"
    r"|courierd?|couriertls|esmtpd?|cyrus(?:/[\w-]{1,30})?|cyr_[\w-]{1,30}|ctl_[\w-]{1,30}|lmtpd|lmtpunix"
    r"|timsieved|idled"
    r"|slapd|nslcd|sssd[\w\[\]-]{0,30}|krb5kdc|kadmind|kinit|winbindd|opendkim|opensmtpd|postmap|postalias|postconf"
    r"|postqueue|postsuper|postdrop|postmulti|postlog|qmail[\w-]{0,20}|mysql_?auth|pam_[\w]{1,30}|unix_chkpwd|perdition"
    r"|pwcheck|saslfinger|master|proxymap|tlsmgr|mail|policyd[\w-]{0,20}|gss-[\w-]{1,20}|ldap[\w-]{0,12}"
    r"|msmtp[\w-]{0,12}|[es]smtp|sSMTP|dma|nullmailer[\w-]{0,12}|smtprelay|mailx?|s-nail|roundcube))",
)
"""Programs of mail, SASL, login and PAM, by their syslog tag."""

PAM_LINE = re.compile(r"(?:PAM |pam_\w{1,30}[(:]|\(pam_)")
"""What PAM says of itself under the name of any program."""

OF_MAIL = re.compile(
    r"sasl|postfix|sendmail|dovecot|exim|smtp|\bimap|\bpop3|\bauth|\bpam_|PAM|ldap|krb5|gss[_-]|\bgssapi"
    r"|\bmail\b|kerberos"
    r"|keytab|/etc/aliases|STARTTLS|opendkim|cyrus|milter",
    re.IGNORECASE,
)
"""What a line without a program must speak of."""

_CHATTER = re.compile(
    r"(?:[\w.-]{1,60}(?:\([^)\n]{0,200}\))?(?:<[^>\n]{0,100}>){0,2}: ){0,3}(?:Info|Debug|Notice): "
    r"|(?:info|debug|notice|trace)\b[: ]"
    r"|(?:statistics|stats|anvil|connect from|disconnect from|lost connection|timeout after|too many errors after"
    r"|improper command|non-SMTP command|client=|message-id=|removed\b|from=<|to=<|discarded?\b|filter:"
    r"|replace:|prepend:"
    r"|milter-reject|reject:|NOQUEUE: reject|reject_warning|warn:|hold:|PREGREET|HANGUP|DNSBL|CONNECT from"
    r"|NOQUEUE|PASS |DISCONNECT"
    r"|WHITELIST|BLACKLIST|ALLOWLIST|DENYLIST|COMMAND |BARE NEWLINE|setting up TLS|Anonymous TLS|Trusted TLS"
    r"|Untrusted TLS"
    r"|Verified TLS|STARTTLS=|AUTH=server|ruleset=|timeout waiting for input|collect: premature EOM|Milter|Losing"
    r"|possible SMTP attack|rejecting connections|did not issue|Aborted login|Disconnected|Connection closed|Login:"
    r"|Logged out|expunge|delete:|copy from|sieve: |stored mail|msgid=|saved mail|auth: Login attempt"
    r"|(?:[\w-]{1,30}: )?(?:Aborted login|Disconnected|Login:|Connection closed|Client has quit|Logged out"
    r"|Maximum number)"
    r"|using backwards-compatible|daemon started|terminating on signal|reload|starting\b|stopping\b|\d{1,6} verif)"
    r"|connect to \S{1,255}\[[\da-fA-F:.]{3,45}\](?::\d{1,5})?: |(?:uid|userid)=\d{1,10} from="
    r"|pam_\w{1,20}\([^)\n]{1,60}\): (?:session (?:opened|closed)|authentication failure;"
    r"|check pass;|\d{1,6} more authentication|received for user|auth could not identify"
    r"|user \[?[^\s]{1,80}\]? not known)"
)

_TEXTS = """
    <= |=> |listed in |listed by |listed at |>... |killed with signal 1 |killed with signal 2 |status=sent
    status=deferred|status=bounced|status=expired|stat=|dsn=2|dsn=4|dsn=5|smtp error from remote|remote host said
    remote host address|rejected rcpt|rejected mail|rejected helo|rejected ehlo|rejected data|rejected expn
    rejected vrfy|rejected auth|rejected connection|rejected after data|rejected by local_scan|rejected starttls
    rejected etrn|rejected bdat|does not resolve to address|client host rejected|helo command rejected
    sender address rejected|recipient address rejected|relay access denied|relaying denied|user unknown
    blocked using|smtp protocol|smtp syntax|smtp call|smtp command|smtp connection|smtp data|synchronization error
    authenticator failed for|no host name found for ip|incomplete transaction|unexpected disconnection
    sender verify|temporarily rejected|domain of sender address|header from|header subject|header received
    service unavailable;|greylist|no key for signature|key data is not secure|bad signature data|signature verification
    signature processing|usually intentional|this is intentional|password mismatch|passwd mismatch|auth failed
    authentication failed|auth failure:|ncorrect authentication data|authentication aborted|login failed
    login incorrect|user not found|auth attempts|unknown[|0 errors|without error|getuserpw(|message size exceeds
    message too big|message too large|loops back to myself|queue file size limit|illegal address syntax
    numeric domain|numeric hostname|malformed domain name in resource data|valid_hostname|address not listed
    certificate verification failed for|name mismatch|commonname mismatch|unexpected response from|unexpected reply from
    symlink leaves directory|overriding earlier entry|bytes in=|bytes out=|in=0 out=|too many invalid commands
    too many unrecognized|too many nonmail|too many unknown commands|too many syntax|bad helo|invalid helo
    no such user|no such recipient|no such mailbox|no such address|no such person|sendmail process terminated
    user_deny|tls error on connection|ssl_accept|tls session: unclean|session shutdown|killed with signal 15
    client didn't finish|client did not finish|bad command startup|otp unavailable because
"""
_SOFT_TEXTS = """
    fetching |rate limit|waiting for client|gave up waiting for|timeout while|timeout waiting|time-out while
    time-out waiting|trying again later|try again later|will retry|retrying|delayed|debug:
"""


def _listed(table: str) -> tuple[str, ...]:
    return tuple(
        text for line in table.strip("\n").split("\n") for text in line.removeprefix("    ").split("|") if text
    )


_ANYWHERE, _SOFT = _listed(_TEXTS), _listed(_SOFT_TEXTS)
"""Deliveries, what other servers answered, and what clients did, in lower case; the others only where the program does
not call it an error."""
_FORMS = re.compile(
    r"\b(?:said|responded|replied|refused to talk to me): ?[\"'(]?[245]\d\d|\brelay=\S{1,300},|\bR=\w{1,40} T=\w"
    r"|\*\* \S{1,200} |== \S{1,200} R=|\bhostname \S{1,255} verification failed|\b[Uu]nknown user(?: \(|$)"
    r"|authentication failure(?:$|[;,:.)\]])|[Ii]nvalid (?:user|password|credentials) for user|errors?[=:] ?0\b"
    r"|\bno errors?\b(?! mess)|[Ss]uccess(?:ful(?:ly)?)?$|mail for \S{1,255} loops|DKIM.{0,40}(?:fail|not|bad)"
    r"|SPF|DMARC"
)

_OUTPUT = re.compile(r"[Cc]ommand output: ")
_CLIENT = re.compile(
    r"\bfrom (?:client )?[\w.-]{0,255} ?\[[\da-fA-F:.]{3,45}\]|\b(?:client|relay|peer"
    r"|remote)=[\w.-]{0,255}\[?[\da-f:.]{3,45}"
    r"|\brip=[\da-fA-F:.]{3,45}|\brhost=(?!localhost|127\.|\s|$)\S|\bH=\S{0,255} ?(?:\([^)]{0,255}\) )?\[|\bunknown\["
    r"|(?:relay|peer|client|host) [\w.-]{1,255} ?\[[\da-fA-F:.]{3,45}\]"
    r"|\bto [\w.-]{1,255}\[[\da-fA-F:.]{3,45}\](?::25|:465|:587)?"
    r"|(?<![\w.-])[\w.-]{1,255}\[[\da-fA-F:.]{3,45}\](?::\d{1,5})?: "
)
"""Somebody at the other end of a connection."""

BACKENDS = re.compile(
    r"ldap|sql|redis|memcache|mongo|krb|\bkdc|kerberos|kadmin|\bradius|saslauthd|authdaemon|policy|milter|proxymap"
    r"|\banvil|tlsmgr"
    r"|auth-client|auth-master|auth-userdb|\bauth\b|imap server|\bpam|\bnis\b|sssd|winbind|\bdict|cyrus|relayhost"
    r"|oauth|\btoken|unix:|(?<![:\w])db\d{0,2}\b(?!:)|database",
    re.IGNORECASE,
)
"""What this host asks itself, be it near or far."""


def is_chatter(message: str, grave: bool = False) -> bool:
    """Whether it begins as no trouble of this host does; `grave` as for `own_words`."""
    return not grave and _CHATTER.match(message) is not None and _OUTPUT.search(message) is None


def own_words(message: str, grave: bool = False) -> str | None:
    """The part of the message that the host itself says; None where nothing in it is trouble of this host. `grave`: its
    program calls it an error."""
    if (output := _OUTPUT.search(message)) is not None:
        return message[output.end() :]
    if not grave and _CHATTER.match(message):
        return None
    lower = message.lower()
    if any(text in lower for text in _ANYWHERE) or _FORMS.search(message):
        return None
    return None if not grave and any(text in lower for text in _SOFT) else message


PAM_SAYS = re.compile(r"^pam_\w{1,30}\([^)\n]{1,60}\): ")
"""Which module of PAM speaks, and for which service."""
LEVELLED = re.compile(r"(?:[\w.-]{1,40}/)?postfix|dovecot")
"""Programs that write beside a message how grave it is, unless it is information."""
SASL_SAYS = re.compile(r"SASL authentication (?:failure|problem): ")
"""What Postfix puts before the words of libsasl."""


def names_a_client(message: str) -> bool:
    """Whether somebody at the other end of a connection is named."""
    return _CLIENT.search(message) is not None
