"""What the reader of unknown lines (`maildoctor/triage/reader`) makes of such lines.

`python -m bench.planted` writes a log as `bench.logs` does, counts what the reader says of it (nothing, all of it is
known or no trouble), plants lines of trouble in it that no rule knows, each different, and tells for how many of them
triage names the right object and the right class of error. The lines come of formats in the sources of mail programs
(`planted_formats.tsv`: source, program, level, format), of texts of errno as glibc, musl, the BSDs and Solaris have
them and as glibc has them in other languages, and of texts of OpenSSL, OpenLDAP, MySQL, MIT Kerberos, PAM and libsasl.
What a line is about stands in the format, so nobody has to read 2,000 lines: an object is a name that was put in.
"""

import argparse
import io
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.logs import MIB, write
from maildoctor.triage.engine import fastest
from maildoctor.triage.match import Matcher
from maildoctor.triage.rules import load, rule_files
from maildoctor.triage.scan import Scan, Seen

FORMATS = Path(__file__).with_name("planted_formats.tsv")
NOW = 1_800_000_000.0

ERRNO: Mapping[str, str] = {
    "PERM940": """
        Permission denied | Operation not permitted | Not owner | Keine Berechtigung | Permission non accordée
        Permiso denegado | Permesso negato | Отказано в доступе | Toegang geweigerd""",
    "CONF940": """
        No such file or directory | No such device or address | Device not configured | No such process
        Datei oder Verzeichnis nicht gefunden | Aucun fichier ou dossier de ce type
        No existe el fichero o el directorio | File o directory non esistente | Arquivo ou diretório inexistente""",
    "RUN940": """
        Connection refused | Socket is not connected | Transport endpoint is not connected | Socket not connected
        Verbindungsaufbau abgelehnt | Connexion refusée | Conexión rehusada""",
    "RUN944": """
        Resource temporarily unavailable | Device or resource busy | Device busy | Resource busy | Text file busy
        Resource deadlock avoided | Resource deadlock would occur | Deadlock situation detected/avoided
        No locks available | No record locks available | Ressource temporairement non disponible
        Operation would block | Die Ressource ist zur Zeit nicht verfügbar""",
    "SYS940": """
        No space left on device | Disc quota exceeded | Disk quota exceeded | Quota exceeded | File too large
        No buffer space available | Auf dem Gerät ist kein Speicherplatz mehr verfügbar
        Aucun espace disponible sur le périphérique | No queda espacio en el dispositivo""",
    "SYS941": "Cannot allocate memory | Out of memory | Not enough space | Nicht genügend Hauptspeicher verfügbar",
    "SYS942": """
        Too many open files | Too many open files in system | No file descriptors available | File table overflow
        Zu viele offene Dateien | Trop de fichiers ouverts | Demasiados ficheros abiertos | Too many links""",
    "SYS943": """
        Read-only file system | Das Dateisystem ist nur lesbar | Système de fichiers accessible en lecture seulement""",
    "SYS944": """
        Input/output error | I/O error | Stale NFS file handle | Stale file handle | Structure needs cleaning
        Eingabe-/Ausgabefehler | Erreur d'entrée/sortie | Error de entrada/salida | Bad message""",
    "CONF944": """
        Is a directory | Not a directory | Inappropriate ioctl for device | Too many levels of symbolic links
        Symbolic link loop | Number of symbolic links encountered during path name traversal exceeds MAXSYMLINKS
        File name too long | Filename too long | Exec format error | Inappropriate file type or format
        Bad file descriptor | Bad file number | Not a tty | Socket operation on non-socket | Bad address
        Directory not empty | Cross-device link | Invalid cross-device link | Illegal seek | Invalid seek
        Ist ein Verzeichnis | Ist kein Verzeichnis | N'est pas un dossier | Es un directorio""",
    "CONF943": """
        Function not implemented | Operation not supported | Not supported | Protocol not supported
        Protocol not available | Operation not applicable | Die Operation wird nicht unterstützt""",
    "CONF941": "Invalid argument | Das Argument ist ungültig | Argument invalide | Argumento inválido",
    "RUN945": "File exists | Die Datei existiert bereits | Le fichier existe",
}
"""Texts of errno by the code of the general rule for them."""

