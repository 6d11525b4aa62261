"""What stands in every line that is worth being read by its words: literal text, as the needles of rules are.

Chosen so that the floods of a mail log (`authentication failed: `, `unknown user`, `auth error]`, of which rules know
all) hold none of them: each that is found costs time.
"""

_FAILED = ") ] ' \" t d y k e p s x c g l m w o rch tch ke en er ction zation fication llation ration".split()
_FAILURE = "t e y l r d m ection zation".split()
_NOT_FOUND = ") ] ' \" > : y e l n s m p t k h ver der nd".split()
_UNKNOWN = "a b c d e f g h k l m n o p r s t v w ' \" `".split()

NEEDLES: tuple[bytes, ...] = tuple(
    text.encode()
    for text in (
        *(f"{letters} failed" for letters in _FAILED),
        *(f"{letters} failure" for letters in _FAILURE),
        *(f"{letters} not found" for letters in _NOT_FOUND),
        *(f"nknown {letters}" for letters in _UNKNOWN),
        "failed to ", "Failed to ", "annot ", "an't ", "an not ", "ouldn't ", "ould not ", "nable to ", "didn't ",
        "doesn't ", "not permitted", "not supported", "not running", "not set",
        "not specified", "not allowed", "not valid", "not a ", "not configured", "not defined", "not compiled",
        "not available", "not recogni", "not implemented", "not owned", "denied", "refused", "No such", "no such",
        "rror: ", "rror ", "rrors ", "ERROR", "SYSERR", "atal: ", "anic: ", "FATAL", "timed out", "imeout ", "nvalid ",
        "nvalid:", "bad ", "Bad ", "issing ", "nsupported", "ismatch", "xceed", "oo many", "oo long", "oo large",
        "oo small", "ut of memory", "ut of range", "Out of Memory", "No space", "no space", "xpired", "nexpected",
        "llegal ", "alformed", "nsecure", "ritable", "ritable by", "wned by", "ermissions", "orrupt", "illed ", "signal ",
        "borted", "must be", "must have", "must specify", "should be", "ndefined", "nrecogni", "rong ", "gnoring ",
        "egmentation", "egfault", "roken pipe", "already in use", "Address in use", "o route to host", "nreachable",
        "nput/output", "ead-only", "temporarily unavailable", "Is a directory", "Not a directory", "requires ", " empty", "emory ", "f failed", "hort read", " specified", "supplied", "oo big", "bnormal", "mpossible",
        "not have ", "not exist", "eset by peer",
        "onfiguration error", "not known", "no mechanism",
        "ambiguous", "onflict", "uplicate ", "clock skew", "Clock skew", "hared object", "local problem",
        "cal configuration", "onfiguration problem", "hutdown", "hrottling", "rejected by", "isabled", "xhausted",
        "process limit", "died", "roblem", "arning: command", "wnership", "syntax", "Syntax", " expected",
        "deadlock", " locked", "erechtigung", "abgelehnt", "nicht gefunden", "nicht erlaubt", "refus\u00e9e", "denegado",
        "rehusada", "No existe ", "Aucun ", "non accord\u00e9e", "negato", "rifiutata", "negada", "recusada", "geweigerd",
        "odmowa", "\u043e\u0442\u043a\u0430\u0437\u0430\u043d\u043e", "older than", "obsolete",
    )
)  # fmt: skip
"""Words of trouble in English, and of the commonest errors in other languages."""
