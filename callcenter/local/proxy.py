"""A TCP proxy before a local server, that can stall as a broken network does: connected, and nothing moves."""

import contextlib
import socket
import threading

_CHUNK = 65536


class Proxy:
    """Listens on a free loopback port (``port``) and passes everything on until told otherwise."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flows = threading.Event()
        self._flows.set()
        self._closing = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def stall(self) -> None:
        """Pass nothing on any more; connections stay open, and new ones are accepted."""
        self._flows.clear()

    def resume(self) -> None:
        """Pass on what was held back, and everything after."""
        self._flows.set()

    def cut(self) -> None:
        """Break every connection; new ones go through."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            _shut(one)

    def close(self) -> None:
        """Stop listening and break every connection."""
        self._closing.set()
        self._flows.set()
        _shut(self._listening)
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _address = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), name="proxy connection", daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._flows.wait()
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        with self._lock:
            self._sockets |= {client, server}
        back = threading.Thread(target=self._pass_on, args=(server, client), name="proxy back", daemon=True)
        back.start()
        self._pass_on(client, server)
        back.join()
        with self._lock:
            self._sockets -= {client, server}
        client.close()
        server.close()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._flows.wait()
                target.sendall(data)
        _shut(source)
        _shut(target)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
