"""What stands behind a login: PAM's way through its stacks, accounts, keytabs, saslauthd's own words."""

import socket
import struct
import threading

import pytest

from maildoctor.facts.backends.accounts import Accounts, SystemAccount
from maildoctor.facts.backends.imap import RemoteImap
from maildoctor.facts.backends.kerberos import Kerberos
from maildoctor.facts.backends.ldap import LdapStore, expanded, widest
from maildoctor.facts.backends.pam import PamService
from maildoctor.facts.backends.saslauthd import Flags, Verifier
from maildoctor.facts.backends.tally import Limits, Tally, settings_of
from maildoctor.host import NoAnswer
from maildoctor.host.accounts import accounts, scheme_of
from maildoctor.host.directory import ask
from maildoctor.host.imap import ask as ask_imap
from maildoctor.host.kdc import ask as ask_kdc
from maildoctor.host.keytab import NotAKeytab, entries
from maildoctor.host.tally import counted, failures
from maildoctor.krb5 import Answer as KdcSaid
from maildoctor.krb5 import BadBer, answer, as_req
from maildoctor.ldap.ber import elements, integer, one, tagged
from maildoctor.ldap.ber import octets as octets_
from maildoctor.ldap.filters import BadFilter, encoded

SMTP = ">> file: /etc/pam.d/smtp\n"
DEBIAN = (
    SMTP + "@include common-auth\n@include common-account\n>> file: /etc/pam.d/common-auth\n# a remark\n"
    "auth\t[success=1 default=ignore]\tpam_unix.so nullok\nauth\trequisite\tpam_deny.so\nauth required pam_permit.so\n"
    ">> file: /etc/pam.d/common-account\naccount [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"
    "account requisite pam_deny.so\naccount required pam_permit.so\n"
)
RED_HAT = (
    SMTP + "auth include password-auth\naccount include password-auth\n>> file: /etc/pam.d/password-auth\n"
    "auth required pam_env.so\nauth required pam_faildelay.so delay=2000000\n"
    "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n"
    "auth [default=1 ignore=ignore success=ok] pam_localuser.so\nauth sufficient pam_unix.so nullok\n"
    "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n"
    "auth sufficient pam_sss.so forward_pass\nauth required pam_deny.so\n"
    "account required pam_unix.so\naccount sufficient pam_localuser.so\n"
    "account sufficient pam_usertype.so issystem\n"
    "account [default=bad success=ok user_unknown=ignore] pam_sss.so\naccount required pam_permit.so\n"
)
FAILLOCK = (
    SMTP + "auth required pam_faillock.so preauth\nauth [success=1 default=bad] pam_unix.so\n"
    "auth [default=die] pam_faillock.so authfail\nauth sufficient pam_faillock.so authsucc\n"
    "account required pam_unix.so"
)
SUBSTACK = (
    SMTP + "auth substack sub\nauth required pam_permit.so\naccount required pam_permit.so\n"
    ">> file: /etc/pam.d/sub\nauth sufficient pam_unix.so\nauth requisite pam_deny.so\n"
)
TEST = SystemAccount("test", 1000, 1000, "/bin/bash", ("test",), "usable", "yescrypt")


@pytest.mark.parametrize("text", [DEBIAN, RED_HAT, FAILLOCK, SUBSTACK], ids=["debian", "rhel", "faillock", "substack"])
def test_a_stack_of_a_distribution_lets_in_by_the_right_password_only(text: str) -> None:
    pam = PamService.parse(text)
    assert pam.succeeds("auth") and pam.succeeds("account")
    assert pam.succeeds("auth", TEST) and pam.succeeds("account", TEST)
    assert not pam.succeeds("auth", right=False)
    assert pam.proof is not None


