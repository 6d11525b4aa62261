"""What a client brings to an exchange: who it is, what it knows, where it is."""

from dataclasses import dataclass, field

from maildoctor.sasl.secret import Secret


@dataclass(frozen=True, slots=True)
class Channel:
    """Data that bind a login to one TLS connection. `kind`: `tls-unique` or `tls-server-end-point` (RFC 5929),
    `tls-exporter` (RFC 9266); `data`: the bytes that this kind gives."""

    kind: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Login:
    """`authid` is whose `secret` (password or bearer token) it is, `authzid` as whom to act, empty for the same.

    `realm`: for DIGEST-MD5; empty takes the server's first. `service` and `host` name the server, for DIGEST-MD5 and
    GSSAPI; OAUTHBEARER also tells `host` and `port`, unless empty and 0.

    `channel`: what the client could bind to. A -PLUS mechanism needs it. To one without -PLUS it says "the client could
    have, but the server did not offer it" (RFC 5802, section 6): leave it None where the server did offer -PLUS, or
    the server will take it for an attack.

    `overheard`: nothing hides what is said, so no answer is given that is cheap to guess the secret from.
    """

    authid: str
    secret: Secret | None = None
    authzid: str = ""
    realm: str = ""
    service: str = "smtp"
    host: str = ""
    port: int = 0
    channel: Channel | None = None
    overheard: bool = False

    def revealed(self) -> bytes:
        """The secret's bytes; empty where there is none."""
        return b"" if self.secret is None else self.secret.reveal()
