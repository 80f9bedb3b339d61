"""The command, as a newcomer types it."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callcenter.cli import app
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Staff

SETTINGS = {
    "CALLCENTER_SECRET_KEY": "s" * 32,
    "CALLCENTER_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "CALLCENTER_TWILIO_AUTH_TOKEN": "token",
}


def run(*arguments: str, typed: str = "", **environment: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments), input=typed, env=SETTINGS | environment)
    return done.exit_code, done.output


def test_the_first_administrator_is_made_from_an_empty_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    create = ("staff", "create", "--login", "admin", "--role", "administrator", "--password-stdin")
    status, told = run(*create, typed="marronniers\n", CALLCENTER_DATABASE_URL=url)
    assert (status, "its tables are made" in told, "admin (administrator) is ready" in told) == (0, True, True)
    assert run(*create, typed="marronniers\n", CALLCENTER_DATABASE_URL=url) == (
        1,
        "The login admin is already taken.\n",
    )
    assert run(
        "staff", "password", "--login", "nobody", "--password-stdin", typed="marronniers\n", CALLCENTER_DATABASE_URL=url
    ) == (1, "There is no such account.\n")
    database = Database(url)
    with database.reading(Centre(CentreReason.SEED)) as session:
        assert session.query(Staff).count() == 1
    database.close()


def test_a_telephone_that_is_never_called_is_refused_with_a_sentence(sqlite_url: str) -> None:
    create = ("staff", "create", "--login", "ines", "--role", "operator", "--password-stdin", "--endpoint")
    status, told = run(*create, "08 99 12 34 56", typed="marronniers\n", CALLCENTER_DATABASE_URL=sqlite_url)
    assert (status, "Only ordinary fixed and mobile numbers" in told) == (1, True)
    london = (*create, "+44 20 7946 0018")
    assert run(*london, typed="marronniers\n", CALLCENTER_DATABASE_URL=sqlite_url)[0] == 1
    allowed = {"CALLCENTER_DATABASE_URL": sqlite_url, "CALLCENTER_CALL_COUNTRIES": "FR,GB"}
    assert run(*london, typed="marronniers\n", **allowed)[0] == 0
    status, told = run(*london, typed="marronniers\n", **(allowed | {"CALLCENTER_CALL_COUNTRIES": "France"}))
    assert (status, "CALLCENTER_CALL_COUNTRIES" in told) == (2, True)


def test_migrate_makes_the_tables_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert "from empty to revision" in run("migrate", CALLCENTER_DATABASE_URL=url)[1]
    assert "already" in run("migrate", CALLCENTER_DATABASE_URL=url)[1]


def test_an_import_tells_machines_one_object(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "files"
    folder.mkdir()
    (folder / "practices.csv").write_text("code,name\nvert,Cabinet Vert\n")
    run("migrate", CALLCENTER_DATABASE_URL=url)
    status, told = run("import", str(folder), "--json", CALLCENTER_DATABASE_URL=url)
    assert (status, json.loads(told)["files"]["practices"]["created"]) == (0, 1)
    (folder / "practices.csv").write_text("code,name\nvert,\n")
    status, told = run("import", str(folder), CALLCENTER_DATABASE_URL=url)
    assert (status, told.splitlines()) == (
        1,
        ["practices.csv, line 2 (name): A name is needed.", "1 refused; nothing was written."],
    )


def test_serve_names_the_wrong_setting_and_shows_no_traceback(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    status, told = run("serve", CALLCENTER_DATABASE_URL=url, CALLCENTER_SECRET_KEY="short")
    assert (status, "CALLCENTER_SECRET_KEY: must have at least 32 characters" in told, "Traceback" in told) == (
        2,
        True,
        False,
    )


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/nothing", "sqlite:////proc/nowhere/x.db", "mysql://127.0.0.1/x"]
)
def test_a_database_that_cannot_be_opened_is_a_sentence(url: str) -> None:
    status, told = run("migrate", "--database-url", url)
    assert (status, "CALLCENTER_DATABASE_URL" in told, "Traceback" in told) == (2, True, False)


def test_serve_says_when_its_port_is_taken(sqlite_url: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        status, told = run("serve", CALLCENTER_DATABASE_URL=sqlite_url, CALLCENTER_PORT=port)
    assert (status, f"Port {port} on 127.0.0.1 is taken" in told) == (1, True)


@pytest.mark.parametrize("revision", ["9999"])
def test_serve_refuses_a_database_of_a_newer_version(sqlite_url: str, revision: str) -> None:
    database = Database(sqlite_url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    database.close()
    status, told = run("serve", CALLCENTER_DATABASE_URL=sqlite_url)
    assert (status, "newer version" in told) == (2, True)


def test_every_setting_is_listed() -> None:
    told = run("settings")[1]
    assert "CALLCENTER_DATABASE_URL" in told
    assert "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME" in told


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, callcenter.cli\n"
        "print(sorted({'fastapi', 'sqlalchemy', 'twilio', 'alembic', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
