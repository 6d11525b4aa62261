"""What errors are called: texts of the C libraries, the loader, OpenSSL, LDAP, SQL, Kerberos, SASL, PAM and SMTP, each
under the kind of error that it is. Data, and one look at a line that takes time in proportion to its length.

The texts of errno are those of glibc, musl, the BSDs, macOS and Solaris; a text stands here in lower case, its words
apart by one blank. What glibc says in other languages stands in `errors_localized.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.triage.reader.errors_localized import LOCALIZED

EXACT: dict[str, str] = {
    "denied": """
        permission denied | operation not permitted | access denied | not owner | insufficient permission
        insufficient access | insufficient privileges | permissions denied | eacces | eperm
        operation not allowed | insufficient access rights | not privileged | permission problem
        permission error | access is denied""",
    "missing": """
        no such file or directory | enoent | no such device | no such device or address | no such process
        device not configured | no such object | file does not exist | directory does not exist
        no such attribute | socket does not exist | no such entry | enodata | no data available | no such table
        unknown database | does not exist | doesn't exist | do not exist | no such file | no such directory
        no such socket | no such service | object not found | name not found""",
    "refused": """
        connection refused | econnrefused | can't contact ldap server | is not running | not running
        ldap server is unavailable | ldap_server_down | can't connect to local mysql server
        can't connect to mysql server | can't connect to local server | can't connect to server
        could not connect to server | server is not operational | service unavailable | server down
        cannot contact any kdc for realm | cannot contact any kdc | daemon not running | unable to reach any kdc
        unable to reach any kdc in realm | transport endpoint is not connected | socket is not connected
        socket not connected | enotconn | lost connection to mysql server | mysql server has gone away
        server has gone away | server closed the connection unexpectedly | no running processes""",
    "unreachable": """
        no route to host | network is unreachable | host is down | network is down | ehostunreach | enetunreach
        host is unreachable | host unreachable | network unreachable | enetdown | ehostdown
        machine is not on the network | network dropped connection on reset
        network dropped connection because of reset""",
    "timeout": """
        connection timed out | operation timed out | timed out | etimedout | timer expired | time out
        timelimit exceeded | time limit exceeded | deadline exceeded | timeout exceeded | query timed out""",
    "gone": """
        connection reset by peer | broken pipe | econnreset | epipe | software caused connection abort
        connection aborted | premature end of input | premature end-of-input | unexpected eof | end of file
        connection reset | connection closed by peer | connection lost | lost connection | eof | premature eof
        unexpected end of file | connection closed | connection closed unexpectedly | unexpected eof while reading""",
    "in use": """
        address already in use | address in use | eaddrinuse | port already in use""",
    "no address": """
        cannot assign requested address | can't assign requested address | address not available | eaddrnotavail
        address family not supported by protocol | address family not supported by protocol family | eafnosupport
        address family not supported | unsupported address family""",
    "busy": """
        device or resource busy | device busy | resource busy | text file busy | ebusy | etxtbsy
        resource deadlock avoided | resource deadlock would occur | deadlock situation detected/avoided
        no locks available | no record locks available | database is locked | lock timeout
        resource temporarily unavailable | eagain | ewouldblock | operation would block
        unable to get exclusive lock | already locked | deadlock found | lock wait timeout exceeded
        operation now in progress | file is locked""",
    "full": """
        no space left on device | enospc | disc quota exceeded | disk quota exceeded | quota exceeded | edquot
        disk full | disk is full | out of disk space | insufficient system storage
        not enough disk space | insufficient disk space | queue file write error | file too large | efbig
        no buffer space available | enobufs | filesystem full | no space left""",
    "memory": """
        cannot allocate memory | out of memory | not enough core | not enough space | enomem | memory allocation failed
        malloc failed | not enough memory | memory exhausted | insufficient memory | can't allocate memory
        malloc failure | memory allocation error | memory allocation failure | cannot allocate
        couldn't allocate memory | no memory | could not allocate memory | null returned by malloc
        mem_alloc failed | calloc failed | realloc failed""",
    "too many": """
        too many open files | too many open files in system | emfile | enfile | file table overflow
        no file descriptors available | too many connections | too many processes | too many users
        maximum number of clients reached | process limit reached | connection limit exceeded
        file descriptor limit | too many clients already | resource limit exceeded | max clients reached
        too many links""",
    "read-only": """
        read-only file system | read-only filesystem | erofs | attempt to write a readonly database
        database is read-only""",
    "wrong kind": """
        is a directory | not a directory | eisdir | enotdir | not a regular file | is not a regular file
        is not a directory | is not a socket | socket operation on non-socket | enotsock
        inappropriate ioctl for device | too many levels of symbolic links | symbolic link loop
        number of symbolic links encountered during path name | eloop | file name too long | filename too long
        enametoolong | not a socket | is not a file | not a file | is a symbolic link | is a symlink
        inappropriate file type or format | exec format error | enoexec | protocol wrong type for socket
        operation not supported on socket | not a typewriter | not a tty | bad file descriptor | bad file number
        ebadf | illegal seek | directory not empty | enotempty | cross-device link | invalid cross-device link
        bad address | efault | invalid seek | not a data message
        file descriptor in bad state | is not a plain file""",
    "damaged": """
        input/output error | i/o error | io error | eio | stale nfs file handle | stale file handle | estale
        bad message | ebadmsg | structure needs cleaning | database disk image is malformed
        file is not a database | file is encrypted or is not a database | malformed database | database corruption
        database corrupted | corrupted | bad magic | invalid magic | db_runrecovery
        fatal region error detected run recovery | fatal error run database recovery | wrong magic number
        bad magic number | mdb_corrupted | mdb_invalid | corrupt | corruption | remote i/o error | malformed file""",
    "exists": "file exists | eexist | already exists | already registered | duplicate entry | duplicate key",
    "unsupported": """
        function not implemented | operation not supported | not supported | enosys | eopnotsupp | enotsup
        protocol not supported | protocol not available | eprotonosupport | unsupported | not compiled in
        not implemented | support not compiled in | not built in | is not available | not available
        no such driver | not enabled | operation not applicable | unimplemented | support is missing
        is unavailable | protocol family not supported | socket type not supported | built without
        compiled without""",
    "argument": "invalid argument | einval | numerical result out of range | result too large | argument list too long",
    "unresolved": """
        name or service not known | temporary failure in name resolution | name does not resolve | host not found
        nodename nor servname provided or not known | node name or service name not known | unknown host
        host name lookup | no address associated with hostname | non-recoverable failure in name resolution
        try again later | servname | host name lookup failure | hostname lookup failed
        name server: host name lookup failure | no address associated with name | can't resolve | cannot resolve
        could not resolve | couldn't resolve | unable to resolve | host or domain name not found
        host lookup failed | could not translate host name | unknown mysql server host
        servname not supported for ai_socktype | name service error | non recoverable failure in name resolution
        cannot resolve network address for kdc in requested realm | cannot find kdc for realm
        cannot find kdc for requested realm | non-recoverable error | hostname nor servname""",
    "loader": """
        cannot open shared object file | undefined symbol | wrong elf class | invalid elf header | file too short
        symbol not found | error relocating | error loading shared library | cannot load library | image not found
        unable to dlopen | dlopen | shared object | undefined reference | relocation error
        cannot restore segment prot | symbol lookup error | cannot load shared object
        failed to map segment from shared object | not a dynamic executable
        cannot allocate memory in static tls block | can't load library | unable to load module | dlsym | elf""",
    "crashed": """
        signal 11 | signal 6 | signal 9 | segmentation fault | core dumped | aborted | bus error
        killed with signal | assertion failed | segfault | general protection | killed by signal
        exited abnormally | died unexpectedly | illegal instruction | stack smashing detected | sigsegv | sigabrt
        double free or corruption | raw backtrace | throttling | exit status | terminated abnormally | died""",
    "certificate": """
        certificate verify failed | self signed certificate | self-signed certificate
        unable to get local issuer certificate | certificate has expired | certificate is not yet valid
        key values mismatch | no start line | bad decrypt | certificate expired | unable to get issuer certificate
        unable to verify the first certificate | no suitable signature algorithm | ca md too weak
        ee key too small | dh key too small | bad end line | bad base64 decode | no certificate assigned
        hostname mismatch | unknown ca | certificate unknown | pem routines | x509 certificate routines
        wrong tag | asn1 encoding routines | unable to load certificate | unsupported certificate
        certificate revoked | certificate not trusted | ca key too small | bad password read
        no private key assigned | certificate verification failed | certificate validation failure""",
    "tls": """
        wrong version number | no shared cipher | no cipher match | unsupported protocol
        sslv3 alert handshake failure | tlsv1 alert protocol version | no protocols available | unknown protocol
        ssl routines | handshake failure | no ciphers available | library has no ciphers | internal error in ssl
        tlsv1 alert | tls fatal alert | no suitable key share | decryption failed or bad record mac
        bad record mac | tlsv1 alert internal error | tls library problem | tls handshake failed
        ssl handshake failed | tls setup failed | prng not seeded | sslv3 alert""",
    "kerberos": """
        key table entry not found | no key table entry found | no key table entry found for
        unspecified gss failure | clock skew too great | ticket expired | no credentials cache found
        credentials cache file | wrong principal in request | server not found in kerberos database
        client not found in kerberos database | preauthentication failed | decrypt integrity check failed
        cannot find key | no kerberos credentials available | no credentials were supplied
        encryption type not permitted | kdc has no support for encryption type
        key version number for principal in key table | request ticket server
        minor code may provide more information | key version is not available | krb5kdc_err
        no supported encryption types | kdc policy rejects request | incorrect net address
        integrity check failed | bad encryption type | configuration file does not specify default realm
        key table file | key table name malformed | unsupported key table format version number
        an unsupported mechanism was requested | keytab entry not found
        no principal in keytab matches desired name | cannot determine realm for host | no default realm
        no valid credentials provided | credentials have expired | required kadm5 principal missing
        krb5_get_init_creds_password | improper format of kerberos configuration file | password incorrect""",
    "credentials": """
        invalid credentials | password authentication failed for user | access denied for user
        strong authentication required | inappropriate authentication | unwilling to perform
        server is unwilling to perform | invalid dn syntax | strong(er) authentication required
        confidentiality required | noauth authentication required | role does not exist
        no pg_hba.conf entry for host | authentication method not supported | wrongpass | user account has expired
        passwd_expired | auth method""",
    "query": """
        you have an error in your sql syntax | unknown column | syntax error at or near | column does not exist
        relation does not exist | no such column | bad search filter | operations error | protocol error
        referral | sizelimit exceeded | size limit exceeded | undefined attribute type | object class violation
        constraint violation | loop detected | decoding error | encoding error | filter error | local error
        parameter error | incorrect number of arguments | ldap_filter_error | bad parameter to an ldap routine
        administrative limit exceeded | adminlimit exceeded | alias problem | no database selected""",
    "mechanism": """
        no mechanism available | no worthy mechs found | no such mechanism | mechanism not supported
        mechanism not available | sasl_nomech | mechanism too weak for this user | sasl_tooweak
        no mechanisms available | no authentication mechanisms | unsupported authentication mechanism
        no matching mechanism""",
    "sasl": """
        generic failure | sasl_fail | memory shortage failure | overflowed buffer | internal error in server step
        invalid parameter supplied | bad protocol / cancel | can't decode base64 | sasl_badprot | sasl_notinit
        sasl library is not initialized | requested change was not needed | integrity check failed in sasl
        decryption failure | can't request information until later in exchange | sasl_badparam | passphrase locked
        remote authentication server unavailable | sasl_unavail | no secret in database
        one time use of a plaintext password will enable requested mechanism for user | sasl_nouser
        one-time use of a plaintext password will enable requested mechanism for user
        encryption needed to use mechanism | unable to canonify user and get auxprops
        server failed mutual authentication step | version mismatch with plug-in | invalid or unknown parameter
        error when parsing configuration file""",
    "pam": """
        authentication service cannot retrieve authentication info | module is unknown | error in service module
        critical error - immediate abort | system error | symbol not found in pam
        authentication information cannot be recovered
        underlying authentication service can not retrieve user credentials | failure setting user credentials
        cannot make/remove an entry for the specified session | no module specific data is present
        conversation error | failed to load module | memory buffer error | pam_system_err | pam_authinfo_unavail
        pam_service_err | bad item passed to pam_*_item() | general module failure | bad jump in stack
        failed preliminary check by password service | authentication token manipulation error
        authentication token lock busy | authentication token aging disabled | conversation failed
        no pam configuration | pam_open_err | pam_module_unknown | pam_abort | general failure | symbol not found""",
    "unsafe": """
        world writable | world-writable | group writable | group-writable | group readable | world readable
        group-readable | world-readable | group or world writable | group or other writable | wrong owner
        wrong ownership | not owned by root | file is owned or writable by non-root users | bad ownership
        insecure permissions | unsafe | insecure | world or group writable | is not owned by | not owned by
        writable by others | wrong permissions | bad permissions | bad mode | should be owned by
        must be owned by | owned by | unsafe permissions | permissions are too open | group writable file
        world writable directory | wrong mode | dangerous permissions | writable directory | too open
        has wrong permissions | incorrect permissions | is group writable | incorrect ownership | writeable by
        group readable file | writable by other | writable by everyone | owned or writable""",
    "skew": "clock skew | time moved backwards | clock is wrong | clock jump",
    "local problem": """
        local configuration error | local problem | system incorrectly configured | server configuration error
        server configuration problem | mail system configuration error | mail transport unavailable
        internal server error | temporary lookup failure | other or undefined mail system status
        internal software error | internal error | system not accepting network messages | configuration error
        configuration problem | misconfiguration | misconfigured | unexpected internal error | internal failure""",
}
"""Texts that name an error outright, by its kind."""