NETWORK: Mapping[str, str] = {
    "RUN941": "Connection timed out | Operation timed out | Timer expired",
    "RUN942": "Broken pipe | Connection reset by peer | Software caused connection abort | Connection aborted",
}
"""Of a server elsewhere they are no trouble of this host, so they are planted at its own sockets only."""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "certificate": {
        "TLS940": """
            error:0B080074:x509 certificate routines:X509_check_private_key:key values mismatch
            error:0480006C:PEM routines::no start line | error:0909006C:PEM routines:get_name:no start line
            error:05800074:x509 certificate routines::key values mismatch
            error:0A00018F:SSL routines::ee key too small | error:0A00018E:SSL routines::ca md too weak
            error:04800064:PEM routines::bad base64 decode | error:04800065:PEM routines::bad decrypt
            error:0480006D:PEM routines::bad end line | error:068000A8:asn1 encoding routines::wrong tag"""
    },
    "ldap": {
        "RUN940": "Can't contact LDAP server",
        "LDAP940": """
            Invalid credentials | Inappropriate authentication | Strong(er) authentication required
            Server is unwilling to perform | Invalid DN syntax | Confidentiality required""",
        "LDAP941": """
            Bad search filter | Operations error | Size limit exceeded | Undefined attribute type | Protocol error
            Administrative limit exceeded | Referral | Alias problem""",
        "PERM940": "Insufficient access",
        "RUN941": "Time limit exceeded | Timed out",
        "CONF940": "No such object | No such attribute",
    },
    "sql": {
        "LDAP941": """
            You have an error in your SQL syntax; check the manual | Unknown column 'pw' in 'field list'
            column "pw" does not exist | No database selected""",
        "CONF940": "Table 'mail.users' doesn't exist | Unknown database 'mail' | no such table: users",
        "RUN940": """
            Can't connect to local MySQL server through socket | MySQL server has gone away
            Lost connection to MySQL server during query""",
        "SYS942": "Too many connections",
        "RUN944": "Lock wait timeout exceeded; try restarting transaction | database is locked",
        "SYS944": "database disk image is malformed | file is not a database",
    },
    "kerberos": {
        "KRB940": """
            Key table entry not found | No key table entry found matching imap/ | Clock skew too great
            Decrypt integrity check failed | Encryption type not permitted | KDC has no support for encryption type
            Key version number for principal in key table is incorrect | Unsupported key table format version number
            Wrong principal in request | Server not found in Kerberos database | No credentials cache found
            Cannot find key of appropriate type to decrypt AP-REQ | Key table file not found""",
        "RUN940": "Cannot contact any KDC for realm 'EXAMPLE.COM'",
        "NET941": "Cannot find KDC for realm 'EXAMPLE.COM' | Cannot resolve network address for KDC in requested realm",
    },
    "pam": {
        "PAM940": """
            System error | Module is unknown | Error in service module | Critical error - immediate abort
            Authentication service cannot retrieve authentication info | Failure setting user credentials
            Conversation error | Authentication information cannot be recovered | Memory buffer error
            Bad item passed to pam_*_item() | No module specific data is present
            Authentication token manipulation error"""
    },
    "sasl": {
        "SASL940": """
            generic failure | overflowed buffer | invalid parameter supplied | memory shortage failure
            version mismatch with plug-in | error when parsing configuration file | internal error in server step"""
    },
    "loader": {
        "LINK940": """
            cannot open shared object file: No such file or directory | undefined symbol: ldap_start_tls_s
            wrong ELF class: ELFCLASS32 | invalid ELF header | file too short
            cannot restore segment prot after reloc: Permission denied
            symbol EVP_MD_size version OPENSSL_3.0.0 not defined in file libcrypto.so.3 with link time reference
            failed to map segment from shared object"""
    },
}
"""What libraries say, by the word for it in a format."""

