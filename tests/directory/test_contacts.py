"""Whom a practice's callers are put through to: what is taken, what is refused, and what stays another practice's."""

from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.scope import Centre, CentreReason, Practices
from callcenter.directory.contacts import (
    ContactParticulars,
    add_contact,
    change_contact,
    list_contacts,
    load_contact,
    remove_contact,
)
from callcenter.directory.models import Contact, Practice

ALL = Centre(CentreReason.SEED)
NOW = datetime(2026, 11, 23, 8, 14, tzinfo=UTC)
LABORATORY = ContactParticulars(name="Laboratoire Biolor", number="01 99 00 43 01", digits="ww 12#", note="Résultats")


@pytest.fixture
def practices(database: Database) -> tuple[int, int]:
    """Two practices that know nothing of each other."""
    with database.unit_of_work(ALL) as session:
        both = [Practice(code=code, name=code, short_name=code, created_at=NOW) for code in ("tilleuls", "rosiers")]
        session.add_all(both)
        session.flush()
        return both[0].id, both[1].id


def add(database: Database, practice_id: int, typed: ContactParticulars) -> int:
    with database.unit_of_work(ALL) as session:
        return add_contact(session, session.get_one(Practice, practice_id), typed, at=NOW, staff_id=None).id


def change(database: Database, practice_id: int, contact_id: int, typed: ContactParticulars) -> bool:
    with database.unit_of_work(Practices(frozenset({practice_id}))) as session:
        practice, contact = session.get_one(Practice, practice_id), load_contact(session, practice_id, contact_id)
        return change_contact(session, practice, contact, typed, at=NOW, staff_id=None)


def kept(database: Database) -> list[tuple[str, str, str]]:
    with database.reading(ALL) as session:
        return [(one.name, one.number, one.digits) for one in session.scalars(select(Contact).order_by(Contact.id))]


def acts(database: Database) -> list[str]:
    with database.reading(ALL) as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_contact_sent_twice_is_noted_once(database: Database, practices: tuple[int, int]) -> None:
    first = add(database, practices[0], LABORATORY)
    assert add(database, practices[0], LABORATORY) == first
    assert kept(database) == [("Laboratoire Biolor", "+33199004301", "ww12#")]
    assert acts(database) == ["contact_added"]
    with pytest.raises(Invalid) as refused:
        add(database, practices[0], replace(LABORATORY, name="Secrétariat"))
    assert (refused.value.field, refused.value.values) == ("number", {"name": "Laboratoire Biolor"})
    add(database, practices[1], LABORATORY)  # another practice has its own
    assert len(kept(database)) == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " \u202e "}, "name"),
        ({"number": ""}, "number"),
        ({"number": "15"}, "number"),
        ({"number": "08 99 12 34 56"}, "number"),  # premium
        ({"number": "+1 202 555 0123"}, "number"),  # a country that is not called
        ({"number": "</Say><Dial>15"}, "number"),
        ({"digits": "12,34"}, "digits"),
        ({"digits": "w" * 21}, "digits"),
        ({"digits": '1"/><Dial>'}, "digits"),
        ({"digits": "１２"}, "digits"),
    ],
)
def test_what_could_not_be_called_is_refused_beside_its_field(
    database: Database, practices: tuple[int, int], wrong: dict[str, str], field: str
) -> None:
    first = add(database, practices[0], replace(LABORATORY, number="01 99 00 43 02"))
    typed = replace(LABORATORY, **wrong)
    with pytest.raises(Invalid) as refused:
        add(database, practices[0], typed)
    assert refused.value.field == field
    with pytest.raises(Invalid) as again:
        change(database, practices[0], first, typed)
    assert again.value.field == field
    assert kept(database) == [("Laboratoire Biolor", "+33199004302", "ww12#")]


def test_it_is_corrected_and_removed_and_what_changed_nothing_leaves_no_trace(
    database: Database, practices: tuple[int, int]
) -> None:
    first = add(database, practices[0], LABORATORY)
    add(database, practices[0], ContactParticulars("Secrétariat", "01 99 00 43 02"))
    assert not change(database, practices[0], first, LABORATORY)
    assert change(database, practices[0], first, replace(LABORATORY, name="Biolor 👍 </Say><Dial>", digits=""))
    with database.reading(ALL) as session:
        assert [one.name for one in list_contacts(session, practices[0])] == ["Biolor 👍 </Say><Dial>", "Secrétariat"]
    with pytest.raises(Invalid) as refused:
        change(database, practices[0], first, replace(LABORATORY, number="+33 1 99 00 43 02"))
    assert refused.value.field == "number"
    with database.unit_of_work(ALL) as session:
        remove_contact(session, session.get_one(Contact, first), at=NOW, staff_id=None)
    assert kept(database) == [("Secrétariat", "+33199004302", "")]
    assert acts(database) == ["contact_added", "contact_added", "contact_changed", "contact_removed"]


def test_another_practices_contact_is_not_found(database: Database, practices: tuple[int, int]) -> None:
    theirs = add(database, practices[1], LABORATORY)
    with database.reading(Practices(frozenset(practices))) as session, pytest.raises(NotFound):
        load_contact(session, practices[0], theirs)
    with database.reading(Practices(frozenset({practices[0]}))) as session, pytest.raises(NotFound):
        load_contact(session, practices[1], theirs)


def test_two_who_note_one_number_at_once_leave_one_contact(database: Database, practices: tuple[int, int]) -> None:
    together, answers = Barrier(2), []

    def note(name: str) -> None:
        together.wait()
        try:
            add(database, practices[0], replace(LABORATORY, name=name))
        except (Invalid, Conflict) as refused:
            answers.append(type(refused))
        else:
            answers.append(Contact)

    both = [Thread(target=note, args=(name,)) for name in ("Biolor", "Biopole")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(kept(database)) == 1
    assert answers.count(Contact) == 1
    assert len(answers) == 2