@pytest.mark.parametrize(
    ("rows", "culprit"),
    [
        ("auth required pam_deny.so\nauth sufficient pam_unix.so", "auth required pam_deny.so"),
        ("auth requird pam_unix.so", "auth requird pam_unix.so"),
        ("auth include nowhere", "auth include nowhere"),
        ("auth [success=3 default=ignore] pam_unix.so\nauth requisite pam_deny.so", "auth [success=3"),
        ("auth required pam_unix.so\nauth required pam_nologin.so\n>> nologin: /etc/nologin", "auth required pam_no"),
        ("auth required pam_unix.so\n>> modules: /lib/security\npam_deny.so", "auth required pam_unix.so"),
        ("auth required pam_succeed_if.so service in imap:pop3\nauth required pam_unix.so", "auth required pam_succ"),
        ("auth required pam_unix.so\nauth [success=bad default=ignore] pam_permit.so", "auth [success=bad"),
        ("auth required pam_access.so\nauth required pam_unix.so\n>> list: /etc/security/access.conf\n- : ALL : ALL",
         "auth required pam_access.so"),
        ("auth optional pam_warn.so", ""),
    ],
)  # fmt: skip
def test_a_stack_that_lets_nobody_in_names_its_line(rows: str, culprit: str) -> None:
    pam = PamService.parse(SMTP + rows)
    assert not pam.succeeds("auth")
    culprits = pam.culprits("auth")
    assert not culprit or culprits[0].row.text.startswith(culprit)


@pytest.mark.parametrize(
    ("rows", "passes"),
    [
        ("auth sufficient pam_unix.so\nauth required pam_deny.so", True),
        ("auth optional pam_unix.so", True),
        ("auth [success=done default=die] pam_unix.so\nauth required pam_deny.so", True),
        ("auth [success=reset default=ignore] pam_permit.so\nauth required pam_unix.so", True),
        ("auth [success=reset default=ignore] pam_permit.so", False),
        ("auth [new_authtok_reqd=ok success=ignore default=bad] pam_unix.so", False),
        ("auth required pam_env.so", False),
    ],
)
def test_controls_mean_what_libpam_makes_of_them(rows: str, passes: bool) -> None:
    assert PamService.parse(SMTP + rows).succeeds("auth") is passes


def test_an_expired_password_ends_in_no_success() -> None:
    old = SystemAccount("test", 1000, 1000, "/bin/sh", (), "password-expired", "sha512", "2020-01-01")
    assert not PamService.parse(SMTP + "account required pam_unix.so").succeeds("account", old)
    assert PamService.parse(SMTP + "account required pam_permit.so").succeeds("account", old)


def test_a_service_without_a_type_takes_it_from_other() -> None:
    pam = PamService.parse(SMTP + "auth required pam_unix.so\n>> file: /etc/pam.d/other\naccount required pam_deny.so")
    assert pam.succeeds("auth") and not pam.succeeds("account")
    assert pam.culprits("account")[0].row.path == "/etc/pam.d/other"


# ---- accounts

