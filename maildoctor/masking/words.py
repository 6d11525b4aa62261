"""Which names are names of secrets, and which words are not secret where a secret could stand: closed lists, both.

Text is latin-1 everywhere in this package: one character a byte, so that nothing depends on a character set.
"""

import re
from functools import lru_cache

CORE = re.compile(r"pass|pw|secret|tok(?:en)?|cred|key|kennwort|bearer|psk|phrase|authorization|cookie|contrase|rocommunity")
"""In small letters, what every name of a secret has in it."""

_PASSWORD = (
    "password passwd passwort passcode passphrase pass pwd pw kennwort passw psw passwrd psk phrase contrasena passin "
    "passout"
).split()
_OTHER = "secret token tok authtok credential credentials cred creds bearer apikey secretkey accesskey authkey cookie".split()
_KEYS = "api secret private access auth shared master encryption client account preshared license sas signing app".split()
_QUALITY = (
    "hash hashed crypt crypted encrypted enc md5 sha sha1 sha256 sha512 ssha plain plaintext clear cleartext text b64 "
    "base64 hex raw new old value val str string s md4 nt lm ntlm default current confirm confirmation repeat again 2 the"
).split()
_ABOUT = (
    "file files path paths dir directory folder map maps table tables query queries attr attribute attributes scheme schemes "
    "type types method methods policy length len len_min min max minlen maxlen expire expires expiry expired expiration age change "
    "changed changes verification verify check checked checking checker mismatch format algorithm algo column field fields "
    "name names prompt command cmd lookup mech mechs backend days warn retries cache encoding mode auth authentication "
    "required needed enabled disabled delay verbose prefix prefixes suffix source sources db database databases server "
    "servers driver url uri endpoint host port id ids ttl lifetime size count limit error errors failed failure failures "
    "fail ok style module modules service services store stores storage eval helper hint update updated updates "
    "protected reset resets strength quality history store users user only less list lists timeout grace usage use "
    "bits cert certs certificate certificates dhparam exchange algorithms selector table_name tab ring class "
    "in tkt grace attrs filter filters lookups maxlen secs seconds minutes map_file provider providers realm user_attr so la conf cf sh py pl c h o log txt gz html htm php exe d"
).split()
_NO_TAIL = ("bypass", "compass", "trespass", "overpass", "underpass", "pbypass")
_SECRET, _QUALITIES, _ABOUTS = frozenset(_PASSWORD + _OTHER), frozenset(_QUALITY), frozenset(_ABOUT)
_TAILS = tuple(w for w in _PASSWORD if w not in ("psk", "phrase", "contrasena")) + ("secret", "token", "authtok", "passphrase", "apikey")
_HEADS = ("password", "passwd", "passwort", "passphrase", "passwords")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[\x80-\xff]+", re.ASCII)
_LONGEST_NAME = 96


@lru_cache(4096)
def secrecy(name: str) -> str:
    """What a thing of this name is: `password`, `token` (any other secret), or empty: no secret."""
    words = [w.lower() for part in re.split(r"[^A-Za-z0-9\x80-\xff]+", name[-_LONGEST_NAME:]) for w in _CAMEL.findall(part)]
    small = name.lower()
    if small.endswith(("authorization", "cookie", "rocommunity", "rwcommunity")):
        return "token"
    kind = ""
    for number, word in enumerate(words):
        one = _one(word)
        if not one and word in ("key", "keys") and number and words[number - 1] in _KEYS:
            one = "token"
        if not one and number and words[number - 1] + word in _SECRET:  # PassWord, pass_word
            one = _one(words[number - 1] + word)
        if one:
            kind = one
        elif kind and word in _ABOUTS:
            kind = ""
    return kind or _joined(small)


def _one(word: str) -> str:
    if word in ("passwords", "secrets", "tokens", "passphrases"):
        word = word[:-1]
    if word in _SECRET:
        return "password" if word in _PASSWORD else "token"
    if word.endswith(_TAILS) and word not in _NO_TAIL:
        return "token" if word.endswith(("secret", "token", "authtok", "apikey")) else "password"
    for head in _HEADS:
        if word.startswith(head) and word[len(head) :] in _QUALITIES:
            return "password"
    return ""


def _joined(small: str) -> str:
    """Names such as smtpPassWd and LDAPPW, in which the capitals mislead."""
    tail = re.split(r"[^a-z0-9]+", small)[-1]
    return _one(tail.rstrip("0123456789")) if tail else ""


SETTINGS = frozenset(
    (
        "yes no true false on off none null nil empty required never always files compat systemd sss nis winbind ldap db dns "
        "undef undefined unset hidden masked removed redacted x * ! !! default optional sufficient requisite include "
        "substack plain md5 crypt any all enabled disabled protected unknown ? - xxx xxxx xxxxx mymachines altfiles "
        "hesiod nisplus sasl pam shadow obscured omitted suppressed private incorrect wrong invalid"
    ).split()
)
"""What stands behind `password =` and is a setting, not a password."""

