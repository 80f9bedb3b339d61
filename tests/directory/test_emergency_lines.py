"""The centre's directory of emergency lines: what it takes, what it refuses, and who verified when."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.core.errors import Invalid
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.emergency_lines import (
    EmergencyLineParticulars,
    add_emergency_line,
    change_emergency_line,
    count_unproven,
    lines_of_practice,
    list_emergency_lines,
    load_emergency_line,
    restore_emergency_line,
    retire_emergency_line,
    verify_emergency_line,
)
from callcenter.directory.emergency_order import Proof
from callcenter.directory.models import Practice, Role, Site, Staff

ALL = Centre(CentreReason.SEED)
NOW = datetime(2026, 11, 23, 8, 14, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SAMU = EmergencyLineParticulars(label="SAMU 44", number="02 61 91 15 44", department="44")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("02 61 91 15 44", "+33261911544"),
        ("112", "112"),
    ],
)
def test_a_line_is_kept_as_it_is_dialled(database: Database, typed: str, number: str) -> None:
    with database.unit_of_work(ALL) as session:
        assert add_emergency_line(session, replace(SAMU, number=typed), at=NOW, staff_id=None).number == number


def test_the_long_number_of_the_belgian_1733(database: Database) -> None:
    typed = EmergencyLineParticulars(label="1733", number="02 524 98 89", country="BE")
    with database.unit_of_work(ALL) as session:
        assert add_emergency_line(session, typed, at=NOW, staff_id=None).number == "+3225249889"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"label": ""}, "label"),
        ({"number": "0"}, "number"),
        ({"number": "06 39"}, "number"),
        ({"number": "15"}, "number"),  # of our own place, not the patient's
        ({"number": "08 99 12 34 56"}, "number"),  # premium
        ({"number": "</Say><Dial>15"}, "number"),
        ({"country": "XX"}, "country"),
        ({"department": "96"}, "department"),
        ({"country": "BE", "number": "02 524 98 89"}, "department"),
        ({"agreed_on": "31/02/2026"}, "agreed_on"),
        ({"verify_every": "0"}, "verify_every"),
        ({"position": "-1"}, "position"),
    ],
)
def test_a_line_that_could_not_be_dialled_is_refused_at_once(
    database: Database, wrong: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused, database.unit_of_work(ALL) as session:
        add_emergency_line(session, replace(SAMU, **wrong), at=NOW, staff_id=None)
    assert refused.value.field == field


def test_verified_today_counts_for_three_months_and_is_audited(database: Database) -> None:
    line_id, sofia = kept_line(database)
    with database.reading(ALL) as session:
        assert count_unproven(session, today=TODAY).overdue == 1

    for _twice in range(2):
        with database.unit_of_work(ALL) as session:
            line = load_emergency_line(session, line_id)
            verify_emergency_line(session, line, today=TODAY, at=NOW, staff_id=sofia)

    with database.reading(ALL) as session:
        (listed,) = list_emergency_lines(session, today=TODAY)
        assert (listed.proof, listed.due_on, listed.verified_by) == (Proof.PROVEN, date(2027, 2, 21), "Sofia")
        assert count_unproven(session, today=TODAY).overdue == 0
        assert count_unproven(session, today=date(2027, 2, 8)).due == 1
        acts = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert acts == ["emergency_line_added", "emergency_line_verified"]


def test_another_number_has_to_be_verified_anew_another_name_has_not(database: Database) -> None:
    line_id, sofia = kept_line(database)
    with database.unit_of_work(ALL) as session:
        line = load_emergency_line(session, line_id)
        verify_emergency_line(session, line, today=TODAY, at=NOW, staff_id=sofia)
        change_emergency_line(session, line, replace(SAMU, label="SAMU de Nantes"), at=NOW, staff_id=sofia)
        assert line.verified_on == TODAY

        change_emergency_line(session, line, replace(SAMU, number="02 61 91 15 45"), at=NOW, staff_id=sofia)
        assert (line.verified_on, line.verified_by) == (None, None)


def test_a_retired_line_is_tried_no_more_until_it_is_used_again(database: Database) -> None:
    line_id, sofia = kept_line(database)
    assert tried(database) == ["+33261911544"]
    with database.unit_of_work(ALL) as session:
        retire_emergency_line(session, load_emergency_line(session, line_id), at=NOW, staff_id=sofia)
    assert tried(database) == []
    with database.reading(ALL) as session:
        assert count_unproven(session, today=TODAY).overdue == 0

    with database.unit_of_work(ALL) as session:
        restore_emergency_line(session, load_emergency_line(session, line_id), at=NOW, staff_id=sofia)
    assert tried(database) == ["+33261911544"]


def kept_line(database: Database) -> tuple[int, int]:
    """The SAMU's line, verified by nobody; and Sofia, who supervises."""
    with database.unit_of_work(ALL) as session:
        sofia = Staff(login="sofia", name="Sofia", role=Role.SUPERVISOR, password_hash="-", created_at=NOW)
        practice = Practice(code="t", name="Tilleuls", short_name="T", created_at=NOW)
        session.add_all([sofia, practice])
        session.flush()
        session.add(Site(practice_id=practice.id, code="s", name="Tilleuls", postal_code="44400", city="Rezé"))
        return add_emergency_line(session, SAMU, at=NOW, staff_id=None).id, sofia.id


def tried(database: Database) -> list[str]:
    with database.reading(ALL) as session:
        practice = session.scalars(select(Practice)).one()
        return [line.number for line in lines_of_practice(session, practice, today=TODAY)]