USERS = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/:/usr/sbin/nologin
test:x:1000:1000::/home/test:/bin/bash
mail1:x:1001:1001::/home/m:/usr/sbin/nologin
old:x:1002:1002::/home/o:/bin/sh
gone:x:1003:1003::/home/g:/bin/sh
nobody:x:65534:65534::/:/usr/sbin/nologin
clear:$6$a$b:1004:1004::/:/bin/sh
"""
SHADOW = """root:*:19000:0:99999:7:::
test:$y$j9T$abc$def:19000:0:99999:7:::
mail1:!$6$x$y:19000:0:99999:7:::
old:$6$x$y:19000:0:99999:7::18262:
gone:$2b$10$abc:10:0:90:7:::
"""


def test_states_and_schemes_are_told_and_never_a_hash() -> None:
    listed = list(accounts(USERS, SHADOW, today=20000))
    assert listed == [
        "root uid=0 gid=0 shell=/bin/bash locked",
        "test uid=1000 gid=1000 shell=/bin/bash usable yescrypt",
        "mail1 uid=1001 gid=1001 shell=/usr/sbin/nologin locked",
        "old uid=1002 gid=1002 shell=/bin/sh expired sha512 2020-01-01",
        "gone uid=1003 gid=1003 shell=/bin/sh password-expired bcrypt 1970-04-11",
        "clear uid=1004 gid=1004 shell=/bin/sh usable sha512",
        "passwd: shadowed",
    ]
    assert "$" not in "".join(listed)


def test_a_listing_is_read_back() -> None:
    found = Accounts.parse("\n".join([*accounts(USERS, SHADOW, today=20000), "crypt: glibc"]))
    assert [a.name for a in found.usable] == ["clear"]
    assert found.shadowed and found.proof is not None


@pytest.mark.parametrize(
    ("field", "scheme"),
    [("$1$ab$cd", "md5"), ("$gy$j9T$", "gost-yescrypt"), ("abcdefghijklm", "des"), ("!", ""), ("*", ""), ("x", ""),
     ("$2y$10$x", "bcrypt"), ("$9$x", "unknown-9")],
)  # fmt: skip
def test_the_scheme_of_a_hash(field: str, scheme: str) -> None:
    assert scheme_of(field) == scheme


# ---- keytabs


def keytab_entry(principal: str, kvno: int, enctype: int, key: bytes = b"SECRETKEY") -> bytes:
    name, _, realm = principal.partition("@")
    parts = name.split("/")
    words = [realm.encode(), *(p.encode() for p in parts)]
    body = len(parts).to_bytes(2, "big") + b"".join(len(w).to_bytes(2, "big") + w for w in words)
    body += (1).to_bytes(4, "big") + (1700000000).to_bytes(4, "big") + bytes([kvno & 255]) + enctype.to_bytes(2, "big")
    body += len(key).to_bytes(2, "big") + key + kvno.to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + body


def test_a_keytab_is_listed_without_its_keys() -> None:
    hole = (-8).to_bytes(4, "big", signed=True) + b"\0" * 8
    data = b"\5\2" + keytab_entry("smtp/mail.example.com@EXAMPLE.COM", 300, 18) + hole + keytab_entry("host/x@Y", 2, 23)
    assert list(entries(data)) == [
        "smtp/mail.example.com@EXAMPLE.COM kvno=300 enctype=aes256-cts-hmac-sha1-96 written=1700000000",
        "host/x@Y kvno=2 enctype=arcfour-hmac written=1700000000",
    ]


@pytest.mark.parametrize("data", [b"", b"\5\3", b"\5\2\0\0\1\0ab", b"\5\2" + keytab_entry("a@B", 1, 18)[:20]])
def test_what_is_no_keytab_is_refused(data: bytes) -> None:
    with pytest.raises(NotAKeytab):
        list(entries(data))


# ---- saslauthd


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ("-a pam -c -m /run/saslauthd -n 5", Flags("pam", "", "/run/saslauthd", False, True)),
        ("-cr -aShadow -n0", Flags("shadow", "", "", True, True, workers=0)),
        ("-a rimap -O imap.example.com/143 -t 60", Flags("rimap", "imap.example.com/143", seconds=60)),
        ("-a pam -a shadow", Flags("pam")),
    ],
)
def test_the_command_line_is_read_as_getopt_does(words: str, flags: Flags) -> None:
    assert Flags.of(words.split()) == flags


def test_the_settings_of_distributions() -> None:
    debian = Verifier.parse('# file: /etc/default/saslauthd\nMECHANISMS="ldap"\nMECH_OPTIONS="/etc/l"\nOPTIONS="-c -r"')
    assert debian.configured == Flags("ldap", "/etc/l", "", True, True)
    fedora = Verifier.parse("# file: /etc/sysconfig/saslauthd\nSOCKETDIR=/run/saslauthd\nMECH=pam\nFLAGS=-r")
    assert fedora.configured == Flags("pam", "", "/run/saslauthd", True)
    freebsd = Verifier.parse('# file: /etc/rc.conf\nsaslauthd_enable="YES"\nsaslauthd_flags="-a getpwent"')
    assert freebsd.configured.mechanism == "getpwent"


# ---- LDAP


def test_the_file_of_ldap_is_read_as_lak_does() -> None:
    store = LdapStore.parse(
        "# path: /etc/l\n# remark\nLDAP_Servers: ldap://a/ ldaps://b:1636\nldap_start_tls: off\nldap_use_sasl: yes\n"
        "ldap_filter: (mail=%u%R)\n>> ask ldap://a/\nconnect: a:389 ok\nbind: 0 success\n"
        "search: 4 sizeLimitExceeded entries=1"
    )
    assert [(s.scheme, s.host, s.port) for s in store.servers] == [("ldap", "a", 389), ("ldaps", "b", 1636)]
    assert not store.on("ldap_start_tls") and store.method == "fastbind" and not store.broken
    assert store.proof is not None and store.asked[0].entries == 1


@pytest.mark.parametrize(
    "line", ["ldap_scope = sub", "ldap_scope", "ldap_scope:", "ldap_scope : sub", "ldap scope: sub"]
)
def test_a_line_that_ends_the_reading(line: str) -> None:
    assert LdapStore.parse(f"ldap_servers: ldap://a/\n{line}").broken[0][0] == 2


@pytest.mark.parametrize(
    ("text", "wide", "exact"),
    [
        ("(uid=%U)", "(uid=*)", "(uid=test)"),
        ("(mail=%u%R)", "(mail=**)", "(mail=test@example.com)"),
        ("(&(uid=%u)(o=%1))", "(&(uid=*)(o=*))", "(&(uid=test)(o=com))"),
        ("(mail=%U@%d)", "(mail=*@*)", "(mail=test@)"),
        ("(x=100%%)", "(x=100%)", "(x=100%)"),
    ],
)
def test_letters_of_a_filter(text: str, wide: str, exact: str) -> None:
    assert widest(text) == wide
    assert expanded(text, "test", "example.com", "smtp") == exact


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("uid=*", "8703756964"),
        ("(uid=a)", "a308040375696404 0161"),
        ("(!(uid=a))", "a20aa308040375696404 0161"),
        ("(&(a=1)(b=*))", "a00ba306040161040131870162"),
        ("(a=x*y)", "a40b0401613006800178820179"),
        (r"(a=\2a)", "a30604016104012a"),
    ],
)
def test_a_filter_as_bytes(text: str, octets: str) -> None:
    assert encoded(text).hex() == octets.replace(" ", "")


@pytest.mark.parametrize(
    "text", ["(a=1", "a=1)", "(&(a=1)", "(a)", "()", "(a=1)b", r"(a=\zz)", "(!(a=1)(b=1))", "(" * 99]
)
def test_what_is_no_filter(text: str) -> None:
    with pytest.raises(BadFilter):
        encoded(text)


class Directory(threading.Thread):
    """An LDAP server with one entry, for one conversation."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.code, self.received = code, b""
        self.start()

    def run(self) -> None:
        connection, _ = self.socket.accept()
        with connection, self.socket:
            while data := connection.recv(4096):
                self.received += data
                for _, body, _ in elements(data):
                    parts = list(elements(body))
                    number, kind = parts[0][1], parts[1][0]
                    done = one(self.code if kind == 0x60 else 0) + octets_(b"") + octets_(b"")
                    if kind == 0x63 and b"uid" in body:
                        names = tagged(0x30, tagged(0x30, octets_(b"userPassword") + tagged(0x31, b"")))
                        if b"nsAccountLock" in body:
                            rows = ((b"pwdAccountLockedTime", b"000001010000Z"), (b"userPassword", b"s3cret"))
                            row = (tagged(0x30, octets_(n) + tagged(0x31, octets_(v))) for n, v in rows)
                            names = tagged(0x30, b"".join(row))
                        connection.sendall(tagged(0x30, tagged(2, number) + tagged(0x64, octets_(b"uid=a") + names)))
                    answer = {0x60: 0x61, 0x63: 0x65}.get(kind)
                    if answer:
                        connection.sendall(tagged(0x30, tagged(2, number) + tagged(answer, done)))


