"""What each SASL mechanism promises, and what AuthOptions may ask of it."""

PLAINTEXT = frozenset({"PLAIN", "LOGIN"})
"""Mechanisms that send the password itself; any password verifier can serve them."""

WITHOUT_SECRET = frozenset({"EXTERNAL", "GSSAPI", "GSS-SPNEGO", "GS2-KRB5", "KERBEROS_V4", "ANONYMOUS"})
"""Mechanisms that no stored secret serves: a certificate, a ticket, or nothing does."""

_PROPERTIES: dict[str, frozenset[str]] = {
    "PLAIN": frozenset("yc"),
    "LOGIN": frozenset("yc"),
    "CRAM-MD5": frozenset("py"),
    "NTLM": frozenset("py"),
    "DIGEST-MD5": frozenset("pym"),
    "SCRAM-SHA-1": frozenset("pyam"),
    "SCRAM-SHA-224": frozenset("pyam"),
    "SCRAM-SHA-256": frozenset("pyam"),
    "SCRAM-SHA-384": frozenset("pyam"),
    "SCRAM-SHA-512": frozenset("pyam"),
    "GSSAPI": frozenset("pyamc"),
    "GSS-SPNEGO": frozenset("pyamc"),
    "GS2-KRB5": frozenset("pyamc"),
    "KERBEROS_V4": frozenset("pyam"),
    "OTP": frozenset("pyf"),
    "SRP": frozenset("pyadfm"),
    "PASSDSS-3DES-1": frozenset("pyadfm"),
    "EXTERNAL": frozenset("pyd"),
    "ANONYMOUS": frozenset("p"),
}
"""Security flags of each plug-in (plugins/*.c, `security_flags`) by the letter of AuthOptions that asks for it:
p no plaintext, a no active attack, d no dictionary attack, f forward secrecy, y no anonymous, m mutual, c passes
credentials."""

_ASKED = frozenset("padfymc")


def lacks(mechanism: str, options: frozenset[str]) -> frozenset[str]:
    """The letters of AuthOptions that this mechanism does not satisfy; empty for one we do not know."""
    have = _PROPERTIES.get(mechanism)
    return frozenset() if have is None else (options & _ASKED) - have
