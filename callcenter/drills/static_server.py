"""A plain web server for the fallback documents: on another machine in real life, and up when the product is not."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class StaticServer:
    """Serves one folder on a free port until closed."""

    def __init__(self, folder: Path) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
        threading.Thread(target=self._server.serve_forever, name="static", daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    """Says nothing on the terminal; the documents are XML."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".xml": "text/xml"}  # noqa: RUF012  # as its parent has it

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name
        """Keep standard output for the report."""