def test_a_directory_is_asked_and_no_value_comes_back() -> None:
    server = Directory()
    question = (
        f"uri=ldap://127.0.0.1:{server.port}/ conf=/c bind=cn=a base=dc=x 'filter=(uid=*)' attribute=userPassword"
    )
    said = ask(question, lambda _: "ldap_password: old\nldap_password: s3cret\n", everywhere=False)
    assert said == (
        f"connect: 127.0.0.1:{server.port} ok\nbind: 0 success\nbase: 0 success\n"
        "search: 0 success entries=1 userPassword=yes"
    )
    assert b"s3cret" in server.received and b"old" not in server.received


def test_of_an_account_only_its_state_comes_back() -> None:
    server = Directory()
    said = ask(
        f"uri=ldap://127.0.0.1:{server.port}/ base=dc=x filter=uid=bob state=yes", lambda _: "", everywhere=False
    )
    assert isinstance(said, str) and said.endswith("entries=1\ndn: uid=a\nstate: 000001010000Z of pwdAccountLockedTime")
    ((name, found),) = LdapStore.parse(f"ldap_filter: uid=%u\n>> user bob ldap://127.0.0.1/\n{said}").users
    assert name == "bob" and found.lock[0] == "pwdAccountLockedTime" and found.dn == "uid=a"


def test_a_refused_bind_ends_the_questions() -> None:
    server = Directory(49)
    said = ask(f"uri=ldap://localhost:{server.port}/ base=dc=x", lambda _: "", everywhere=False)
    assert isinstance(said, str) and said.endswith("bind: 49 invalidCredentials")


