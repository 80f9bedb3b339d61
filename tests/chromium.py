"""The browser of the tests: the Chromium or Chrome of this machine (`python -m tests.chromium` says which)."""

from __future__ import annotations

import shutil
import sys
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class ChromiumMissing(RuntimeError):
    """No browser: the sentence says what to install."""


def find_chromium() -> str:
    """The browser's path. Raises ``ChromiumMissing``."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    raise ChromiumMissing("No Chromium was found: install it (apt-get install chromium), or Google Chrome.")


def launch_arguments() -> dict[str, Any]:
    """How Playwright starts it: this machine's own, without a window, talking to nobody but this machine."""
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--disable-quic",
        "--no-first-run",
        "--no-default-browser-check",
        # Containers give /dev/shm 64 MB, which a page can fill.
        "--disable-dev-shm-usage",
        # The sandbox refuses root, and most containers refuse the sandbox; the tests load our own pages only.
        "--no-sandbox",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ]
    return {"executable_path": find_chromium(), "headless": True, "args": arguments}


if __name__ == "__main__":
    try:
        print(find_chromium())
    except ChromiumMissing as error:
        sys.exit(str(error))
