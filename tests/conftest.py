"""What every test may ask for: an empty migrated database of each kind, a browser, and no outside world."""

from __future__ import annotations

import ipaddress
import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from callcenter.core.db import Database
from callcenter.core.migrate import upgrade
from callcenter.local.cluster import Cluster, PostgresMissing
from tests.chromium import ChromiumMissing, launch_arguments
from tests.sooner import memory_folder, sooner

_numbers = itertools.count(1)
_left: list[str] = []  # databases of tests that have ended


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """What a test has measured, a line each: told at the end of the run, also by parallel workers."""
    return lambda line: record_property("figure", line)


_THROUGH_A_BROWSER = (Path("stories"), Path("drills") / "test_presence.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What fails through a browser is told once more: decision 23. Everything else fails at once."""
    tests = Path(__file__).parent
    for item in items:
        if any(item.path.is_relative_to(tests / one) for one in _THROUGH_A_BROWSER):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.getreports(outcome)]
    told = [text for one in reports if one.when == "call" for name, text in one.user_properties if name == "figure"]
    if told:
        terminalreporter.section("measured")
    for line in told:
        terminalreporter.write_line(str(line))
    if twice := terminalreporter.getreports("rerun"):
        terminalreporter.section("failed at first, and was told once more")
    for one in twice:
        terminalreporter.write_line(one.nodeid)
        terminalreporter.write_line(str(one.longrepr))


@pytest.fixture(scope="session", autouse=True)
def _no_outside_world() -> Iterator[None]:
    """A test that would reach beyond this machine fails, and says where it wanted to go."""

    def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
        def connect_on_this_machine(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(str(address[0])):
                raise RuntimeError(f"a test wanted to reach {address[0]}:{address[1]}, outside this machine")
            return connect(self, address)

        return connect_on_this_machine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
        for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(variable, raising=False)
        for variable in [name for name in os.environ if name.startswith("CALLCENTER_")]:
            patch.delenv(variable)
        yield


@pytest.fixture(scope="session", autouse=True)
def _sooner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with sooner(tmp_path_factory.mktemp("templates")):
        yield


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    assert not file.with_name("migrated.db-wal").exists(), "the copy would miss what is in the write-ahead log"
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """This run's PostgreSQL cluster (each parallel worker has its own), holding a migrated ``template``."""
    try:
        cluster = Cluster(within=memory_folder())
    except PostgresMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    try:
        cluster.execute("CREATE DATABASE template_callcenter")
        upgrade(cluster.url("template_callcenter"))
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def sqlite_url(_sqlite_template: Path) -> Iterator[str]:
    """The address of an empty migrated SQLite database, this test's own."""
    with tempfile.TemporaryDirectory(
        prefix="callcenter-sqlite-", dir=memory_folder(), ignore_cleanup_errors=True
    ) as folder:
        file = Path(folder) / "callcenter.db"
        shutil.copyfile(_sqlite_template, file)
        yield f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(postgres: Cluster) -> Iterator[str]:
    """The address of an empty migrated PostgreSQL database, this test's own."""
    name = f"test_{next(_numbers)}"
    # Copying its files is two and a half times as fast as writing them through the log, and there is nothing to lose.
    # Before version 15 there was no other way, and no word for it.
    strategy = "STRATEGY FILE_COPY" if postgres.version >= 15 else ""
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template_callcenter {strategy}")
    yield postgres.url(name)
    # One test later: PostgreSQL looks ten times a second whether the last connection has gone, and waits meanwhile.
    _left.append(name)
    if len(_left) > 1:
        postgres.execute(f"DROP DATABASE {_left.pop(0)} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty migrated database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty migrated database of each kind, closed afterwards."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How pytest-playwright starts the browser."""
    try:
        return launch_arguments()
    except ChromiumMissing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """The reader: French, in Paris, at the width of a desk's screen."""
    return {
        "locale": "fr-FR",
        "timezone_id": "Europe/Paris",
        "viewport": {"width": 1440, "height": 900},
        "reduced_motion": "reduce",
    }


def _is_loopback(host: str) -> bool:
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
