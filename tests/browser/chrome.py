"""A headless Chromium, driven through the Chrome DevTools Protocol over a websocket: what tests of pages need of it.

Guarantees: everything that the page says on its console, every exception, every breach of its content security policy
and every address that it asks for is kept; the browser and its profile are gone at the end. Refuses nothing.
"""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import aiohttp

__all__ = ["HINT", "Chromium", "Page", "find_chromium"]

HINT = "no Chromium: install one (`chromium`, `chromium-browser` or `google-chrome` on the PATH)"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # of its own: it has none for root, as in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
)
_BEGIN_SECONDS = 60.0
_ANSWER_SECONDS = 20.0


def find_chromium() -> str | None:
    """The browser's program; None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Page:
    """One page. `console`, `faults`, `breaches` and `asked` are what it has said and done so far."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.console: list[str] = []
        self.faults: list[str] = []
        self.breaches: list[str] = []
        self.asked: list[str] = []

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command's answer. Raises AssertionError with what the browser says against it."""
        self._number += 1
        answer = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = answer
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        message: dict[str, Any] = await asyncio.wait_for(answer, _ANSWER_SECONDS)
        assert "error" not in message, f"{method}: {message['error']}"
        found: dict[str, Any] = message["result"]
        return found

    async def listen(self) -> None:
        """Take what the browser sends, until it is gone."""
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
            else:
                self._note(said["method"], said["params"])

    def _note(self, method: str, told: dict[str, Any]) -> None:
        if method == "Runtime.consoleAPICalled":
            texts = [str(one.get("value", one.get("description", ""))) for one in told["args"]]
            self.console.append(f"{told['type']}: {' '.join(texts)}")
        elif method == "Runtime.exceptionThrown":
            detail = told["exceptionDetails"]
            self.faults.append(detail.get("exception", {}).get("description", detail["text"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.console.append(f"{told['entry']['source']}: {told['entry']['text']} {told['entry'].get('url', '')}")
        elif method == "Audits.issueAdded" and told["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.breaches.append(str(told["issue"]["details"]))
        elif method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])

    async def open(self, address: str) -> None:
        """Go there, listening to everything that happens."""
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            await self.send(f"{domain}.enable")
        await self.send("Page.navigate", url=address)
        await self.until(f"location.href.startsWith({address!r}.split('#')[0]) && document.readyState === 'complete'")

    async def evaluate(self, script: str) -> Any:
        """The value of an expression. Raises AssertionError if it throws."""
        found = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def until(self, script: str, seconds: float = 10.0) -> Any:
        """The value of an expression as soon as it is true. Raises AssertionError if it never is."""
        end = asyncio.get_running_loop().time() + seconds
        while not (found := await self.evaluate(script)):
            assert asyncio.get_running_loop().time() < end, f"never true: {script}; {self.faults} {self.console}"
            await asyncio.sleep(0.05)
        return found

    async def press(self, key: str, code: int = 0) -> None:
        """Press and let go of a key. `code` is its Windows virtual key code, where it does more than write."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        down = {"key": key, "windowsVirtualKeyCode": code} | text
        await self.send("Input.dispatchKeyEvent", type="keyDown", **down)
        await self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    async def look(self, width: int, height: int, *, dark: bool = False, sharp: int = 1) -> None:
        """The size of the window, and the reader's theme."""
        size = {"width": width, "height": height, "deviceScaleFactor": sharp, "mobile": False}
        await self.send("Emulation.setDeviceMetricsOverride", **size)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.send("Emulation.setEmulatedMedia", features=[theme])

    async def shot(self, file: Path) -> None:
        """What is seen, as a PNG."""
        found = await self.send("Page.captureScreenshot", format="png")
        await asyncio.to_thread(file.write_bytes, base64.b64decode(found["data"]))


class Chromium:
    """A browser's process with a profile of its own. Use as a context manager."""

    def __init__(self) -> None:
        program = find_chromium()
        assert program is not None, HINT
        self._program = program
        self._stack = ExitStack()
        self.port = 0
        """Where it takes commands."""

    def __enter__(self) -> Self:
        folder = tempfile.TemporaryDirectory(prefix="tocsin-chromium-", ignore_cleanup_errors=True)
        profile = Path(self._stack.enter_context(folder))
        process = subprocess.Popen(
            [self._program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stack.callback(_end, process)
        try:
            self.port = _port(profile / "DevToolsActivePort")
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_fault: object) -> None:
        self._stack.close()

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A page of it, closed at the end."""
        root = f"http://127.0.0.1:{self.port}/json"
        async with aiohttp.ClientSession() as client:
            async with client.put(f"{root}/new?about:blank") as answer:
                target = await answer.json()
            async with client.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                try:
                    yield page
                finally:
                    listening.cancel()
                    await asyncio.wait({listening})
            async with client.get(f"{root}/close/{target['id']}") as answer:
                await answer.read()


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # a session of its own: the browser and its helpers
    process.wait()


def _port(file: Path) -> int:
    """Where the browser listens: it writes that down when it does."""
    end = time.monotonic() + _BEGIN_SECONDS
    while time.monotonic() < end:
        with suppress(OSError, ValueError, IndexError):
            return int(file.read_text("ascii").splitlines()[0])
        time.sleep(0.05)
    raise AssertionError("Chromium does not begin")