WEAK: dict[str, str] = {
    "malformed": """
        invalid | illegal | bad | malformed | syntax error | parse error | parsing | garbled | corrupted line
        not valid | unexpected | wrong | incorrect | unparsable | unparseable | mismatch | mis-match
        out of range | not a number | parse | too long | too large | too short | too small | too big | expected
        truncated | misplaced | unbalanced | unterminated | must be | must not | must have | must specify
        should be | not allowed | conflicting | conflict | ambiguous | broken | can't be empty | cannot be empty
        is empty | empty | out-of-range | improper | inconsistent | negative | overflow | unmatched | duplicate
        required in | can't have | no value | not in range | must start | must contain | needs | requires
        without a | non-numeric | obsolete | only allowed | whitespace""",
    "unknown": """
        unknown | unrecognized | unrecognised | not recognized | not recognised | undefined | not defined
        not known | unhandled""",
    "missing": """
        missing | not found | not set | not specified | not configured | no such | not given | nonexistent
        non-existent | not present | not loaded | not installed | couldn't find | could not find | cannot find
        can't find | unable to find | is required | required | unset | no user | no password | no entry | no key
        no module | no service | no file | no path | no name | failed to find | not provided | unspecified""",
    "expired": "expired | has expired | out of date | too old | older than",
    "too many": "exceeded | exceeds | too many | limit reached | exhausted | reached | overrun",
    "denied": "denied | refused to | not permitted | refusing | forbidden | not authorized | rejected by | disabled",
    "timeout": "timeout | not responding | no response | no reply | didn't reply | not respond",
    "gone": "disconnected | hung up | died | connection broken",
    "failed": """
        failed | failure | fails | error | unable to | cannot | can't | couldn't | could not | failed to | can not
        problem | unsuccessful | errors | impossible | gave up | giving up | aborting | terminating | unavailable
        not ready | unusable | unsuccessfully | unable""",
}
"""Words that tell the kind of an error where no text of the first table stands in the line. `failed` tells none."""

