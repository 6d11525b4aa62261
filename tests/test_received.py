# ruff: noqa: E501 - a Received line is as long as it is
"""What the Received lines of a mail tell of a login: every mail program's form, whole headers, forged and hostile ones."""

import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maildoctor.__main__ import main
from maildoctor.cli.header_page import header_page
from maildoctor.cli.report_error import UsageError
from maildoctor.facts.received import Judgement, Received, Trace, believed, judge
from maildoctor.render.style import Style

DATE = "Sun, 22 Nov 2026 06:34:12 +0000"
PLAIN = Style(ascii=True)

# The line, and of what it tells: login, TLS, user, mechanism, bits, TLS version.
FORMS: dict[str, tuple[str, tuple[bool | None, bool | None, str, str, int | None, str]]] = {
    "sendmail 8.17": (
        "from laptop (c.example.net [192.0.2.7])\n\t(authenticated bits=0)\n\tby mail.example.com "
        "(8.17.1.9/8.17.1.9/Debian-2+deb12u2) with ESMTPSA id 6AM5udK6000073\n\t(version=TLSv1.3 "
        "cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NO)\n\tfor <u@example.com>; " + DATE,
        (True, True, "", "", 0, "TLSv1.3"),
    ),
    "sendmail, a layer of SASL": (
        "from laptop (c.example.net [192.0.2.7]) (authenticated bits=128) by mail.example.com (8.18.1/8.18.1) with "
        "ESMTPA id 6AM5udK6000073; " + DATE,
        (True, False, "", "", 128, ""),
    ),
    "sendmail 8.14, ESMTP for all": (
        "from laptop (c.example.net [192.0.2.7] (may be forged)) (authenticated bits=0) by mail.example.com "
        "(8.14.4/8.14.4) with ESMTP id o1 (version=TLSv1/SSLv3 cipher=DHE-RSA-AES256-SHA bits=256 verify=NO); " + DATE,
        (True, True, "", "", 0, "TLSv1/SSLv3"),
    ),
    "sendmail 8.11": (
        "from vdr01 (p5.example.net [192.0.2.24])\n\t(authenticated (0 bits))\n\tby mail.example.com (8.11.6/8.11.6) "
        "with ESMTP id m57\n\t(using TLSv1/SSLv3 with cipher RC4-SHA (128 bits) verified NO); " + DATE,
        (True, True, "", "", 0, "TLSv1/SSLv3"),
    ),
    "sendmail 8.10": (
        "from vdr01 (joe@p5.example.net [192.0.2.24]) (authenticated) by mail.example.com (8.10.2/8.10.2) with ESMTP "
        "id m57; " + DATE,
        (True, False, "", "", None, ""),
    ),
    "sendmail, user told": (
        "from laptop (c.example.net [192.0.2.7]) (user=joe+40example.com author=ann mech=CRAM-MD5 bits=0) by "
        "mail.example.com (8.15.2/8.15.2) with ESMTPA id 1; " + DATE,
        (True, False, "joe@example.com", "CRAM-MD5", 0, ""),
    ),
    "sendmail without a login": (
        "from laptop (c.example.net [192.0.2.7]) by mail.example.com (8.17.1/8.17.1) with ESMTPS id 1 (version=TLSv1.2 "
        "cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256 verify=OK); " + DATE,
        (False, True, "", "", None, "TLSv1.2"),
    ),
    "sendmail, header redefined": (
        "from laptop (c.example.net [192.0.2.7])by mail.example.com (8.17.1/8.17.1) with ESMTPSA id 1; " + DATE,
        (True, True, "", "", None, ""),
    ),
    "postfix, user told": (
        "from laptop (c.example.net [192.0.2.7])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n\t"
        " key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\n\t(No client certificate "
        "requested)\n\t(Authenticated sender: joe@example.com)\n\tby mail.example.com (Postfix) with ESMTPSA id 312A55E"
        "\n\tfor <u@example.com>; " + DATE + " (UTC)",
        (True, True, "joe@example.com", "", None, "TLSv1.3"),
    ),
    "postfix": (
        "from laptop (unknown [IPv6:2001:db8::7]) by mail.example.com (Postfix) with ESMTPSA id 312A55E; " + DATE,
        (True, True, "", "", None, ""),
    ),
    "postfix, SMTPUTF8": (
        "from laptop (c.example.net [192.0.2.7]) by mail.example.com (Postfix) with UTF8SMTPSA id 1; " + DATE,
        (True, True, "", "", None, ""),
    ),
    "postfix, neither": (
        "from laptop (c.example.net [192.0.2.7]) by mail.example.com (Postfix) with ESMTP id 1; " + DATE,
        (False, False, "", "", None, ""),
    ),
    "exim 4.96": (
        "from [192.0.2.7] (helo=laptop)\n\tby mail.example.com with esmtpsa  (TLS1.3) tls "
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n\t(Exim 4.96)\n\t(envelope-from <joe@example.com>)\n\tid "
        "1xV0zB-000011-36\n\tfor u@example.com; " + DATE,
        (True, True, "", "", None, "TLS1.3"),
    ),
    "exim 4.80": (
        "from c.example.net ([192.0.2.7]:4711 helo=laptop) by mail.example.com with esmtpa (Exim 4.80) "
        "(envelope-from <joe@example.com>) id 1xV0zB-000011-36; " + DATE,
        (True, False, "", "", None, ""),
    ),
    "exim, TLS from the start": (
        "from c.example.net ([192.0.2.7]) by mail.example.com with essmtpa (TLS1.3) (Exim 4.98) id 1; " + DATE,
        (True, True, "", "", None, "TLS1.3"),
    ),
    "exim 4, cipher in the comment": (
        "from c.example.net ([192.0.2.7]) by mail.example.com with esmtps (TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256) "
        "(Exim 4.84) id 1; " + DATE,
        (False, True, "", "", None, "TLSv1.2"),
    ),
    "opensmtpd": (
        "from laptop (c.example.net [192.0.2.7])\n\tby mail.example.com (OpenSMTPD) with ESMTPSA id 0011aabb "
        "(TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO) auth=yes user=joe\n\tfor <u@example.com>;\n\t" + DATE + " (UTC)",
        (True, True, "joe", "", None, "TLSv1.3"),
    ),
    "opensmtpd, auth=no": (
        "from laptop (c.example.net [192.0.2.7]) by mail.example.com (OpenSMTPD) with ESMTPS id 0011aabb "
        "(TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO) auth=no for <u@example.com>; " + DATE,
        (False, True, "", "", None, "TLSv1.3"),
    ),
    "dovecot submission": (
        "from laptop ([192.0.2.7])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n\tby "
        "mail.example.com with ESMTPSA\n\tid abcDEF\n\t(envelope-from <joe@example.com>)\n\tfor <u@example.com>; " + DATE,
        (True, True, "", "", None, "TLSv1.3"),
    ),
    "exchange": (
        "from A.example.com (2001:db8::32)\n by B.example.com (2001:db8::8)\n with Microsoft SMTP Server "
        "(version=TLS1_2,\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.3955.18 via Frontend Transport; "
        + DATE,
        (None, True, "", "", None, "TLS1_2"),
    ),
    "exchange 2010": (
        "from A.example.com (10.0.0.1) by B.example.com (10.0.0.2) with Microsoft SMTP Server (TLS) id 14.3.1; " + DATE,
        (None, True, "", "", None, "TLS"),
    ),
    "exchange, mapi": (
        "from A.example.com ([fe80::859:d735:9964:608]) by A.example.com ([fe80::859:d735:9964:608%6]) with mapi id "
        "15.20.1; " + DATE,
        (None, None, "", "", None, ""),
    ),
    "gmail": (
        "from [192.0.2.7] (c.example.net. [192.0.2.7])\n        by smtp.gmail.com with ESMTPSA id a1-2.3.2026.11.22\n"
        "        for <u@example.com>\n        (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128);\n        "
        "Sat, 21 Nov 2026 22:34:12 -0800 (PST)",
        (True, True, "", "", None, "TLS1_3"),
    ),
    "qmail with the patch for AUTH": (
        "from unknown (HELO ?192.168.0.103?) (joe@example.com@192.0.2.7)\n  by 0 with ESMTPA; 22 Nov 2026 06:34:12 -0000",
        (True, False, "joe@example.com", "", None, ""),
    ),
    "qmail": (
        "from c.example.net (HELO laptop) (192.0.2.7)\n  by mail.example.com with SMTP; 22 Nov 2026 06:34:12 -0000",
        (None, False, "", "", None, ""),
    ),
    "qpsmtpd": (
        "from c.example.net (HELO laptop) (192.0.2.7)\n  (smtp-auth username joe@example.com, mechanism login)\n  by "
        "mail.example.com (qpsmtpd/0.92) with (ECDHE-RSA-AES256-GCM-SHA384 encrypted) ESMTPSA; " + DATE,
        (True, True, "joe@example.com", "LOGIN", None, ""),
    ),
    "courier": (
        "from laptop (c.example.net [::ffff:192.0.2.7])\n  (AUTH: LOGIN joe, TLS: TLSv1/SSLv3,128bits,AES128-SHA)\n  by "
        f"mail.example.com with esmtp; {DATE}\n  id 00400317.4C87FB1D.00000DF6",
        (True, True, "joe", "LOGIN", None, "TLSv1/SSLv3"),
    ),
    "haraka": (
        "from laptop (c.example.net [192.0.2.7])\n\tby mail.example.com (Haraka/2.8.27) with ESMTPSA id 4E9C7B33\n\t"
        "envelope-from <a@example.com> (authenticated bits=0)\n\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 "
        "verify=NO);\n\t" + DATE,
        (True, True, "", "", 0, "TLSv1.3"),
    ),
    "critical path": (
        "from laptop (192.0.2.7) by mail.example.com (7.0.028) (authenticated as joe) id 413489B1; " + DATE,
        (True, None, "joe", "", None, ""),
    ),
    "lmtp": (
        "from mail.example.com ([127.0.0.1]) by mail.example.com with LMTP id 1 (envelope-from <j@example.com>); " + DATE,
        (False, False, "", "", None, ""),
    ),
    "old exim": (
        "from laptop ([192.0.2.7]) by mail.example.com with asmtp (Exim 4.10) id 1; " + DATE,
        (True, False, "", "", None, ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_each_mail_program(form: str) -> None:
    line, reported = FORMS[form]
    hop = Received.parse(line)
    assert (hop.authenticated, hop.tls, hop.user, hop.mech, hop.bits, hop.tls_version) == reported
    assert hop.when is not None and (hop.when.year, hop.when.month, hop.when.day) in ((2026, 11, 22), (2026, 11, 21))
    assert hop.by


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_read_alike_however_it_was_pasted(form: str) -> None:
    line = FORMS[form][0]
    bare = Received.parse(line)
    for pasted in (f"Received: {line}", f"received:{line}", line.replace("\n", "\r\n"), " ".join(line.split())):
        assert Received.parse(pasted) == bare
        assert Trace.parse(pasted).hops == (bare,)


@pytest.mark.parametrize(
    ("form", "helo", "peer", "address", "by", "software"),
    [
        ("sendmail 8.17", "laptop", "c.example.net", "192.0.2.7", "mail.example.com", "Sendmail 8.17.1.9"),
        ("sendmail 8.14, ESMTP for all", "laptop", "", "192.0.2.7", "mail.example.com", "Sendmail 8.14.4"),
        ("sendmail 8.10", "vdr01", "p5.example.net", "192.0.2.24", "mail.example.com", "Sendmail 8.10.2"),
        ("postfix", "laptop", "", "2001:db8::7", "mail.example.com", "Postfix"),
        ("exim 4.96", "laptop", "", "192.0.2.7", "mail.example.com", "Exim 4.96"),
        ("exim 4.80", "laptop", "c.example.net", "192.0.2.7", "mail.example.com", "Exim 4.80"),
        ("dovecot submission", "laptop", "", "192.0.2.7", "mail.example.com", ""),
        ("exchange", "A.example.com", "", "2001:db8::32", "b.example.com", "Exchange"),
        ("qmail", "laptop", "c.example.net", "192.0.2.7", "mail.example.com", "qmail"),
        ("gmail", "[192.0.2.7]", "c.example.net.", "192.0.2.7", "smtp.gmail.com", "Gmail"),
    ],
)
def test_who_took_it_from_whom(form: str, helo: str, peer: str, address: str, by: str, software: str) -> None:
    hop = Received.parse(FORMS[form][0])
    assert (hop.helo, hop.peer, hop.address, hop.by, hop.software) == (helo, peer, address, by, software)


@pytest.mark.parametrize(
    ("line", "local"),
    [
        (f"(from root@localhost)\n\tby mail.example.com (8.17.1/8.17.1/Submit) id 6AM; {DATE}", "program"),
        (f"by mail.example.com (Postfix, from userid 0)\n\tid 123; {DATE}", "program"),
        (f"from root by mail.example.com with local (Exim 4.96)\n\tid 1-1-1; {DATE}", "program"),
        ("(qmail 4356 invoked by uid 0); 22 Nov 2026 06:34:12 -0000", "program"),
        (
            f"from localhost (mail.example.com [local]) by mail.example.com (OpenSMTPD) with ESMTPA id 1; {DATE}",
            "program",
        ),
        (f"from m (localhost [127.0.0.1]) by mail.example.com (8.17.1/8.17.1) with ESMTP id 1; {DATE}", "loopback"),
        (f"from m (localhost [IPv6:::1]) by mail.example.com (Postfix) with ESMTP id 1; {DATE}", "loopback"),
        (f"from [192.0.2.7] by web.example.com with HTTP (HTTP/1.1 POST); {DATE}", "web"),
        (FORMS["exchange, mapi"][0], "mapi"),
        (FORMS["lmtp"][0], "delivery"),
        (f"by 2001:db8::1 with SMTP id x1; {DATE}", "inside"),
        (FORMS["sendmail 8.17"][0], ""),
    ],
)
def test_mail_that_came_by_no_network_is_told_apart(line: str, local: str) -> None:
    assert Received.parse(line).local == local


# ---- what a client can write into a line


@pytest.mark.parametrize(
    "line",
    [
        "from x (authenticated bits=0) (c.example.net [192.0.2.7]) by mail.example.com (8.17.1/8.17.1) with ESMTP id 1",
        "from x (h [127.0.0.1]) (authenticated bits=0) (c.example.net [192.0.2.7]) by mail.example.com "
        "(8.17.1/8.17.1) with ESMTP id 1",
        "from x by other with ESMTPSA; (c.example.net [192.0.2.7]) by mail.example.com (8.17.1/8.17.1) with ESMTP id 1",
        'from x ([192.0.2.7]) by mail.example.com with esmtp (Exim 4.96) (envelope-from <"a) by b with ESMTPSA ("@c.de>) '
        "id 1",
        'from x ([192.0.2.7]) by mail.example.com with esmtp (Exim 4.96) (envelope-from <"a)(authenticated bits=0"@c.de>)',
        'from x (c.example.net [192.0.2.7]) by mail.example.com (Postfix) with ESMTP id 1 for <"u by b with ESMTPSA"@c.de>',
        "from x (c.example.net [192.0.2.7]) by mail.example.com (Postfix) with ESMTP id 1 for <u@c.de>; (authenticated)",
    ],
)
def test_a_client_cannot_write_itself_a_login(line: str) -> None:
    hop = Received.parse(f"{line}; {DATE}")
    assert (hop.authenticated, hop.tls) == (False, False)
    assert (hop.by, hop.address) == ("mail.example.com", "192.0.2.7")


def test_comments_nest_and_quoted_parentheses_end_nothing() -> None:
    hop = Received.parse(
        "from x (c.example.net [192.0.2.7] (a (b \\) c) d)) (authenticated (56 bits)) by m.example.com"
    )
    assert (hop.address, hop.authenticated, hop.bits, hop.by) == ("192.0.2.7", True, 56, "m.example.com")


def test_a_parenthesis_that_is_never_closed_hides_nothing() -> None:
    assert Received.parse("from x (c.example.net [192.0.2.7] by m.example.com with ESMTPSA id 1").authenticated is True


# ---- a whole header

SUBMITTED = f"Received: {FORMS['sendmail 8.17'][0]}"
ONWARD = (
    "Received: from mail.example.com (mail.example.com [192.0.2.1])\n\tby mx.example.org (Postfix) with ESMTPS id 4D\n"
    "\tfor <u@example.org>; " + DATE
)
REST = "From: Joe <joe@example.com>\nSubject: Received: from a by b with ESMTPSA\nTo: u@example.org\n"
BODY = f"\nReceived: {FORMS['postfix, user told'][0]}\n"


def _outcome(text: str) -> tuple[bool | None, bool | None, str, str]:
    judgement = judge(Trace.parse(text))
    return judgement.authenticated, judgement.tls, judgement.user, judgement.hop.by if judgement.hop else ""


@pytest.mark.parametrize(
    "paste",
    [
        lambda h: h,
        lambda h: h.replace("\n", "\r\n"),
        lambda h: "\n\n" + h,
        lambda h: "Hello, here is the header:\n\n" + h,
        lambda h: "From joe@example.com Sun Nov 22 06:34:12 2026\n" + h,
        lambda h: "".join(f"> {line}\n" for line in h.split("\n")),
        lambda h: "".join(f">> > {line}\n" for line in h.split("\n")),
        lambda h: "".join(f"    {line}\n" for line in h.split("\n")),
        lambda h: "\n".join(line.lstrip() for line in h.split("\n")),
        lambda h: "Return-Path: <joe@example.com>\nX-Spam: no\n" + h,
    ],
)
def test_a_header_may_be_quoted_indented_or_followed_by_the_body(paste: Callable[[str], str]) -> None:
    text = paste(f"{ONWARD}\n{SUBMITTED}\n{REST}{BODY}")
    assert len(Trace.parse(text).hops) == 2, "the body's line is none of this mail's"
    assert _outcome(text) == (True, True, "", "mail.example.com")


def test_the_line_of_the_submission_is_judged_not_the_last_one() -> None:
    judgement = judge(Trace.parse(f"{ONWARD}\n{SUBMITTED}\n{REST}"))
    assert judgement.hop is not None and judgement.hop.software == "Sendmail 8.17.1.9"
    assert "mail.example.com recorded that the client logged in over TLS" in judgement.sentence


FORGED = f"Received: from mail.example.com (mail.example.com [192.0.2.1]) (authenticated bits=0) by mx.example.org (8.17.1/8.17.1) with ESMTPSA id 1; {DATE}"
ATTACK = f"Received: from mx.example.org (evil.example.net [203.0.113.9]) by mx.example.org (Postfix) with ESMTP id 2; {DATE}"


def test_a_forged_line_below_is_not_believed() -> None:
    trace = Trace.parse(f"{ATTACK}\n{FORGED}\n{REST}")
    assert trace.hops[1].authenticated, "it says so"
    assert believed(trace) == (0,)
    assert judge(trace).authenticated is False and judge(trace).hop == trace.hops[0]


@pytest.mark.parametrize(
    "peer", ["unknown [203.0.113.9]", "mx.example.org [203.0.113.9] (may be forged)", "[203.0.113.9]"]
)
def test_a_name_that_the_server_did_not_find_itself_leads_nowhere(peer: str) -> None:
    top = f"Received: from mx.example.org ({peer}) by mx.example.org (8.17.1/8.17.1) with ESMTP id 2; {DATE}"
    assert believed(Trace.parse(f"{top}\n{FORGED}")) == (0,)


def test_a_content_filter_is_passed_through() -> None:
    text = (
        f"Received: from localhost (localhost [127.0.0.1]) by mail.example.com (Postfix) with ESMTP id 3; {DATE}\n"
        "Received: from mail.example.com ([127.0.0.1]) by localhost (mail.example.com [127.0.0.1]) (amavisd-new, port "
        f"10024) with ESMTP id 2; {DATE}\n"
        f"Received: {FORMS['postfix, user told'][0]}\n{FORGED}\n"
    )
    assert believed(Trace.parse(text)) == (0, 1, 2)
    assert _outcome(text) == (True, True, "joe@example.com", "mail.example.com")
    assert judge(Trace.parse(text), "mail.example.com").user == "joe@example.com"


def test_a_delivery_to_the_mailbox_is_passed_through() -> None:
    assert _outcome(f"Received: {FORMS['lmtp'][0]}\n{SUBMITTED}\n") == (True, True, "", "mail.example.com")


def test_the_submission_program_of_sendmail() -> None:
    text = (
        f"Received: from m.example.com (localhost [127.0.0.1]) by m.example.com (8.17.1/8.17.1) with ESMTP id 1; {DATE}\n"
        f"Received: (from root@localhost) by m.example.com (8.17.1/8.17.1/Submit) id 5; {DATE}\n{FORGED}"
    )
    trace = Trace.parse(text)
    assert believed(trace) == (0, 1)
    assert judge(trace).authenticated is None and "A program on m.example.com" in judge(trace).sentence


def test_a_server_that_logs_in_to_the_next_is_not_the_client(tmp_path: Path) -> None:
    hub = (
        "Received: from relay.example.com (relay.example.com [192.0.2.2]) (authenticated bits=128) by hub.example.com "
        f"(8.17.1/8.17.1) with ESMTPA id 1; {DATE}\n"
    )
    client = f"Received: {FORMS['sendmail, user told'][0]}".replace("by mail", "by relay")
    judgement = judge(Trace.parse(f"{hub}{client}"))
    assert (judgement.user, judgement.mech, judgement.bits) == ("joe@example.com", "CRAM-MD5", 0)
    assert judge(Trace.parse(f"{hub}{client}"), by="hub.example.com").bits == 128
    assert "also line 1 is of a server that logged in to the next one" in _flat(_page(f"{hub}{client}", tmp_path))


def test_a_client_that_has_a_mail_program_of_its_own() -> None:
    top = f"Received: {FORMS['sendmail 8.17'][0]}\n"
    own = f"Received: (from joe@localhost) by c.example.net (8.17.1/8.17.1/Submit) id 5; {DATE}\n"
    trace = Trace.parse(top + own)
    assert believed(trace) == (0, 1)
    assert judge(trace).hop == trace.hops[0] and judge(trace).authenticated


def test_nothing_stands_below_what_a_program_handed_in() -> None:
    top = f"from localhost (mx.example.org [local]) by mx.example.org (OpenSMTPD) with ESMTPA id 1; {DATE}"
    assert believed(Trace.parse(f"Received: {top}\n{FORGED}")) == (0,)


def test_the_word_of_one_server_is_asked_for() -> None:
    trace = Trace.parse(f"{ONWARD}\n{SUBMITTED}\n{REST}")
    assert judge(trace, "mx.example.org").authenticated is False
    assert judge(trace, "MAIL.example.com.").authenticated is True
    assert judge(trace, "example.com").hop == trace.hops[1]
    nobody = judge(trace, "example.edu")
    assert (nobody.authenticated, nobody.hop) == (None, None) and "example.edu" in nobody.sentence
    assert judge(Trace(())) == replace(nobody, sentence="")


RESULT = "Authentication-Results: mail.example.com; auth=pass (cram-md5) smtp.auth=joe@example.com\n"


def test_a_result_above_the_line_adds_to_it() -> None:
    judgement = judge(Trace.parse(f"{RESULT}{SUBMITTED}"))
    assert (judgement.user, judgement.mech) == ("joe@example.com", "CRAM-MD5")


@pytest.mark.parametrize(
    "header",
    [
        f"{SUBMITTED}\n{RESULT}",
        f"{RESULT.replace('mail.', 'other.')}{SUBMITTED}",
        f"{RESULT.replace('auth=pass', 'auth=fail')}{SUBMITTED}",
        f"Authentication-Results: mail.example.com; spf=fail (of x; auth=pass smtp.auth=joe@example.com)\n{SUBMITTED}",
        f"{RESULT.replace('mail.example.com', 'com')}{SUBMITTED}",
    ],
)
def test_a_result_of_a_stranger_adds_nothing(header: str) -> None:
    assert judge(Trace.parse(header)).user == ""


def test_a_result_tells_what_the_line_of_exchange_does_not() -> None:
    line = f"Received: {FORMS['exchange'][0]}"
    assert judge(Trace.parse(line)).authenticated is None
    assert judge(Trace.parse(f"{RESULT.replace('mail.', 'b.')}{line}")).authenticated is True


# ---- hostile


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet=st.one_of(st.sampled_from('()<>"\\;[]@:=> \n\t\r'), st.characters()), max_size=400))
@example("Received:")
@example("Received: ;")
@example('Received: by "')
@example("by by by; ; from (((")
@example("Received: from [::1] by\udcff with ESMTPSA (authenticated bits=99999999999999)")
def test_any_text_is_read(text: str) -> None:
    for trace in (Trace.parse(text), Trace.parse(f"Received: {text}"), Trace((Received.parse(text),))):
        assert isinstance(judge(trace), Judgement)
        assert all(hop.when is None or hop.date for hop in trace.hops)
        if trace.hops:
            assert believed(trace)[0] == 0


WORDS = [
    "from",
    "x",
    "by",
    "m.example.com",
    "via",
    "with",
    "ESMTPSA",
    "ESMTP",
    "SMTP",
    "id",
    "1",
    "for",
    "<u@c.de>",
    ";",
    "(a",
    "(b)",
    "[127.0.0.1]",
    "([192.0.2.7])",
    "(authenticated",
    "(authenticated",
    "bits=0)",
    "(user=a",
    "mech=PLAIN)",
    "(8.17.1/8.17.1)",
    "(Postfix)",
    "auth=yes",
    "user=joe",
    "\\(",
    '"',
    "(",
    ")",
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_any_words_of_a_line_are_read(words: Sequence[str]) -> None:
    hop = Received.parse(" ".join(words))
    assert isinstance(judge(Trace((hop,))), Judgement)
    if not {"ESMTPSA", "auth=yes"} & set(words) and not any(w.startswith(("(auth", "(user", "auth")) for w in words):
        assert not hop.authenticated, "a login comes from words that tell of one"


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    ["(", ")(", "(a ", '"\\', "<", '<"', "> ", "\n", "Received: (\n", "a:\n", "\t\n ", "Received: by", "received ", "by ",
     "(authenticated ", "; auth=pass (", "Authentication-Results: x.y; auth=pass(\n", "Received: from [\n", "1.", ":", "f:", "by x\n", "from x\n by y with\n", "X-Authenticated-X: a\n"],
)  # fmt: skip
@pytest.mark.parametrize("head", ["", "Received: ", "Authentication-Results: ", "Received: by m\n (", "from x by (["])
def test_a_mebibyte_of_anything_is_read_in_a_moment(piece: str, head: str) -> None:
    text = head + piece * (1024 * 1024 // len(piece))
    began = time.process_time()
    judge(Trace.parse(text))
    assert time.process_time() - began < 5


def test_of_very_many_lines_the_newest_are_read() -> None:
    trace = Trace.parse(f"{SUBMITTED}\n" * 500)
    assert len(trace.hops) == 100 and trace.more


# ---- the page


def _page(text: str, tmp_path: Path, style: Style = PLAIN) -> str:
    file = tmp_path / "header"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return header_page(str(file), style)


def _flat(page: str) -> str:
    return " ".join(page.split())


def test_the_page_of_a_login(tmp_path: Path) -> None:
    page = _flat(_page(f"{ONWARD}\n{SUBMITTED}\n{FORGED}\n{REST}", tmp_path))
    assert "3 Received lines, the newest first" in page
    assert (
        "[--] 1 by mx.example.org (Postfix), from mail.example.com [192.0.2.1], ESMTPS: no login, TLS [ok] 2 " in page
    )
    assert "ESMTPSA: login, TLSv1.3 (judged) [??] 3 " in page and "not believed; it says: login, TLS" in page
    assert "[ok] mail.example.com recorded that the client logged in over TLS" in page
    assert "bits=0 the mechanism added no security layer of its own, which is normal" in page
    assert "line 3 may be the sender's own words" in page and "claimed there by mx.example.org" in page
    assert "AUTH=server" in page, "where the name can be found"


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("sendmail, user told", ["[!!] mail.example.com recorded", "joe@example.com (realm or domain example.com)", "author ann",
                                 "CRAM-MD5 does not send the password itself", "confAUTH_OPTIONS"]),
        ("exim 4.80", ["logged in without TLS", "By which mechanism is not told", "server_advertise_condition"]),
        ("sendmail, a layer of SASL", ["security layer of SASL, 128 bits, protected"]),
        ("sendmail without a login", ["[!!] mail.example.com took the mail without a login, over TLS", "access map", "M=Ea", "CONF007"]),
        ("postfix, neither", ["took the mail without a login, without TLS", "readable by others", "permit_sasl_authenticated"]),
        ("postfix", ["smtpd_sasl_authenticated_header"]),
        ("exchange", ["[??] The line of b.example.com does not tell", "Look for the mail in its log"]),
        ("exchange, mapi", ["[--] The mail was handed in by Exchange's own protocol"]),
    ],
)  # fmt: skip
def test_the_page_says_what_it_means_and_remedy(form: str, says: Sequence[str], tmp_path: Path) -> None:
    page = _flat(_page(FORMS[form][0], tmp_path))
    for words in says:
        assert words in page


