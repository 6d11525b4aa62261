"""Certificates that lie on the host and can take the place of one that is of no use, and files that fill a queue."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from maildoctor.collect import knowledge
from maildoctor.collect.strays import strays
from maildoctor.facts.strays import Strays
from maildoctor.facts.system import System
from maildoctor.facts.tls import Pair, SpareTls, Tls
from maildoctor.host import Answer, NoAnswer, Verb
from maildoctor.host.rooted import Rooted
from maildoctor.plan import shell
from maildoctor.remedy import installed, moved_away, renewed
from tests.authority import Authority
from tests.test_engine import Words

CERT, KEY = "/etc/mail/tls/host.pem", "/etc/mail/tls/host.key"
NOW = "now: 2026-06-01T00:00:00Z\n"


def certificate(path: str, key: str, *, until: int = 2028, name: str = "mail.example.com", issuer: str = "CA") -> str:
    return (
        f"[certificate] {path}\nsubject: CN={name}\nissuer: CN={issuer}\nname: {name}\n"
        f"not before: 2019-01-01T00:00:00Z\nnot after: {until}-01-01T00:00:00Z\npublic key: sha256:{key}\n"
    )


def private(path: str, key: str) -> str:
    return f"[key] {path}\npublic key: sha256:{key}\n"


def chosen(used: str, spare: str, *names: str) -> tuple[str, str] | None:
    pair = SpareTls.parse(f"served: mail.example.com\n{spare}").instead(Tls.parse(NOW + used), CERT, KEY, *names)
    return (pair.path, pair.key) if pair else None


GOOD = certificate("/new/a.pem", "cc") + private("/new/a.key", "cc")


@pytest.mark.parametrize(
    ("used", "spare", "pair"),
    [
        # another key was put in the place of the right one, of which there is a copy
        (
            certificate(CERT, "aa") + private(KEY, "bb"),
            private("/root/host.key.bak", "aa"),
            (CERT, "/root/host.key.bak"),
        ),
        # the certificate is gone; one for the key lies beside, and a pair elsewhere
        (private(KEY, "aa"), GOOD + certificate("/root/h.pem", "aa"), ("/root/h.pem", KEY)),
        # it has expired, and was renewed with a new key
        (certificate(CERT, "aa", until=2021) + private(KEY, "aa"), GOOD, ("/new/a.pem", "/new/a.key")),
        # what nobody signed is no better than what the host can make itself
        (certificate(CERT, "aa", until=2021), GOOD.replace("issuer: CN=CA", "issuer: CN=mail.example.com"), None),
        # for nobody's name here, without its key, or expired too
        (private(KEY, "aa"), GOOD.replace("name: mail", "name: www"), None),
        (private(KEY, "aa"), certificate("/new/a.pem", "cc"), None),
        (private(KEY, "aa"), certificate("/new/a.pem", "aa", until=2021), None),
        # all is well
        (certificate(CERT, "aa") + private(KEY, "aa"), "", None),
    ],
)
def test_what_takes_the_place_of_a_certificate(used: str, spare: str, pair: tuple[str, str] | None) -> None:
    assert chosen(used, spare) == pair


def test_a_certificate_for_the_names_of_the_old_one_does_though_the_host_is_called_otherwise() -> None:
    spare = GOOD.replace("mail.example.com", "smtp.example.org")
    assert chosen(certificate(CERT, "aa", until=2021), spare) is None
    assert chosen(certificate(CERT, "aa", until=2021), spare, "smtp.example.org") == ("/new/a.pem", "/new/a.key")


def _apart(combined: str, folder: Path, name: str) -> None:
    """Certificate and key of a file in files of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    data = Path(combined).read_bytes()
    key = load_pem_private_key(data[: data.index(b"-----BEGIN CERT")], None)
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / f"{name}.pem").write_bytes(data[data.index(b"-----BEGIN CERT") :])


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A root with a Sendmail whose certificate has expired, and a renewed one in a folder of root's."""
    authority = Authority(tmp_path)
    root = tmp_path / "root"
    name = x509.DNSName("mail.example.com")
    _apart(authority.certificate(name, days_old=90), root / "etc/mail/tls", "host")
    _apart(authority.certificate(name), root / "root/ca/mail", "host")
    _apart(authority.certificate(x509.DNSName("www.example.com")), root / "etc/ssl/web", "www")
    (root / "etc/mail/sendmail.cf").write_text(f"V10/Berkeley\nO ServerCertFile={CERT}\nO ServerKeyFile={KEY}\n")
    (root / "etc/hostname").write_text("mail.example.com\n")
    (root / "etc/hosts").write_text("127.0.0.1 mail.example.com mail\n")
    program = root / "usr/sbin/sendmail"
    program.parent.mkdir(parents=True)
    program.write_bytes(Path("/bin/true").read_bytes() + b"\0@(#)$Debian: Sendmail 8.17.1.9 $\0Version 8.17.1.9\0")
    return root