PROSE = SETTINGS | frozenset(
    (
        "a able about above accepted access account accounts across added administrator after again against agent alarm algorithm all "
        "alone already also although an and another answer any anew anyone are aren't argument as ask asked asks at attempt "
        "attempts attribute attributes auth authenticate authenticated authenticating authentication authenticator auxprop back "
        "backend bad based be because been before being below between blank both bound broken but by cache cached "
        "can cannot can't caching case cases caused change changed changes changing character characters check checked "
        "checker checking checks client clear column combination comes command common compare compared comparing comparison config "
        "configuration configured confirmation connect connection contain contains could couldn't correct crypt current daemon data "
        "database databases dc decoding decryption default defined denied dialog dict did didn't differ different differs "
        "digest directory disabled do does doesn't don't done driver due during each either else empty encoding encrypted encryption "
        "ended entered entries entry equal equals error errors even ever exceeded exchange exist exists expected expiration "
        "expire expired expires expiring expiry fail failed failing fails failure failures false fatal feature field fields file files "
        "filled filter first fit fits for format forms forwarded found from function generation get gets give given gives "
        "goes got grabber grace group guess guessed guesser guessers guessing guest had handler has hash hashed hashes hashing have "
        "he helper hint his history holds host how hostname however if ignored illegal immediately in include incorrect information "
        "input inside instead internal into invalid is isn't issue it its itself just keep kept keyring kinds known lacks last later "
        "leaked least left length less lifetime like limit line list lmdb load local locked log logged login logins long longer "
        "lookup lookups lost lsearch made make malformed manager many map maps mapping match matched matches matching may "
        "mech mechanism mechanisms mechs message method might minimum mismatch mismatched missing mode module most must name named "
        "need needed needs negotiation neither new next no non nor not nothing now null obtained obtaining of off offered "
        "ok okay old on once one only open operation option options or other otherwise otp our out over own page pam "
        "parameter part passed passwd password passwords per permitted phrase plain plaintext please plug-in plugin policy possible "
        "prefix presented previous problem process program prompt prompted prompts property protected protection protocol "
        "provided provider queries query quality quota rather re-entered read reading realm reason received recently record records "
        "recovery refused reject rejected remains reply repeated request requested requests require required requirement requirements "
        "requires reset resets response restriction restrictions result retry returned returns right rotation rules same "
        "sasl saslprep saved scheme schemes second secret secrets seems send sending sends sent serves server servers service session "
        "set sets setting settings several shadow shall she short should shouldn't since so socket some source sources specified "
        "start state states status stay stays still storage store stored stores storing string strength stripped strong style succeeded success successful "
        "successfully such supplied support supported syntax system table tables taken takes temporarily temporary test that the "
        "their them then there these they this those through timeout timed times to together too token tokens tool tried tries true try trying "
        "twice two type types unable unavailable unchanged under unencrypted unexpected unknown unless unlocked unset unsupported until unusable "
        "up update updated updates upon use used user userpassword username users uses using utility valid validate validated "
        "validation validator value values variable verification verified verifier verify version via want wants warning was wasn't way weak we "
        "were what when where whereas which while who whose why will with within without won't work works would write "
        "wrong yet you your zero "
        # what stands in configurations and listings
        "requisite sufficient optional substack sasldb getpwent saslauthd kerberos5 rimap httpform sql imap smtp pop3 "
        "ssl tls starttls dovecot cyrus exim postfix sendmail opensmtpd courier mysql pgsql postgresql sqlite oracle "
        "root mail nobody bob's alice's user's users' scheme' locked' expired' reply' mismatch' attributes' "
        "is_null attr id mta mua msa domain address addresses email sender recipient lines words remote "
        "lockout attack attacks brute spray spraying stuffing leak list-only dump dumps safe salt salted sync synced synchronization too-short too-long "
        "chosen chat complexity callback conversation conv cracked cracking cracklib crypted caller controls dictionary decrypted exposed "
        "factor fetch fetched freshly hook keys key loaded must_change minutes hours days seconds never_expires nonempty obsolete "
        "non-empty nonempty verifier verifiers bogus jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun palindrome quoted rehash rehashed removed renewed replaced restored revealed reused sealed shared simple simplistic skipped stale "
        "submitted terminal tested typed typo unlock unlocking upgraded wiped written contains contained attributes"
    ).split()
)
"""Words of ordinary sentences about passwords: `password verification failed`. What is none of them is taken for one."""

VERBS = frozenset(
    (
        "ehlo helo lhlo mail rcpt data rset noop quit vrfy expn help auth starttls etrn bdat xclient xforward turn atrn burl "
        "send saml soml verb debug mime ok bye logout capability stat list retr dele top uidl apop select examine "
        "fetch idle append login authenticate user pass bad no proxy get post options"
    ).split()
)
"""What a client says alone on a line of a dialogue and is no answer to a challenge."""

HARMLESS_COLUMNS = frozenset(
    (
        "user username user_name users name login email mail domain realm uid gid id userid user_id active enabled status type "
        "service host hostname address addr local_part localpart alias goto destination protocol mech cn dn ou dc maildir home "
        "lang class group groupname table_schema table_name key option collate engine charset source transport ip rip lip "
        "host_name sender recipient mailbox username_attr account"
    ).split()
)
"""Columns of a data base with nothing secret in them."""
