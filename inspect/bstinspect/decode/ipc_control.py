"""msgctl(2), semctl(2) and shmctl(2), and the structures that they take and fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from bstinspect.decode import show
from bstinspect.decode.call import Call, octal, pointer, u32
from bstinspect.decode.constants.ipc import MSGCTL_FLAGS, SEMCTL_FLAGS, SHMCTL_FLAGS
from bstinspect.decode.shape import Argument, Shape
from bstinspect.decode.structures import Structure, braced, identity, process

_Show: TypeAlias = Callable[[Call, int], str]
"""Prints what is at an address."""

_IPC_64: Final = 0x100
_SET: Final = 1
_STAT: Final = 2
_INFO: Final = 3

_PERM: Final = Structure(
    ("key", "I"),
    ("uid", "I", identity),
    ("gid", "I", identity),
    ("cuid", "I", identity),
    ("cgid", "I", identity),
    ("mode", "I", lambda _call, value: octal(value)),
    ("", "4x"),
    ("", "QQ", None),
)
_PERM_FIELD: Final = f"{_PERM.size}s"


def _picked(structure: Structure, names: str) -> Callable[[Call, bytes], str]:
    """Print some fields in an order of their own."""
    wanted = names.split()

    def text(call: Call, data: bytes) -> str:
        texts = {each.partition("=")[0]: each for each in structure.texts(call, data)}
        return braced(*(texts[name] for name in wanted))

    return text


_PERM_ALL: Final = _picked(_PERM, "uid gid mode key cuid cgid")
_PERM_SET: Final = _picked(_PERM, "uid gid mode")
_MSQID: Final = (
    ("msg_stime", "Q"),
    ("msg_rtime", "Q"),
    ("msg_ctime", "Q"),
    ("", "8x"),
    ("msg_qnum", "Q"),
    ("msg_qbytes", "Q"),
    ("msg_lspid", "i"),
    ("msg_lrpid", "i"),
    ("", "16x"),
)
_MSQID_ALL: Final = Structure(("msg_perm", _PERM_FIELD, _PERM_ALL), *_MSQID)
_MSQID_SET: Final = _picked(Structure(("msg_perm", _PERM_FIELD, _PERM_SET), *_MSQID), "msg_perm msg_qbytes")
_MSGINFO: Final = Structure(
    *((f"msg{name}", "i") for name in ("pool", "map", "max", "mnb", "mni", "ssz", "tql")), ("msgseg", "H")
)
_SEMID_X86: Final = Structure(
    ("sem_perm", _PERM_FIELD, _PERM_ALL),
    ("sem_otime", "Q"),
    ("", "8x"),
    ("sem_ctime", "Q"),
    ("", "8x"),
    ("sem_nsems", "Q"),
    ("", "16x"),
)
_SEMID: Final = Structure(
    ("sem_perm", _PERM_FIELD, _PERM_ALL),
    ("sem_otime", "Q"),
    ("sem_ctime", "Q"),
    ("sem_nsems", "Q"),
    ("", "16x"),
)
_SEMINFO_NAMES: Final = ("map", "mni", "mns", "mnu", "msl", "opm", "ume", "usz", "vmx", "aem")
_SEMINFO: Final = Structure(*((f"sem{name}", "i") for name in _SEMINFO_NAMES))
_SHMID: Final = (
    ("shm_segsz", "Q"),
    ("shm_atime", "Q"),
    ("shm_dtime", "Q"),
    ("shm_ctime", "Q"),
    ("shm_cpid", "i", process),
    ("shm_lpid", "i", process),
    ("shm_nattch", "Q"),
    ("", "16x"),
)
_SHMID_ALL: Final = Structure(("shm_perm", _PERM_FIELD, _PERM_ALL), *_SHMID)
_SHMID_SET: Final = Structure(("shm_perm", _PERM_FIELD, _PERM_SET), *_SHMID)
_SHMINFO: Final = Structure(
    *((f"shm{name}", "Q") for name in ("max", "min", "mni", "seg", "all")), ("", "32x")
)
_SHM_INFO: Final = Structure(
    ("used_ids", "i"),
    ("shm_tot", "Q"),
    ("shm_rss", "Q"),
    ("shm_swp", "Q"),
    ("swap_attempts", "Q"),
    ("swap_successes", "Q"),
)


def _at(size: int, text: Callable[[Call, bytes], str]) -> _Show:
    def at(call: Call, where: int) -> str:
        data = call.fetch(where, size)
        return pointer(where) if data is None else text(call, data)

    return at


def _semaphores(call: Call, where: int) -> str:
    """Print a ``struct semid_ds``, which x86-64 has with padding."""
    structure = _SEMID if call.tables.machine == "aarch64" else _SEMID_X86
    return _at(structure.size, structure)(call, where)


def _semaphores_set(call: Call, where: int) -> str:
    """Print of a ``struct semid_ds`` what IPC_SET takes: who may use it."""
    size = (_SEMID if call.tables.machine == "aarch64" else _SEMID_X86).size
    return _at(size, lambda call, data: f"{{sem_perm={_PERM_SET(call, data)}}}")(call, where)


class _Control(Shape):
    """A call with a command, which says what its last argument points to."""

    def __init__(  # noqa: PLR0917 - a row of a table
        self,
        before: tuple[Argument, ...],
        command: int,
        names: Mapping[int, str],
        unknown: str,
        given: _Show,
        filled: Mapping[int, _Show],
    ) -> None:
        """`command` is the index of the command; `given` prints what IPC_SET takes."""
        super().__init__(before)
        self._command = command
        self._names = names
        self._unknown = unknown
        self._given = given
        self._filled = filled

    def waits(self, call: Call) -> bool:
        return self._number(call) in self._filled

    def entry(self, call: Call) -> list[str]:
        texts = [*super().entry(call), self._command_text(call)]
        if self.waits(call):
            return texts
        where = call[self._command + 1]
        return [*texts, self._given(call, where) if self._number(call) == _SET else pointer(where)]

    def exit(self, call: Call) -> list[str]:
        text = self._filled.get(self._number(call))
        return [text(call, call[self._command + 1])] if text else []

    def _number(self, call: Call) -> int:
        return u32(call[self._command]) & ~_IPC_64

    def _command_text(self, call: Call) -> str:
        wide = call.constant(_IPC_64, "IPC_64") + "|" if call[self._command] & _IPC_64 else ""
        return wide + call.choice(self._number(call), self._names, unknown=self._unknown)


_ID: Final = show.number(0)
_QUEUE: Final = _at(_MSQID_ALL.size, _MSQID_ALL)
_QUEUE_SET: Final = _at(_MSQID_ALL.size, _MSQID_SET)
_QUEUES: Final = _at(_MSGINFO.size, _MSGINFO)
_SEMAPHORES_INFO: Final = _at(_SEMINFO.size, _SEMINFO)
_SEGMENT: Final = _at(
    _SHMID_ALL.size,
    _picked(
        _SHMID_ALL,
        "shm_perm shm_segsz shm_cpid shm_lpid shm_nattch shm_atime shm_dtime shm_ctime",
    ),
)
_SEGMENT_SET: Final = _at(_SHMID_ALL.size, _picked(_SHMID_SET, "shm_perm"))

SHAPES: Final[dict[str, Shape]] = {
    "msgctl": _Control(
        (_ID,),
        1,
        MSGCTL_FLAGS,
        "MSG_???",
        _QUEUE_SET,
        {
            _STAT: _QUEUE,
            11: _QUEUE,  # MSG_STAT
            13: _QUEUE,  # MSG_STAT_ANY
            _INFO: _QUEUES,
            12: _QUEUES,  # MSG_INFO
        },
    ),
    "semctl": _Control(
        (_ID, show.number(1)),
        2,
        SEMCTL_FLAGS,
        "SEM_???",
        _semaphores_set,
        {
            _STAT: _semaphores,
            18: _semaphores,  # SEM_STAT
            20: _semaphores,  # SEM_STAT_ANY
            _INFO: _SEMAPHORES_INFO,
            19: _SEMAPHORES_INFO,  # SEM_INFO
        },
    ),
    "shmctl": _Control(
        (_ID,),
        1,
        SHMCTL_FLAGS,
        "SHM_???",
        _SEGMENT_SET,
        {
            _STAT: _SEGMENT,
            13: _SEGMENT,  # SHM_STAT
            15: _SEGMENT,  # SHM_STAT_ANY
            _INFO: _at(_SHMINFO.size, _SHMINFO),
            14: _at(_SHM_INFO.size, _SHM_INFO),  # SHM_INFO
        },
    ),
}