def test_a_program_of_the_host_needs_no_login(tmp_path: Path) -> None:
    page = _flat(_page(f"Received: by mail.example.com (Postfix, from userid 0) id 123; {DATE}", tmp_path))
    assert "[--] A program on mail.example.com" in page and "that it is missing is normal" in page


def test_a_login_over_the_loopback_is_no_risk(tmp_path: Path) -> None:
    line = f"from web (localhost [127.0.0.1]) by mail.example.com (Postfix) with ESMTPA id 1; {DATE}"
    page = _flat(_page(line, tmp_path))
    assert "[ok] mail.example.com recorded that the client logged in without TLS" in page
    assert "did not leave the host" in page and "STARTTLS" not in page


def test_further_evidence_is_shown_with_its_worth(tmp_path: Path) -> None:
    page = _flat(_page(f"{RESULT}{SUBMITTED}\nX-Authenticated-Sender: someone\n", tmp_path))
    assert "smtp.auth=joe@example.com (above that line)" in page
    assert "X-Authenticated-Sender: someone (below that line, where the sender could have put it)" in page


def test_hostile_words_are_harmless_and_fit_the_width(tmp_path: Path) -> None:
    evil = "\x1b[31m\u202e" + "x" * 3000
    text = (
        f"X-Authenticated-{'Y' * 40}: {evil}\nReceived: from {evil} ({evil}.example [192.0.2.7]) (Authenticated sender: "
        f"{evil}) by {evil} (Postfix) with ESMTPSA id {evil} (version={evil} cipher={evil}); {evil}\n"
    )
    for style in (PLAIN, Style()):
        page = _page(text, tmp_path, style)
        assert all(c.isprintable() or c == "\n" for c in page) and "\\x1b" in page
        assert max(len(line) for line in page.splitlines()) <= 80
    assert _page(text, tmp_path).isascii() and not _page(text, tmp_path, Style()).isascii()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), max_size=30), st.booleans())
