"""The units of deploy/ are what systemd accepts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def test_the_socket_unit_holds_the_socket_and_the_service_is_reloaded_by_sighup() -> None:
    listening, service = _read("callcenter.socket"), _read("callcenter.service")
    assert (listening["Socket"]["Accept"], listening["Socket"]["Backlog"]) == ("no", "2048")
    assert service["Unit"]["Requires"] == "callcenter.socket"
    assert service["Service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_systemd_accepts_them(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    units = [tmp_path / name for name in ("callcenter.socket", "callcenter.service")]
    for unit in units:
        # The program is not installed here: another stands for it.
        unit.write_text(
            (DEPLOY / unit.name).read_text().replace("/opt/callcenter/.venv/bin/callcenter", sys.executable)
        )
    if verify is None:  # not a machine of systemd's: at least every line is a setting of a section
        assert [_read(unit.name).sections() for unit in units] == [
            ["Unit", "Socket", "Install"],
            ["Unit", "Service", "Install"],
        ]
        return
    done = subprocess.run([verify, "verify", *map(str, units)], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "callcenter" in line] == []
    assert done.returncode == 0


def _read(name: str) -> ConfigParser:
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / name)
    return unit
