"""A real Chromium of its own, driven by its debugging protocol alone.

Testing libraries keep every page "visible" and in focus, whatever is in front of it: here a tab that is hidden is
hidden, its timers slowed down as in a day's work.
"""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_START_WITHIN = 30.0  # seconds
_ANSWER_WITHIN = 30.0
_TALKS_TO_NOBODY_ELSE = (
    "--headless=new",
    "--no-sandbox",  # most containers refuse it; only our own pages are loaded
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--remote-debugging-port=0",
)


class ChromiumMissing(RuntimeError):
    """No browser: the sentence says what to install."""


class Browser:
    """One browser with one page, the desk of one operator; other tabs may be put in front of it."""

    def __init__(self, folder: Path) -> None:
        program = next((path for path in map(shutil.which, _NAMES) if path), None)
        if program is None:
            raise ChromiumMissing("No Chromium was found: install it (apt-get install chromium), or Google Chrome.")
        self._child = subprocess.Popen(
            [program, *_TALKS_TO_NOBODY_ELSE, f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it is stopped and woken with every process of it
        )
        self._numbers = itertools.count(1)
        self._socket = self._connect(folder)
        self._page = self._open_tab()
        self._session = str(self._send("Target.attachToTarget", targetId=self._page, flatten=True)["sessionId"])

    def sign_in(self, product_url: str, *, login: str, password: str) -> None:
        """Sign in through the page, as a person does, and wait for the desk."""
        self._tell("Page.navigate", url=f"{product_url}/sign-in")
        self.wait_for("document.readyState === 'complete' && document.querySelector('#password')", within=60)
        self.evaluate(
            f"document.querySelector('#login').value = {json.dumps(login)};"
            f"document.querySelector('#password').value = {json.dumps(password)};"
            "document.querySelector('form[action=\"/sign-in\"]').requestSubmit()"
        )
        self.wait_for("location.pathname === '/desk' && document.body.dataset.caughtUp === 'yes'", within=60)

    def evaluate(self, expression: str) -> Any:
        """What this JavaScript gives in the page; None for what is no plain value."""
        answer = self._tell("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer.get("result", {}).get("value")

    def wait_for(self, condition: str, *, within: float = 20) -> bool:
        """Whether the page came to be so in time."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if self.evaluate(f"Boolean({condition})"):
                return True
            time.sleep(0.1)
        return False

    def press(self, key: str) -> None:
        """One key, as from a keyboard."""
        code = {"F2": 113, "F8": 119, "F9": 120}[key]
        for kind in ("rawKeyDown", "keyUp"):
            self._tell("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def hide(self) -> None:
        """Put another tab of the same window in front."""
        self._send("Target.activateTarget", targetId=self._open_tab())

    def show(self) -> None:
        """Bring the desk back to the front."""
        self._send("Target.activateTarget", targetId=self._page)

    def close_tab(self) -> None:
        """Close the desk; the browser stays."""
        self._open_tab()
        self._send("Target.closeTarget", targetId=self._page)

    def sleep(self) -> None:
        """Stop every process of it, as a laptop does whose lid is closed."""
        os.killpg(self._child.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """Let them go on."""
        os.killpg(self._child.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def _connect(self, folder: Path) -> ClientConnection:
        announced = folder / "DevToolsActivePort"
        until = time.monotonic() + _START_WITHIN
        while time.monotonic() < until:
            with contextlib.suppress(OSError, ValueError):
                port, path = announced.read_text().split()
                return connect(f"ws://127.0.0.1:{port}{path}", max_size=None, ping_interval=None, legacy=True)
            time.sleep(0.1)
        self._child.kill()
        raise RuntimeError("Chromium did not start.")

    def _open_tab(self) -> str:
        return str(self._send("Target.createTarget", url="about:blank")["targetId"])

    def _tell(self, method: str, **parameters: object) -> dict[str, Any]:
        return self._send(method, session=self._session, **parameters)

    def _send(self, method: str, *, session: str = "", **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=_ANSWER_WITHIN))
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                result: dict[str, Any] = answer["result"]
                return result
