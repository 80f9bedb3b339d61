"""What a practitioner says from a message."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from callcenter.core.errors import Conflict, Invalid
from callcenter.dispatch.acknowledging import Reader
from callcenter.dispatch.answering import answer_message
from callcenter.dispatch.events import MessageAnswered
from callcenter.dispatch.models import AnswerKind, Channel, MessageAnswer, MessageStatus
from tests.agenda.cast import SEED
from tests.dispatch.cast import Centre


def answer(
    centre: Centre, message_id: int, kind: AnswerKind, words: str = "", *, key: str = "a1", who: int | None = None
) -> int:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        by = Reader(Channel.SMS, practitioner_id=who or centre.lemoine_id)
        return answer_message(session, message_id, kind, words, request_key=key, by=by, at=centre.clock.now()).id


def test_what_the_desk_is_to_do_is_the_desks_from_then_on(centre: Centre) -> None:
    heard: list[MessageAnswered] = []
    centre.database.bus.subscribe(MessageAnswered, lambda _session, event: heard.append(event))
    message_id = centre.urgent()
    for _ in range(2):
        answer(centre, message_id, AnswerKind.TELL, "Qu'elle vienne à jeun.")
    assert centre.message(message_id).status == MessageStatus.DONE
    assert [(one.kind, one.words) for one in heard] == [(AnswerKind.TELL, "Qu'elle vienne à jeun.")]
    assert centre.tick(60) == 0
    with centre.database.reading(SEED) as session:
        assert len(session.scalars(select(MessageAnswer)).all()) == 1


def test_who_rings_the_patient_still_has_that_to_do(centre: Centre) -> None:
    message_id = centre.write()
    answer(centre, message_id, AnswerKind.I_CALL)
    assert centre.message(message_id).status == MessageStatus.TAKEN


@pytest.mark.parametrize("kind", [AnswerKind.TEXT, AnswerKind.TELL])
def test_nothing_said_is_no_answer(centre: Centre, kind: AnswerKind) -> None:
    message_id = centre.write()
    with pytest.raises(Invalid):
        answer(centre, message_id, kind, " ")
    assert centre.message(message_id).status == MessageStatus.WRITTEN


def test_a_colleague_answers_nothing_that_is_taken(centre: Centre) -> None:
    message_id = centre.write()
    answer(centre, message_id, AnswerKind.BOOK_TODAY)
    with pytest.raises(Conflict):
        answer(centre, message_id, AnswerKind.BOOK_TODAY, key="a2", who=centre.marchand_id)


def test_a_key_of_another_message_is_refused_and_nothing_is_lost_in_silence(centre: Centre) -> None:
    first, second = centre.write("m1"), centre.write("m2")
    answer(centre, first, AnswerKind.TELL, "Qu'elle vienne à jeun.")
    with pytest.raises(Conflict):
        answer(centre, second, AnswerKind.TELL, "Rien à craindre.")
    assert centre.message(second).status == MessageStatus.WRITTEN
