"""OpenSSL's own configuration, as far as every program's TLS depends on it: the section `system_default`.

Sources: crypto/conf/conf_def.c (the form), ssl/ssl_mcnf.c, ssl_do_config(): each line of the section is a command for
ssl/ssl_conf.c, what stands before a dot in its name is dropped; doc/man3/SSL_CONF_cmd.pod.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

COMMANDS = frozenset({
    "signaturealgorithms", "clientsignaturealgorithms", "curves", "groups", "ecdhparameters", "cipherstring",
    "ciphersuites", "protocol", "minprotocol", "maxprotocol", "options", "verifymode", "certificate", "privatekey",
    "serverinfofile", "chaincapath", "chaincafile", "verifycapath", "verifycafile", "chaincastore", "verifycastore",
    "requestcafile", "clientcafile", "requestcapath", "clientcapath", "requestcastore", "clientcastore",
    "dhparameters", "recordpadding", "numtickets", "certvalidation", "hostverification",
})  # fmt: skip
"""Commands of a file, in lower case, in which they are compared (ssl_conf.c, ssl_conf_cmds)."""

VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""protocol_from_string(), in order; spelled exactly so. Besides `None`, and those of DTLS."""

_OTHER_VERSIONS = frozenset({"None", "DTLSv1", "DTLSv1.2"})
_OF_LISTS = frozenset(v.lower() for v in (*VERSIONS, "ALL", "SSLv2", "DTLSv1", "DTLSv1.2"))
_OPTIONS = frozenset({
    "sessionticket", "emptyfragments", "bugs", "compression", "serverpreference", "noresumptiononrenegotiation",
    "dhsingle", "ecdhsingle", "unsafelegacyrenegotiation", "unsafelegacyserverconnect", "clientrenegotiation",
    "encryptthenmac", "norenegotiation", "allownodhekex", "prefernodhekex", "prioritizechacha", "middleboxcompat",
    "antireplay", "extendedmastersecret", "canames", "ktls", "strictcertcheck", "txcertificatecompression",
    "rxcertificatecompression", "ktlstxzerocopysendfile", "ignoreunexpectedeof", "legacyecpointformats",
})  # fmt: skip
_VERIFY = frozenset({"peer", "request", "require", "once", "requestposthandshake", "requireposthandshake"})
_LEVEL = re.compile(r"@SECLEVEL=([^@:, ;]{0,20})", re.IGNORECASE)
_GROUP = re.compile(
    r"[+]?(?:ALL|DEFAULT|COMPLEMENTOF(?:ALL|DEFAULT)|HIGH|MEDIUM|LOW|FIPS|SUITEB\w{0,20}|PROFILE=\w{1,20}"
    r"|[akAK]?(?:RSA|ECDSA|DSS|ECDH|ECDHE|EECDH|DH|DHE|EDH|PSK|RSAPSK|ECDHEPSK|DHEPSK|GOST\w{0,8}|SRP)"
    r"|TLSV1(?:\.[02])?|SSLV3|AES(?:128|256)?|AESGCM|AESCCM8?|CAMELLIA(?:128|256)?|CHACHA20|ARIA(?:128|256|GCM)?|3DES"
    r"|SHA1?|SHA(?:256|384)|ARIAGCM|CBC)(?:\+\S{1,60})?",
    re.IGNORECASE,
)
_SUITE = re.compile(r"[A-Z][A-Z0-9]{1,12}(?:-[A-Z0-9]{1,12}){1,8}")


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the section. `name` as written, without what stands before a dot."""

    path: str
    line: int
    name: str
    value: str

    @property
    def problem(self) -> str:
        """Why OpenSSL refuses it; empty where it does not, or that is not known."""
        name = self.name.lower()
        if name not in COMMANDS:
            return f"OpenSSL knows no command {self.name}"
        if name in ("minprotocol", "maxprotocol") and self.value not in (*VERSIONS, *_OTHER_VERSIONS):
            near = next((v for v in VERSIONS if _letters(v) == _letters(self.value)), "")
            return f"OpenSSL knows no version {self.value}" + (f", but {near}" if near else "")
        known = {"protocol": _OF_LISTS, "options": _OPTIONS, "verifymode": _VERIFY}.get(name)
        for word in self.value.split(",") if known else ():
            bare = word.strip().lstrip("+-").lower()
            if known and bare not in known and not bare.startswith("rh"):  # Red Hat has options of its own
                return (
                    f"OpenSSL knows no {'version' if name == 'protocol' else 'word'} {word.strip() or '(empty)'} here"
                )
        if name == "cipherstring":
            return _of_ciphers(self.value)
        return ""


def _letters(version: str) -> str:
    return re.sub(r"[^a-z0-9]", "", version.lower()).replace("tlsv", "tls").replace("sslv", "ssl")


def _of_ciphers(value: str) -> str:
    """A list of ciphers is refused where nothing is left; words that are not known are passed over."""
    for level in _LEVEL.findall(value):
        if not re.fullmatch(r"[0-5]", level):
            return f"@SECLEVEL is 0 to 5, not {level or '(empty)'}"
    words = re.split(r"[:, ;]+", value.strip())
    plain = [w.partition("@")[0] for w in words if w[:1] not in ("!", "-", "@", "")]
    if plain and not any(_GROUP.fullmatch(w) or _SUITE.fullmatch(w) for w in plain):
        return "no cipher is called so"
    return ""


@dataclass(frozen=True, slots=True)
class OpensslConf:
    """Text: `# path: FILE` before the lines of the file and of each that it includes; before them `# release: 3.5.1` of
    OpenSSL."""

    path: str
    release: tuple[int, ...]
    """empty where it is not known"""
    diagnostics: bool
    """config_diagnostics: faults of the file are not passed over"""
    commands: tuple[Command, ...]
    """those of the section that applies to every program; none where there is none"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; anything else is passed over."""
        release, first = "", ""
        sections: dict[str, list[Command]] = {}
        for kind, value, command in _lines(text):
            if kind == "release":
                release = release or value
            elif kind == "path":
                first = first or value
            elif command:
                sections.setdefault(value, []).append(command)
        top = {c.name: c.value for c in sections.get("default", ())}
        init = _last(sections, top.get("openssl_conf", ""), "ssl_conf")
        default = _last(sections, init, "system_default")
        applied = tuple(
            Command(c.path, c.line, c.name.rpartition(".")[2], c.value) for c in sections.get(default, ()) if default
        )
        word = top.get("config_diagnostics", "")
        return cls(
            first,
            tuple(int(n) for n in release.split(".") if n.isascii() and n.isdigit() and len(n) < 10),
            word.lower() in ("1", "yes", "true", "on", "y", "t"),
            applied,
        )

    @property
    def is_fatal(self) -> bool:
        """Whether a program gets no TLS at all because of a fault in it: SSL_CTX_new() fails with `error in system
        default config` where config_diagnostics is set (ssl/ssl_lib.c, 3.4 and later); else what stands behind the
        fault is passed over."""
        return self.diagnostics and self.release >= (3, 4)

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of TLS that are left."""
        last = {c.name.lower(): c.value for c in self.commands if not c.problem}
        low, high = last.get("minprotocol", "None"), last.get("maxprotocol", "None")
        left = [v for v in VERSIONS if (low not in VERSIONS or VERSIONS.index(v) >= VERSIONS.index(low))]
        left = [v for v in left if (high not in VERSIONS or VERSIONS.index(v) <= VERSIONS.index(high))]
        for word in last.get("protocol", "").split(","):
            bare, off = word.strip().lstrip("+-").lower(), word.strip().startswith("-")
            if bare == "all":
                left = [] if off else list(VERSIONS)
            elif off:
                left = [v for v in left if v.lower() != bare]
            else:
                left += [v for v in VERSIONS if v.lower() == bare and v not in left]
        return tuple(left)


def _last(sections: Mapping[str, list[Command]], section: str, name: str) -> str:
    return next((c.value for c in reversed(sections.get(section, ())) if c.name == name), "") if section else ""


def _lines(text: str) -> Iterator[tuple[str, str, Command | None]]:
    """`release`, `path`, or a section's name with an assignment in it."""
    path, section, number = "", "default", 0
    for line in text.splitlines():
        number += 1
        if line.startswith("# release: "):
            yield "release", line.removeprefix("# release: ").strip(), None
        elif line.startswith("# path: "):
            path, number = line.removeprefix("# path: ").strip(), 0
            yield "path", path, None
        else:
            words = _uncommented(line).strip()
            if m := re.fullmatch(r"\[\s*([^\]]{1,200}?)\s*\]", words):
                section = m[1]
            elif "=" in words and not words.startswith("."):
                name, _, value = words.partition("=")
                yield "", section, Command(path, number, name.strip(), _unquoted(value.strip()))


def _uncommented(line: str) -> str:
    return line.partition("#")[0] if '"' not in line and "'" not in line else line


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
