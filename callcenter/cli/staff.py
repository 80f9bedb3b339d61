"""``callcenter staff``: accounts of the people who sign in."""

import sys
from typing import Annotated

import typer

from callcenter.cli.running import (
    DEFAULT_COUNTRIES,
    DEFAULT_DATABASE,
    CallCountries,
    DatabaseUrl,
    open_database,
    prepare_database,
    read_call_countries,
    refusals,
)
from callcenter.core.errors import NotFound

app = typer.Typer(help="Accounts of the people who sign in.", no_args_is_help=True)


@app.command("create")
def staff_create(
    login: Annotated[str, typer.Option(help="What she types to sign in.")],
    role: Annotated[str, typer.Option(help="operator, supervisor, practitioner or administrator.")],
    name: Annotated[str, typer.Option(help="Her name; the login when not given.")] = "",
    endpoint: Annotated[str, typer.Option(help="Where her calls ring: a number or client:name.")] = "",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    database_url: DatabaseUrl = DEFAULT_DATABASE,
    call_countries: CallCountries = DEFAULT_COUNTRIES,
) -> None:
    """Create an account; the first administrator of an installation is made this way."""
    with refusals():
        prepare_database(database_url, say=typer.echo)
    with refusals(), open_database(database_url) as database:
        from callcenter.core.clock import SystemClock
        from callcenter.core.scope import Centre, CentreReason
        from callcenter.directory.accounts import create_staff
        from callcenter.directory.staff import read_role

        known_role, countries = read_role(role), read_call_countries(call_countries)
        password = _ask_password(from_stdin=password_stdin)
        with database.unit_of_work(Centre(CentreReason.ADMINISTRATION)) as session:
            made = create_staff(
                session,
                login=login,
                name=name or login,
                role=known_role,
                password=password,
                endpoint=endpoint,
                countries=countries,
                at=SystemClock().now(),
            )
            typer.echo(f"Account {made.login} ({made.role}) is ready.")


@app.command("password")
def staff_password(
    login: Annotated[str, typer.Option(help="Whose password.")],
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    database_url: DatabaseUrl = DEFAULT_DATABASE,
) -> None:
    """Give an account a new password; it is signed out everywhere."""
    with refusals(), open_database(database_url) as database:
        from sqlalchemy import select

        from callcenter.core.clock import SystemClock
        from callcenter.core.scope import Centre, CentreReason
        from callcenter.directory.accounts import clean_login, set_password
        from callcenter.directory.models import Staff

        password = _ask_password(from_stdin=password_stdin)
        with database.unit_of_work(Centre(CentreReason.ADMINISTRATION)) as session:
            staff_id = session.scalar(select(Staff.id).where(Staff.login == clean_login(login)))
            if staff_id is None:
                raise NotFound("There is no such account.")
            set_password(session, staff_id, password, at=SystemClock().now())
        typer.echo("The password is changed.")


def _ask_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
