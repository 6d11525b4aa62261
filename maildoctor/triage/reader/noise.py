"""What a log says all day of clients, deliveries and refusals, whatever words it uses: no trouble of this host."""

import re

MAIL_PROGRAM = re.compile(
    r"(?:[\w.-]{1,40}/)?(?:postfix(?:-[\w-]{1,30})?(?:/[\w.-]{1,40}){0,3}|(?:sendmail|sm-[a-z-]{1,30}|MTA|MSP|newaliases"
    r"|makemap|praliases|mailq|smtpctl|smtpd|smtp|dovecot(?:[\w.-]{0,30})|doveadm|doveconf|auth|auth-worker|imap[\w-]{0,12}"
    r"|pop3[\w-]{0,12}|lmtp[\w-]{0,8}|managesieve[\w-]{0,8}|submission[\w-]{0,8}|exim[\w.-]{0,8}|saslauthd|saslpasswd2?"
    r"|sasldblistusers2?|testsaslauthd|pluginviewer|sasl[\w-]{0,20}|authdaemond?|courier[\w-]{0,20}|imapd?-ssl|pop3d-ssl"
    r"|courierd?|couriertls|esmtpd?|cyrus(?:/[\w-]{1,30})?|cyr_[\w-]{1,30}|ctl_[\w-]{1,30}|lmtpd|lmtpunix|timsieved|idled"
    r"|slapd|nslcd|sssd[\w\[\]-]{0,30}|krb5kdc|kadmind|kinit|winbindd|opendkim|opensmtpd|postmap|postalias|postconf"
    r"|postqueue|postsuper|postdrop|postmulti|postlog|qmail[\w-]{0,20}|mysql_?auth|pam_[\w]{1,30}|unix_chkpwd|perdition"
    r"|pwcheck|saslfinger|master|proxymap|tlsmgr|mail|policyd[\w-]{0,20}|gss-[\w-]{1,20}|ldap[\w-]{0,12}))",
)
"""Programs of mail, SASL, login and PAM, by their syslog tag."""

PAM_LINE = re.compile(r"(?:PAM |pam_\w{1,30}[(:]|\(pam_)")
"""What PAM says of itself under the name of any program."""

OF_MAIL = re.compile(
    r"sasl|postfix|sendmail|dovecot|exim|smtp|\bimap|\bpop3|\bauth|\bpam_|PAM|ldap|krb5|gss[_-]|\bgssapi|\bmail\b|kerberos"
    r"|keytab|/etc/aliases|STARTTLS|opendkim|cyrus|milter",
    re.IGNORECASE,
)
"""What a line without a program must speak of."""

_CHATTER = re.compile(
    r"(?:[\w.-]{1,60}(?:\([^)\n]{0,200}\))?(?:<[^>\n]{0,100}>){0,2}: ){0,3}(?:Info|Debug|Notice): "
    r"|(?:info|debug|notice|trace)\b[: ]"
    r"|(?:statistics|stats|anvil|connect from|disconnect from|lost connection|timeout after|too many errors after"
    r"|improper command|non-SMTP command|client=|message-id=|removed\b|from=<|to=<|discarded?\b|filter:|replace:|prepend:"
    r"|milter-reject|reject:|NOQUEUE: reject|reject_warning|warn:|hold:|PREGREET|HANGUP|DNSBL|CONNECT from|NOQUEUE|PASS |DISCONNECT"
    r"|WHITELIST|BLACKLIST|ALLOWLIST|DENYLIST|COMMAND |BARE NEWLINE|setting up TLS|Anonymous TLS|Trusted TLS|Untrusted TLS"
    r"|Verified TLS|STARTTLS=|AUTH=server|ruleset=|timeout waiting for input|collect: premature EOM|Milter|Losing"
    r"|possible SMTP attack|rejecting connections|did not issue|Aborted login|Disconnected|Connection closed|Login:"
    r"|Logged out|expunge|delete:|copy from|sieve: |stored mail|msgid=|saved mail|auth: Login attempt"
    r"|(?:[\w-]{1,30}: )?(?:Aborted login|Disconnected|Login:|Connection closed|Client has quit|Logged out|Maximum number)"
    r"|using backwards-compatible|daemon started|terminating on signal|reload|starting\b|stopping\b|\d{1,6} verif)"
    r"|(?:uid|userid)=\d{1,10} from=|pam_\w{1,20}\([^)\n]{1,60}\): (?:session (?:opened|closed)|authentication failure;"
    r"|check pass;|\d{1,6} more authentication|received for user|auth could not identify|user \[?[^\s]{1,80}\]? not known)"
)