def test_another_machine_is_not_asked() -> None:
    assert isinstance(ask("uri=ldap://192.0.2.1/", lambda _: "", everywhere=False), NoAnswer)
    elsewhere = "uri=ldap://ldap.example.com/ address=192.0.2.1"
    assert isinstance(ask(elsewhere, lambda _: "", everywhere=False), NoAnswer)


def test_a_name_that_etc_hosts_gives_to_the_host_itself_is_asked_there() -> None:
    server = Directory()
    question = f"uri=ldap://ldap.example.com:{server.port}/ base=dc=x address=127.0.0.1"
    said = ask(question, lambda _: "", everywhere=False)
    assert said == f"connect: ldap.example.com:{server.port} ok\nbind: 0 success\nbase: 0 success"


def test_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = ask(f"uri=ldap://127.0.0.1:{port}/", lambda _: "", everywhere=False)
    assert said == f"connect: 127.0.0.1:{port} Connection refused"


# ---- Kerberos


def _sequence(*fields: tuple[int, bytes]) -> bytes:
    return tagged(0x30, b"".join(tagged(0xA0 | number, body) for number, body in fields))


def _error(code: int, stamp: str = "20261122080000Z", data: bytes = b"") -> bytes:
    fields = [(0, integer(5)), (1, integer(30)), (4, tagged(0x18, stamp.encode())), (5, integer(0)), (6, integer(code))]
    return tagged(0x7E, _sequence(*fields, *([(12, octets_(data))] if data else [])))


def _hint(*enctypes: int) -> bytes:
    rows = b"".join(_sequence((0, integer(e)), (1, tagged(0x1B, b"salt"))) for e in enctypes)
    return tagged(0x30, _sequence((1, integer(2)), (2, octets_(b""))) + _sequence((1, integer(19)), (2, octets_(
        tagged(0x30, rows)))))  # fmt: skip


def _ticket(enctype: int, kvno: int) -> bytes:
    sealed = _sequence((0, integer(enctype)), (1, integer(kvno)), (2, octets_(b"sealed")))
    ticket = tagged(0x61, _sequence((0, integer(5)), (1, tagged(0x1B, b"X")), (3, sealed)))
    return tagged(0x6B, _sequence((0, integer(5)), (1, integer(11)), (5, ticket), (6, sealed)))


def test_an_as_req_asks_for_a_ticket_and_proves_nothing() -> None:
    request = as_req("smtp/mail.example.com", "EXAMPLE.COM", (18, 17), 7)
    assert request[0] == 0x6A and b"smtp" in request and b"mail.example.com" in request and b"krbtgt" not in request
    ((_, body, _),) = elements(request, whole=True)
    ((_, fields, _),) = elements(body, whole=True)
    assert [t for t, _, _ in elements(fields, whole=True)] == [0xA1, 0xA2, 0xA4], "no padata"


def test_what_a_kdc_answers() -> None:
    assert answer(_error(25, data=_hint(18, 17))) == KdcSaid(25, None, (18, 17), 1795334400)
    assert answer(_error(6)).code == 6
    assert answer(_error(6, "20269922080000Z")).time is None
    assert answer(_ticket(18, 3)) == KdcSaid(0, (18, 3))


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 400", b"\x7e\x03\x30\x01\x00", _error(25)[:-1], b"\x6b\x02\x30\x00"])
def test_what_is_no_answer_of_a_kdc(data: bytes) -> None:
    with pytest.raises(BadBer):
        answer(data)


