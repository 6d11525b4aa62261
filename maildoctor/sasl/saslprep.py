"""SASLprep (RFC 4013): one form for names and passwords that look alike. Code points that Unicode 3.2 did not know are
let through, as for any query (RFC 3454, section 7)."""

from unicodedata import ucd_3_2_0

from maildoctor.sasl.script import SaslError
from maildoctor.sasl.secret import Secret


def prepared_name(name: str) -> str:
    """The name as SCRAM sends it. Raises SaslError for one with forbidden signs, or of which nothing is left."""
    text, fault = _prepared(name)
    if fault or not text:
        raise SaslError(f"SCRAM cannot carry this user name: {fault or 'nothing is left of it'} (SASLprep, RFC 4013)")
    return text


def prepared_secret(secret: Secret) -> Secret:
    """The password as SCRAM hashes it, in UTF-8. Raises SaslError for one with forbidden signs, or not UTF-8."""
    prepared, fault = _prepared_bytes(secret)
    if fault:
        raise SaslError(f"SCRAM cannot use this password: {fault} (SASLprep, RFC 4013)")
    return prepared


def _prepared_bytes(secret: Secret) -> tuple[Secret, str]:
    # No error is raised where the password is a local variable: a traceback may show it.
    try:
        text, fault = _prepared(secret.reveal().decode("utf-8"))
    except UnicodeDecodeError:
        return secret, "it is not UTF-8"
    return Secret(text.encode("utf-8")), fault


def _prepared(text: str) -> tuple[str, str]:
    """The text prepared, and what is wrong with it; the text is empty then."""
    import stringprep

    if text.isascii() and text.isprintable():
        return text, ""
    kept = "".join(c for c in text if not stringprep.in_table_b1(c))
    spaced = "".join(" " if stringprep.in_table_c12(c) else c for c in kept)
    result = ucd_3_2_0.normalize("NFKC", spaced)
    if any(_forbidden(c) for c in result):
        return "", "it holds a control character or another sign that is forbidden there"
    if not _one_direction(result):
        return "", "it mixes writing from the right and from the left"
    return result, ""


def _forbidden(char: str) -> bool:
    import stringprep

    # RFC 4013, section 2.3
    return (
        stringprep.in_table_c12(char)
        or stringprep.in_table_c21_c22(char)
        or stringprep.in_table_c3(char)
        or stringprep.in_table_c4(char)
        or stringprep.in_table_c5(char)
        or stringprep.in_table_c6(char)
        or stringprep.in_table_c7(char)
        or stringprep.in_table_c8(char)
        or stringprep.in_table_c9(char)
    )


def _one_direction(text: str) -> bool:
    """RFC 3454, section 6: with a letter written from the right, none from the left, and such letters at both ends."""
    import stringprep

    if not any(stringprep.in_table_d1(c) for c in text):
        return True
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return ends and not any(stringprep.in_table_d2(c) for c in text)
