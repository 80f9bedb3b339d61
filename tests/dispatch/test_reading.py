"""Messages as screens read them: for whom, in which order, with their history, three as cheaply as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from callcenter.core.db import Database
from callcenter.core.errors import NotFound
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.answering import answer_message
from callcenter.dispatch.models import (
    AcknowledgementKind,
    AnswerKind,
    Channel,
    MayAnswer,
    MessageStatus,
    NoticeStatus,
    Urgency,
)
from callcenter.dispatch.notices import note_shown
from callcenter.dispatch.reading import (
    count_unread,
    messages_for,
    messages_on_card,
    read_message,
    read_messages,
)
from callcenter.dispatch.writing import withdraw_message
from tests.agenda.cast import NINE
from tests.dispatch.cast import SECOND, Centre


def acknowledged(centre: Centre, message_id: int, kind: AcknowledgementKind, practitioner_id: int) -> None:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        by = Reader(Channel.SMS, practitioner_id=practitioner_id)
        acknowledge(session, message_id, kind, by=by, at=centre.clock.now())


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(database.engine, "before_cursor_execute", count)


def test_three_lists_and_the_urgent_on_top_of_what_waits(centre: Centre) -> None:
    routine = centre.write("m1")
    today = centre.write("m2", urgency=Urgency.TODAY)
    urgent = centre.urgent("m3")
    taken, done, withdrawn = centre.write("m4"), centre.write("m5"), centre.write("m6")
    acknowledged(centre, taken, AcknowledgementKind.TAKEN, centre.lemoine_id)
    acknowledged(centre, done, AcknowledgementKind.DONE, centre.lemoine_id)
    with centre.database.unit_of_work(centre.cast.scope) as session:
        withdraw_message(session, withdrawn, staff_id=centre.cast.camille_id, at=centre.clock.now())
    with centre.database.reading(centre.cast.scope) as session:
        shown = messages_for(session, [centre.lemoine_id], at=centre.clock.now())
        unread = count_unread(session, [centre.lemoine_id], at=centre.clock.now())
    assert [one.id for one in shown.waiting] == [urgent, today, routine]
    assert [one.id for one in shown.taken] == [taken]
    assert [one.id for one in shown.done] == [done]
    assert unread == 3


def test_it_concerns_whom_it_is_for_whoever_was_told_and_whoever_took_it(centre: Centre) -> None:
    centre.prefer(centre.berger_id, channel="sms", mobile=SECOND)
    on_call = centre.write("m1", practitioner_id=None)
    hers = centre.write("m2")
    centre.tick()
    acknowledged(centre, hers, AcknowledgementKind.TAKEN, centre.marchand_id)

    def ids(session: Session, practitioner_id: int) -> set[int]:
        shown = messages_for(session, [practitioner_id], at=centre.clock.now())
        return {one.id for one in (*shown.waiting, *shown.taken, *shown.done)}

    with centre.database.reading(centre.cast.scope) as session:
        assert ids(session, centre.berger_id) == {on_call}  # on call this week
        assert ids(session, centre.lemoine_id) == {hers}
        assert ids(session, centre.marchand_id) == {hers}
        assert [one.practitioner for one in read_messages(session, [on_call, hers])] == ["", "Dr Lemoine"]


def test_a_message_that_waits_for_its_batch_is_listed_and_not_counted_yet(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, timing="batch", batch_at=["12:00"])
    message_id = centre.write()
    with centre.database.reading(centre.cast.scope) as session:
        shown = messages_for(session, [centre.lemoine_id], at=NINE)
        assert [one.id for one in shown.waiting] == [message_id]
        assert count_unread(session, [centre.lemoine_id], at=NINE) == 0
        assert count_unread(session, [centre.lemoine_id], at=NINE + timedelta(hours=3)) == 1


def test_a_colleague_opens_it_only_where_anybody_may_answer(centre: Centre) -> None:
    for_all = centre.write("m1")
    for_one = centre.write("m2", may_answer=MayAnswer.ADDRESSEE)
    with centre.database.reading(centre.cast.scope) as session:
        assert read_message(session, for_all, [centre.marchand_id]).id == for_all
        assert read_message(session, for_one, [centre.lemoine_id]).id == for_one
        with pytest.raises(NotFound):
            read_message(session, for_one, [centre.marchand_id])
        with pytest.raises(NotFound):
            read_message(session, for_all, [])


def test_its_history_is_told_in_the_order_of_what_happened(centre: Centre) -> None:
    message_id = centre.urgent(patient_id=centre.cast.vasseur_id)
    centre.tick()
    centre.clock.advance(timedelta(minutes=1))
    with centre.database.unit_of_work(centre.cast.scope) as session:
        by = Reader(Channel.SMS, practitioner_id=centre.lemoine_id)
        kind = AnswerKind.I_CALL
        answer_message(session, message_id, kind, "Ce soir.", request_key="k", by=by, at=centre.clock.now())
    with centre.database.reading(centre.cast.scope) as session:
        one = read_message(session, message_id, [centre.lemoine_id])
    assert (one.patient, one.caller, one.number, one.read_back) == (
        "Hélène Vasseur",
        "Hélène Vasseur",
        "+33639981472",
        True,
    )
    assert (one.practitioner, one.written_by, one.status) == ("Dr Lemoine", "Camille", MessageStatus.TAKEN)
    assert [(what, int((at - NINE).total_seconds())) for at, what, _ in one.history] == [
        ("told", 0),
        ("read", 60),
        ("taken", 60),
        ("answered", 60),
    ]
    # What was planned after it will not happen, and is not told as if it would.
    assert {told.status for told in one.told} == {NoticeStatus.SENT, NoticeStatus.CANCELED}
    assert [(answer.kind, answer.words, answer.by) for answer in one.answers] == [
        (AnswerKind.I_CALL, "Ce soir.", "Dr Lemoine")
    ]


def test_the_card_shows_this_call_s_messages_and_the_patient_s_of_the_last_days(centre: Centre) -> None:
    old = centre.write("m1", patient_id=centre.cast.vasseur_id)
    centre.clock.advance(timedelta(days=15))
    recent = centre.write("m2", patient_id=centre.cast.vasseur_id)
    centre.write("m3", patient_id=centre.cast.landline_id)
    since = centre.clock.now() - timedelta(days=14)
    with centre.database.reading(centre.cast.scope) as session:
        shown = messages_on_card(session, 0, centre.cast.vasseur_id, since=since)
        assert messages_on_card(session, 0, None, since=since) == []
    assert [one.id for one in shown] == [recent]
    assert old != recent


def test_only_what_was_told_in_the_application_arrives_with_the_page(centre: Centre) -> None:
    by_text = centre.write("m1")
    centre.tick()
    centre.prefer(centre.lemoine_id, channel="app")
    here = centre.write("m2")
    centre.tick()
    with centre.database.unit_of_work(centre.cast.scope) as session:
        note_shown(session, [centre.marchand_id], at=centre.clock.now())
    assert centre.message(here).status == MessageStatus.SENT
    with centre.database.unit_of_work(centre.cast.scope) as session:
        note_shown(session, [centre.lemoine_id], at=centre.clock.now())
    assert (centre.message(by_text).status, centre.message(here).status) == (
        MessageStatus.SENT,
        MessageStatus.DELIVERED,
    )


@pytest.mark.parametrize("read", ["mine", "card", "link", "count"])
def test_three_messages_cost_as_many_queries_as_one(centre: Centre, read: str) -> None:
    ids = [centre.urgent("m1", patient_id=centre.cast.vasseur_id)]
    acts: dict[str, Callable[[Session], object]] = {
        "mine": lambda session: messages_for(session, [centre.lemoine_id], at=NINE),
        "card": lambda session: messages_on_card(session, 0, centre.cast.vasseur_id, since=NINE - timedelta(days=1)),
        "link": lambda session: read_messages(session, ids),
        "count": lambda session: count_unread(session, [centre.lemoine_id], at=NINE),
    }

    def cost() -> int:
        with centre.database.reading(centre.cast.scope) as session, counting(centre.database) as statements:
            acts[read](session)
        return len(statements)

    centre.tick()
    acknowledged(centre, ids[0], AcknowledgementKind.READ, centre.lemoine_id)
    one = cost()
    for key in ("m2", "m3"):
        ids.append(centre.urgent(key, patient_id=centre.cast.vasseur_id))
        centre.tick()
        acknowledged(centre, ids[-1], AcknowledgementKind.READ, centre.lemoine_id)
    assert cost() == one > 0
