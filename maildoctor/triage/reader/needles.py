"""What stands in every line that is worth being read by its words: literal text, as the needles of rules are.

Chosen so that the floods of a mail log (`authentication failed: `, `checkpass failed`, `unknown user`, `auth error]`,
`cannot connect to saslauthd`, of which rules know all) hold few of them, and none shorter than six bytes: each that is
found costs time, and a short one costs time where it is not found too.
"""

_ENDINGS: dict[str, str] = {
    " failed": ") ] ' \" t d y k e p f es ts ns ks rs ds ms cess x c g l m w o rch tch er en ction zation fication "
    "llation ration",
    " failure": "t e y l r d m ection zation",
    " not found": ") ] ' \" > : y e l n s m p t k h ver der nd",
}
_BEGINNINGS: dict[str, str] = {
    "nknown ": "a b c d e f g h k l m n o p r s t v w ' \" `",
    "annot ": "a b ch cl cop cr conf cont conv d e f g h i k l m n o p q r s t u v w '",
    ": Cannot ": "c",
}
_NO_SUCH = ": No such"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789)]>*-_"
_BEFORE: tuple[str, ...] = (
    *(letter for letter in _LETTERS if letter != "r"),
    *(letter + "r" for letter in _LETTERS if letter != "e"),
    *(letter + "er" for letter in _LETTERS if letter != "v"),
    "-server", "/server", "_server", "driver", "over", "\"", "'",
)  # fmt: skip
"""What may stand before `: No such file or directory`, in as many words: all but ` server`, for where saslauthd is away
a rule knows the line, and a server may write it ten times in a second."""

_TEXTS = """
    failed to |Failed to |can't |Can't |an not |ouldn't |ould not |nable to |didn't |doesn't |not a |not permitted
    not have |rror: | error |Error |rrors |ERROR |atal: |anic: |FATAL |imeout |nvalid |: bad |a bad |not supported
    : Bad | exceed|emory |llegal |illed |signal | wrong |: Wrong |gnoring |requires | empty| specified
    uplicate | died | expected| locked|No existe |Aucun |not running|not set|not specified|not allowed
    not valid|not configured|not defined|not compiled|not available|not recogni|not implemented|not owned
    not exist|not known|denied|refused|no such|ERROR:|SYSERR|FATAL:|timed out|nvalid:|issing
    (No such|- No such|, No such|. No such|\"No such|'No such
    nsupported|ismatch|oo many|oo long|oo large|oo small|oo big|ut of memory|ut of range|Out of Memory
    No space|no space|xpired|nexpected|alformed|nsecure|ritable|riteable|wned by|ermissions|wnership
    orrupt|borted|must be|must have|must specify|should be|ndefined|nrecogni|egmentation|egfault|roken pipe
    already in use|Address in use|o route to host|nreachable|nput/output|ead-only|temporarily unavailable
    Is a directory|Not a directory|hort read|supplied|bnormal|mpossible|eset by peer|ambiguous|onflict
    lock skew|hared object|local problem|onfiguration error|onfiguration problem|cal configuration|no mechanism
    hrottling|rejected by|isabled|xhausted|process limit|roblem|syntax|Syntax|deadlock|older than|obsolete
    erechtigung|abgelehnt|nicht gefunden|nicht erlaubt|refusée|denegado|rehusada|non accordée|negato
    rifiutata|negada|recusada|geweigerd|отказано|) unknown|e error"""

NEEDLES: tuple[bytes, ...] = tuple(
    text.encode()
    for text in (
        *(letters + ending for ending, all_letters in _ENDINGS.items() for letters in all_letters.split()),
        *(beginning + letters for beginning, all_letters in _BEGINNINGS.items() for letters in all_letters.split()),
        *(before + _NO_SUCH for before in _BEFORE),
        *(text for line in _TEXTS.split("\n")[1:] for text in line.removeprefix("    ").split("|")),
    )
)
"""Words of trouble in English, and of the commonest errors in other languages."""
