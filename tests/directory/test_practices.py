"""Setting a practice up: what is refused, and what each act leaves on record."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.scope import Centre, CentreReason, Practices
from callcenter.directory.lines import LineRules, add_line, change_line, list_lines, remove_line
from callcenter.directory.models import Practice
from callcenter.directory.practices import PracticeParticulars, change_practice, create_practice, load_practice
from callcenter.telephony.models import Call

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SEED = Centre(CentreReason.SEED)


def take_on(database: Database, name: str, **particulars: str) -> Practice:
    with database.unit_of_work(SEED) as session:
        return create_practice(session, PracticeParticulars(name=name, **particulars), at=MONDAY, staff_id=None)


def test_codes_follow_the_name_and_never_collide(database: Database) -> None:
    codes = [take_on(database, "Cabinet de l’Étoile").code for _ in range(3)]
    assert codes == ["cabinet-de-l-etoile", "cabinet-de-l-etoile-2", "cabinet-de-l-etoile-3"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("zone", "Europe/Rezé"), ("country", "XX"), ("language", "de"), ("mode", "real"), ("name", " ")],
)
def test_a_wrong_particular_is_refused_beside_its_field(database: Database, field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        take_on(database, **{"name": "Tilleuls", field: value})
    assert refused.value.field == field


def test_a_practice_in_training_has_only_a_fictional_emergency_number(database: Database) -> None:
    for real in ("15", "112", "+33 1 42 34 56 78"):
        with pytest.raises(Invalid) as refused:
            take_on(database, "Tilleuls", mode="training", emergency_number=real)
        assert refused.value.field == "emergency_number"
    training = take_on(database, "Tilleuls", mode="training", emergency_number="02 61 91 15 44")
    live = take_on(database, "Marronniers", mode="live", emergency_number=" 15 ")
    assert (training.emergency_number, live.emergency_number) == ("+33261911544", "15")
    typed = PracticeParticulars(name="Marronniers", mode="training", emergency_number="15")
    with database.unit_of_work(SEED) as session:
        kept = load_practice(session, live.id, {live.id})
        with pytest.raises(Invalid):
            change_practice(session, kept, typed, at=MONDAY, staff_id=None)


@pytest.mark.parametrize("number", ["08 99 12 34 56", "08 20 33 24 24", "+881 612 345 6789"])
def test_an_emergency_number_that_would_not_be_dialled_is_refused_before_anybody_needs_it(
    database: Database, number: str
) -> None:
    with pytest.raises(Invalid) as refused:
        take_on(database, "Marronniers", mode="live", emergency_number=number)
    assert refused.value.field == "emergency_number"


def test_a_number_belongs_to_one_practice_and_the_sentence_says_which(database: Database) -> None:
    tilleuls, marronniers = take_on(database, "Tilleuls"), take_on(database, "Marronniers")
    with database.unit_of_work(Practices.of(tilleuls.id)) as session:
        add_line(session, tilleuls, number="01 99 00 42 17", at=MONDAY, staff_id=None)
    with database.unit_of_work(Practices.of(marronniers.id)) as session, pytest.raises(Invalid) as refused:
        add_line(session, marronniers, number="+33 1 99 00 42 17", at=MONDAY, staff_id=None)
    assert str(refused.value) == "This number is already the line of Tilleuls."
    with database.reading(Practices.of(marronniers.id)) as session:
        assert list(list_lines(session, marronniers.id)) == []


def test_a_line_that_has_received_calls_stays(database: Database) -> None:
    tilleuls = take_on(database, "Tilleuls")
    with database.unit_of_work(SEED) as session:
        used = add_line(session, tilleuls, number="01 99 00 42 17", at=MONDAY, staff_id=None)
        unused = add_line(session, tilleuls, number="01 99 00 42 18", at=MONDAY, staff_id=None)
        session.add(Call(practice_id=tilleuls.id, line_id=used.id, sid="CA" + "1" * 32, received_at=MONDAY))
    with database.unit_of_work(SEED) as session:
        remove_line(session, session.merge(unused), at=MONDAY, staff_id=None)
    with pytest.raises(Conflict), database.unit_of_work(SEED) as session:
        remove_line(session, session.merge(used), at=MONDAY, staff_id=None)
    with database.reading(SEED) as session:
        assert [line.number for line in list_lines(session, tilleuls.id)] == ["+33199004217"]
        acts = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts == ["practice_created", "line_added", "line_added", "line_removed"]


def test_a_practice_outside_ones_own_is_as_if_it_did_not_exist(database: Database) -> None:
    tilleuls = take_on(database, "Tilleuls")
    with database.reading(SEED) as session:
        assert load_practice(session, tilleuls.id, {tilleuls.id}).name == "Tilleuls"
        with pytest.raises(NotFound):
            load_practice(session, tilleuls.id, set())


@pytest.mark.parametrize(
    ("where", "field"), [("backup", "number"), ("outside", "number"), ("of itself", "outside_number")]
)
def test_no_number_that_callers_are_put_through_to_becomes_a_line(database: Database, where: str, field: str) -> None:
    there, rules = "01 99 00 42 18", LineRules(outside_number="01 99 00 42 18")
    marronniers = take_on(database, "Marronniers", backup_number=there if where == "backup" else "")
    with database.unit_of_work(SEED) as session:
        if where == "outside":
            add_line(session, marronniers, number="01 99 00 42 17", rules=rules, at=MONDAY, staff_id=None)
        own = rules if where == "of itself" else None
        with pytest.raises(Invalid, match="circles") as refused:
            add_line(session, marronniers, number=there, rules=own, at=MONDAY, staff_id=None)
    assert refused.value.field == field


def test_a_line_does_not_become_the_number_it_puts_callers_through_to(database: Database) -> None:
    marronniers, rules = take_on(database, "Marronniers"), LineRules(outside_number="01 99 00 42 18")
    with database.unit_of_work(SEED) as session:
        line = add_line(session, marronniers, number="01 99 00 42 17", rules=rules, at=MONDAY, staff_id=None)
        with pytest.raises(Invalid, match="circles"):
            change_line(session, marronniers, line, number="01 99 00 42 18", at=MONDAY, staff_id=None)


def test_a_line_may_leave_its_outside_number_as_it_takes_it_over(database: Database) -> None:
    tilleuls, before, after = take_on(database, "Tilleuls"), "01 99 00 42 18", "01 99 00 42 19"
    with database.unit_of_work(SEED) as session:
        rules = LineRules(outside_number=before)
        line = add_line(session, tilleuls, number="01 99 00 42 17", rules=rules, at=MONDAY, staff_id=None)
        moved = LineRules(outside_number=after)
        assert change_line(session, tilleuls, line, number=before, rules=moved, at=MONDAY, staff_id=None)


@pytest.mark.parametrize("typed", ["15", "112", "1 12", "1733"])
def test_an_emergency_number_is_no_backup(database: Database, typed: str) -> None:
    with pytest.raises(Invalid, match="emergency number cannot be the backup"):
        take_on(database, "Marronniers", backup_number=typed)
