"""What may stand of a reply that came after the server had heard a secret: words of mail servers, and nothing else.

A server can turn a password in more ways than anybody can look for, so the echo of a password is not looked for here.
Kept is what cannot be one: a line that the server had said before it heard the secret, an enhanced status code that
exists, and words that mail servers write, or that were said openly in the same conversation. The rest is cut.
"""

import re
from collections.abc import Iterable

CUT = "***"
_ENHANCED = re.compile(r"([245])\.([0-7])\.(\d{1,3})(?= |$)")
_DETAILS = frozenset((*range(31), 57, 60, 64, 139))
"""Those of RFC 3463 and its registry, and the ones of Exchange Online."""
_PIECE = re.compile(r"([A-Za-z0-9\u0080-\U0010ffff]+)")
_BETWEEN = re.compile(r"""[ ,.:;()\[\]<>/'"=@_!#+-]{1,3}""")
_LONG_ENOUGH = 4
"""Characters of a word that counts as said before: from shorter ones anything could be put together."""

_WORDS = """
a abort aborted accepted access account accounts action active actively address addresses admin administrator after
again all allow allowed already an and another any app appears application are as at attempt attempts auth
authenticate authenticated authenticating authentication authenticator authenticators authorization authorized
available back backend bad bar base64 basic be because been before being better block blocked both broken browser busy
but by bye can cancel cancelled cannot certificate challenge change channel check checks clear cleartext client closed
closing code com command commands complete completed configuration configured connect connection connections contact
continue correct could credential credentials current currently data database days decode decoding deferred delay
delayed denied deny detected did disabled discard disk dispatcher do does domain down due each email enable enabled
encoded encoding encrypt encrypted encryption end ended enhanced enough enter entered error errors esmtp esmtpa esmtps
esmtpsa exceeded excessive exchange exist exists expect expected expired external fail failed failing fails failure
failures feature few file final first follow for forbidden format forwarded found from full fully further general
generic go good goodbye got greeting grant granted hang has have hello helo help helpful here high host hour hours how
id identity if illegal imap in incorrect info information initial input insecure insufficient internal into invalid ip
is issue it its just keep kerberos key known large last later learn least length less limit limited line local locked
log logged login logins logon lookup lost low made mail mailbox mailboxes maintenance malformed many match maximum may
me mech mechanism mechanisms message messages method minute minutes missing more must my name need needed neither
network new next no none nor not nothing now null of off offered ok okay on one online only open operation option or
order organization org other our out over overload parameter parameters parse partial pass passphrase password
passwords pending permanent permission permissions permitted please policies policy pop prior privacy problem process
processed processing program proof protection protocol provided proxy queue queued quit rate read ready realm reason
receive received recipient recipients recognized refused reject rejected relay relaying relogin remote remove reply
request requested require required requires requirement reset resource resources response restricted retry revoked
right root rset rule sasl saslauthd scheme second seconds secret secure secured security see send sender sending sent
sequence server service services session setting settings shutdown sign signed size smtp smtpauth smtputf8 some
something soon sorry space specific specified spam ssl start started starttls state status step still stop storage
stored string submission submit succeeded success successful successfully such support supported suspended suspicious
syntax system take temporarily temporary tenant terminated terminating than thank that the their them then there this
through ticket time timed timeout times tls to token too transaction transmission transport tries try two type unable
unacceptable unauthenticated unauthorized unavailable unexpected unimplemented unknown unrecognized unsuccessful
unsupported up upgrade usage use used user username users using valid validate validation verification verified verify
version via visit wait waiting warning was way we web weblogin webmail website welcome went were what when which while
will with within without words work would wrong yet you your net example google microsoft outlook postfix exim
sendmail dovecot courier opensmtpd cyrus gssapi gss spnego ntlm anonymous plain cram digest md5 scram sha sha1 sha256
sha512 plus xoauth2 oauthbearer otp ehlo vrfy expn noop bdat etrn rcpt pipelining 8bitmime chunking dsn
enhancedstatuscodes deliverby binarymime clientauthentication clienttoken maildoctor cf multi exceeds disallowed
defaults smart unlock tech passwordless doesn don didn isn
"""
# the replies of sendmail, Postfix, Exim, Dovecot, OpenSMTPD, Courier, Exchange and Gmail, as they are known; not taken
# word by word from their sources
WORDS = frozenset(_WORDS.split())


class Vocabulary:
    """The words of one conversation that can hold no secret."""

    def __init__(self) -> None:
        self._lines: set[str] = set()
        self._said: set[str] = set()

    def received(self, lines: Iterable[str]) -> None:
        """The server said these before it heard a secret."""
        for line in lines:
            self._lines.add(line)
            self._said |= {word for word in _PIECE.findall(line) if len(word) >= _LONG_ENOUGH}

    def said(self, words: str) -> None:
        """This was said openly, or is no secret: names of hosts and users, short as they may be."""
        self._said |= set(_PIECE.findall(words))

    def had(self, line: str) -> bool:
        """Whether the server said this very line before it heard a secret."""
        return line in self._lines

    def only(self, line: str) -> str:
        """The line, all that is not surely harmless cut from it."""
        if line in self._lines:
            return line
        code = _code(line)
        # words and what stands between them in turn; the first and the last are between, and may be empty
        parts = _PIECE.split(line[len(code) :])
        kept = [
            self._keeps(part) if n % 2 else not part or _BETWEEN.fullmatch(part) is not None
            for n, part in enumerate(parts)
        ]
        if not all(kept):
            # a short word amid what is cut may be a piece of it; beside a longer word it belongs to that
            long = [n % 2 == 1 and k is True and len(parts[n]) >= _LONG_ENOUGH for n, k in enumerate(kept)]
            for n in range(1, len(parts), 2):
                kept[n] = kept[n] and (long[n] or any(long[max(n - 2, 1) : n + 3 : 2]))
        out = [code]
        for n, part in enumerate(parts):
            if kept[n]:
                # between two cuts nothing is kept: what is left would show where they are
                inner = n % 2 == 0 and 0 < n < len(parts) - 1 and not kept[n - 1] and not kept[n + 1]
                out.append("" if inner else part)
            elif out[-1] != CUT:
                out.append(CUT)
            if out[-1] == "":
                out.pop()
        return "".join(out)

    def _keeps(self, word: str) -> bool:
        small = word.lower()
        usual = word in (small, small.capitalize(), word.upper())
        return word in self._said or (small in WORDS and usual)


def _code(line: str) -> str:
    m = _ENHANCED.match(line)
    return m[0] if m and int(m[3]) in _DETAILS and m[3] == str(int(m[3])) else ""


def shortened(lines: Iterable[str], most: int) -> tuple[str, ...]:
    """So many lines and how many more there were; lines of which nothing is left in a row count once."""
    kept: list[str] = []
    for line in lines:
        if not (kept and line == kept[-1] == CUT):
            kept.append(line)
    return tuple(kept) if len(kept) <= most else (*kept[:most], f"({len(kept) - most} lines cut)")
