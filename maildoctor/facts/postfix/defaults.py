"""What Postfix has compiled in where main.cf says nothing (global/mail_params.h)."""

from collections.abc import Collection, Mapping

_DEFAULTS: Mapping[str, str] = {
    "smtpd_sasl_auth_enable": "no",
    "smtpd_sasl_type": "cyrus",
    "smtpd_sasl_path": "smtpd",
    "smtpd_sasl_service": "smtp",
    "smtpd_sasl_security_options": "noanonymous",
    "smtpd_sasl_tls_security_options": "$smtpd_sasl_security_options",
    "smtpd_sasl_mechanism_filter": "!external, static:rest",
    "smtpd_tls_auth_only": "no",
    "smtpd_tls_key_file": "$smtpd_tls_cert_file",
    "smtpd_delay_reject": "yes",
    "inet_interfaces": "all",
    "inet_protocols": "all",
    "queue_directory": "/var/spool/postfix",
    "mail_owner": "postfix",
    "smtp_sasl_type": "cyrus",
    "smtp_sasl_security_options": "noplaintext, noanonymous",
    "smtp_sasl_tls_security_options": "$smtp_sasl_security_options",
}


def default(name: str, version: tuple[int, ...], level: tuple[int, ...], built: Collection[str]) -> str:
    """The default of a parameter, references not filled in; empty where it has none or is not known. `version` is
    empty where the release is not known, and then the newest counts; `level`: compatibility_level."""
    if name == "smtpd_relay_restrictions" and level >= (1,):
        return "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination"
    return _DEFAULTS.get(name, "")
