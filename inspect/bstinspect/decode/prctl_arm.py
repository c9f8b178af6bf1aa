"""What prctl(2) sets and gets on ARM: vector lengths, tagged addresses. strace knows it on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, hexadecimal
from bstinspect.decode.constants.processes import (
    PR_SME_VL_FLAGS,
    PR_SVE_VL_FLAGS,
    PR_TAGGED_ADDR_ENABLE,
    PR_TAGGED_ADDR_MTE_TCF,
)
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTH_MASK: Final = 0xFFFF
_ENABLE_MASK: Final = 0x1
_TCF_MASK: Final = 0x6
_TAG_SHIFT: Final = 3
_TAG_MASK: Final = 0xFFFF << _TAG_SHIFT
_U64: Final = (1 << 64) - 1


class VectorLength:
    """A length of vectors in bytes with flags in the same word."""

    def __init__(self, flags: Mapping[int, str]) -> None:
        self._flags = flags

    def argument(self, call: Call) -> str:
        """Print the second argument."""
        value = call[1]
        if call.style.constants is Constants.RAW:
            return hexadecimal(value)
        text = self._text(value)
        if call.style.constants is Constants.VERBOSE and value & ~_LENGTH_MASK:
            return f"{hexadecimal(value)} /* {text} */"
        return text

    def result(self, call: Call) -> str:
        """Print a result, and what it means where it has flags."""
        value = call.value & _U64
        if not value:
            return "0"
        if call.style.constants is not Constants.RAW and value & ~_LENGTH_MASK:
            call.note = self._text(value)
        return hexadecimal(value)

    def _text(self, value: int) -> str:
        parts = [name for bits, name in self._flags.items() if value & bits]
        left = value & ~_LENGTH_MASK & ~sum(self._flags)
        if left:
            parts.append(hexadecimal(left))
        return "|".join([*parts, hexadecimal(value & _LENGTH_MASK)])


class TaggedAddresses:
    """Whether addresses may be tagged, and what is done when tags do not match."""

    def argument(self, call: Call) -> str:
        """Print the second argument."""
        constants, digits = call.style.constants, hexadecimal(call[1])
        if constants is Constants.RAW:
            return digits
        text = self._text(call[1])
        return text if constants is Constants.ABBREV else f"{digits} /* {text} */"

    def result(self, call: Call) -> str:
        """Print a result and what it means."""
        if call.style.constants is not Constants.RAW:
            call.note = self._text(call.value & _U64)
        return hexadecimal(call.value)

    @staticmethod
    def _text(value: int) -> str:
        parts = [PR_TAGGED_ADDR_ENABLE[value & _ENABLE_MASK], PR_TAGGED_ADDR_MTE_TCF[value & _TCF_MASK]]
        if tags := (value & _TAG_MASK) >> _TAG_SHIFT:
            parts.append(f"{hexadecimal(tags)}<<PR_MTE_TAG_SHIFT")
        if left := value & ~(_ENABLE_MASK | _TCF_MASK | _TAG_MASK):
            parts.append(hexadecimal(left))
        return "|".join(parts)


SVE: Final = VectorLength(PR_SVE_VL_FLAGS)
SME: Final = VectorLength(PR_SME_VL_FLAGS)
TAGGED: Final = TaggedAddresses()
