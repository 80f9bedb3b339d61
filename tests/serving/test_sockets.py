"""Where the product listens: what cannot be is a sentence that says what to set."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from callcenter.core.errors import StartRefused
from callcenter.serving.holder import notify_service_manager
from callcenter.serving.sockets import PortTaken, address_of, bind_socket, take_sockets


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken, match="is taken by another program"):
        bind_socket("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "2001:db8::1"])
def test_a_host_that_is_not_ours_is_not_blamed_on_the_port(host: str) -> None:
    with pytest.raises(StartRefused, match=f"CALLCENTER_HOST: {host} is no address of this machine") as refused:
        bind_socket(host, 8000)
    assert not isinstance(refused.value, PortTaken)


def test_an_address_reads_like_one() -> None:
    with bind_socket("::1", 0) as six, bind_socket("127.0.0.1", 0) as four:
        assert address_of(six) == f"[::1]:{six.getsockname()[1]}"
        assert address_of(four) == f"127.0.0.1:{four.getsockname()[1]}"


def test_sockets_meant_for_another_process_are_left_alone() -> None:
    environment = {"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "1", "HOME": "/"}
    assert take_sockets(environment) == []
    assert environment == {"HOME": "/"}  # and no child takes them for its own


def test_systemd_hears_that_the_product_answers(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        notify_service_manager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert systemd.recv(100) == b"READY=1"
    notify_service_manager({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notify_service_manager({})
