"""The practice of the messages' tests, in browsers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.testclient import TestClient

from callcenter.core.db import Database
from callcenter.directory.accounts import create_staff, set_password
from callcenter.directory.models import Role, Staff
from callcenter.main import create_app, wire_events
from tests.agenda.cast import NINE, SEED
from tests.dispatch.cast import Centre, centre_of

PASSWORD = "marronniers en fleur"
HOSTILE = '</Say><Dial> 👍 <script>alert("1")</script>'
SHOWN = "&lt;/Say&gt;&lt;Dial&gt; 👍 &lt;script&gt;"


def centre_with_accounts(database: Database) -> Centre:
    """The doctor signs in, and so do an administrator, two supervisors and an operator."""
    database.bus = wire_events()
    centre = centre_of(database)
    with database.unit_of_work(SEED) as session:
        for login, role in (
            ("agnes", Role.ADMINISTRATOR),
            ("solene", Role.SUPERVISOR),
            ("sarah", Role.SUPERVISOR),
            ("olivia", Role.OPERATOR),
        ):
            create_staff(session, login=login, name=login.title(), role=role, password=PASSWORD, language="en", at=NINE)
        doctor = session.get_one(Staff, centre.doctor_account_id)
        set_password(session, doctor.id, PASSWORD, at=NINE)
        doctor.language = "en"
    return centre


@contextmanager
def browser(centre: Centre, database_url: str) -> Iterator[TestClient]:
    """The product in front of that practice, without its ticker."""
    settings = centre.settings.model_copy(
        update={
            "database_url": database_url,
            "public_url": "http://testserver",
            "jobs": False,
            "default_language": "en",
        }
    )
    with TestClient(create_app(settings, clock=centre.clock, provider=centre.provider)) as opened:  # type: ignore[arg-type]
        yield opened


def sign_in(client: TestClient, login: str) -> None:
    client.post("/sign-out")
    assert client.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 200
