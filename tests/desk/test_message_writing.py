"""A message written in a call: for whom, with which fields, by when, and when the first is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from callcenter.agenda.models import Appointment
from callcenter.agenda.writing.attendance import mark_fulfilled
from callcenter.core.db import Database
from callcenter.core.errors import Invalid, NotFound
from callcenter.desk.card_reading import call_card
from callcenter.desk.drafts import drafts_of, save_draft
from callcenter.desk.message_writing import (
    ON_CALL,
    MessageForm,
    ToldWhen,
    TypedForm,
    Written,
    free_at_of,
    message_form,
    write_in_call,
)
from callcenter.desk.models import DispositionCode
from callcenter.dispatch.models import MayAnswer, Message, MessageStatus, MessageTemplate, Urgency
from callcenter.dispatch.writing import withdraw_message
from callcenter.main import wire_events
from tests.agenda.cast import NINE, SEED, book, paris
from tests.dispatch.browsing import talks
from tests.dispatch.cast import Centre, centre_of

WORDS = {"yes": "Oui", "no": "Non"}


@pytest.fixture
def centre(database: Database) -> Centre:
    database.bus = wire_events()
    return centre_of(database)


def form(centre: Centre, call_id: int) -> MessageForm:
    with centre.database.reading(centre.cast.scope) as session:
        return message_form(session, call_id, staff_id=centre.cast.camille_id, at=centre.clock.now())


def typed(centre: Centre, **otherwise: object) -> TypedForm:
    begun = TypedForm("k1", whom=str(centre.lemoine_id), words="Rappeler svp.", number="06 39 98 14 72")
    return replace(begun, **otherwise)  # type: ignore[arg-type]


def write(centre: Centre, call_id: int, sent: TypedForm, *, by: int | None = None) -> Written:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        return write_in_call(
            session,
            call_id,
            sent,
            yes_and_no=WORDS,
            staff_id=by or centre.cast.camille_id,
            at=centre.clock.now(),
        )


def template(centre: Centre, **otherwise: object) -> int:
    values: dict[str, object] = {
        "practice_id": centre.cast.practice_id,
        "position": 1,
        "name": "Renouvellement",
        "fields": [{"label": "Médicament", "kind": "text"}, {"label": "Boîtes", "kind": "number"}],
        "urgency": Urgency.TODAY,
        "deadline_minutes": 90,
        "may_answer": MayAnswer.ADDRESSEE,
    }
    with centre.database.unit_of_work(SEED) as session:
        row = MessageTemplate(**values | otherwise)
        session.add(row)
        session.flush()
        return row.id


def test_the_form_begins_with_what_the_call_knows(centre: Centre) -> None:
    call_id = talks(centre, about=centre.cast.vasseur_id, noted="Elle tousse.")
    template_id = template(centre)
    shown = form(centre, call_id)
    assert (shown.caller, shown.patient, shown.words) == ("Hélène Vasseur", "Hélène Vasseur", "Elle tousse.")
    assert shown.number == "06 39 98 14 72"
    assert [name for _, name in shown.practitioners] == ["Dr Lemoine", "Dr Marchand", "Dr Berger"]
    assert shown.on_call == "Dr Berger"
    assert [(one.id, one.name, one.urgency) for one in shown.templates] == [
        (template_id, "Renouvellement", Urgency.TODAY)
    ]
    assert shown.templates[0].deadline_at == NINE + timedelta(minutes=90)
    assert shown.deadlines[Urgency.URGENT] == NINE + timedelta(minutes=15)
    assert shown.deadlines[Urgency.TODAY] == datetime(2026, 11, 23, 17, tzinfo=UTC)


def test_with_a_withheld_number_that_of_the_chosen_patient_stands_there(centre: Centre) -> None:
    assert form(centre, talks(centre, about=centre.cast.vasseur_id, number=None)).number == "06 39 98 14 72"


def test_a_colleague_s_call_has_no_form_and_gets_no_message(centre: Centre) -> None:
    call_id = talks(centre)
    with pytest.raises(NotFound):
        write(centre, call_id, typed(centre), by=centre.cast.ines_id)


def test_it_is_kept_once_about_whom_the_card_shows_and_its_draft_is_gone(centre: Centre) -> None:
    call_id = talks(centre, about=centre.cast.vasseur_id)
    with centre.database.unit_of_work(centre.cast.scope) as session:
        fields = {"words": "Rapp"}
        save_draft(session, call_id, staff_id=centre.cast.camille_id, form="message", fields=fields, at=NINE)
    first = write(centre, call_id, typed(centre, read_back=True))
    assert write(centre, call_id, typed(centre, words="Autre")) == first
    kept = centre.message(first.message_id)
    assert (kept.words, kept.patient_id, kept.call_id, kept.read_back) == (
        "Rappeler svp.",
        centre.cast.vasseur_id,
        call_id,
        True,
    )
    with centre.database.reading(SEED) as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1
        assert drafts_of(session, call_id, staff_id=centre.cast.camille_id) == {}


def test_a_form_of_the_practice_brings_its_fields_and_its_deadline(centre: Centre) -> None:
    call_id, template_id = talks(centre), template(centre)
    fields = {"field-1": "Doliprane", "field-2": "3"}
    sent = typed(centre, template_id=template_id, urgency="today", fields=fields)
    kept = centre.message(write(centre, call_id, sent).message_id)
    assert kept.fields == [["Médicament", "Doliprane"], ["Boîtes", "3"]]
    assert kept.deadline_at == NINE + timedelta(minutes=90)
    # Made more urgent by her, it has the deadline of what is urgent.
    sent = replace(sent, request_key="k2", urgency="urgent")
    assert centre.message(write(centre, call_id, sent).message_id).deadline_at == NINE + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"whom": ""}, "practitioner_id"),
        ({"whom": "9" * 30}, "practitioner_id"),
        ({"whom": "99999"}, "practitioner_id"),
        ({"words": "  "}, "words"),
        ({"urgency": "soon"}, "urgency"),
        ({"number": "12"}, "number"),
        ({"number": "", "urgency": "urgent"}, "number"),
        ({"deadline": "bientôt"}, "deadline"),
        ({"deadline": "8h"}, "deadline"),
        ({"number": "01 99 00 31 58", "tells_patient": True}, "tells"),
        ({"number": "", "tells_patient": True}, "tells"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(
    centre: Centre, wrong: dict[str, object], field: str
) -> None:
    call_id = talks(centre)
    with pytest.raises(Invalid) as refused:
        write(centre, call_id, typed(centre, **wrong))
    assert refused.value.field == field
    with centre.database.reading(SEED) as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_wrong_field_of_a_form_is_named_and_another_practice_s_form_is_not_there(centre: Centre) -> None:
    call_id, template_id = talks(centre), template(centre)
    with pytest.raises(Invalid) as refused:
        write(centre, call_id, typed(centre, template_id=template_id, fields={"field-2": "beaucoup"}))
    assert refused.value.field == "field-2"
    with pytest.raises(NotFound):
        write(centre, call_id, typed(centre, template_id=template_id + 1))


@pytest.mark.parametrize(
    ("said", "deadline"),
    [
        ("16h30", datetime(2026, 11, 23, 15, 30, tzinfo=UTC)),
        ("demain", datetime(2026, 11, 24, 17, tzinfo=UTC)),
        ("jeu 9:00", datetime(2026, 11, 26, 8, tzinfo=UTC)),
    ],
)
def test_another_deadline_is_an_hour_or_a_day_as_people_say_it(centre: Centre, said: str, deadline: datetime) -> None:
    written = write(centre, talks(centre), typed(centre, deadline=said))
    assert centre.message(written.message_id).deadline_at == deadline


def test_it_says_when_the_first_is_told_and_why(centre: Centre) -> None:
    call_id = talks(centre)

    def when(key: str, **otherwise: object) -> tuple[str, ToldWhen, datetime]:
        written = write(centre, call_id, typed(centre, request_key=key, **otherwise))
        return written.name, written.when, written.due_at

    assert when("a") == ("Dr Lemoine", ToldWhen.NOW, NINE)
    centre.prefer(centre.lemoine_id, timing="batch", batch_at=["12:00"])
    assert when("b") == ("Dr Lemoine", ToldWhen.BATCH, NINE + timedelta(hours=3))
    assert when("c", urgency="urgent") == ("Dr Lemoine", ToldWhen.NOW, NINE)
    with centre.database.unit_of_work(SEED) as session:
        book(session, centre.cast, paris(9))
    centre.prefer(centre.lemoine_id, timing="between")
    assert when("d") == ("Dr Lemoine", ToldWhen.PATIENT_LEAVES, NINE + timedelta(minutes=15))
    centre.prefer(centre.lemoine_id, quiet_from=NINE.time(), quiet_until=(NINE + timedelta(hours=4)).time())
    assert when("e")[1:] == (ToldWhen.QUIET_ENDS, NINE + timedelta(hours=3))
    assert when("f", whom=ON_CALL) == ("Dr Berger", ToldWhen.NOW, NINE)


def test_nobody_is_with_the_practitioner_before_after_or_once_the_visit_was_seen(centre: Centre) -> None:
    with centre.database.unit_of_work(SEED) as session:
        visit = book(session, centre.cast, paris(9)).id
        book(session, centre.cast, paris(10))

    def free_at(minutes: int) -> datetime | None:
        at = NINE + timedelta(minutes=minutes)
        with centre.database.reading(centre.cast.scope) as session, _counting(centre.database) as statements:
            found = free_at_of(session, centre.lemoine_id, at=at)
        assert len(statements) == 1
        return found

    assert [free_at(minutes) for minutes in (-1, 0, 14, 15)] == [
        None,
        NINE + timedelta(minutes=15),
        NINE + timedelta(minutes=15),
        None,
    ]
    with centre.database.unit_of_work(SEED) as session:
        appointment = session.get_one(Appointment, visit)
        mark_fulfilled(session, appointment.id, staff_id=centre.cast.camille_id, at=NINE)
    assert free_at(5) is None


def test_the_card_shows_it_and_proposes_how_the_call_ended(centre: Centre) -> None:
    call_id = talks(centre, about=centre.cast.vasseur_id)
    written = write(centre, call_id, typed(centre))

    def card() -> tuple[list[tuple[int, MessageStatus]], DispositionCode | None]:
        with centre.database.reading(centre.cast.scope) as session:
            shown = call_card(session, centre.cast.camille_id, at=centre.clock.now())
        assert shown is not None
        return [(one.id, one.status) for one in shown.messages], shown.likely

    assert card() == ([(written.message_id, MessageStatus.WRITTEN)], DispositionCode.MESSAGE)
    centre.tick()
    assert card() == ([(written.message_id, MessageStatus.SENT)], DispositionCode.MESSAGE)
    with centre.database.unit_of_work(centre.cast.scope) as session:
        withdraw_message(session, written.message_id, staff_id=centre.cast.camille_id, at=centre.clock.now())
    assert card() == ([(written.message_id, MessageStatus.WITHDRAWN)], None)


@contextmanager
def _counting(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(database.engine, "before_cursor_execute", count)
