"""The numbers of a long exec as a stream of chunks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bstcluster.errors import ExecError
from bstcluster.numbers import BadNumberError, chunks_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator


def chunks_for(node: int, numbers: Iterable[int]) -> Iterator[bytes]:
    """Yield `numbers` as text. Raises ExecError where one is too long to be read."""
    try:
        yield from chunks_of(numbers)
    except BadNumberError as error:
        raise ExecError(node, str(error)) from error


async def in_turn(*parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield every chunk; between two, the event loop gets its turn, however many streams there are."""
    for part in parts:
        for chunk in part:
            yield chunk
            await asyncio.sleep(0)


async def chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield `first`, then the rest."""
    yield first
    async for chunk in rest:
        yield chunk
