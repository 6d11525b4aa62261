"""What stands in every line that is worth being read by its words: literal text, as the needles of rules are.

Chosen so that the floods of a mail log (`authentication failed: `, `checkpass failed`, `unknown user`, `auth error]`,
`cannot connect to saslauthd`, of which rules know all) hold few of them, and none shorter than six bytes: each that is
found costs time, and a short one costs time where it is not found too.
"""

from maildoctor.triage.reader import replies

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
    rifiutata|negada|recusada|geweigerd|) unknown|e error
    ot owner|nsufficient a|nsufficient p|nsufficient m|nsufficient d|nsufficient s|ot privileged
    EACCES|ENOENT|is unavailable
    ot connected|gone away|ost connection to MySQL|ost is down|etwork is down|running processes|onnection abort
    e busy|locks available|eadlock |ould block|disk full|Disk full|disk is full|disk space
    table overflow|buffer space|nough space
    descriptors available|nappropriate |ymbolic link|on non-socket|ormat error|ross-device|Not a tty|I/O error|tale NFS
    tale file|tructure needs|ile exists|lready exists|not applicable|Not supported|not enabled|nimplemented
    ile too short|elocation error|ymbol lookup|ssertion|ore dumped|us error|tack smashing|SIGSEGV|SIGABRT|lready regist
    o start line|certificate is not|ficate assigned|te key assigned|too weak|PEM routines|509 certificate routines
    sn1 encoding routines|key table|nspecified GSS|redentials cache|ncryption type|ey version|inor code may
    default realm|erberos credentials|credentials provided|trong(er) auth|trong auth|nwilling to perform
    onfidentiality|pg_hba|perations error|rotocol error|onstraint viol|coding error|ilter error
    database selected|eneric failure
    verflowed buffer|ecryption failure|odule is unknown|ystem error|ser credentials|odule specific|onversation error
    oken manipulation|oken lock|up readable|ld readable|-readable|nsafe |too open|moved backwards|nternal error
    isconfigur|incorrectly configured|file descriptor|ile number
    nicht verfügbar|belegt|Speicherplatz|auptspeicher|offene Dateien|nur lesbar|Ausgabefehler|Verzeichnis
    nicht unterstützt|ungültig|existiert|nicht erreichbar|Wartezeit|nicht verbunden
    temporairement|occupé|pace disponible|de la mémoire|fichiers ouverts|lecture seulement|entrée/sortie|un dossier
    invalide|non supporté|fichier existe|pas accessible|non permise|déjà utilisée
    no disponible|ocupado|espacio en el|asignar memoria|ficheros abiertos|sólo lectura|entrada/salida|directorio
    inválido|no soportad|ya existe|inaccesible|no permitida|non esistente|occupat|allocare memoria|file aperti
    sola lettura|di input/output|non valido|già esistente|già in uso|inexistente|alocar memória|arquivos abertos
    somente para leitura|entrada/saída|diretório|bestaat niet|is bezig|open bestanden|alleen-lezen|ongeldig
    тказано|Нет такого|занято|памяти|недоступ|ошибка|шибка ввода|rak dostępu|ie ma takiego|finns inte"""

NEEDLES: tuple[bytes, ...] = tuple(
    text.encode()
    for text in (
        *(letters + ending for ending, all_letters in _ENDINGS.items() for letters in all_letters.split()),
        *(beginning + letters for beginning, all_letters in _BEGINNINGS.items() for letters in all_letters.split()),
        *(before + _NO_SUCH for before in _BEFORE),
        *(text for line in _TEXTS.split("\n")[1:] for text in line.removeprefix("    ").split("|")),
        *replies.NEEDLES,
    )
)
"""Words of trouble in English, and of the commonest errors in other languages."""
