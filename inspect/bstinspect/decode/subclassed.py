"""What mypyc is told of a class; without mypyc it is nothing, and mypy_extensions need not be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_extensions import mypyc_attr as mypyc_attr  # noqa: PLC0414 - given on
else:

    def mypyc_attr(**_options: bool) -> Callable[[type], type]:
        """Leave a class as it is."""
        return lambda kind: kind