_UNKNOWN = ("Unknown", "unknown", "unsupported", "not defined")
_OBJECTS = ("file", "service", "server", "user", "setting", "url", "map", "keytab", "library", "word")
_FIELD = re.compile(r"\{(\w+?)(\d?)\}")


@dataclass(frozen=True, slots=True)
class Planted:
    """A line, the names of which one must be the object of the finding, and the codes of which one must be its code."""

    line: str
    objects: frozenset[str]
    codes: frozenset[str]


def _listed(texts: str) -> list[str]:
    return [text.strip() for text in texts.replace("\n", "|").split("|") if text.strip()]


class Planter:
    """Lines of trouble, each different, endlessly."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        rows = (line.rstrip("\n").split("\t") for line in FORMATS.open(encoding="utf-8"))
        self.formats = [(program, level, text) for _, program, level, text in rows]
        self.errno = [(code, text) for code, texts in ERRNO.items() for text in _listed(texts)]
        self.sockets = self.errno + [(code, text) for code, texts in NETWORK.items() for text in _listed(texts)]

    def name(self, kind: str) -> str:
        """A name of something of this kind."""
        pick, number = self.chance.choice, self.chance.randrange(1000)
        if kind == "file":
            return pick((
                f"/etc/postfix/sql/u{number}.cf", f"/var/spool/postfix/private/s{number}", f"/etc/dovecot/u{number}",
                f"/run/dovecot/auth-u{number}", f"/var/lib/postfix/c{number}.db", f"/srv/mail/u{number}/dovecot.index",
                f"/var/run/saslauthd/mux{number}", f"/etc/ssl/private/m{number}.pem", f"/var/log/m{number}/mail.log",
                f"/home/u{number}/Maildir/tmp", f"/etc/sasldb{number}", f"/usr/local/etc/sasl/l{number}.conf",
            ))  # fmt: skip
        return {
            "service": pick(("smtp", "submission", "cleanup", "rewrite", "anvil", "tlsmgr", "policyd", "verify")),
            "server": f"db{number}.example.com",
            "user": f"alice{number}",
            "setting": pick(("smtpd", "auth", "ssl", "virtual", "tls")) + pick(("_path", "_maps", "_mode", "_uid")),
            "url": f"ldap{pick(('', 's', 'i'))}://ldap{number}.example.com",
            "map": f"{pick(('mysql', 'pgsql', 'sqlite'))}:/etc/postfix/sql/u{number}.cf",
            "keytab": f"FILE:/etc/mail{number}.keytab",
            "library": f"/usr/lib/sasl2/lib{pick(('sql', 'ldapdb', 'gssapiv2', 'login', 'plain'))}{number}.so",
            "word": pick(("frob", "lmdbx", "sqlx", "mysqlx", "imapx")) + str(number),
        }[kind]  # fmt: skip

    def lines(self) -> Iterator[Planted]:
        """One line after another, with its truth."""
        seen: set[str] = set()
        while True:
            program, level, text = self.chance.choice(self.formats)
            objects: dict[str, str] = {}
            codes: frozenset[str] = frozenset(("CONF941", "CONF942", "CONF943", "CONF940", "RUN946"))
            for found in _FIELD.finditer(text):
                kind = found[1]
                if kind == "error":
                    ours = "service" not in text and "server" not in text
                    code, said = self.chance.choice(self.sockets if "sock" in text and ours else self.errno)
                elif kind in TEXTS:
                    texts = [(code, said) for code, many in TEXTS[kind].items() for said in _listed(many)]
                    code, said = self.chance.choice(texts)
                else:
                    objects[found[0]] = said = self.name(kind)
                    code = ""
                codes = frozenset((code,)) if code else codes
                text = text.replace(found[0], said, 1)
            if text in seen:
                continue
            seen.add(text)
            pid = "" if program.startswith("dovecot") else f"[{self.chance.randrange(1000, 60000)}]"
            said = f"{level}: {text}" if level else text
            best = {name for field, name in objects.items() if not field.startswith(("{service", "{server", "{user"))}
            strict = frozenset(best or objects.values())
            yield Planted(f"Nov 22 10:00:00 mail {program}{pid}: {said}", strict, codes)


def planted(count: int, matcher: Matcher, seed: int = 1) -> tuple[list[Planted], int]:
    """So many lines that no rule knows, and how many others a rule knew."""
    found: list[Planted] = []
    known = 0
    for case in Planter(seed).lines():
        line = case.line.encode()
        hit = matcher.read(line, matcher.inside(line))
        if hit is not None and not matcher.rules[hit.rule].by_words:
            known += 1
            continue
        found.append(case)
        if len(found) == count:
            break
    return found, known


def misses(cases: Sequence[Planted], matcher: Matcher) -> list[tuple[str, Planted, str]]:
    """The lines of which nothing is said (`silent`), the wrong object or the wrong error."""
    wrong: list[tuple[str, Planted, str]] = []
    for case in cases:
        line = case.line.encode()
        hit = matcher.read(line, matcher.inside(line))
        if hit is None:
            wrong.append(("silent", case, ""))
            continue
        code, name = matcher.rules[hit.rule].code, hit.fields.get("object", b"").decode()
        said = f"{code} {name}: {hit.fields.get('error', b'').decode()}"
        if not any(name.startswith(one) for one in case.objects):  # `{file}/main.cf` in a format
            wrong.append(("object", case, said))
        elif code not in case.codes:
            wrong.append(("error", case, said))
    return wrong


def scanned(log: bytes, matcher: Matcher) -> Seen:
    """What a scan of this log gives."""
    scan = Scan(matcher.rules, fastest, NOW)
    for _ in scan.feed(io.BytesIO(log), "log"):
        pass
    return scan.seen


def by_words(seen: Seen, matcher: Matcher) -> int:
    """How many lines of it are told of by their words."""
    return sum(entry.count for key, entry in seen.tally.entries.items() if matcher.rules[key[0]].by_words)


def with_planted(log: bytes, cases: Sequence[Planted]) -> bytes:
    """The log with the cases in it, the same distance apart."""
    lines = log.splitlines(keepends=True)
    step = max(1, len(lines) // (len(cases) + 1))
    for number, case in enumerate(reversed(cases), start=1):
        at = len(lines) - number * step
        lines[at:at] = [case.line.encode() + b"\n"]
    return b"".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.planted", description=__doc__)
    parser.add_argument("--mib", type=int, default=100, help="size of the log (100), some five times of it in memory")
    parser.add_argument("--percent", type=float, default=5, help="of its lines tell of logins (5)")
    parser.add_argument("--count", type=int, default=2000, help="lines that are planted (2000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="misses that are printed (20)")
    asked = parser.parse_args()
    say = sys.stdout.write
    matcher = Matcher(load(rule_files()))
    file = io.BytesIO()
    write(file, asked.mib * MIB, asked.percent / 100)
    log = file.getvalue()
    say(f"{asked.mib} MiB without them: {by_words(scanned(log, matcher), matcher)} lines are read by their words\n")
    cases, known = planted(asked.count, matcher, asked.seed)
    wrong = misses(cases, matcher)
    kinds = Counter(why for why, _, _ in wrong)
    right = len(cases) - len(wrong)
    say(f"{len(cases)} lines that no rule knows ({known} others a rule knew): {right / len(cases):.1%} right, ")
    say(", ".join(f"{kinds[why]} {why}" for why in ("silent", "object", "error")) + "\n")
    log = with_planted(log, cases)
    began = time.process_time()
    said = by_words(scanned(log, matcher), matcher)
    say(f"planted in the log: {said} lines told of, {time.process_time() - began:.1f} s\n")
    for why, case, text in random.Random(1).sample(wrong, min(asked.show, len(wrong))):
        say(f"{why:6} {case.line[25:]}\n       {text}  not {sorted(case.objects)} {sorted(case.codes)}\n")


if __name__ == "__main__":
    main()
