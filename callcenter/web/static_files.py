"""Files that browsers keep for ever: each has a mark of its content in its address."""

import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path

from fastapi.staticfiles import StaticFiles

FOLDER = Path(__file__).resolve().parent / "static"

_MARK = re.compile(r"^v-[0-9a-f]{10}/")


@lru_cache
def static_address(path: str) -> str:
    """Address of a file of ours, another one when its content changes.

    The scripts share one mark, in the path: a module that another one imports then has the address that the page gives
    it, and runs once.
    """
    file = FOLDER / path
    if path.startswith("js/"):
        contents = b"".join(one.read_bytes() for one in sorted(file.parent.iterdir()))
        return f"/static/v-{_mark_of(contents)}/{path}"
    return f"/static/{path}?v={_mark_of(file.read_bytes())}"


def is_marked(path: str, query: bytes) -> bool:
    """Whether an address below ``/static/`` has its content's mark as it stands, so that what is there never changes.

    A page of the version before asks by an old mark: what it gets is of today, and not to be kept under that address.
    """
    asked = _MARK.sub("", path.removeprefix("/static/"))
    file = (FOLDER / asked).resolve()
    if not (file.is_relative_to(FOLDER) and file.is_file()):
        return False
    return static_address(asked) == (f"{path}?{query.decode('latin-1')}" if query else path)


class MarkedFiles(StaticFiles):
    """Files by their address, whatever its mark: a page of the version before asks for its scripts by their old one."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """The file without the mark."""
        return super().lookup_path(_MARK.sub("", path))


def _mark_of(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()[:10]
