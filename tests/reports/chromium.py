"""A driver for Chromium, just as large as the tests need: the DevTools protocol over two pipes.

With ``--remote-debugging-pipe`` the browser reads commands from descriptor 3 and writes replies and events
to descriptor 4, each a JSON object with a zero byte behind it (devtools_pipe_handler.cc).
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import select
import shutil
import signal
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
import psutil

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE: Final = 60.0
"""Seconds until a silent browser is given up."""
_FLAGS: Final = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-breakpad",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
)
_LOUD: Final = frozenset(
    {
        "Runtime.consoleAPICalled",
        "Runtime.exceptionThrown",
        "Log.entryAdded",
        "Audits.issueAdded",
        "Page.javascriptDialogOpening",
        "Network.requestWillBeSent",
    }
)


def installed() -> str | None:
    """Return the path of Chromium, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """A browser with one page. Everything that it started is gone when the block is left.

    Its crash handlers leave their parent at once: this process has to be a subreaper (prctl(2)) to find them.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._before: set[psutil.Process] = set()
        self._write = self._read = -1
        self._received = b""
        self._count = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        flags = [*_FLAGS, f"--user-data-dir={self._folder}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        commands, self._write = _high(os.pipe())
        self._read, replies = _high(os.pipe())
        log = self._folder.with_suffix(".log")
        self._before = set(psutil.Process().children())
        os.posix_spawn(
            self._program,
            [self._program, *flags],
            {**os.environ, "HOME": str(self._folder)},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, commands, 3),
                (os.POSIX_SPAWN_DUP2, replies, 4),
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setpgroup=0,
        )
        os.close(commands)
        os.close(replies)
        try:
            target = self._ask("Target.createTarget", url="about:blank")["targetId"]
            found = self._ask("Target.attachToTarget", targetId=target, flatten=True)
            self._session = found["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
                self._ask(f"{domain}.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *ignored: object) -> None:
        started = [each for each in psutil.Process().children(recursive=True) if each not in self._before]
        pidfds = {each.pid: pidfd for each in started if (pidfd := _pidfd(each.pid)) is not None}
        self._session = ""
        with contextlib.suppress(OSError, AssertionError):
            self._ask("Browser.close")
        os.close(self._write)
        os.close(self._read)
        for pidfd in pidfds.values():
            if not _ended(pidfd, 10):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                assert _ended(pidfd, PATIENCE)
        for pid, pidfd in pidfds.items():
            with contextlib.suppress(ChildProcessError):  # reaped by a parent that has ended since
                os.waitpid(pid, 0)
            os.close(pidfd)

    def open(self, page: Path) -> None:
        """Load a file and wait until it is there; forget the events of the page before."""
        self.events.clear()
        self._ask("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._take(self._message())
        self.evaluate("document.fonts.ready.then(() => 0)")

    def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression gives, promises waited for. Fails where it throws."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def window(self, width: int, height: int) -> None:
        """Give the page a size, in CSS pixels."""
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def media(self, kind: str = "", scheme: str = "light") -> None:
        """Pretend to be a kind of medium (``print``; empty: the screen) in a colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._ask("Emulation.setEmulatedMedia", media=kind, features=features)

    def click(self, selector: str) -> None:
        """Click with the mouse into the middle of an element, which has to be in the window."""
        middle = self.evaluate(
            f"(() => {{ const box = document.querySelector({msgspec.json.encode(selector).decode()})"
            ".getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            place = {"x": middle[0], "y": middle[1]}
            self._ask("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def press_enter(self) -> None:
        """Press and release the Enter key."""
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        self._ask("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
        self._ask("Input.dispatchKeyEvent", type="keyUp", **key)

    def pdf(self) -> bytes:
        """Print the page."""
        answer = self._ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(answer["data"])

    def picture(self) -> bytes:
        """Return the window's content as PNG."""
        return base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def noise(self) -> list[str]:
        """Return messages on the console, exceptions, dialogs and requests but that for the page itself."""
        return [
            f"{event['method']}: {event['params']}"
            for event in self.events
            if event["method"] in _LOUD and not _harmless(event)
        ]

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        waiting = memoryview(msgspec.json.encode(command) + b"\0")
        while waiting:
            waiting = waiting[os.write(self._write, waiting) :]
        while (message := self._message()).get("id") != self._count:
            self._take(message)
        assert "error" not in message, f"{method}: {message['error']}"
        return dict(message["result"])

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            self.events.append(message)

    def _message(self) -> dict[str, Any]:
        poller = select.poll()
        poller.register(self._read, select.POLLIN)
        while b"\0" not in self._received:
            assert poller.poll(PATIENCE * 1000), "Chromium says nothing"
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "Chromium has gone: " + self._folder.with_suffix(".log").read_text(errors="replace")
            self._received += chunk
        message, _, self._received = self._received.partition(b"\0")
        return dict(msgspec.json.decode(message))


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _ended(pidfd: int, within: float) -> bool:
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    return bool(poller.poll(within * 1000))


def _high(ends: tuple[int, int]) -> tuple[int, int]:
    """Move descriptors away from 3 and 4, where the browser's own will be; none is inherited."""
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def _harmless(event: dict[str, Any]) -> bool:
    if event["method"] != "Network.requestWillBeSent":
        return False
    parameters = event["params"]
    return bool(parameters["type"] == "Document" or parameters["request"]["url"].startswith("data:"))
