"""Remedies that depend on what else is on the host: the commands of a finding."""

import subprocess
from pathlib import Path

import pytest

from maildoctor.facts.system import System
from maildoctor.library import load_library
from maildoctor.plan import shell
from maildoctor.plan.steps import CloseUp, Relabel, Step
from tests.test_samples import SYSTEMS

CHECKS = {c.code: c for c in load_library().checks}
DEBIAN = System.parse(SYSTEMS["debian"])

_PLUGIN = (
    "plugin: /usr/lib/sasl2/lib{0}.so -> /usr/lib/sasl2/lib{0}.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname lib{0}.so.2\n"
)
_PLUGINS = "directory: /usr/lib/sasl2\n" + "".join(_PLUGIN.format(name) for name in ("plain", "login", "crammd5"))
_GSSAPI = "directory: /usr/lib/sasl2\n" + _PLUGIN.format("gssapiv2") + "\tlibgssapi_krb5.so.2 => not found"
_SMTPD = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n"
    "smtpd_sasl_path = private/auth\nsmtpd_tls_security_level = may\n"
    "smtpd_sasl_security_options = noanonymous, noplaintext\nsmtpd_sasl_tls_security_options = noanonymous\n"
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd"
)
_DOVECOT = (
    "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nauth_mechanisms = {0}\n{1}"
    "passdb {{\n  driver = passwd-file\n  args = {2}/etc/dovecot/users\n}}\n"
)
_ASKS = {"service": "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted", "postfix": _SMTPD}
_USERS = ">> file: /etc/dovecot/users\n-rw-r----- root dovecot /etc/dovecot/users\ntest\t{}\t{}"
_LDAP = {
    "conf": "pwcheck_method: saslauthd",
    "verifier": "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a ldap",
    "ldap": "# path: /etc/saslauthd.conf\nldap_servers: ldap://mail.example.com/\nldap_start_tls: yes\n"
    "ldap_tls_cacert_file: /etc/ldap/old.pem\n>> ask ldap://mail.example.com/\nconnect: mail.example.com:389 ok\n"
    "tls: unable to get local issuer certificate\n",
}


def commands(code: str, sample: dict[str, str]) -> str:
    (finding,) = CHECKS[code].on(sample, DEBIAN)
    return "\n".join(s.command for s in finding.fix)


def test_two_lists_without_a_common_word_get_what_users_may_relay_by() -> None:
    sample = {"plugins": _PLUGINS, "conf": "# path: /etc/sasl2/Sendmail.conf\nmech_list: PLAIN LOGIN"}
    service = "mechanisms: CRAM-MD5\ntrusted: {}"
    both = commands("MECH011", {**sample, "service": service.format("CRAM-MD5 LOGIN PLAIN")})
    assert "s/^mech_list:.*/mech_list: CRAM-MD5 PLAIN LOGIN/" in both
    assert "confAUTH_MECHANISMS', \\`CRAM-MD5 PLAIN LOGIN" in both
    one = commands("MECH011", {**sample, "service": service.format("CRAM-MD5")})  # which says nothing of the other list
    assert "mech_list" not in one and "confAUTH_MECHANISMS', \\`PLAIN LOGIN" in one


@pytest.mark.parametrize(("keytab", "leaves"), [("missing", True), ("/etc/krb5.keytab", False)])
def test_kerberos_is_left_out_only_where_there_is_no_keytab(keytab: str, leaves: bool) -> None:
    sample = {"plugins": _GSSAPI, "service": "mechanisms: GSSAPI PLAIN"}
    (finding,) = CHECKS["LINK002"].on({**sample, "system": f"{SYSTEMS['debian']}\nkeytab: {keytab}"})
    words = " ".join(s.command for s in finding.fix)
    assert ("confAUTH_MECHANISMS" in words) == leaves and ("reinstall" in words) != leaves


@pytest.mark.parametrize(
    ("realms", "stored", "words"),
    [
        ("", ("PLAIN", "text"), "scram-sha-256 scram-sha-1 cram-md5 plain login"),
        ("auth_realms = example.com\n", ("PLAIN", "text"), "scram-sha-256 scram-sha-1 digest-md5 cram-md5 plain login"),
        ("", ("SHA512-CRYPT", "sha512"), "plain login"),
    ],
)
def test_dovecot_offers_without_tls_what_all_passwords_serve(realms: str, stored: tuple[str, str], words: str) -> None:
    sample = {**_ASKS, "dovecot": _DOVECOT.format("plain", realms, ""), "files": _USERS.format(*stored)}
    said = commands("CONF070", sample)
    assert rf"\1{words}/" in said and ("smtpd_tls_auth_only = yes" in said) == (words == "plain login")


def test_a_hash_without_its_scheme_is_put_right_in_one_round() -> None:
    sample = {
        "dovecot": _DOVECOT.format("cram-md5 plain login", "", "scheme=PLAIN "),
        "files": _USERS.format("-", "sha512"),
    }
    said = commands("USER069", {**_ASKS, **sample})
    assert "scheme=CRYPT" in said and r"\1plain login/" in said and "smtpd_tls_auth_only = yes" in said


