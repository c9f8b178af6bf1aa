"""Who sent a SIGKILL, where the sender is traced: its own syscall says so, and nobody has to be root."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from supervisor.conftest import Stage


async def test_a_traced_sender(stage: Callable[..., AbstractAsyncContextManager[Stage]]) -> None:
    """The kill(2) of a traced shell is seen before the death that it causes."""
    async with stage(10, 5) as scene:
        scene.supervisor._witness.close()  # go on as without root: no tracepoint
        command = ["sh", "-c", 'read go; kill -9 "$1"', "sh", str(scene.pid(5))]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as shell:  # noqa: ASYNC220
            await scene.supervisor._tracing.seize(shell.pid)
            await scene.supervisor._tracing.trace(shell.pid, on=True, syscalls=None)
            assert shell.stdin is not None
            shell.stdin.write(b"\n")
            shell.stdin.close()
            text = await scene.notice(r"node 5 .*")
            assert text.endswith(f"was killed by SIGKILL, by pid {shell.pid} (sh)")
