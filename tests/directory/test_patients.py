"""Finding the person on the phone by what she says, in her practice only."""

from datetime import UTC, date, datetime

import pytest

from callcenter.core.db import Database
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.scope import Centre, CentreReason, Practices
from callcenter.directory.models import Practice
from callcenter.directory.patients import (
    change_patient,
    create_patient,
    load_patient,
    persons_on_number,
    read_birth_date,
    search_patients,
)

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SEED = Centre(CentreReason.SEED)
PEOPLE = (
    ("Lefèvre", "Élise", "24/08/2009", "06 39 98 20 23"),
    ("Vasseur", "Hélène", "14/03/1958", "06 39 98 14 72"),
    ("Vasseur", "Lucien", "02/09/1954", "06 39 98 14 72"),
    ("de La Tour", "Anne-Marie", "14/03/1971", ""),
)


@pytest.fixture
def practices(database: Database) -> tuple[int, int]:
    """Tilleuls, with its patients; and Marronniers, which knows another Hélène on the same number."""
    with database.unit_of_work(SEED) as session:
        rows = [
            Practice(code=code, name=code, short_name=code, created_at=MONDAY) for code in ("tilleuls", "marronniers")
        ]
        session.add_all(rows)
        session.flush()
        tilleuls, marronniers = (row.id for row in rows)
        for family, given, born, phone in PEOPLE:
            create_patient(
                session,
                tilleuls,
                family_name=family,
                given_name=given,
                birth_on=born,
                phone=phone,
                at=MONDAY,
                staff_id=None,
            )
        create_patient(
            session,
            marronniers,
            family_name="Vasseur",
            given_name="Hélène",
            phone="06 39 98 14 72",
            at=MONDAY,
            staff_id=None,
        )
    return tilleuls, marronniers


def found(database: Database, practice_id: int, text: str) -> list[str]:
    with database.reading(Practices.of(practice_id)) as session:
        return [f"{one.given_name} {one.family_name}" for one in search_patients(session, practice_id, text)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("lefevre", ["Élise Lefèvre"]),
        ("elis lef", ["Élise Lefèvre"]),
        ("ÉLISE", ["Élise Lefèvre"]),
        ("vas", ["Hélène Vasseur", "Lucien Vasseur"]),
        ("vas luc", ["Lucien Vasseur"]),
        ("tour marie", ["Anne-Marie de La Tour"]),
        ("seur", []),
        ("14/03/1958", ["Hélène Vasseur"]),
        ("14.3.58", ["Hélène Vasseur"]),
        ("anne 14/03/1971", ["Anne-Marie de La Tour"]),
        ("anne 14/03/1958", []),
        ("06 39 98 14", ["Hélène Vasseur", "Lucien Vasseur"]),
        ("+33639982023", ["Élise Lefèvre"]),
        ("1472 hel", ["Hélène Vasseur"]),
        ("99/99/1958", []),
        ("%", []),
        ("_", []),
        ("", []),
    ],
)
def test_a_patient_is_found_by_part_of_what_she_says(
    database: Database, practices: tuple[int, int], typed: str, expected: list[str]
) -> None:
    assert found(database, practices[0], typed) == expected


def test_everybody_on_the_number_is_shown_and_nobody_of_another_practice(
    database: Database, practices: tuple[int, int]
) -> None:
    tilleuls, marronniers = practices
    with database.reading(Practices.of(tilleuls)) as session:
        assert [one.given_name for one in persons_on_number(session, tilleuls, "+33639981472")] == ["Hélène", "Lucien"]
        assert list(persons_on_number(session, marronniers, "+33639981472")) == []
        assert list(persons_on_number(session, tilleuls, None)) == []
    with database.reading(SEED) as session:
        other = persons_on_number(session, marronniers, "+33639981472")
        assert [one.given_name for one in other] == ["Hélène"]
        with pytest.raises(NotFound):
            load_patient(session, tilleuls, other[0].id)


@pytest.mark.parametrize("name", ["</Say><Dial>+33199000000</Dial>", '=HYPERLINK("http://x")', "🙂 Zoé", "O'Brien-Née"])
def test_a_hostile_name_is_kept_as_the_text_it_is(database: Database, practices: tuple[int, int], name: str) -> None:
    with database.unit_of_work(SEED) as session:
        kept = create_patient(
            session, practices[0], family_name=f"\u202e{name}\x00\r\n", given_name="Zoé", at=MONDAY, staff_id=None
        )
        assert kept.family_name == name
        assert set(kept.search_key) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")


@pytest.mark.parametrize(
    ("field", "value"),
    [("family_name", " \u200b "), ("birth_on", "31/02/1990"), ("birth_on", "24/11/2026"), ("phone", "12")],
)
def test_what_cannot_be_used_is_refused_beside_its_field(
    database: Database, practices: tuple[int, int], field: str, value: str
) -> None:
    with database.unit_of_work(SEED) as session, pytest.raises(Invalid) as refused:
        create_patient(session, practices[0], **{"family_name": "Vasseur", field: value}, at=MONDAY, staff_id=None)
    assert refused.value.field == field


def test_a_corrected_name_is_found_under_its_new_letters(database: Database, practices: tuple[int, int]) -> None:
    with database.unit_of_work(SEED) as session:
        patient = search_patients(session, practices[0], "lefevre")[0]
        assert change_patient(session, patient, family_name="Lefebvre", given_name="Élise", at=MONDAY, staff_id=None)
    assert (found(database, practices[0], "lefevre"), found(database, practices[0], "lefeb")) == (
        [],
        ["Élise Lefebvre"],
    )


def test_two_digits_of_a_year_mean_the_last_one_that_passed() -> None:
    assert read_birth_date("03/05/27", at=MONDAY) == date(1927, 5, 3)
    assert read_birth_date("03/05/26", at=MONDAY) == date(2026, 5, 3)
    assert read_birth_date("03051958", at=MONDAY) == read_birth_date("1958-05-03", at=MONDAY) == date(1958, 5, 3)
