"""``python -m bstcluster``: the cluster by itself in a pipe, without the inspector (that is ``bstrace``)."""

from __future__ import annotations

import asyncio
import signal
import sys

from bstcluster.controller import Cluster
from bstcluster.errors import ClusterError
from bstcluster.lines import DescriptorLines
from bstcluster.script import check_streams, run_script, write_error
from bstcluster.shell import Shell


async def _run() -> None:
    task = asyncio.current_task()
    if task is not None:
        # Through the loop: asyncio's own handler cancels in the middle of whatever callback runs just then.
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    async with Cluster() as cluster:
        await run_script(Shell(cluster), DescriptorLines(0))


def main() -> int:
    """Run the commands of standard input."""
    try:
        check_streams()
        asyncio.run(_run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except BrokenPipeError:
        write_error("bstrace: nobody reads standard output any more")
        return 141
    except ClusterError as error:
        write_error(f"bstrace: {error}")
        return error.exit_code
    except OSError as error:
        write_error(f"bstrace: {error.strerror or error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
