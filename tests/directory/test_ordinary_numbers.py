"""No emergency line is anybody's number, and nobody's number becomes an emergency line."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import Database
from callcenter.core.errors import Invalid
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import create_staff
from callcenter.directory.contacts import ContactParticulars, add_contact
from callcenter.directory.emergency_lines import (
    EmergencyLineParticulars,
    add_emergency_line,
    change_emergency_line,
    retire_emergency_line,
)
from callcenter.directory.line_waits import WaitRules
from callcenter.directory.lines import LineRules, add_line
from callcenter.directory.models import EmergencyLine, Practice, Role, Site
from callcenter.directory.practices import PracticeParticulars, create_practice
from callcenter.directory.practitioners import PractitionerParticulars, add_practitioner
from tests.floor import MONDAY

ALL = Centre(CentreReason.SEED)
TYPED = "02 40 08 37 37"
OWN = "+33240083738"
RESERVED = "This is an emergency line."


def kept(session: Session) -> Practice:
    """A practice in service with a line of its own for emergencies, and the centre's directory."""
    practice = Practice(
        code="lilas", name="Lilas", short_name="Lilas", created_at=MONDAY, mode="live", emergency_number=OWN
    )
    session.add(practice)
    session.flush()
    session.add(Site(practice_id=practice.id, code="s", name="Rezé", city="Rezé"))
    line = add_emergency_line(session, EmergencyLineParticulars("SAMU 44", TYPED), at=MONDAY, staff_id=None)
    retire_emergency_line(session, line, at=MONDAY, staff_id=None)  # type: ignore[arg-type]
    session.flush()
    return practice


def outside(session: Session, practice: Practice, typed: str) -> object:
    rules = LineRules(outside_number=typed)
    return add_line(session, practice, number="01 99 00 12 34", rules=rules, at=MONDAY, staff_id=None)


def overflow(session: Session, practice: Practice, typed: str) -> object:
    rules = LineRules(waits=WaitRules(overflow_number=typed))
    return add_line(session, practice, number="01 99 00 12 34", rules=rules, at=MONDAY, staff_id=None)


def contact(session: Session, practice: Practice, typed: str) -> object:
    return add_contact(session, practice, ContactParticulars("Laboratoire", typed), at=MONDAY, staff_id=None)


def practitioner(session: Session, practice: Practice, typed: str) -> object:
    site_id = session.scalars(select(Site.id)).one()
    one = PractitionerParticulars("Dr Lemoine", site_id=site_id, phone=typed)
    return add_practitioner(session, practice.id, one, at=MONDAY, staff_id=None)


def colleague(session: Session, practice: Practice, typed: str) -> object:
    return create_staff(session, login="lea", name="Léa", role=Role.OPERATOR, password=None, endpoint=typed, at=MONDAY)


def backup(session: Session, practice: Practice, typed: str) -> object:
    return create_practice(session, PracticeParticulars("Roses", backup_number=typed), at=MONDAY, staff_id=None)


PLACES: list[Callable[[Session, Practice, str], object]] = [
    outside, overflow, contact, practitioner, colleague, backup,
]  # fmt: skip


@pytest.mark.parametrize("save", PLACES)
@pytest.mark.parametrize("typed", [TYPED, "+33 2 40 08 37 38", "15", "1 1 2", "1733"])
def test_an_emergency_number_is_kept_as_nobody_s(database: Database, save: Callable[..., object], typed: str) -> None:
    with database.unit_of_work(ALL) as session:
        practice = kept(session)
        with pytest.raises(Invalid) as refused:
            save(session, practice, typed)
        assert "mergency" in refused.value.sentence
        if save is not backup:
            assert refused.value.sentence.startswith(RESERVED)


@pytest.mark.parametrize("save", PLACES)
def test_a_number_that_is_somebody_s_becomes_no_emergency_line(database: Database, save: Callable[..., object]) -> None:
    with database.unit_of_work(ALL) as session:
        practice = kept(session)
        save(session, practice, "02 40 99 12 00")  # it could be saved
        session.flush()
        typed = EmergencyLineParticulars("SAMU 44", "02 40 99 12 00")
        line = session.scalars(select(EmergencyLine)).one()
        for become in (
            lambda: add_emergency_line(session, typed, at=MONDAY, staff_id=None),
            lambda: change_emergency_line(session, line, typed, at=MONDAY, staff_id=1),
        ):
            with pytest.raises(Invalid) as refused:
                become()
            assert refused.value.field == "number"
        asks = PracticeParticulars("Iris", mode="live", emergency_number="02 40 99 12 00")
        with pytest.raises(Invalid):
            create_practice(session, asks, at=MONDAY, staff_id=None)


def test_a_line_of_the_centre_is_no_emergency_line_nor_the_other_way_round(database: Database) -> None:
    with database.unit_of_work(ALL) as session:
        practice = kept(session)
        with pytest.raises(Invalid):
            add_line(session, practice, number=TYPED, at=MONDAY, staff_id=None)
        add_line(session, practice, number="02 40 99 12 00", at=MONDAY, staff_id=None)
        with pytest.raises(Invalid):
            add_emergency_line(
                session, EmergencyLineParticulars("SAMU", "02 40 99 12 00"), at=MONDAY, staff_id=None
            )  # fmt: skip


def test_without_a_number_nothing_is_refused(database: Database) -> None:
    with database.unit_of_work(ALL) as session:
        practice = kept(session)
        assert outside(session, practice, "")
        assert colleague(session, practice, "client:lea")
