"""Which names are names of secrets, and which words are not secret where a secret could stand: closed lists, both.

Text is latin-1 everywhere in this package: one character a byte, so that nothing depends on a character set.
"""

import re
from functools import lru_cache

from maildoctor.masking.patterns import pattern

_CORE = (
    r"pass|pasw|ps?w|mdp|senha|clave|haslo|heslo|wachtwoord|salasana|sifre|parol|jelsz|adgangskode|senord"
    r"|secret|tok(?:en)?|cred|key|kennwort|bearer|psk|phrase|authorization|cookie|contrase|rocommunity"
)
CORE = pattern(_CORE)
"""In lower case, what every name of a secret has in it."""


_WRITTEN = ["парол", "hasł", "şifre", "κωδικό", "密码", "密碼", "パスワード", "비밀번호", "סיסמ", "पासवर्ड", "รหัสผ่าน"]
NATIVE = tuple(
    dict.fromkeys(
        form.encode().decode("latin-1") for word in _WRITTEN for form in (word, word.capitalize(), word.upper())
    )
)
"""Names of passwords that are not written in ASCII."""
_NATIVE_LOW = tuple(dict.fromkeys(word.lower() for word in NATIVE))
CORE_OR_NATIVE = pattern("|".join((_CORE, *map(re.escape, _NATIVE_LOW))))
"""The same for a line that is not ASCII."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PASSWORDS = _words(
    """
    adgangskode clave contrase contrasena haslo heslo jelsz jelszo kennwort losenord mdp motdepasse parol parola pass
    passcode passe passin passord passout passphrase passw passwd password passwort passwrd pasword phrase psk
    pswd psw pw pwd salasana senha senord sifre wachtwoord
    """
)
_OTHERS = _words(
    """
    accesskey apikey authkey authtok bearer cookie cred credential credentials creds secret secretkey tok token
    """
)
_KEYS = _words(
    """
    abusix access account admin api app auth client des dqs encryption filter hook httpbl license relay session
    master preshared private sas secret shared signing spamhaus
    """
)
_QUALITIES = _words(
    """
    2 again b64 base64 clear cleartext confirm confirmation crypt crypted current default enc encrypted hash
    hashed hex lm md4 md5 new nt ntlm old plain plaintext raw repeat s sha sha1 sha256 sha512 ssha str string
    text the val value
    """
)
"""What may follow in the name: passwordHash, password2."""
_ABOUTS = _words(
    """
    age algo algorithm algorithms attr attribute attributes attrs auth authentication backend bits c cache cert
    certificate certificates certs cf change changed changes check checked checker checking class cmd column
    command conf count d database databases days db delay dhparam dir directory disabled driver enabled encoding
    endpoint error errors eval exchange exe expiration expire expired expires expiry fail failed failure
    failures field fields file files filter filters folder format grace gz h helper hint history host htm html
    id ids in la len len_min length less lifetime limit list lists log lookup lookups map map_file maps max
    maxlen mech mechs method methods min minlen minutes mismatch mode module modules name names needed o ok only
    path paths php pl policy port prefix prefixes prompt protected provider providers py quality queries query
    realm required reset resets retries ring scheme schemes seconds secs selector server servers service
    services sh size so source sources storage store stores strength style suffix tab table table_name tables
    timeout tkt ttl txt type types update updated updates uri url usage use user user_attr users verbose
    verification verify warn
    """
)
"""With these behind it, a name is that of something about a secret: password_file."""
_NO_TAIL = _words(
    """
    bypass chauthtok compass overpass pbypass trespass underpass
    """
)
_SECRET = _PASSWORDS | _OTHERS
_TAILS = (*sorted(_PASSWORDS - {"psk", "phrase", "contrasena"}), "secret", "token", "authtok", "passphrase", "apikey")
_HEADS = ("password", "passwd", "passwort", "passphrase", "passwords")
_CAMEL = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[\x80-\xff]+")
_LONGEST_NAME = 96


@lru_cache(4096)
def secrecy(name: str) -> str:
    """What a thing of this name is: `password`, `token` (any other secret), or empty: no secret."""
    words = [
        w.lower() for part in re.split(r"[^A-Za-z0-9\x80-\xff]+", name[-_LONGEST_NAME:]) for w in _CAMEL.findall(part)
    ]
    small = name.lower()
    if not small.isascii() and any(word in small for word in _NATIVE_LOW):
        return "password"
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
        return "password" if word in _PASSWORDS else "token"
    if word.endswith(_TAILS) and word not in _NO_TAIL:
        return "token" if word.endswith(("secret", "token", "authtok", "apikey")) else "password"
    if word.endswith("key") and word[:-3] in _KEYS:  # RELAYKEY
        return "token"
    for head in _HEADS:
        if word.startswith(head) and word[len(head) :] in _QUALITIES:
            return "password"
    return ""


def _joined(small: str) -> str:
    """Names such as smtpPassWd and LDAPPW, in which the capitals mislead."""
    tail = re.split(r"[^a-z0-9]+", small)[-1]
    return _one(tail.rstrip("0123456789")) if tail else ""


SETTINGS = _words(
    """
    ! !! * - ? acct all chauthtok setcred
    altfiles always any compat crypt db default disabled dns empty enabled false files hesiod
    hidden include incorrect invalid ldap masked md5 mymachines never nil nis nisplus no none null obscured off
    omitted on optional pam plain private protected redacted removed required requisite sasl sha1 shadow sss substack
    sufficient suppressed systemd true undef undefined unknown unset winbind wrong x xxx xxxx xxxxx yes
    """
)
"""What stands behind `password =` and is a setting, not a password."""

PROSE = SETTINGS | _words(
    """
    aged
    a able about above accepted access account accounts across added address addresses administrator after again
    against agent alarm algorithm alice's alone already also although an and anew another answer anyone apr are
    aren't argument as ask asked asks at attack attacks attempt attempts attr attribute attributes attributes'
    aug auth authenticate authenticated authenticating authentication authenticator auxprop back backend bad
    based be because been before being below between blank bob's bogus both bound broken brute but by cache
    cached caching callback caller can can't cannot case cases caused change changed changes changing character
    characters chat check checked checker checking checks chosen clear client column combination comes command
    common compare compared comparing comparison complexity config configuration configured confirmation connect
    connection contain contained contains controls conv conversation correct could couldn't courier cracked
    cracking cracklib crypted current cyrus daemon data database databases days dc dec decoding decrypted
    decryption defined denied dialog dict dictionary did didn't differ different differs digest directory do
    does doesn't domain don't done dovecot driver due dump dumps during each either else email encoding
    encrypted encryption ended entered entries entry equal equals error errors even ever exceeded exchange exim
    exist exists expected expiration expire expired expired' expires expiring expiry exposed factor fail failed
    failing fails failure failures fatal feature feb fetch fetched field fields file filled filter first fit
    fits for format forms forwarded found freshly fri from function generation get getpwent gets give given
    gives goes got grabber grace group guess guessed guesser guessers guessing guest had handler has hash hashed
    hashes hashing have he helper hint his history holds hook host hostname hours how however httpform id if
    ignored illegal imap immediately in information input inside instead internal into is is_null isn't issue it
    its itself jan jul jun just keep kept kerberos5 key keyring keys kinds known lacks last later leak leaked
    least left length less lifetime like limit line lines list list-only lmdb load loaded local locked locked'
    lockout log logged login logins long longer lookup lookups lost lsearch made mail make malformed manager
    many map mapping maps mar match matched matches matching may mech mechanism mechanisms mechs message method
    might minimum minutes mismatch mismatch' mismatched missing mode module mon most msa mta mua must
    must_change mysql name named need needed needs negotiation neither never_expires new next nobody non
    non-empty nonempty nor not nothing nov now obsolete obtained obtaining oct of offered ok okay old once one
    only open opensmtpd operation option options or oracle other otherwise otp our out over own page palindrome
    parameter part passed passwd password passwords per permitted pgsql phrase plaintext please plug-in plugin
    policy pop3 possible postfix postgresql prefix presented previous problem process program prompt prompted
    prompts property protection protocol provided provider quality queries query quota quoted rather re-entered
    read reading realm reason received recently recipient record records recovery refused rehash rehashed reject
    rejected remains remote renewed repeated reported replaced reply reply' request requested requests require
    requirement requirements requires reset resets response restored restriction restrictions result retry
    returned returns reused revealed right rimap root rotation rules safe salt salted same saslauthd sasldb
    saslprep sat saved scheme scheme' schemes sealed second seconds secret secrets seems send sender sending
    sendmail sends sent sep server servers serves service session set sets setting settings several shall shared
    she short should shouldn't simple simplistic since skipped smtp so socket some source sources specified
    spray spraying sql sqlite ssl stale start starttls state states status stay stays still storage store stored
    stores storing strength string stripped strong stuffing style submitted succeeded success successful
    successfully such sun supplied support supported sync synced synchronization syntax system table tables
    taken takes temporarily temporary terminal test tested that the their them then there these they this those
    through thu timed timeout times tls to together token tokens too too-long too-short tool tried tries try
    trying tue twice two type typed types typo unable unavailable unchanged under unencrypted unexpected unless
    unlock unlocked unlocking unsupported until unusable up update updated updates upgraded upon use used user
    user's username userpassword users users' uses using utility valid validate validated validation validator
    value values variable verification verified verifier verifiers verify version via want wants warning was
    wasn't way we weak wed were what when where whereas which while who whose why will wiped with within without
    won't words work works would write written yet you your zero
    """
)
PROSE |= {
    word.encode().decode("latin-1").lower()
    for word in _words(
        """
        abgelaufen caducada da de del des dla do du el erforderlich expirado expiré falsch falsches für geändert
        incorrect incorrecta incorrecto incorreta invalide inválida la läuft le mot nicht nieprawidłowe oder para por
        pour und ungültig vencida von wygasło zmienione
        """
    )
}
"""Words of ordinary sentences about passwords: `password verification failed`. Another word is taken for a secret."""

VERBS = _words(
    """
    apop append atrn auth authenticate bad bdat burl bye capability data debug dele ehlo etrn examine expn fetch
    get helo help idle lhlo list login logout mail mime no noop ok options pass post proxy quit rcpt retr rset
    saml select send soml starttls stat top turn uidl user verb vrfy xclient xforward
    """
)
"""What a client says alone on a line of a dialogue and is no answer to a challenge."""

HARMLESS_COLUMNS = _words(
    """
    account active addr address alias charset class cn collate dc destination dn domain email enabled engine gid
    goto group groupname home host host_name hostname id ip key lang lip local_part localpart login mail mailbox
    maildir mech name option ou protocol realm recipient rip sender service source status table_name
    table_schema transport type uid user user_id user_name userid username username_attr users
    """
)
"""Columns of a database with nothing secret in them."""