_HALF = """
    eof | lost connection | died | dlopen | shared object | elf | unsafe | owned by | insecure | corrupt
    not available | is unavailable | not running | unsupported | time out | timed out | not supported
    does not exist | doesn't exist | aborted | exit status | referral | internal error | not enabled
    already exists | servname | connection lost | connection closed | throttling | password incorrect | dlsym
    configuration error | system error | protocol error | parameter error | auth method | decryption failure
    too open | bad mode | general failure | not implemented | no memory | name service error | corruption
    do not exist | not owned by
"""
STRONG_AS_WEAK = frozenset(text.strip() for text in _HALF.replace("\n", "|").split("|"))
"""Of the first table, those that name an error only where none of the others stands in the line."""

MOST_WORDS = 400
"""Of a line no more words are looked at."""

_WORD = re.compile(r"\w+(?:['’/*.-]\w+)*", re.ASCII)
_WIDE_WORD = re.compile(r"\w+(?:['’/*.-]\w+)*")


@dataclass(frozen=True, slots=True)
class Named:
    """An error named in a text: its kind, where it stands, and how much it tells: 2 outright, 1 half, 0 by a word."""

    kind: str
    start: int
    end: int
    weight: int


_Phrase = tuple[tuple[str, ...], str, int]


def _phrases() -> dict[str, list[_Phrase]]:
    """The texts by their first word, the longest first."""
    found: dict[str, list[_Phrase]] = {}
    for table, weight in ((EXACT, 2), (LOCALIZED, 2), (WEAK, 0)):
        for kind, texts in table.items():
            for text in texts.replace("\n", "|").split("|"):
                if not text.strip():
                    continue
                words = tuple(_WIDE_WORD.findall(text.strip().lower()))
                half = weight == 2 and text.strip() in STRONG_AS_WEAK
                found.setdefault(words[0], []).append((words, kind, 1 if half else weight))
    for phrases in found.values():
        phrases.sort(key=lambda phrase: (-len(phrase[0]), -phrase[2]))
    return found


_PHRASES = _phrases()


def errors(text: str) -> Iterator[Named]:
    """All errors that are named in this text, none within another."""
    pattern = _WORD if text.isascii() else _WIDE_WORD
    spans = []
    for found in pattern.finditer(text):
        spans.append((found[0].lower(), found.start(), found.end()))
        if len(spans) >= MOST_WORDS:
            break
    words = [word for word, _, _ in spans]
    at = 0
    while at < len(words):
        step = 1
        for phrase, kind, weight in _PHRASES.get(words[at], ()):
            if tuple(words[at : at + len(phrase)]) == phrase:
                yield Named(kind, spans[at][1], spans[at + len(phrase) - 1][2], weight)
                step = len(phrase)
                break
        at += step