_ANYWHERE = re.compile(
    r"\b(?:status=(?:sent|deferred|bounced|expired|SOFTBOUNCE)|stat=|dsn=[245]|relay=\S{1,300},)"
    r"|\b(?:said|responded|replied|refused to talk to me): ?[\"'(]?[245]\d\d"
    r"|SMTP error from remote|remote host (?:said|address)|\bR=\w{1,40} T=\w|\*\* \S{1,200} |<= |=> |== \S{1,200} R="
    r"|rejected (?:RCPT|MAIL|HELO|EHLO|DATA|EXPN|VRFY|AUTH|connection|after DATA|by local_scan|STARTTLS|ETRN|BDAT)"
    r"|does not resolve to address|hostname \S{1,255} verification failed|Client host rejected|Helo command rejected"
    r"|Sender address rejected|Recipient address rejected|Relay access denied|Relaying denied|User unknown|blocked using"
    r"|SMTP (?:protocol|syntax|call|command|connection|data)|synchronization error|authenticator failed for"
    r"|no host name found for IP|incomplete transaction|unexpected disconnection|\bSender verify|temporarily rejected"
    r"|domain of sender address|\bheader (?:From|Subject|Received)|Service unavailable; |listed (?:in|by|at) |greylist"
    r"|Greylisted|SPF|DMARC|DKIM.{0,40}(?:fail|not|bad)|no key for signature|key data is not secure|bad signature data"
    r"|signature (?:verification|processing)|(?:usually|this is) intentional|password mismatch|Password mismatch"
    r"|\b[Uu]nknown user(?: \(|$)|authentication fail(?:ed|ure)(?:$|[;,:.)\]])|[Aa]uth(?:entication)? failed|auth failure:"
    r"|[Ii]ncorrect authentication data|SASL \S{1,30} authentication (?:failed|aborted)|[Ll]ogin (?:failed|incorrect)"
    r"|pass(?:word|wd)? mismatch|[Ii]nvalid (?:user|password|credentials) for user|client (?:didn't|did not) finish"
    r"|user not found|[Uu]ser unknown|auth attempts|unknown\[|errors?[=:] ?0\b|\b0 errors|no errors?\b(?! mess)|without errors?"
    r"|[Ss]uccess(?:ful(?:ly)?)?$|rate limit exceeded|message size exceeds|Message too (?:big|large)|loops back to myself"
    r"|mail for \S{1,255} loops|queue file size limit|dummy|[Ii]llegal address syntax|numeric (?:domain|hostname)"
    r"|malformed domain name in resource data|valid_hostname|address not listed|certificate verification failed for"
    r"|cert(?:ificate)? (?:peer )?name mismatch|CommonName mismatch|[Uu]nexpected (?:response|reply) from"
    r"|\bgave up waiting for|symlink leaves directory|overriding earlier entry|bytes? (?:in|out)="
    r"|[Tt]oo many (?:invalid commands|unrecognized|nonmail|unknown commands|syntax)|(?:Bad|invalid) HELO|HELO .{0,80}(?:invalid|reject)"
    r"|user_deny|TLS error on connection|SSL_accept|TLS session: unclean|session shutdown|Time-?out (?:while|waiting)"
    r"|Trying? again later|\bwill retry|retrying\b|delayed\b|fetching |DEBUG:|debug[0-9]?:"
)
"""Deliveries, what other servers answered, and what clients did."""

_OUTPUT = re.compile(r"[Cc]ommand output: ")
_CLIENT = re.compile(
    r"\bfrom (?:client )?[\w.-]{0,255} ?\[[\da-fA-F:.]{3,45}\]|\b(?:client|relay|peer|remote)=[\w.-]{0,255}\[?[\da-f:.]{3,45}"
    r"|\brip=[\da-fA-F:.]{3,45}|\brhost=(?!localhost|127\.|\s|$)\S|\bH=\S{0,255} ?(?:\([^)]{0,255}\) )?\[|\bunknown\["
    r"|(?:relay|peer|client|host) [\w.-]{1,255} ?\[[\da-fA-F:.]{3,45}\]|\bto [\w.-]{1,255}\[[\da-fA-F:.]{3,45}\](?::25|:465|:587)?"
    r"|(?<![\w.-])[\w.-]{1,255}\[[\da-fA-F:.]{3,45}\](?::\d{1,5})?: "
)
"""Somebody at the other end of a connection."""

BACKENDS = re.compile(
    r"ldap|sql|redis|memcache|mongo|krb|kdc|kerberos|kadmin|radius|saslauthd|authdaemon|policy|milter|proxymap|anvil|tlsmgr"
    r"|auth-client|auth-master|auth-userdb|\bauth\b|imap server|pam|nis|sssd|winbind|dict|cyrus|relayhost|oauth|token|unix:|db",
    re.IGNORECASE,
)
"""What this host asks itself, be it near or far."""


def own_words(message: str, grave: bool = False) -> str | None:
    """The part of the message that the host itself says; None where nothing in it is trouble of this host. `grave`: its
    program calls it an error."""
    if (output := _OUTPUT.search(message)) is not None:
        return message[output.end() :]
    if (not grave and _CHATTER.match(message)) or _ANYWHERE.search(message):
        return None
    return message


PAM_SAYS = re.compile(r"^pam_\w{1,30}\([^)\n]{1,60}\): ")
"""Which module of PAM speaks, and for which service."""
SASL_SAYS = re.compile(r"SASL authentication (?:failure|problem): ")
"""What Postfix puts before the words of libsasl."""


def names_a_client(message: str) -> bool:
    """Whether somebody at the other end of a connection is named."""
    return _CLIENT.search(message) is not None
