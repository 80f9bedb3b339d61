"""The sockets that the product listens on: bound here, or handed over by the service manager."""

import errno
import os
import socket
from collections.abc import MutableMapping

from callcenter.core.errors import StartRefused

# Connections that wait while no process accepts; the kernel may cap it (net.core.somaxconn).
BACKLOG = 2048
_FIRST_PASSED = 3  # systemd hands sockets over from this descriptor on (sd_listen_fds(3))
_SOCKET_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


class PortTaken(StartRefused):
    """The port cannot be had; the message says why and what to set."""


def open_sockets(host: str, port: int, environment: MutableMapping[str, str]) -> list[socket.socket]:
    """Every socket to listen on, listening already: those handed over, or else one on ``host`` and ``port``.

    Raises ``StartRefused`` for a host or a handed-over descriptor that cannot be listened on, ``PortTaken`` for a port.
    """
    return take_sockets(environment) or [bind_socket(host, port)]


def take_sockets(environment: MutableMapping[str, str]) -> list[socket.socket]:
    """The sockets that systemd opened for this very process (sd_listen_fds(3)); none without its variables.

    The variables are taken out, so that no child believes them meant for it.
    """
    given = {name: environment.pop(name, "") for name in _SOCKET_VARIABLES}
    if given["LISTEN_PID"] != str(os.getpid()) or not given["LISTEN_FDS"].isdigit():
        return []
    return [_take_socket(_FIRST_PASSED + number) for number in range(int(given["LISTEN_FDS"]))]


def bind_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``StartRefused`` for a wrong host, ``PortTaken`` for a port that cannot be had."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as fault:
        bound.close()
        raise _refusal(host, port, fault) from None
    return bound


def address_of(listening: socket.socket) -> str:
    """Where it listens, as a person reads it: ``127.0.0.1:8000``, ``[::]:8000`` or the path of a local socket."""
    name = listening.getsockname()
    if not isinstance(name, tuple):
        return str(name)
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _take_socket(descriptor: int) -> socket.socket:
    try:
        os.set_inheritable(descriptor, False)
        taken = socket.socket(fileno=descriptor)
        listens = taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as fault:
        raise StartRefused(
            f"LISTEN_FDS: descriptor {descriptor} is no socket ({fault.strerror}). The service manager must hand over "
            "listening sockets from descriptor 3 on."
        ) from None
    if not listens:
        taken.close()
        raise StartRefused(
            f"LISTEN_FDS: the socket on descriptor {descriptor} does not listen. It takes ListenStream= with Accept=no."
        )
    return taken


def _refusal(host: str, port: int, fault: OSError) -> StartRefused:
    if isinstance(fault, socket.gaierror) or fault.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
        return StartRefused(
            f"CALLCENTER_HOST: {host} is no address of this machine ({fault.strerror}). It takes 127.0.0.1, 0.0.0.0, "
            "::1, :: or another of its own addresses."
        )
    why = "is taken by another program" if fault.errno == errno.EADDRINUSE else f"cannot be had ({fault.strerror})"
    return PortTaken(f"Port {port} on {host} {why}. Stop it, or set CALLCENTER_PORT to another one.")
