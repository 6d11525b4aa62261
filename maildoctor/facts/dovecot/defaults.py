"""What Dovecot has compiled in where its configuration says nothing (auth/auth-settings.c, master-settings.c)."""

from collections.abc import Mapping

_DEFAULTS: Mapping[str, str] = {
    "auth_mechanisms": "plain",
    "auth_realms": "",
    "auth_default_realm": "",
    "auth_default_domain": "",
    "auth_username_chars": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890.-_@",
    "auth_username_translation": "",
    "auth_username_format": "%Lu",
    "auth_master_user_separator": "",
    "auth_krb5_keytab": "",
    "auth_worker_max_count": "30",
    "auth_failure_delay": "2 secs",
    "auth_verbose": "no",
    "auth_debug": "no",
    "auth_debug_passwords": "no",
    "auth_verbose_passwords": "no",
    "auth_allow_weak_schemes": "no",
    "auth_allow_cleartext": "no",
    "auth_ssl_require_client_cert": "no",
    "disable_plaintext_auth": "yes",
    "ssl": "yes",
    "base_dir": "/run/dovecot",
    "default_internal_user": "dovecot",
    "default_internal_group": "dovecot",
    "default_login_user": "dovenull",
    "default_client_limit": "1000",
    "default_process_limit": "100",
    "default_vsz_limit": "256M",
    "listen": "*, ::",
    "log_path": "syslog",
    "protocols": "",
    "submission_relay_host": "",
}
_DEFAULTS_OF_2_4: Mapping[str, str] = {"auth_username_format": "%{user | lower}"}


def default(name: str, minor: int) -> str:
    """The default of a setting, for 2.3 or 2.4; empty where it has none or is not known."""
    if minor > 3 and name in _DEFAULTS_OF_2_4:
        return _DEFAULTS_OF_2_4[name]
    return _DEFAULTS.get(name, "")
