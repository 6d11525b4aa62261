"""RUN: the policy server that Dovecot asks before each login."""

import re

from maildoctor.api import Evidence, Findings, LoginService, Restart, SetInLine, by_hand, check, found
from maildoctor.api.dovecot import Dovecot, is_asked
from maildoctor.api.host import Listeners

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_CONF = (
    "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nauth_policy_server_url = http://127.0.0.1:8084/\n"
    "auth_policy_hash_nonce = x\nauth_policy_reject_on_fail = yes\n"
)
_URL = re.compile(
    r"(http|https)://(?:[^/?@\s]{1,200}@)?(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::(\d{1,5}))?(?:[/?].{0,2000})?",
    re.IGNORECASE,
)


@check(
    "RUN075",
    "dovecot-policy-server-down",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {"service": _ASKED, "dovecot": _CONF, "listeners": "0.0.0.0 25 7 master"},
        {"service": _ASKED, "dovecot": f"{_CONF}auth_policy_check_before_auth = no\n", "listeners": ""},
        {
            "service": _ASKED,
            "dovecot": _CONF.replace("http://127.0.0.1:8084", "https://u:p@localhost"),
            "listeners": "",
        },
    ],
    passes=[
        {"service": _ASKED, "dovecot": _CONF, "listeners": "127.0.0.1 8084 7 wforce"},
        {"service": _ASKED, "dovecot": _CONF.replace("fail = yes", "fail = no"), "listeners": ""},
        {"service": _ASKED, "dovecot": _CONF.replace("127.0.0.1", "192.0.2.1"), "listeners": ""},
        {"service": _ASKED, "dovecot": _CONF.replace("auth_policy_server_url", "#"), "listeners": ""},
        {
            "service": _ASKED,
            "dovecot": f"{_CONF}auth_policy_check_before_auth = no\nauth_policy_check_after_auth = no\n",
            "listeners": "",
        },
        {
            "service": _ASKED,
            "dovecot": _CONF.replace("reject_on_fail = yes", "report_after_auth = yes"),
            "listeners": "",
        },
    ],
    refs=(
        "dovecot: auth/auth-policy.c, auth_policy_check(): -1 before an answer comes where auth_policy_reject_on_fail; "
        "auth/auth-request.c: before and after the passdb (2.3 and 2.4)",
    ),
)
def policy_server_down(service: LoginService, dovecot: Dovecot, listeners: Listeners) -> Findings:
    """Dovecot asks a policy server before each login, nothing listens there, and a question that fails counts as a no.

    Every login is refused as if the password were wrong (auth_policy_reject_on_fail = yes).

    Advice: start the policy server (weakforced); until it runs, set auth_policy_reject_on_fail = no.
    """
    url = dovecot.value("auth_policy_server_url")
    at = _URL.fullmatch(url)
    asked = any(dovecot.value(f"auth_policy_check_{when}_auth").lower() != "no" for when in ("before", "after"))
    if not is_asked(service) or at is None or not asked or not dovecot.is_yes("auth_policy_reject_on_fail"):
        return
    port = int(at[2] or ("443" if at[1].lower() == "https" else "80"))
    if listeners.on(port):
        return
    setting = dovecot.get("auth_policy_reject_on_fail")
    yield found(
        f"Nothing listens on port {port} of this host, where Dovecot asks its policy server (auth_policy_server_url), "
        "and auth_policy_reject_on_fail = yes then refuses every login",
        evidence=[
            dovecot.evidence("auth_policy_server_url"),
            dovecot.evidence("auth_policy_reject_on_fail"),
            Evidence("ss -ltn", f"no listener on port {port}"),
        ],
        fix=[
            by_hand("start the policy server of port {port}, or else:", port=str(port)),
            *(
                [SetInLine(setting.path, setting.line, "auth_policy_reject_on_fail", "no", setting.value)]
                if setting
                else []
            ),
            Restart("dovecot"),
        ],
        setting="auth_policy_server_url",
    )