def test_ciphers_that_fit_no_key_go_and_tls_1_3_comes_back() -> None:
    cf = (
        "# path: /etc/mail/sendmail.cf\nO ServerCertFile=/h.pem\nO CipherList=ECDHE-ECDSA-AES256-GCM-SHA384\n"
        "O ServerSSLOptions=+SSL_OP_NO_TLSv1_3 +SSL_OP_NO_TLSv1"
    )
    tls = "[certificate] /h.pem\nsubject: CN=a\nissuer: CN=b\nnot after: 2028-01-01T00:00:00Z\nkey: RSA 2048 bits\n"
    said = commands("TLS011", {"cf": cf, "tls": tls})
    assert "\\`+SSL_OP_NO_TLSv1 -SSL_OP_NO_TLSv1_3'" in said and said.count("m4 ") == 1


def test_the_authority_that_a_handshake_proved_is_named() -> None:
    assert "#" in commands("LDAP007", _LDAP)
    proved = {**_LDAP, "ldap": _LDAP["ldap"] + ">> verifies: /etc/ldap/ca.pem\n"}
    assert commands("LDAP007", proved) == (
        r"sed -i 's/^ldap_tls_cacert_file:.*/ldap_tls_cacert_file: \/etc\/ldap\/ca.pem/' /etc/saslauthd.conf"
        "\nservice saslauthd restart"
    )


@pytest.mark.parametrize(
    ("sizes", "code", "words"),
    [
        (("900 KiB free of 9000", "0 KiB free of 1024"), "QUEUE045", "umount /var/spool/postfix/incoming"),
        (("0 KiB free of 9000", "0 KiB free of 9000"), "QUEUE045", "mv /var/spool/postfix/core /root/core"),
        (("900 KiB free of 9000", "900 KiB free of 1024"), "QUEUE970", "umount /var/spool/postfix/incoming"),
    ],
)
def test_a_folder_of_the_queue_with_a_file_system_of_its_own_is_unmounted(
    sizes: tuple[str, str], code: str, words: str
) -> None:
    queue = "/var/spool/postfix"
    files = (
        f"space: {queue} {sizes[0]} KiB\nspace: {queue}/incoming {sizes[1]} KiB\n"
        f"stray: -rw------- 1 root root 900000 2026-06-01 00:00:00 {queue}/core\nroom: /root"
    )
    said = commands(code, {"postfix": "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\n", "files": files})
    assert words in said.splitlines() and ("umount" in said) == (words.startswith("umount"))


def done(step: Step, path: Path) -> str:
    (written,) = shell.rendered([step], DEBIAN)
    subprocess.run(["sh", "-ec", written.command], check=True)
    return path.read_text()


def test_blanks_round_the_sign_of_an_option_go(tmp_path: Path) -> None:
    path = tmp_path / "master.cf"
    path.write_text(
        "smtp inet n - y - - smtpd\n"
        "    -o syslog_name = a -o smtpd_tls_wrappermode= no -o x = permit, reject\n -o x = y\n"
    )
    said = done(CloseUp(str(path), 2), path).splitlines()
    assert said[1:] == ["    -o syslog_name=a -o smtpd_tls_wrappermode=no -o x=permit,reject", " -o x = y"]


def test_a_hash_gets_the_scheme_that_it_is_of(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("test:{SHA512}$6$lab$x/y.:1:1\nanna:{sha512}$6$z$q\nbob:{SHA512}bare==\nkim:{PLAIN}{SHA512}$6$\n")
    said = done(Relabel(str(path), "6", "SHA512", "SHA512-CRYPT"), path).splitlines()
    assert said[:2] == ["test:{SHA512-CRYPT}$6$lab$x/y.:1:1", "anna:{SHA512-CRYPT}$6$z$q"]
    assert said[2:] == ["bob:{SHA512}bare==", "kim:{PLAIN}{SHA512}$6$"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("[smtp.example.com]:25", "s/^\\[smtp\\.example\\.com]:25"),
        ("smtp.example.com", "s/^smtp\\.example\\.com"),
        ("other.smtp.example.com", "# in /etc/postfix/sasl_passwd"),
    ],
)
def test_the_key_of_a_password_is_renamed_for_the_same_host_alone(entry: str, words: str) -> None:
    main = (
        "version: 3.7.11\n==> /etc/postfix/main.cf <==\nrelayhost = [smtp.example.com]:587\n"
        "smtp_sasl_auth_enable = yes\n"
        "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n"
        "==> /etc/postfix/master.cf <==\nsmtp unix - - y - - smtp"
    )
    table = (
        "[smtp_sasl_password_maps] hash:/etc/postfix/sasl_passwd\n-rw------- root root /etc/postfix/sasl_passwd\n"
        f"entry: {entry}\trelay:***"
    )
    if entry == "smtp.example.com":
        assert not list(
            CHECKS["MAP090"].on({"postfix": main, "passwords": table}, DEBIAN)
        )  # which is a key that counts
    else:
        assert words in commands("MAP090", {"postfix": main, "passwords": table})


@pytest.mark.parametrize(
    ("option", "closes"),
    [
        ("smtpd_sasl_security_options = noanonymous", True),
        ("smtpd_client_restrictions = permit_sasl_authenticated, reject", True),
        ("smtpd_sasl_security_options =noanonymous", True),
        ("smtpd_client_restrictions = permit_sasl_authenticated reject", False),
        ("smtpd_sasl_security_options", False),
    ],
)
def test_an_option_is_put_together_where_blanks_alone_part_it(option: str, closes: bool) -> None:
    main = "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\n"
    master = f"==> /etc/postfix/master.cf <==\nsubmission inet n - y - - smtpd\n  -o {option}\n  -o syslog_name=x\n"
    said = commands("CONF034", {"postfix": main + master})
    assert ("sed -i -e '2{'" in said, "# in /etc/postfix/master.cf" in said) == (closes, not closes)
