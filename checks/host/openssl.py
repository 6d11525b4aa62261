"""TLS: OpenSSL's own configuration, on which the TLS of every program of this host depends."""

from maildoctor.api import Evidence, Findings, LoginService, check, edit, found, inspect, restart
from maildoctor.api.host import OpensslConf

_HEAD = "# path: /etc/ssl/openssl.cnf\nopenssl_conf = init\nconfig_diagnostics = 1\n[init]\nssl_conf = ssl\n[ssl]\n"
_OLD = _HEAD + "system_default = all\n[all]\n"
_NEW = "# release: 3.5.1\n" + _OLD
_SERVICE = "wanted"


@check(
    "TLS020",
    "openssl-system-default",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls", "no-offer", "WIRE021"),
    witnesses=("TLS134", "TLS142", "TLS144"),
    fails=[
        {"service": _SERVICE, "openssl": _NEW + "MinProtocol = TLS1.2"},
        {"service": _SERVICE, "openssl": _NEW + "CipherString = STRONG"},
        {"service": _SERVICE, "openssl": _NEW + "CipherString = DEFAULT@SECLEVEL=9"},
        {"service": _SERVICE, "openssl": _NEW + "Options = -SessionTickets"},
        {"service": _SERVICE, "openssl": _NEW + "MinimumProtocol = TLSv1.2"},
        {"service": _SERVICE, "openssl": _OLD + "MinProtocol = TLSv1_2"},
        {"service": _SERVICE, "openssl": _OLD + "MinProtocol = TLSv1.3\nMaxProtocol = TLSv1.2"},
        {"service": _SERVICE, "openssl": _OLD + "Protocol = -ALL"},
    ],
    passes=[
        {"service": _SERVICE, "openssl": _NEW + "MinProtocol = TLSv1.2\nCipherString = DEFAULT@SECLEVEL=2"},
        {"service": _SERVICE, "openssl": _NEW + "TLS.MinProtocol = TLSv1.2\nDTLS.MinProtocol = DTLSv1.2"},
        {"service": _SERVICE, "openssl": _NEW + "Options = -SessionTicket,ServerPreference,RHNoEnforceEMSinFIPS"},
        {"service": _SERVICE, "openssl": _NEW + "CipherString = @SECLEVEL=2:kEECDH:kRSA:!aNULL:-SHA1"},
        {"service": _SERVICE, "openssl": _NEW + "Protocol = ALL,-TLSv1,-TLSv1.1 # as before"},
        {"service": _SERVICE, "openssl": _HEAD + "other = all\n[all]\nMinProtocol = TLS1.2"},
    ],
    refs=(
        "OpenSSL: ssl/ssl_conf.c, protocol_from_string() and the tables of names; ssl/ssl_mcnf.c, ssl_do_config()",
        "OpenSSL: ssl/ssl_lib.c, SSL_CTX_new_ex(): `error in system default config`; config(5), config_diagnostics",
    ),
)
def openssl_system_default(openssl: OpensslConf, service: LoginService) -> Findings:
    """OpenSSL's configuration has a value for all programs that OpenSSL does not know, or that leaves no version.

    The section that `system_default` names applies to sendmail, Postfix, Dovecot and every other program alike. With
    config_diagnostics, which distributions set, OpenSSL 3.4 and later refuses to work at all: the server goes on
    without STARTTLS, and PLAIN and LOGIN go with it. Older releases pass over the rest of the section, so that the
    limits that were meant do not apply.

    Advice: write the value as OpenSSL spells it (TLSv1.2, not TLS1.2; see SSL_CONF_cmd(3)), then restart the mail
    server.
    """
    steps = [inspect("openssl ciphers -s -v"), restart(service)]
    for command in openssl.commands:
        if problem := command.problem:
            then = "no program can open TLS" if openssl.is_fatal else "the section is not applied from there on"
            yield found(
                f"OpenSSL refuses {command.name} = {command.value} in {command.path}, which is for all programs"
                f" (system_default): {problem}; {then}",
                evidence=[Evidence(f"{command.path}:{command.line}", f"{command.name} = {command.value}")],
                fix=[edit(command.path, f"correct {{name}} in line {command.line}", name=command.name), *steps],
                severity=None if openssl.is_fatal and not service.without_tls else "warning",
                option=command.name,
            )
            return
    if openssl.commands and not openssl.versions:
        limits = [c for c in openssl.commands if c.name.lower() in ("minprotocol", "maxprotocol", "protocol")]
        yield found(
            f"{openssl.path} leaves no version of TLS to any program of this host (system_default)",
            evidence=[Evidence(f"{c.path}:{c.line}", f"{c.name} = {c.value}") for c in limits[:4]],
            fix=[edit(limits[0].path, "MinProtocol = TLSv1.2, and no MaxProtocol"), *steps],
            severity="warning" if service.without_tls else None,
            option="MinProtocol",
        )
