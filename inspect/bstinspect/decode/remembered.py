"""Results that are remembered: of functions that are asked for the same few values again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Key = TypeVar("_Key")
MOST: Final = 4096


class Remembered(dict[_Key, str]):
    """``remembered[key]`` is the function's text for the key, which is computed once.

    A dictionary's own look-up is the fastest there is (functools.lru_cache takes three times as long where
    the keys are bytes). When it is full it forgets everything, and begins anew.
    """

    def __init__(self, function: Callable[[_Key], str], most: int = MOST) -> None:
        """`function` depends on nothing but its argument; `most` results are kept."""
        super().__init__()
        self._function = function
        self._most = most

    def __missing__(self, key: _Key) -> str:
        """Compute a result, and remember it."""
        if len(self) >= self._most:
            self.clear()
        text = self[key] = self._function(key)
        return text
