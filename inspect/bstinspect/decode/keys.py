"""The kernel's keys and keyrings (add_key(2), request_key(2), keyctl(2))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, s32, s64, u32
from bstinspect.decode.constants.keys import (
    KEY_PERMS,
    KEY_REQKEYS,
    KEY_SPEC,
    KEYCTL_CAPS0,
    KEYCTL_CAPS1,
    KEYCTL_COMMANDS,
    KEYCTL_MOVE_FLAGS,
    KEYCTL_PKEY_OPS,
)
from bstinspect.decode.iovecs import iovecs_text
from bstinspect.decode.lists import local_array
from bstinspect.decode.names import errno_name
from bstinspect.decode.shape import Shape
from bstinspect.decode.strings import trimmed_buffer

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_KDF: Final = struct.Struct("<QQI32s4x")
_QUERY: Final = struct.Struct("<2I4H40s")
_OPERANDS: Final = struct.Struct("<i2I28s")
_U64: Final = (1 << 64) - 1


def _signed(value: int) -> str:
    return str(s64(value))


def _serial_text(call: Call, value: int) -> str:
    """Print the number of a key; those below 0 have names."""
    return call.choice(s32(value) & _U64, KEY_SPEC, number=_signed)


def _key(index: int) -> Argument:
    return lambda call: _serial_text(call, call[index])


def _spare(call: Call, data: bytes) -> list[str]:
    """Print the end of a structure where it is not all zeros, as it ought to be."""
    words = [hexadecimal(word) for (word,) in struct.iter_unpack("<I", data)]
    return [f"__spare={local_array(call, words)}"] if any(data) else []


def _error(index: int) -> Argument:
    """Print the number of an error with its name."""

    def argument(call: Call) -> str:
        number = u32(call[index])
        name = errno_name(number)
        return name if name.isdigit() else call.constant(number, name, str)

    return argument


def _default_keyring(call: Call) -> str:
    value = s32(call[1]) & _U64
    return call.choice(value, KEY_REQKEYS, unknown="KEY_REQKEY_DEFL_???", number=_signed)


def _payload_vector(call: Call) -> str:
    return iovecs_text(call, call[2], call[3])


def _result_size(call: Call) -> int:
    """Return how many bytes the kernel stored: it may return a larger number where the buffer was small."""
    return min(call.value, call[3]) if call.value >= 0 else call.value & _U64


def _description(call: Call) -> str:
    return pointer(call[2]) if call.failed else trimmed_buffer(call, call[2], _result_size(call))


def _contents(call: Call) -> str:
    return pointer(call[2]) if call.failed else call.buffer(call[2], _result_size(call))


def _dh_parameters(call: Call, data: bytes) -> str:
    names = ("private", "prime", "base")
    keys = zip(names, struct.unpack("<3i", data), strict=True)
    return f"{{{', '.join(f'{name}={_serial_text(call, key)}' for name, key in keys)}}}"


def _derivation(call: Call) -> str:
    """Print KEYCTL_DH_COMPUTE's ``struct keyctl_kdf_params``."""
    data = call.peek(call[4], _KDF.size)
    if data is None:
        return pointer(call[4])
    name, other, length, spare = _KDF.unpack(data)
    shown = call.buffer(other, length) if length else pointer(other)
    fields = [f"hashname={call.text(name)}", f"otherinfo={shown}", f"otherinfolen={length}"]
    return f"{{{', '.join(fields + _spare(call, spare))}}}"


def _query_text(call: Call, data: bytes) -> str:
    """Print a ``struct keyctl_pkey_query``."""
    operations, *sizes, spare = _QUERY.unpack(data)
    names = ("key_size", "max_data_size", "max_sig_size", "max_enc_size", "max_dec_size")
    fields = [f"supported_ops={call.flags(operations, KEYCTL_PKEY_OPS, unknown='KEYCTL_SUPPORTS_???')}"]
    fields += [f"{name}={size}" for name, size in zip(names, sizes, strict=True)]
    return f"{{{', '.join(fields + _spare(call, spare))}}}"


def _capabilities(call: Call) -> str:
    """Print what KEYCTL_CAPABILITIES stored: a byte of flags after the other."""
    tables = ((KEYCTL_CAPS0, "KEYCTL_CAPS0_???"), (KEYCTL_CAPS1, "KEYCTL_CAPS1_???"))
    place = 0

    def element(call: Call, data: bytes) -> str:
        nonlocal place
        place += 1
        if place > len(tables):
            return hexadecimal(data[0])
        table, unknown = tables[place - 1]
        return call.flags(data[0], table, unknown=unknown)

    if call.failed:
        return pointer(call[1])
    return show.array(call, call[1], min(call[2], call.value & _U64), 1, element)


class _Operation(Shape):
    """What KEYCTL_PKEY_* does with a key: a structure says how long the buffers are."""

    def __init__(self, *, fills: bool) -> None:
        """`fills`: the last argument is what the kernel stores."""
        super().__init__(())
        self._fills = fills

    def waits(self, call: Call) -> bool:
        return self._fills and call.kept is not None

    def entry(self, call: Call) -> list[str]:
        data = call.fetch(call[1], _OPERANDS.size)
        command = _command(call) or ""
        if data is None:
            return [command, pointer(call[1]), call.text(call[2]), pointer(call[3]), pointer(call[4])]
        key, length, second, spare = _OPERANDS.unpack(data)
        name = "out_len" if self._fills else "in2_len"
        fields = [f"key_id={_serial_text(call, key)}", f"in_len={length}", f"{name}={second}"]
        operands = f"{{{', '.join(fields + _spare(call, spare))}}}"
        texts = [command, operands, call.text(call[2]), call.buffer(call[3], length)]
        if self._fills:
            call.kept = second
            return texts
        return [*texts, call.buffer(call[4], second)]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        return [pointer(call[4]) if call.failed else call.buffer(call[4], call.kept)]


