"""Instructions hold from their writing to their end, stay within their practice, and stay on record when withdrawn."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.core.db import Database
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.scope import Centre, CentreReason, Practices
from callcenter.directory.models import Practice, Role, Staff
from callcenter.instructions.models import Instruction
from callcenter.instructions.standing import instructions_in_force, withdraw_instruction, write_instruction

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SEED = Centre(CentreReason.SEED)


def test_an_instruction_holds_until_its_end_and_only_for_its_practice(database: Database) -> None:
    lemoine, kaplan, staff = cast(database)
    with database.unit_of_work(SEED) as session:
        write_instruction(session, lemoine, "Pas de vaccin.", valid_until=NOW + timedelta(1), staff_id=staff, at=NOW)
        write_instruction(session, lemoine, " Toujours\nrappeler. ", valid_until=None, staff_id=staff, at=NOW)
        write_instruction(session, kaplan, "Chez Kaplan.", valid_until=None, staff_id=staff, at=NOW)

    def read(at: datetime) -> list[str]:
        with database.reading(SEED) as session:
            return [one.text for one in instructions_in_force(session, lemoine, at=at)]

    assert read(NOW - timedelta(seconds=1)) == []
    assert read(NOW) == ["Pas de vaccin.", "Toujours rappeler."]
    assert read(NOW + timedelta(1)) == ["Toujours rappeler."]


def test_a_withdrawn_instruction_ends_and_stays_on_record(database: Database) -> None:
    lemoine, kaplan, staff = cast(database)
    with database.unit_of_work(SEED) as session:
        written = write_instruction(session, lemoine, "Pas de vaccin.", valid_until=None, staff_id=staff, at=NOW).id
    with pytest.raises(NotFound), database.unit_of_work(Practices.of(kaplan)) as session:
        withdraw_instruction(session, written, staff_id=staff, at=NOW)

    for minutes in (1, 2):
        with database.unit_of_work(Practices.of(lemoine)) as session:
            withdraw_instruction(session, written, staff_id=staff, at=NOW + timedelta(minutes=minutes))

    with database.reading(SEED) as session:
        assert instructions_in_force(session, lemoine, at=NOW + timedelta(minutes=1)) == []
        assert session.get_one(Instruction, written).valid_until == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "valid_until", "field"),
    [(" \n", None, "text"), ("a" * 501, None, "text"), ("Bien", NOW, "valid_until")],
)
def test_what_nobody_could_follow_is_refused(
    database: Database, text: str, valid_until: datetime | None, field: str
) -> None:
    lemoine, _, staff = cast(database)
    with pytest.raises(Invalid) as refused, database.unit_of_work(SEED) as session:
        write_instruction(session, lemoine, text, valid_until=valid_until, staff_id=staff, at=NOW)
    assert refused.value.field == field


def cast(database: Database) -> tuple[int, int, int]:
    """Two practices and an administrator."""
    with database.unit_of_work(SEED) as session:
        practices = [Practice(code=code, name=code, short_name=code, created_at=NOW) for code in ("lemoine", "kaplan")]
        staff = Staff(login="odile", name="Odile", role=Role.ADMINISTRATOR, password_hash="-", created_at=NOW)
        session.add_all([*practices, staff])
        session.flush()
        return practices[0].id, practices[1].id, staff.id
