"""A password or a token that never shows itself."""

from typing import NoReturn, Self

_MASK = "***"


class Secret:
    """Bytes that only `reveal` gives. Printed, formatted or copied it stays masked; it is neither pickled nor compared.

    Comparing is refused because `==` takes a time that tells how much was right, and because a `Secret` in a set or as
    a key would be one more place that keeps it.
    """

    __slots__ = ("__value",)

    def __init__(self, value: bytes) -> None:
        self.__value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes themselves. Do not keep them in a variable: whoever prints a traceback may print those too."""
        return self.__value

    def __repr__(self) -> str:
        return _MASK

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return _MASK

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("a secret is not compared")

    __hash__ = None  # type: ignore[assignment]
