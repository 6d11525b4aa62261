"""Login services of other mail servers than Sendmail: the checks of libsasl, users and permissions take them all."""

import shutil
from pathlib import Path

import pytest

from maildoctor.auth.postfix import login_service
from maildoctor.auth.service import LoginService
from maildoctor.collect import knowledge
from maildoctor.engine import Selection, examine
from maildoctor.facts import Absent
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.server import Postfix
from maildoctor.host import Answer, Verb
from maildoctor.host.rooted import Rooted
from maildoctor.library import load_library
from maildoctor.model import Finding, Report
from maildoctor.render.json import document

SASLDB = Path(__file__).parent.parent / "fixtures" / "sasldb" / "basic.sasldb2"
MASTER = "smtp      inet  n       -       {chroot}       -       -       smtpd\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    """An unpacked Debian 12 with these files and a world-readable sasldb."""
    system = {"etc/os-release": "ID=debian\nVERSION_ID=12\n", "etc/hostname": "mail.example.com\n"}
    for name, text in (system | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "usr/lib/sasl2").mkdir(parents=True, exist_ok=True)
    shutil.copy(SASLDB, root / "etc/sasldb2")
    (root / "etc/sasldb2").chmod(0o644)
    return root


def postfix(chroot: str = "n", more: str = "") -> dict[str, str]:
    return {
        "etc/postfix/main.cf": f"myhostname = mail.example.com\nsmtpd_sasl_auth_enable = yes\n{more}",
        "etc/postfix/master.cf": MASTER.format(chroot=chroot),
        "etc/postfix/sasl/smtpd.conf": "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\n",
        "usr/lib/postfix/sbin/smtpd": "",
    }


IMAPD = {
    "etc/imapd.conf": "servername: mail.example.com\nallowplaintext: no\nsasl_log_level: 7\n",
    "usr/lib/cyrus/bin/imapd": "",
}


def judged(root: Path) -> tuple[Report, dict[str, Finding]]:
    report = examine(Rooted(str(root)), load_library(), Selection())
    return report, {r.finding.code: r.finding for r in report.ranked}


def test_postfix_gets_the_checks_of_libsasl_users_and_permissions(tmp_path: Path) -> None:
    report, found = judged(tree(tmp_path, postfix()))
    assert [p.name for p in report.target.mta] == ["postfix"]
    assert "world-readable" in found["PERM004"].message
    assert "realm mail.example.com" in found["USER005"].message
    assert "smtpd_sasl_local_domain" in found["USER005"].message and "AuthRealm" not in found["USER005"].message
    sendmails = [o for o in report.outcomes if o.code in ("CONF001", "CONF002", "MAP001")]
    assert {o.outcome for o in sendmails} == {"not_applicable"}
    assert {o.reason for o in sendmails} == {"Sendmail is not installed"}


def test_a_chrooted_smtpd_looks_for_users_below_its_queue(tmp_path: Path) -> None:
    _, found = judged(tree(tmp_path, postfix(chroot="y")))
    assert "/var/spool/postfix/etc/sasldb2" in found["USER001"].message
    assert "/etc/sasldb2 is world-readable" in found["PERM004"].message  # what saslpasswd2 wrote is as secret


def test_a_user_database_outside_of_the_chroot_is_told_with_the_way_out(tmp_path: Path) -> None:
    files = postfix(chroot="y") | {"etc/sasldb2": "", "var/spool/postfix/etc/services": ""}
    _, found = judged(tree(tmp_path, files))
    assert "/etc/sasldb2 cannot be seen by smtpd" in found["USER001"].message
    assert [s.command for s in found["USER001"].fix] == ["postconf -F smtp/inet/chroot=n", "postfix reload"]
    assert found["USER001"].fix[0].undo == "postconf -F smtp/inet/chroot=y"


def test_a_directory_in_the_place_of_the_user_database_is_told(tmp_path: Path) -> None:
    root = tree(tmp_path, postfix())
    (root / "etc/sasldb2").unlink()
    (root / "etc/sasldb2").mkdir()
    _, found = judged(root)
    assert "/etc/sasldb2 is a directory, not a file" in found["USER001"].message
    assert found["USER001"].fix[0].command == "rmdir /etc/sasldb2"


def test_postfix_that_asks_dovecot_has_nothing_of_libsasl(tmp_path: Path) -> None:
    report, _ = judged(tree(tmp_path, postfix(more="smtpd_sasl_type = dovecot\n")))
    (outcome,) = (o for o in report.outcomes if o.code == "LINK001")
    assert (outcome.outcome, outcome.reason) == (
        "not_applicable",
        "Postfix asks dovecot, not libsasl (smtpd_sasl_type)",
    )


def test_imapd_keeps_the_options_of_libsasl_in_its_own_file(tmp_path: Path) -> None:
    report, found = judged(tree(tmp_path, IMAPD))
    assert [p.name for p in report.target.mta] == ["cyrus-imapd"]
    assert {"PERM004", "USER005", "SASL011"} <= set(found)
    step, restart = found["SASL011"].fix
    assert "imapd" in restart.command, "it is read at the start"
    assert "sasl_log_level" in step.command and "/etc/imapd.conf" in step.command


def test_any_application_of_libsasl_is_judged_where_there_is_no_mail_server(tmp_path: Path) -> None:
    _, found = judged(tree(tmp_path, {"etc/sasl2/slapd.conf": "pwcheck_method: saslauthdd\n"}))
    assert {"PERM004", "SASL002"} <= set(found)
    assert found["SASL002"].evidence[0].source == "/etc/sasl2/slapd.conf:1"


class WithSendmail(Rooted):
    """A root in which Sendmail is installed too: its program answers as a real one does."""

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        if verb == "build":
            return (
                "Version 8.17.1\n Compiled with: SASLv2" if subject == "/usr/lib/sm.bin/sendmail" else "Version unknown"
            )
        return super().ask(verb, subject)


def test_two_mail_servers_are_two_services(tmp_path: Path) -> None:
    sendmail = {"etc/mail/sendmail.cf": "V10/Berkeley\nDjold.example.org\nC{TrustAuthMech}PLAIN\n"}
    root = tree(tmp_path, postfix(chroot="y") | sendmail)
    first, second = knowledge(WithSendmail(str(root)), lambda _: None)
    assert [k.get(LoginService).product for k in (first, second) if k.get(LoginService)] == ["sendmail", "postfix"]  # type: ignore[union-attr]
    assert isinstance(first(SaslDb), SaslDb) and isinstance(second(SaslDb), Absent)
    report = examine(WithSendmail(str(root)), load_library(), Selection())
    codes = {(r.finding.code, r.finding.labels.get("realm") or r.finding.labels.get("path")) for r in report.ranked}
    assert ("USER005", "old.example.org") in codes
    assert ("USER001", "/var/spool/postfix/etc/sasldb2") in codes


def test_a_finding_says_in_whose_login_service_it_was_judged(tmp_path: Path) -> None:
    sendmail = {"etc/mail/sendmail.cf": "V10/Berkeley\nDjold.example.org\nC{TrustAuthMech}PLAIN\n"}
    root = tree(tmp_path, postfix(chroot="y") | sendmail)
    report = examine(WithSendmail(str(root)), load_library(), Selection())
    products = {(r.finding.code, r.finding.product) for r in report.ranked}
    assert {("USER005", "sendmail"), ("USER001", "postfix")} <= products
    assert [f["product"] for f in document(report)["findings"] if f["code"] == "USER001"] == ["postfix"]


# ---- Postfix' files


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a = 1\na = 2\n", "a", "2"),
        ("a =\n  1,\n# between\n\n  2\nb = 3\n", "a", "1, 2"),
        ("a = $b/x\nb = ${c}\nc = y\n", "a", "y/x"),
        ("a = $a\n", "a", ""),
        ("a = $$b\n", "a", "$b"),
        ("  a = 1\nb = 2\n", "a", ""),
        ("#a = 1\n", "a", ""),
    ],
)
def test_values_of_main_cf(text: str, name: str, value: str) -> None:
    assert PostfixMain.parse(text).value(name) == value


def test_options_of_a_service_come_first() -> None:
    main = "==> /etc/postfix/main.cf <==\nmyhostname = mail.example.com\n"
    master = (
        "==> /etc/postfix/master.cf <==\nsubmission inet n - y - - smtpd\n  -o syslog_name=postfix/submission\n"
        "  -o smtpd_sasl_auth_enable=yes\n"
        "  -o { smtpd_sasl_local_domain = users.example.com }\n"
    )
    service = login_service(Postfix.parse(main + master), Absent("not looked at"), None)
    assert (service.wanted, service.realm, service.account and service.account.user) == (
        True,
        "users.example.com",
        "postfix",
    )
    assert login_service(Postfix.parse(main), Absent("not looked at"), None).realm == "mail.example.com"


def test_security_options_are_told_by_their_letters() -> None:
    main = "smtpd_sasl_security_options = noanonymous, noplaintext\nsmtpd_tls_auth_only = yes\n"
    service = login_service(Postfix.parse(main), Absent("not looked at"), None)
    assert (service.requires, service.requires_in_tls, service.needs_tls) == (frozenset("py"), frozenset("py"), True)


# ---- what an attack found


def outcome_of(root: Path, code: str) -> str:
    return next(o.outcome for o in judged(root)[0].outcomes if o.code == code)


def test_a_verifier_that_takes_every_password_is_told_without_any_list_of_mechanisms(tmp_path: Path) -> None:
    files = postfix() | {"etc/postfix/sasl/smtpd.conf": "pwcheck_method: alwaystrue\n"}
    assert outcome_of(tree(tmp_path, files), "SASL010") == "fail"


def test_what_imapd_conf_includes_counts(tmp_path: Path) -> None:
    files = IMAPD | {
        "etc/imapd.conf": "servername: mail.example.com\n@include: /etc/imapd-sasl.conf\n",
        "etc/imapd-sasl.conf": "@include: /etc/imapd.conf\nsasl_pwcheck_method: alwaystrue\n",
    }
    assert outcome_of(tree(tmp_path, files), "SASL010") == "fail"


def test_an_include_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    files = IMAPD | {"etc/imapd.conf": "servername: mail.example.com\n@include: /etc/gone.conf\n"}
    assert outcome_of(tree(tmp_path, files), "SASL010") == "not_judged"


def test_the_configuration_that_a_service_of_master_cf_names_is_read(tmp_path: Path) -> None:
    files = postfix() | {
        "etc/postfix/master.cf": "submission inet n - n - - smtpd\n  -o smtpd_sasl_path=other\n",
        "etc/postfix/sasl/other.conf": "pwcheck_method: alwaystrue\n",
    }
    assert outcome_of(tree(tmp_path, files), "SASL010") == "fail"


def test_a_password_map_is_looked_at_wherever_main_cf_keeps_it(tmp_path: Path) -> None:
    more = "smtp_sasl_password_maps = hash:/etc/postfix/private/relays\n"
    root = tree(
        tmp_path, postfix(more=more) | {"etc/postfix/private/relays": "[relay.example.com]:587 anna:Geheim-77\n"}
    )
    root.chmod(0o755)
    (root / "etc/postfix/private/relays").chmod(0o644)
    _, found = judged(root)
    assert "/etc/postfix/private/relays" in found["PERM011"].message
