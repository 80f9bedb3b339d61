"""The demonstration's contacts: fictional, and every telephone that does something is somebody's."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.phone import is_fictional
from callcenter.core.scope import Centre, CentreReason
from callcenter.demo.installation import open_installation
from callcenter.demo.seeding import fill_with_demo_data
from callcenter.demo.transfers import telephones
from callcenter.directory.models import Contact, Practitioner

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_whom_callers_are_put_through_to_is_fictional_and_answers(tmp_path: Path) -> None:
    installation = open_installation(tmp_path / "demo", machine_now=MONDAY)
    fill_with_demo_data(installation, machine_now=MONDAY)
    database = Database(installation.database_url)
    try:
        with database.reading(Centre(CentreReason.SEED)) as session:
            doctors = set(session.scalars(select(Practitioner.phone).where(Practitioner.phone != "")))
            contacts = set(session.scalars(select(Contact.number)))
    finally:
        database.close()
    assert len(doctors) == 4
    assert len(contacts) == 2
    assert all(is_fictional(number) for number in doctors | contacts)
    assert telephones().keys() <= doctors | contacts