_command: Final = show.choice(0, KEYCTL_COMMANDS, unknown="KEYCTL_???")
_KEY: Final = _key(1)
_KEYS: Final = (_KEY, _key(2))
_PAYLOAD: Final = (show.data_in(2, 3), show.size(3))
_TWO_TEXTS: Final = (show.text(2), show.text(3))
_TIMEOUT: Final = show.unsigned(2)
_DESCRIBES: Final = Shape((_command, _KEY), (_description, show.size(3)))
_USES_KEY: Final = Shape((_command, _KEY))
_LINKS: Final = Shape((_command, *_KEYS))
_COMPUTES: Final = _Operation(fills=True)
_COMMANDS: Final[dict[int, Shape]] = {
    0: Shape((_command, _KEY, show.number(2))),  # KEYCTL_GET_KEYRING_ID
    1: Shape((_command, show.text(1))),  # KEYCTL_JOIN_SESSION_KEYRING
    2: Shape((_command, _KEY, *_PAYLOAD)),  # KEYCTL_UPDATE
    3: _USES_KEY,  # KEYCTL_REVOKE
    4: Shape((_command, _KEY, show.user(2), show.user(3))),  # KEYCTL_CHOWN
    5: Shape((_command, _KEY, show.flags(2, KEY_PERMS, unknown="KEY_???"))),  # KEYCTL_SETPERM
    6: _DESCRIBES,  # KEYCTL_DESCRIBE
    7: _USES_KEY,  # KEYCTL_CLEAR
    8: _LINKS,  # KEYCTL_LINK
    9: _LINKS,  # KEYCTL_UNLINK
    10: Shape((_command, _KEY, *_TWO_TEXTS, _key(4))),  # KEYCTL_SEARCH
    11: Shape((_command, _KEY), (_contents, show.size(3))),  # KEYCTL_READ
    12: Shape((_command, _KEY, *_PAYLOAD, _key(4))),  # KEYCTL_INSTANTIATE
    13: Shape((_command, _KEY, _TIMEOUT, _key(3))),  # KEYCTL_NEGATE
    14: Shape((_command, _default_keyring)),  # KEYCTL_SET_REQKEY_KEYRING
    15: Shape((_command, _KEY, _TIMEOUT)),  # KEYCTL_SET_TIMEOUT
    16: _USES_KEY,  # KEYCTL_ASSUME_AUTHORITY
    17: _DESCRIBES,  # KEYCTL_GET_SECURITY
    18: Shape((_command,)),  # KEYCTL_SESSION_TO_PARENT
    19: Shape((_command, _KEY, _TIMEOUT, _error(3), _key(4))),  # KEYCTL_REJECT
    20: Shape((_command, _KEY, _payload_vector, show.size(3), _key(4))),  # KEYCTL_INSTANTIATE_IOV
    21: _USES_KEY,  # KEYCTL_INVALIDATE
    22: Shape((_command, show.user(1), _key(2))),  # KEYCTL_GET_PERSISTENT
    23: Shape(  # KEYCTL_DH_COMPUTE
        (_command, show.structure(1, 12, _dh_parameters)), (_contents, show.size(3), _derivation)
    ),
    24: Shape(  # KEYCTL_PKEY_QUERY
        (_command, _KEY, show.hex_long(2), show.text(3)), (show.structure(4, _QUERY.size, _query_text),)
    ),
    25: _COMPUTES,  # KEYCTL_PKEY_ENCRYPT
    26: _COMPUTES,  # KEYCTL_PKEY_DECRYPT
    27: _COMPUTES,  # KEYCTL_PKEY_SIGN
    28: _Operation(fills=False),  # KEYCTL_PKEY_VERIFY
    29: Shape((_command, _KEY, *_TWO_TEXTS)),  # KEYCTL_RESTRICT_KEYRING
    30: Shape(  # KEYCTL_MOVE
        (_command, *_KEYS, _key(3), show.flags(4, KEYCTL_MOVE_FLAGS, unknown="KEYCTL_MOVE_???"))
    ),
    31: Shape((_command,), (_capabilities, show.size(2))),  # KEYCTL_CAPABILITIES
}
_ANY: Final = Shape((_command, *(show.hex_long(index) for index in range(1, 5))))


class _Control(Shape):
    """keyctl: another shape for each command."""

    def __init__(self) -> None:
        super().__init__(())

    @staticmethod
    def _chosen(call: Call) -> Shape:
        return _COMMANDS.get(u32(call[0]), _ANY)

    def waits(self, call: Call) -> bool:
        return self._chosen(call).waits(call)

    def entry(self, call: Call) -> list[str]:
        return self._chosen(call).entry(call)

    def exit(self, call: Call) -> list[str]:
        return self._chosen(call).exit(call)


SHAPES: Final[dict[str, Shape]] = {
    "add_key": Shape((show.text(0), show.text(1), show.data_in(2, 3), show.size(3), _key(4))),
    "request_key": Shape((show.text(0), show.text(1), show.text(2), _key(3))),
    "keyctl": _Control(),
}
