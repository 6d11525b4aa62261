"""Which package of a distribution brings a SASL plug-in, and the command that installs it."""

from collections.abc import Mapping

from maildoctor.facts.cyrus.plugins import MECHANISMS

_FAMILIES: Mapping[str, str] = {
    "debian": "debian", "ubuntu": "debian", "devuan": "debian", "raspbian": "debian", "linuxmint": "debian",
    "fedora": "fedora", "rhel": "fedora", "centos": "fedora", "rocky": "fedora", "almalinux": "fedora",
    "ol": "fedora", "amzn": "fedora",
    "alpine": "alpine",
    "suse": "suse", "opensuse": "suse", "sles": "suse", "opensuse-leap": "suse", "opensuse-tumbleweed": "suse",
    "freebsd": "freebsd",
    "arch": "arch", "archlinux": "arch",
}  # fmt: skip
"""ID or a word of ID_LIKE in os-release(5) -> whose packages those are."""

_PACKAGES: Mapping[str, Mapping[str, str]] = {
    # debian/*.install of cyrus-sasl2
    "debian": {
        "": "libsasl2-modules", "sasldb": "libsasl2-modules-db", "gssapiv2": "libsasl2-modules-gssapi-mit",
        "gs2": "libsasl2-modules-gssapi-mit", "ldapdb": "libsasl2-modules-ldap", "sql": "libsasl2-modules-sql",
        "otp": "libsasl2-modules-otp", "libsasl2": "libsasl2-2", "saslauthd": "sasl2-bin", "sendmail": "sendmail-bin",
        "sensible-mda": "sensible-mda", "postfix": "postfix", "dovecot": "dovecot-core", "sendmail-cf": "sendmail",
        "exim": "exim4-daemon-heavy", "opensmtpd": "opensmtpd", "ca-certificates": "ca-certificates",
    },
    # %files of Fedora's cyrus-sasl.spec
    "fedora": {
        "": "cyrus-sasl", "plain": "cyrus-sasl-plain", "login": "cyrus-sasl-plain", "crammd5": "cyrus-sasl-md5",
        "digestmd5": "cyrus-sasl-md5", "scram": "cyrus-sasl-scram", "gssapiv2": "cyrus-sasl-gssapi",
        "gs2": "cyrus-sasl-gs2", "ntlm": "cyrus-sasl-ntlm", "ldapdb": "cyrus-sasl-ldap", "sql": "cyrus-sasl-sql",
        "anonymous": "cyrus-sasl-lib", "sasldb": "cyrus-sasl-lib", "libsasl2": "cyrus-sasl-lib", "sendmail": "sendmail",
        "postfix": "postfix", "dovecot": "dovecot", "sendmail-cf": "sendmail sendmail-cf m4",
        "exim": "exim", "opensmtpd": "opensmtpd", "ca-certificates": "ca-certificates",
    },
    # APKBUILD, main/cyrus-sasl
    "alpine": {
        "": "cyrus-sasl", "plain": "libsasl", "anonymous": "libsasl", "sasldb": "libsasl", "libsasl2": "libsasl",
        "login": "cyrus-sasl-login", "crammd5": "cyrus-sasl-crammd5", "digestmd5": "cyrus-sasl-digestmd5",
        "scram": "cyrus-sasl-scram", "ntlm": "cyrus-sasl-ntlm", "gs2": "cyrus-sasl-gs2",
        "gssapiv2": "cyrus-sasl-gssapiv2", "sendmail": "sendmail", "postfix": "postfix", "dovecot": "dovecot",
        "sendmail-cf": "sendmail",
        "exim": "exim", "opensmtpd": "opensmtpd", "ca-certificates": "ca-certificates-bundle",
    },
    # what the packages of openSUSE Tumbleweed provide
    "suse": {
        "": "cyrus-sasl", "plain": "cyrus-sasl-plain", "crammd5": "cyrus-sasl-crammd5",
        "digestmd5": "cyrus-sasl-digestmd5", "scram": "cyrus-sasl-scram", "gssapiv2": "cyrus-sasl-gssapi",
        "gs2": "cyrus-sasl-gs2", "ntlm": "cyrus-sasl-ntlm", "otp": "cyrus-sasl-otp",
        "ldapdb": "cyrus-sasl-ldap-auxprop", "sql": "cyrus-sasl-sqlauxprop", "libsasl2": "libsasl2-3",
        "saslauthd": "cyrus-sasl-saslauthd", "sendmail": "sendmail", "postfix": "postfix", "dovecot": "dovecot",
        "sendmail-cf": "sendmail m4",
        "exim": "exim", "opensmtpd": "opensmtpd", "ca-certificates": "ca-certificates-mozilla",
    },
    # ports security/cyrus-sasl2 and its companions
    "freebsd": {
        "": "cyrus-sasl", "gssapiv2": "cyrus-sasl-gssapi", "ldapdb": "cyrus-sasl-ldapdb", "sql": "cyrus-sasl-sql",
        "saslauthd": "cyrus-sasl-saslauthd", "sendmail": "sendmail+tls+sasl2",
        "postfix": "postfix-sasl", "dovecot": "dovecot", "sendmail-cf": "sendmail+tls+sasl2",
        "exim": "exim", "opensmtpd": "opensmtpd", "ca-certificates": "ca_root_nss",
    },
    "arch": {
        "": "libsasl", "gssapiv2": "cyrus-sasl-gssapi", "ldapdb": "cyrus-sasl-ldap", "sql": "cyrus-sasl-sql",
        "saslauthd": "cyrus-sasl", "sendmail": "sendmail",
        "postfix": "postfix", "dovecot": "dovecot", "sendmail-cf": "sendmail m4",
        "exim": "exim", "opensmtpd": "opensmtpd", "ca-certificates": "ca-certificates",
    },
}  # fmt: skip
"""family -> plug-in -> package; the empty name stands for every plug-in not named."""

