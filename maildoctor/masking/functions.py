"""Names of functions of C that end in `password` or `secret`, with a known error behind them: no setting, no secret.

After krb5 src/lib/krb5/error_tables/krb5_err.et, the texts of strerror(3) (glibc, musl), libldap's error.c and
pam_strerror.c.
"""

from maildoctor.masking.patterns import pattern, union

_FUNCTION = pattern(
    r"(?=[a-z0-9_]{0,80}?_(?:get|set|change|verify|check|init|read|write|make|prompt|lookup|decode|encode|store|parse"
    r"|load|compare|obtain|fetch|query|find|free|ask|open|in|to|from|auth|authenticate)_)"
    r"_{0,2}[a-z][a-z0-9]{0,15}(?:_[a-z0-9]{1,20}){2,7}"
)
"""At least three words joined by `_`, one of which says what is done: `krb5_get_init_creds_password`."""
_MOST = 96
_ERRORS = (
    # Kerberos
    "Clock skew too great",
    "Ticket not yet valid",
    "Ticket expired",
    "Preauthentication failed",
    "Generic preauthentication failure",
    "Additional pre-authentication required",
    "Decrypt integrity check failed",
    "Password incorrect",
    "Password has expired",
    "Password read interrupted",
    "Password mismatch",
    "Cannot contact any KDC",
    "Cannot find KDC",
    "Cannot resolve network address",
    "Cannot resolve KDC",
    "Cannot read password",
    "Client not found in Kerberos database",
    "Client's entry in database has expired",
    "Client's credentials have been revoked",
    "Clients credentials have been revoked",
    "Server not found in Kerberos database",
    "Server's entry in database has expired",
    "KDC policy rejects request",
    "KDC has no support for encryption type",
    "KDC has no support for padata type",
    "KDC reply did not match expectations",
    "KDC can't fulfill requested option",
    "Generic error",
    "Realm not local to KDC",
    "Unable to reach any KDC",
    "Malformed representation of principal",
    "Configuration file does not specify default realm",
    "Credentials cache file",
    "Credentials cache permissions incorrect",
    "No credentials cache found",
    "Key table entry not found",
    "No key table entry found",
    "Wrong principal in request",
    "Message stream modified",
    "Internal credentials cache error",
    # the system
    "Cannot allocate memory",
    "Out of memory",
    "No such file or directory",
    "No such process",
    "Permission denied",
    "Operation not permitted",
    "Operation not supported",
    "Operation timed out",
    "Function not implemented",
    "Invalid argument",
    "Invalid cross-device link",
    "Input/output error",
    "I/O error",
    "Bad address",
    "Bad file descriptor",
    "Broken pipe",
    "Connection refused",
    "Connection reset by peer",
    "Connection timed out",
    "Host is unreachable",
    "Network is unreachable",
    "No route to host",
    "No space left on device",
    "No data available",
    "Numerical result out of range",
    "Read-only file system",
    "Resource temporarily unavailable",
    "Interrupted system call",
    "Inappropriate ioctl for device",
    "Too many open files",
    "Device or resource busy",
    # LDAP and PAM
    "Can't contact LDAP server",
    "Invalid credentials",
    "Invalid DN syntax",
    "Insufficient access",
    "Insufficient credentials to access authentication data",
    "Server is unwilling to perform",
    "Constraint violation",
    "No such object",
    "Local error",
    "Authentication failure",
    "Authentication service cannot retrieve authentication info",
    "Authentication token manipulation error",
    "Authentication token is no longer valid",
    "Conversation error",
    "System error",
    "User not known to the underlying authentication module",
    "Module is unknown",
)
_REPORTED = pattern(r"(?:\(\))?:[ ]{0,4}(?:" + union(_ERRORS) + r")(?!\w)")


def is_reported(line: str, start: int, end: int) -> bool:
    """Whether the name from `start` to `end` is one of a function, and an error is what stands behind its colon."""
    if end - start > _MOST or _FUNCTION.fullmatch(line, start, end) is None:
        return False
    return _REPORTED.match(line, end) is not None