def test_a_page_of_anything_is_printable_and_fits(words: Sequence[str], ascii: bool) -> None:
    from maildoctor.cli.header_page import _page as blocks
    from maildoctor.render.text import written

    style = Style(ascii=ascii)
    page = written(blocks(Trace((Received.parse(" ".join(words)),)), style), style)
    assert all(c.isprintable() or c == "\n" for c in page)
    assert page.isascii() or not ascii
    assert max(len(line) for line in page.splitlines()) <= 80


# ---- the command


def test_the_command_reads_a_file_or_the_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "h"
    file.write_text(SUBMITTED)
    assert main(["explain", "--header", str(file)]) == 0
    said = capsys.readouterr().out
    assert "logged in over TLS" in _flat(said)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SUBMITTED.encode())))
    assert main(["explain", "--header=-"]) == 0
    assert capsys.readouterr().out == said


def test_the_environment_may_name_the_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "h"
    file.write_text(SUBMITTED)
    monkeypatch.setenv("MAILDOCTOR_HEADER", str(file))
    assert main(["explain"]) == 0
    assert "logged in over TLS" in _flat(capsys.readouterr().out)
    assert main(["explain", "CONF007"]) == 0
    assert "received-header-hides-auth" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"Subject: hello\n\nby the way\n", "no Received line"),
        (b"from my point of view, by the way\n", "no Received line"),
        (b"\x7fELF\x00\x00", "binary"),
        (b"Received: from a by b\n" * 60_000, "larger than 1 MiB"),
    ],
)
def test_what_is_no_header_is_told(data: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "h"
    file.write_bytes(data)
    with pytest.raises(UsageError, match=says):
        header_page(str(file), PLAIN)
    assert main(["explain", "--header", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and says in err and str(file) in err and "what to do: " in err


def test_what_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (str(tmp_path), str(tmp_path / "none"), "a\0b"):
        assert main(["explain", "--header", path]) == 2
        assert "cannot read the header" in capsys.readouterr().err


def test_a_header_and_a_code_are_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--header", "a", "CONF007"]) == 2
    assert "not allowed with" in capsys.readouterr().err
