"""TLS of probes: how much is believed, and what is told of a finished handshake."""

import ssl
from collections.abc import Sequence

from maildoctor.errors import DoctorError


class Handshakes:
    """Contexts and descriptions for one run. `name` of a server is what its certificate is to hold."""

    def __init__(self, ca_file: str = "", verify: bool = True, own: tuple[str, str] | None = None) -> None:
        """`own`: our certificate and its key, two files or one. Raises DoctorError where a file cannot be used."""
        self._ca_file, self._verify, self._own = ca_file, verify, own
        self._lenient: ssl.SSLContext | None = None
        # loaded even where nothing is verified: a file that cannot be used is told, not passed over
        self._strict = self._certified(_strict(ca_file)) if ca_file else None
        if own:
            self.to_look()
        self._shown: dict[bytes, tuple[str, ...]] = {}

    def to_look(self) -> ssl.SSLContext:
        """Whatever the server can is let pass and told: nothing secret is said through it."""
        if self._lenient is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            self._lenient = self._certified(context)
        return self._lenient

    def to_log_in(self) -> ssl.SSLContext:
        """The certificate is verified and holds the name, unless the user said not to verify."""
        if not self._verify:
            return self.to_look()
        if self._strict is None:
            self._strict = self._certified(_strict(self._ca_file))
        return self._strict

    def _certified(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """With our own certificate, by which EXTERNAL logs in."""
        if self._own is not None:
            try:
                # a passphrase would be asked for on the terminal, in the middle of everything
                context.load_cert_chain(*self._own, password=lambda: b"")
            except (OSError, ssl.SSLError, ValueError) as error:
                what = f"our certificate cannot be used: {getattr(error, 'strerror', '') or error}"
                remedy = "give --cert and --key files in PEM form that belong together, the key without a passphrase"
                raise DoctorError(what, self._own[0], remedy) from None
        return context

    def describe(self, tls: ssl.SSLObject) -> Sequence[str]:
        """Notes for the transcript: version and cipher, the certificate, whether a client would believe it."""
        cipher = tls.cipher() or ("?", "?", 0)
        der = tls.getpeercert(binary_form=True) or b""
        if der not in self._shown:
            from maildoctor.certificates import shown_by_server

            chain = _chain(tls)
            self._shown[der] = shown_by_server(chain or [der], self._ca_file, bool(chain))
        return (f"tls {tls.version()} {cipher[0]} {cipher[2]} bits", *self._shown[der])


def _strict(ca_file: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
        # Python 3.13 asks for more than mail programs do: an older private CA is good enough for those
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context
    except (OSError, ssl.SSLError) as error:
        what = f"certificates cannot be read: {getattr(error, 'strerror', '') or error}"
        raise DoctorError(what, ca_file, "give --ca-file a file of certificates in PEM form") from None


def _chain(tls: ssl.SSLObject) -> list[bytes]:
    """All certificates that the server sent, its own first. Public since Python 3.13; before, behind another name."""
    inner = getattr(tls, "_sslobj", None)
    get = getattr(tls, "get_unverified_chain", None) or getattr(inner, "get_unverified_chain", None)
    try:
        found = get() if get else None
        return [c if isinstance(c, bytes) else c.public_bytes(2) for c in found or ()]  # 2: DER
    except (ssl.SSLError, ValueError, TypeError, AttributeError):
        return []