def _kdc(keys: dict[int, int], needs_proof: bool) -> tuple[socket.socket, int]:
    """A KDC that answers a few questions by UDP."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(5)

    def serve() -> None:
        try:
            while True:
                request, peer = server.recvfrom(4096)
                asked = [e for e in keys if integer(e) in request[-60:]]
                if not asked:
                    server.sendto(_error(14), peer)
                elif needs_proof:
                    server.sendto(_error(25, data=_hint(asked[0])), peer)
                else:
                    server.sendto(_ticket(asked[0], keys[asked[0]]), peer)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    return server, server.getsockname()[1]


@pytest.mark.parametrize("needs_proof", [False, True])
def test_a_kdc_is_asked_for_keys_and_time(needs_proof: bool) -> None:
    server, port = _kdc({18: 3, 17: 3}, needs_proof)
    said = ask_kdc(f"kdc=127.0.0.1:{port} principal=smtp/a.b realm=B", False)
    server.close()
    assert isinstance(said, str)
    aes = "aes256-cts-hmac-sha1-96"
    keys = f"key: {aes}\nkey: aes128-cts-hmac-sha1-96" if needs_proof else f"ticket: {aes} kvno=3"
    assert f"ok\nanswer: {25 if needs_proof else 0} " in said and f"\n{keys}\nclock: " in said
    (found,) = Kerberos.parse(f">> keytab: /k\n>> ask 127.0.0.1:{port} smtp/a.b@B\n{said}").asked
    assert (
        found.is_known
        and not found.refused
        and found.ahead is not None
        and found.key == (aes, None if needs_proof else 3)
    )


def test_a_kdc_that_is_down_or_elsewhere() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        said = ask_kdc(f"kdc=127.0.0.1:{closed.getsockname()[1]} principal=smtp/a.b realm=B", False)
    assert isinstance(said, str) and said.endswith("Connection refused")
    (found,) = Kerberos.parse(f">> keytab: /k\n>> ask 127.0.0.1:88 smtp/a.b@B\n{said}").asked
    assert found.refused.endswith("refused") and found.code is None
    assert isinstance(ask_kdc("kdc=192.0.2.1:88 principal=smtp/a.b realm=B", False), NoAnswer)


# ---- failed logins that are counted


def _record(source: bytes, status: int, seconds: int) -> bytes:
    return source.ljust(52, b"\0") + struct.pack("=HHQ", 0, status, seconds)


def test_records_of_failed_logins() -> None:
    data = _record(b"smtp", 1, 100) + _record(b"192.0.2.1", 3, 200) + _record(b"p\x1bs/1", 4, 300) + b"rest"
    assert list(failures(data)) == ["100 valid service smtp", "200 valid rhost 192.0.2.1", "300 old tty p?s?1"]
    assert counted(_record(b"", 7, 200)) == "count=7 last=200" and counted(b"") == "count=0 last=0"
    assert Tally.parse("/t", list(failures(data))).failures == (100, 200)
    assert Tally.parse("/t", ["count=2 last=9"]).failures == (9, 9)


@pytest.mark.parametrize(
    ("conf", "arguments", "now", "until"),
    [
        ("", "", 500, 900),
        ("", "", 1000, 0),
        ("unlock_time = never", "", 10**9, None),
        ("deny=2", "deny=5", 500, 0),
        ("# deny = 9\nfail_interval = 60", "", 500, 0),
        ("deny = 0", "", 500, 0),
    ],
)
def test_who_is_locked_out(conf: str, arguments: str, now: int, until: int | None) -> None:
    """`until` 0: nobody is."""
    limits = Limits.of_faillock(settings_of(conf.split("\n"), arguments.split()))
    lock = limits.lock("pam_faillock", Tally("/t", (100, 200, 300), ()), False, now)
    assert lock is None if until == 0 else lock is not None and lock.until == until
    assert limits.lock("pam_faillock", Tally("/t", (100, 200, 300), ()), True, now) is None, "root is never"


# ---- IMAP


def _imap(*said: bytes) -> int:
    """An IMAP server that says these words one after the other, each after the first when it is asked."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection, server:
            for number, words in enumerate(said):
                if number:
                    connection.recv(4096)
                connection.sendall(words)
            connection.recv(4096)

    threading.Thread(target=serve, daemon=True).start()
    port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("said", "greets", "takes"),
    [
        ((b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nmd1 OK done\r\n"), True, True),
        ((b"* OK Dovecot ready.\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\nmd1 OK\r\n"), True, False),
        ((b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] x\r\n", b"md1 BAD no\r\n"), True, False),
        ((b"* BYE busy\r\n",), False, False),
        ((b"+OK pop3\r\n",), False, False),
    ],
)
def test_how_an_imap_server_greets(said: tuple[bytes, ...], greets: bool, takes: bool) -> None:
    port = _imap(*said)
    found = RemoteImap.parse(f"# server: 127.0.0.1:{port}\n{ask_imap(f'127.0.0.1:{port}', False)}")
    assert not found.refused and found.greets == greets and (found.proof is not None) == takes
    assert ("LOGINDISABLED" in found.capabilities) == (greets and not takes)