_OF_POSTFIX: Mapping[str, str] = {
    "suse postfix-pgsql": "postfix-postgresql", "suse postfix-pcre": "postfix", "suse postfix-lmdb": "postfix-lmdb",
    "freebsd postfix-ldap": "postfix-ldap", "freebsd postfix-mysql": "postfix-mysql",
    "freebsd postfix-pgsql": "postfix-pgsql", "freebsd postfix-sqlite": "postfix-sqlite",
    "freebsd postfix-lmdb": "postfix", "freebsd postfix-pcre": "postfix", "freebsd postfix-cdb": "postfix",
}  # fmt: skip
"""Packages with a type of Postfix' tables that are not called as with Debian, Fedora, Alpine and Arch."""

_VERBS: Mapping[str, tuple[str, str]] = {
    "debian": ("apt-get install", "apt-get install --reinstall"),
    "fedora": ("dnf install", "dnf reinstall"),
    "alpine": ("apk add", "apk fix"),
    "suse": ("zypper install", "zypper install -f"),
    "freebsd": ("pkg install", "pkg install -f"),
    "arch": ("pacman -S", "pacman -S"),
}
"""family -> how to install, how to install again."""


def package_for(mech_or_plugin: str, distribution: str) -> str:
    """The package that brings a mechanism (`DIGEST-MD5`) or a plug-in (`digestmd5`, `libdigestmd5.so`).

    `distribution` is ID of os-release(5) or a word of ID_LIKE; for one not known the answer is `cyrus-sasl`. The words
    `libsasl2`, `saslauthd`, `sendmail`, `sendmail-cf` (with its m4 source), `postfix`, `exim`, `opensmtpd`, `dovecot`,
    `ca-certificates` and Debian's `sensible-mda` are understood, too, and `postfix-lmdb` and
    the like for a type of Postfix' tables.
    """
    family = _family(distribution)
    if mech_or_plugin.startswith("postfix-"):
        return _OF_POSTFIX.get(f"{family} {mech_or_plugin}", mech_or_plugin)
    packages = _PACKAGES.get(family)
    if packages is None:
        return "cyrus-sasl"
    return packages.get(_plugin_name(mech_or_plugin), packages[""])


def install_command(package: str, distribution: str, *, again: bool = False) -> str:
    """The command that installs a package, or installs it `again` over damaged files; empty for a distribution that is
    not known."""
    verbs = _VERBS.get(_family(distribution))
    return f"{verbs[again]} {package}" if verbs else ""


def _family(distribution: str) -> str:
    """`opensuse-leap` and its like are known by their first word as well."""
    words = distribution.lower().split()
    known = (_FAMILIES.get(word) or _FAMILIES.get(word.partition("-")[0]) for word in words)
    return next((family for family in known if family), "")


def _plugin_name(mech_or_plugin: str) -> str:
    mechanism = mech_or_plugin.upper().removesuffix("-PLUS")
    for plugin, brings in MECHANISMS.items():
        if mechanism in brings:
            return plugin
    if mechanism.startswith("GS2-"):
        return "gs2"
    name = mech_or_plugin.rpartition("/")[2].partition(".")[0].lower()
    return name if name == "libsasl2" else name.removeprefix("lib")
