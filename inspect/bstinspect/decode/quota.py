"""Disk quotas (quotactl(2)): what its last two arguments are depends on the command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, u32
from bstinspect.decode.constants.mounts import (
    IF_DQBLK_VALID,
    IF_DQINFO_FLAGS,
    IF_DQINFO_VALID,
    QUOTA_FORMATS,
    QUOTACMDS,
    QUOTATYPES,
    XFS_DQBLK_FLAGS,
    XFS_QUOTA_FLAGS,
)
from bstinspect.decode.fields import Field, Layout, choice, flags, hexa, signed, unsigned, unsigned_fields
from bstinspect.decode.shape import Shape
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument


class _Abbreviated:
    """A structure of which only the first fields are printed without -v."""

    def __init__(self, first: tuple[Field, ...], rest: tuple[Field, ...], ends: str = "") -> None:
        self._whole = Layout(*first, *rest)
        self._first = Layout(*first)
        self._ends = ends
        self.size = self._whole.size

    def __call__(self, call: Call, data: bytes) -> str:
        if not call.abbreviated:
            return self._whole(call, data)
        more = ""
        if self._ends:
            more = f"{self._ends}={unsigned(call, data[-4:])}, "
        return f"{{{self._first.inner(call, data)}, {more}...}}"


def _padding(size: int) -> Field:
    return ("", size, None)


_BLOCK: Final = tuple(
    unsigned_fields(
        8, "dqb_bhardlimit dqb_bsoftlimit dqb_curspace dqb_ihardlimit dqb_isoftlimit dqb_curinodes"
    )
)
_BLOCK_TIMES: Final[tuple[Field, ...]] = (
    *unsigned_fields(8, "dqb_btime dqb_itime"),
    ("dqb_valid", 4, flags(IF_DQBLK_VALID, unknown="QIF_???")),
)
_QUOTA: Final = _Abbreviated(_BLOCK, _BLOCK_TIMES)
_NEXT_QUOTA: Final = _Abbreviated(_BLOCK, (*_BLOCK_TIMES, ("dqb_id", 4, unsigned)), "dqb_id")
_INFO: Final = Layout(
    *unsigned_fields(8, "dqi_bgrace dqi_igrace"),
    ("dqi_flags", 4, flags(IF_DQINFO_FLAGS, unknown="DQF_???")),
    ("dqi_valid", 4, flags(IF_DQINFO_VALID, unknown="IIF_???")),
)
_FORMAT: Final = Layout(("", 4, choice(QUOTA_FORMATS, unknown="QFMT_VFS_???")))
_XFS_QUOTA: Final = _Abbreviated(
    (
        ("d_version", 1, signed),
        ("d_flags", 1, flags(XFS_DQBLK_FLAGS, unknown="FS_???_QUOTA")),
        ("d_fieldmask", 2, hexa),
        ("d_id", 4, unsigned),
        *unsigned_fields(8, "d_blk_hardlimit d_blk_softlimit d_ino_hardlimit d_ino_softlimit"),
        *unsigned_fields(8, "d_bcount d_icount"),
    ),
    (
        ("d_itimer", 4, signed),
        ("d_btimer", 4, signed),
        *unsigned_fields(2, "d_iwarns d_bwarns"),
        _padding(4),
        *unsigned_fields(8, "d_rtb_hardlimit d_rtb_softlimit d_rtbcount"),
        ("d_rtbtimer", 4, signed),
        ("d_rtbwarns", 2, unsigned),
        _padding(10),
    ),
)
_QUOTA_FILE: Final = Layout(
    *unsigned_fields(8, "qfs_ino qfs_nblks"), ("qfs_nextents", 4, unsigned), _padding(4)
)
_QUOTA_FLAGS: Final = flags(XFS_QUOTA_FLAGS, unknown="FS_QUOTA_???")
_QUOTA_LIMITS: Final[tuple[Field, ...]] = (
    *((name, 4, signed) for name in ("qs_btimelimit", "qs_itimelimit", "qs_rtbtimelimit")),
    *unsigned_fields(2, "qs_bwarnlimit qs_iwarnlimit"),
)
_XFS_STATE: Final = _Abbreviated(
    (("qs_version", 1, signed),),
    (
        _padding(1),
        ("qs_flags", 2, _QUOTA_FLAGS),
        _padding(4),
        ("qs_uquota", 24, _QUOTA_FILE),
        ("qs_gquota", 24, _QUOTA_FILE),
        ("qs_incoredqs", 4, unsigned),
        *_QUOTA_LIMITS,
        _padding(4),
    ),
)
_XFS_STATE_V: Final = _Abbreviated(
    (("qs_version", 1, signed),),
    (
        _padding(1),
        ("qs_flags", 2, _QUOTA_FLAGS),
        ("qs_incoredqs", 4, unsigned),
        ("qs_uquota", 24, _QUOTA_FILE),
        ("qs_gquota", 24, _QUOTA_FILE),
        ("qs_pquota", 24, _QUOTA_FILE),
        *_QUOTA_LIMITS,
        _padding(64),
    ),
)


def _structure(layout: _Abbreviated | Layout) -> Argument:
    return show.structure(3, layout.size, layout)


def _indirect(layout: Layout) -> Argument:
    """Print ``[NAME]``, one number behind a pointer."""
    return show.structure(3, layout.size, lambda call, data: f"[{layout.inner(call, data)}]")


_ID: Final = show.user(2)
_NOTHING: Final = Shape(())
_GET_XFS: Final = Shape((_ID,), (_structure(_XFS_QUOTA),))
_SWITCH: Final = Shape((_indirect(Layout(("", 4, _QUOTA_FLAGS))),))
_OTHER: Final = Shape((_ID, show.address(3)))

_COMMANDS: Final[dict[str, Shape]] = {
    "Q_SYNC": _NOTHING,
    "Q_QUOTAON": Shape((show.choice(2, QUOTA_FORMATS, unknown="QFMT_VFS_???"), show.path(3))),
    "Q_QUOTAOFF": _NOTHING,
    "Q_GETQUOTA": Shape((_ID,), (_structure(_QUOTA),)),
    "Q_SETQUOTA": Shape((_ID, _structure(_QUOTA))),
    "Q_GETNEXTQUOTA": Shape((_ID,), (_structure(_NEXT_QUOTA),)),
    "Q_GETFMT": Shape((), (_indirect(_FORMAT),)),
    "Q_GETINFO": Shape((), (_structure(_INFO),)),
    "Q_SETINFO": Shape((_structure(_INFO),)),
    "Q_XGETQUOTA": _GET_XFS,
    "Q_XGETNEXTQUOTA": _GET_XFS,
    "Q_XSETQLIM": Shape((_ID, _structure(_XFS_QUOTA))),
    "Q_XGETQSTAT": Shape((), (_structure(_XFS_STATE),)),
    "Q_XGETQSTATV": Shape((), (_structure(_XFS_STATE_V),)),
    "Q_XQUOTAON": _SWITCH,
    "Q_XQUOTAOFF": _SWITCH,
    "Q_XQUOTARM": Shape((_indirect(Layout(("", 4, flags(XFS_DQBLK_FLAGS, unknown="FS_???_QUOTA")))),)),
    "Q_XQUOTASYNC": _NOTHING,
}


def _words(table: dict[int, str], value: int, unknown: str) -> str:
    return table.get(value) or f"{hex(value) if value else '0'} /* {unknown} */"


def _command(index: int) -> Argument:
    """Print ``QCMD(Q_GETQUOTA, USRQUOTA)``."""

    def argument(call: Call) -> str:
        value = u32(call[index])
        constants = call.style.constants
        if constants is Constants.RAW:
            return str(value)
        command = _words(QUOTACMDS, value >> 8, "Q_???")
        text = f"QCMD({command}, {_words(QUOTATYPES, value & 0xFF, '???QUOTA')})"
        return f"{value} /* {text} */" if constants is Constants.VERBOSE else text

    return argument


class _Quota(Shape):
    """quotactl: the rest of its line is printed as its command's shape says."""

    def __init__(self, before: tuple[Argument, ...], command_index: int) -> None:
        super().__init__(before)
        self._index = command_index

    def _command(self, call: Call) -> Shape:
        return _COMMANDS.get(QUOTACMDS.get(u32(call[self._index]) >> 8, ""), _OTHER)

    def waits(self, call: Call) -> bool:
        return self._command(call).waits(call)

    def entry(self, call: Call) -> list[str]:
        return [*super().entry(call), *self._command(call).entry(call)]

    def exit(self, call: Call) -> list[str]:
        return self._command(call).exit(call)


SHAPES: Final[dict[str, Shape]] = {
    "quotactl": _Quota((_command(0), show.path(1)), 0),
    "quotactl_fd": _Quota((show.fd(0), _command(1)), 1),
}
