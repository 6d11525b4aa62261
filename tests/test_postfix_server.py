"""What Postfix' smtpd services do with users and strangers: restriction lists, sockets, what stands behind # in
master.cf; and the checks on whole hosts."""

import pytest

from maildoctor.auth.postfix import login_service, primary, tls_level, without_tls
from maildoctor.facts import Absent
from maildoctor.facts.postfix.files import PostfixFiles
from maildoctor.facts.postfix.remarks import MasterRemarks
from maildoctor.facts.postfix.restrictions import decide, has_required, items, outcome
from maildoctor.facts.postfix.server import Postfix, Smtpd
from maildoctor.facts.postfix.sockets import peers, place
from maildoctor.facts.postfix.tls import tls_files
from maildoctor.library import load_library
from maildoctor.model import Finding

MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
AUTH = "compatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
CHECKS = {c.code: c for c in load_library().checks}


def host(main: str, master: str = "") -> Postfix:
    return Postfix.parse(f"==> /etc/postfix/main.cf <==\n{AUTH}{main}\n{MASTER}{master}")


def smtpd(main: str) -> Smtpd:
    return host(main).smtpd[0]


@pytest.mark.parametrize(
    ("written", "user", "stranger"),
    [
        ("permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination", "permit", "reject"),
        ("permit_mynetworks reject_unauth_destination", "reject", "reject"),
        ("reject_unauth_destination, permit_sasl_authenticated", "reject", "reject"),
        ("check_sender_access static:OK, reject", "permit", "permit"),
        ("check_sender_access static:{450 later}, permit", "reject", "reject"),
        ("warn_if_reject reject, permit_sasl_authenticated, reject", "permit", "reject"),
        ("warn_if_reject reject", "pass", "pass"),
        ("check_client_access hash:/etc/postfix/a, reject", "reject", "reject"),
        ("PERMIT_SASL_AUTHENTICATED, Reject", "permit", "reject"),
    ],
)
def test_the_first_item_that_settles_it_decides(written: str, user: str, stranger: str) -> None:
    one = smtpd(f"smtpd_relay_restrictions = {written}")
    assert (decide(one, "relay", "user").answer, decide(one, "relay", "stranger").answer) == (user, stranger)


def test_classes_are_unfolded_where_they_stand_and_not_for_ever() -> None:
    main = "smtpd_restriction_classes = a, b\na = b, reject\nb = a, permit_sasl_authenticated\n"
    one = smtpd(f"{main}smtpd_relay_restrictions = a")
    assert [(str(i), i.classes) for i in items(one, "relay")] == [
        ("permit_sasl_authenticated", ("a", "b")),
        ("reject", ("a",)),
    ]
    assert decide(one, "relay", "user").answer == "permit"


def test_a_permit_ends_its_own_list_alone() -> None:
    one = smtpd(
        "smtpd_relay_restrictions = permit_sasl_authenticated, reject\n"
        "smtpd_client_restrictions = permit_mynetworks, reject"
    )
    last = outcome(one, "user")[-1]
    assert (last.stage, str(last.by)) == ("client", "reject")


@pytest.mark.parametrize(
    ("written", "required"),
    [
        ("permit", False),
        ("permit_mynetworks, permit, reject_unauth_destination", False),
        ("warn_if_reject reject_unauth_destination", False),
        ("permit_mynetworks, defer_unauth_destination", True),
        ("mine", True),
    ],
)
def test_what_smtpd_demands_of_its_lists(written: str, required: bool) -> None:
    more = "smtpd_restriction_classes = mine\nmine = permit_mynetworks, reject"
    assert has_required(smtpd(f"smtpd_relay_restrictions = {written}\n{more}"), "relay") is required


@pytest.mark.parametrize(
    ("main", "seen"),
    [
        ("smtpd_sasl_type = dovecot\nsmtpd_sasl_path = a/b", ["authentication /var/spool/postfix/a/b"]),
        ("smtpd_sasl_type = dovecot\nsmtpd_sasl_path = /run/auth", ["authentication /var/spool/postfix/run/auth"]),
        ("smtpd_milters = unix:/run/m.sock, { inet:localhost:8891, default_action=accept }", [
            "milter /var/spool/postfix/run/m.sock", "milter localhost:8891 accept"]),
        ("smtpd_recipient_restrictions = check_policy_service { unix:private/p, timeout=3s }, reject",
         ["policy /var/spool/postfix/private/p"]),
        ("smtpd_end_of_data_restrictions = check_policy_service inet:[::1]:10031", ["policy ::1:10031"]),
    ],
)  # fmt: skip
def test_whom_an_smtpd_asks_and_where_that_lies_for_it(main: str, seen: list[str]) -> None:
    one = smtpd(main)
    reported = []
    for peer in peers(one):
        where = place(one, peer.path) if peer.path else f"{peer.host}:{peer.port}"
        action = peer.default_action if peer.default_action in ("accept", "DUNNO") else ""
        reported.append(f"{peer.use} {where} {action}".strip())
    assert reported == seen


def test_services_behind_a_sign_of_a_remark() -> None:
    remarks = MasterRemarks.parse(
        "smtp      inet  n       -       y       -       -       smtpd\n"
        "#submission inet n       -       y       -       -       smtpd\n"
        "#  -o syslog_name=postfix/submission\n"
        "#  -o { smtpd_tls_security_level = encrypt }\n"
        "587 inet n - y - - smtpd\n"
        "  -o smtpd_sasl_auth_enable=yes\n"
        "#  -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n"
        "# submission inet n is a word in a sentence\n"
    )
    off = remarks.of("submission")
    assert off is not None and (off.first, off.last, len(off.options)) == (2, 4, 2)
    left = remarks.left_of("587")
    assert left is not None and left.options == ("-o smtpd_client_restrictions=permit_sasl_authenticated,reject",)
    assert remarks.left_of("smtp") is None and remarks.of("smtps") is None