def _spare(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SpareTls, Tls]:
    from maildoctor.collect import sendmail

    monkeypatch.setattr(sendmail, "where", lambda _: "/usr/sbin/sendmail")
    know = knowledge(Rooted(str(root)), lambda _: None)[0]
    spare, used = know(SpareTls), know(Tls)
    assert isinstance(spare, SpareTls) and isinstance(used, Tls)
    return spare, used


def test_a_renewed_certificate_is_found_and_put_in_its_place(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spare, used = _spare(host, monkeypatch)
    pair = spare.instead(used, CERT, KEY)
    assert pair and (pair.path, pair.key) == ("/root/ca/mail/host.pem", "/root/ca/mail/host.key")
    assert "BEGIN" not in repr(spare)
    for step in shell.rendered(installed(pair, CERT, KEY, used), System.parse("ID=debian")):
        inside = step.command.replace(" /", f" {host}/")
        subprocess.run(["sh", "-ec", inside], check=True)
    new, old = host / "etc/mail/tls", host / "root/ca/mail"
    assert (new / "host.pem").read_bytes() == (old / "host.pem").read_bytes()
    assert (new / "host.key").read_bytes() == (old / "host.key").read_bytes()
    assert (new / "host.key").stat().st_mode & 0o777 == 0o600
    assert (new / "host.pem.old").exists() and (new / "host.key.old").exists()


def test_nothing_is_searched_where_the_certificate_is_good(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for end in ("pem", "key"):
        (host / f"etc/mail/tls/host.{end}").write_bytes((host / f"root/ca/mail/host.{end}").read_bytes())
    spare, used = _spare(host, monkeypatch)
    assert used.serves("mail.example.com") and not spare.files


def test_a_file_with_certificate_and_key_is_copied_for_its_owner_alone() -> None:
    both = SpareTls.parse("served: mail.example.com\n" + certificate("/b.pem", "aa") + private("/b.pem", "aa"))
    used = Tls.parse(NOW + f"[certificate] {CERT}\nmissing\n[key] {KEY}\nmissing")
    pair = both.instead(used, CERT, KEY)
    assert pair is not None
    commands = [s.command for s in shell.rendered(installed(pair, CERT, KEY, used), System.parse("ID=debian"))]
    assert commands == [f"install -m 600 /b.pem {CERT}", f"install -m 600 /b.pem {KEY}"]


@pytest.mark.parametrize(
    ("path", "issuer", "commands"),
    [
        ("/etc/letsencrypt/live/mail.example.com/fullchain.pem", "R3", ["certbot renew --cert-name mail.example.com"]),
        (CERT, "mail.example.com", [f"mv {CERT} {CERT}.old", f"openssl req -x509 -new -days 365 -key {KEY}"]),
        (CERT, "R3", []),
    ],
)
def test_a_certificate_is_renewed_as_it_was_made(path: str, issuer: str, commands: list[str]) -> None:
    (file,) = Tls.parse(certificate(path, "aa", issuer=issuer)).files
    written = [s.command for s in shell.rendered(renewed(file, KEY), System.parse("ID=debian"))]
    assert len(written) == len(commands) and all(w.startswith(c) for w, c in zip(written, commands, strict=True))


# ---- a full queue


class Full(Words):
    """A host whose queue has a file system of its own without room."""

    def __init__(self, size: int, room: str) -> None:
        super().__init__()
        self._size, self._room = size, room

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """Three questions."""
        if verb == "space":
            return self._room if subject == "/root" else "0 KiB free of 1024 KiB, 4 of 9 inodes free"
        if verb == "list":
            return "core\ndf6AM5uVwn000065\nqf6AM5uVwn000065"
        if verb == "look":
            return f"-rw------- 1 root root {self._size} 2026-06-01 00:00:00 {subject}"
        return NoAnswer("absent", subject)


@pytest.mark.parametrize(
    ("size", "room", "commands"),
    [
        (900_000, "90000 KiB free of 102400 KiB", ["mv /var/spool/mqueue/core /root/core"]),
        (900_000, "1000 KiB free of 102400 KiB", []),  # too little room
        (900_000, "0 KiB free of 1024 KiB", []),  # the same file system
        (900, "90000 KiB free of 102400 KiB", []),  # nothing is won by it
    ],
)
def test_what_is_no_message_is_moved_out_of_a_full_queue(size: int, room: str, commands: list[str]) -> None:
    from maildoctor.collect.sendmail_files import _MESSAGE

    found = Strays.parse(strays(Full(size, room), "/var/spool/mqueue", _MESSAGE))
    assert [s.command for s in shell.rendered(moved_away(found), System.parse("ID=debian"))] == commands


def test_a_pair_says_for_whom_and_until_when() -> None:
    (file,) = Tls.parse(certificate("/b.pem", "aa")).files
    words = Pair("/b.pem", "/b.key", file.certificates[0]).evidence.text
    assert words == "for mail.example.com until 2028-01-01; its key: /b.key"