def test_the_files_of_tls_are_those_that_the_services_name() -> None:
    one = smtpd("smtpd_tls_cert_file = /a.pem\nsmtpd_tls_eccert_file = /e.pem\nsmtpd_tls_eckey_file = /e.key")
    assert tls_files(one) == (
        ("certificate", "/a.pem"),
        ("key", "/a.pem"),
        ("certificate", "/e.pem"),
        ("key", "/e.key"),
    )
    chained = smtpd("smtpd_tls_cert_file = /a.pem\nsmtpd_tls_chain_files = /c.pem, /d.pem")
    assert [path for _, path in tls_files(chained)] == ["/c.pem", "/c.pem", "/d.pem", "/d.pem"]


@pytest.mark.parametrize(
    ("main", "level"),
    [
        ("", "none"),
        ("smtpd_tls_security_level = may", "may"),
        ("smtpd_tls_security_level = encrypt", "encrypt"),
        ("smtpd_use_tls = yes", "may"),
        ("smtpd_enforce_tls = yes", "encrypt"),
    ],
)
def test_levels_of_tls(main: str, level: str) -> None:
    assert tls_level(smtpd(main)) == level


def test_tls_without_a_certificate_is_none() -> None:
    assert without_tls(smtpd("smtpd_tls_security_level = may")) == "no certificate is configured"
    assert without_tls(smtpd("smtpd_tls_security_level = may\nsmtpd_tls_cert_file = none")) != ""


def test_users_log_in_on_submission_before_smtp() -> None:
    both = host("", "submission inet n - n - - smtpd\n  -o smtpd_sasl_local_domain=users.example.com\n")
    assert primary(both).name == "submission/inet"
    assert login_service(both, Absent("not looked at"), None).realm == "users.example.com"
    only_25 = host("", "submission inet n - n - - smtpd\n  -o smtpd_sasl_auth_enable=no\n")
    assert primary(only_25).name == "smtp/inet"


def test_the_filter_of_mechanisms_is_a_list_where_it_is_plain() -> None:
    some = login_service(host("smtpd_sasl_mechanism_filter = plain, login"), Absent("not looked at"), None)
    assert (some.mechanisms, some.chosen) == (("PLAIN", "LOGIN"), True)
    assert login_service(host(""), Absent("not looked at"), None).mechanisms is None


def test_files_of_postfix() -> None:
    files = PostfixFiles.parse(
        "srw-rw-rw- postfix postfix /q/private/auth\nbound: /q/private/auth yes\nmissing: /q/etc/sasldb2\n"
        "space: /q/incoming 3 KiB free of 9 KiB, 1 of 2 inodes free, read-only\nlogin: /e/s\ta@b\tx, y\nnonsense\n"
    )
    assert files.bound == {"/q/private/auth": True} and files.missing == {"/q/etc/sasldb2"}
    assert (files.spaces[0].free, files.spaces[0].read_only) == (3, True)
    assert files.owners == {"/e/s": (("a@b", "x, y"),)}
    assert [x.path for x in files.trail("/q/private/auth")] == ["/q/private/auth"]


# ---- remedies that cure what was found


def found(code: str, **sample: str) -> Finding:
    (one,) = CHECKS[code].on(sample)
    return one


def test_permit_sasl_authenticated_goes_before_what_rejects() -> None:
    main = f"{AUTH}smtpd_relay_restrictions = permit_mynetworks, reject_unlisted_recipient, reject_unauth_destination\n"
    one = found("RELAY045", postfix=f"==> /etc/postfix/main.cf <==\n{main}{MASTER}")
    assert one.fix[0].command == (
        "postconf -e 'smtpd_relay_restrictions = permit_mynetworks, reject_unlisted_recipient, "
        "permit_sasl_authenticated, reject_unauth_destination'"
    )


def test_a_list_with_references_is_left_to_a_person() -> None:
    main = f"{AUTH}mine = permit_mynetworks\nsmtpd_relay_restrictions = $mine, reject_unauth_destination\n"
    one = found("RELAY045", postfix=f"==> /etc/postfix/main.cf <==\n{main}{MASTER}")
    assert one.fix[0].safety == "manual"


def test_options_with_undefined_references_are_not_taken_over() -> None:
    remarks = "#submission inet n - y - - smtpd\n#  -o smtpd_client_restrictions=$mua_client_restrictions\n#  -o a=b\n"
    one = found("CONF046", postfix=f"==> /etc/postfix/main.cf <==\n{AUTH}{MASTER}", remarks=remarks)
    assert [s.command for s in one.fix] == [
        "postconf -M 'submission/inet=submission inet n - y - - smtpd' && postconf -P submission/inet/a=b",
        "postfix reload",
    ]


def test_a_fatal_list_is_set_where_it_stands_and_postfix_started_anew() -> None:
    main = f"==> /etc/postfix/main.cf <==\n{AUTH}{MASTER}submission inet n - y - - smtpd\n"
    one = found("CONF050", postfix=f"{main} -o smtpd_relay_restrictions=permit\n")
    assert one.labels["port"] == "587"
    assert one.fix[0].command.startswith("postconf -P 'submission/inet/smtpd_relay_restrictions=permit_mynetworks, ")
    assert "restart" in one.fix[-1].command
