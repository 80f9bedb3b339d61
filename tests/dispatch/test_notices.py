"""Planned notices leave when they are due, once each, to whoever is meant at that moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callcenter.directory.models import Staff
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.models import (
    AcknowledgementKind,
    Channel,
    MessageStatus,
    NoticeStatus,
    Target,
    Urgency,
)
from callcenter.dispatch.notices import Told, claim_notice, due_notices, note_link
from callcenter.messaging.notices import take_by_telephone
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Call, CallStatus, Leg, LegStatus
from callcenter.telephony.state import LegNews
from tests.agenda.cast import NINE, SEED
from tests.dispatch.cast import ALTERNATE, MOBILE, SECOND, Centre


def take(centre: Centre, message_id: int, practitioner_id: int) -> None:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        by = Reader(Channel.APP, practitioner_id=practitioner_id)
        acknowledge(session, message_id, AcknowledgementKind.TAKEN, by=by, at=centre.clock.now())


def die_after(claim: Told | None) -> None:
    assert claim is not None
    raise KeyboardInterrupt


def fail(centre: Centre, leg_id: int) -> None:
    with centre.database.unit_of_work(SEED) as session:
        record_leg_event(session, session.get_one(Leg, leg_id), LegNews.FAILED, at=centre.clock.now())


def told(centre: Centre, message_id: int) -> list[tuple[str, int, str, str]]:
    return [(one.target, one.repetition, one.channel, one.status) for one in centre.notices(message_id)]


def test_an_urgent_message_climbs_to_a_supervisor_whom_nobody_can_avoid(centre: Centre) -> None:
    message_id = centre.urgent()
    assert centre.tick() == 1
    for _ in range(4):
        assert centre.tick(2) == 1
    assert [one.to_number for one in centre.outbox()] == [MOBILE] * 5
    assert centre.provider.rung == []

    centre.tick(2)  # ten minutes
    assert [one["to"] for one in centre.provider.rung] == [SECOND]
    fail(centre, centre.legs()[-1].id)
    centre.tick(5)
    assert [one["to"] for one in centre.provider.rung] == [SECOND, ALTERNATE]
    fail(centre, centre.legs()[-1].id)
    centre.tick(2)
    last = centre.notices(message_id)[-1]
    assert (last.target, last.channel, last.status) == (Target.SUPERVISOR, Channel.DESK, NoticeStatus.SENT)
    assert last.told_at == NINE + timedelta(minutes=17)
    assert centre.tick(60) == 0
    assert centre.message(message_id).status == MessageStatus.SENT


def test_nothing_of_what_it_is_about_is_in_a_text(centre: Centre) -> None:
    centre.urgent(words="Il saigne, </Say><Dial>15</Dial> 🩸", caller='=HYPERLINK("x")')
    centre.tick()
    [text] = centre.outbox()
    assert text.body.startswith(
        "URGENT, Cabinet des Tilleuls : un message attend votre réponse. https://centre.example"
    )
    assert [word for word in ("saigne", "Dial", "HYPERLINK", "Vasseur") if word in text.body] == []


def test_taken_at_the_third_step_nobody_else_is_rung(centre: Centre) -> None:
    message_id = centre.urgent()
    centre.tick(10)
    assert len(centre.provider.rung) == 1
    take(centre, message_id, centre.lemoine_id)
    assert centre.tick(60) == 0
    assert [one["to"] for one in centre.provider.rung] == [SECOND]
    assert {one.status for one in centre.notices(message_id)} == {
        NoticeStatus.SENT,
        NoticeStatus.LEFT_OUT,
        NoticeStatus.FAILED,
        NoticeStatus.CANCELED,
    }


def test_a_telephone_that_still_rings_is_let_be_once_somebody_has_it(centre: Centre) -> None:
    message_id = centre.urgent()
    centre.tick(10)
    take(centre, message_id, centre.lemoine_id)
    [leg] = centre.legs()[:1]
    assert leg.status == LegStatus.FAILED
    with centre.database.reading(SEED) as session:
        assert session.get_one(Call, leg.call_id).status == CallStatus.ENDED


def test_after_a_long_stop_the_last_repetition_alone_is_sent(centre: Centre) -> None:
    message_id = centre.urgent()
    centre.tick(9)
    assert [(repetition, status) for _, repetition, _, status in told(centre, message_id)[:5]] == [
        (1, "left_out"),
        (2, "left_out"),
        (3, "left_out"),
        (4, "left_out"),
        (5, "sent"),
    ]
    assert len(centre.outbox()) == 1


def test_one_step_is_claimed_once_however_often_it_is_tried(centre: Centre) -> None:
    message_id = centre.urgent()
    first = centre.notices(message_id)[0]
    claims = []
    for _ in range(3):
        with centre.database.unit_of_work(SEED) as session:
            claims.append(claim_notice(session, first.id, at=centre.clock.now()))
    assert [claim is not None for claim in claims] == [True, False, False]


def test_killed_before_the_commit_it_is_due_as_before_and_told_once(centre: Centre) -> None:
    message_id = centre.urgent()
    centre.clock.advance(timedelta(minutes=10))
    ring = next(one for one in centre.notices(message_id) if one.target == Target.SECOND)
    with pytest.raises(KeyboardInterrupt), centre.database.unit_of_work(SEED) as session:
        die_after(claim_notice(session, ring.id, at=centre.clock.now()))
    assert centre.legs() == []
    centre.tick()
    assert [one["to"] for one in centre.provider.rung] == [SECOND]


def test_a_batch_leaves_at_noon_as_one_text(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, timing="batch")
    ids = [centre.write(f"m{n}") for n in range(3)]
    assert centre.tick(179) == 0
    assert centre.tick(1) == 1
    [text] = centre.outbox()
    assert text.body.startswith("Cabinet des Tilleuls : 3 messages vous attendent. https://")
    assert {centre.message(one).status for one in ids} == {MessageStatus.SENT}


def test_between_two_patients_means_when_the_present_one_leaves(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, timing="between")
    centre.write(free_at=NINE + timedelta(minutes=12))
    assert centre.tick(11) == 0
    assert centre.tick(1) == 1


def test_what_is_urgent_leaves_before_a_batch_that_was_due_earlier(centre: Centre) -> None:
    for nth in range(3):
        centre.write(f"routine-{nth}")
    centre.clock.advance(timedelta(seconds=1))
    urgent_id = centre.urgent("urgent")
    with centre.database.reading(SEED) as session:
        first = due_notices(session, at=centre.clock.now())[0]
    assert first == centre.notices(urgent_id)[0].id


def test_what_is_for_whoever_is_on_call_goes_to_the_one_of_that_moment(centre: Centre) -> None:
    message_id = centre.write(practitioner_id=None, urgency=Urgency.URGENT)
    centre.tick()
    first = centre.notices(message_id)[0]
    assert (first.practitioner_id, first.channel) == (centre.berger_id, Channel.SMS)
    # A week later the other has it.
    centre.clock.advance(timedelta(days=7))
    later = centre.write("m2", practitioner_id=None, urgency=Urgency.URGENT)
    centre.tick()
    assert centre.notices(later)[0].practitioner_id == centre.marchand_id


def test_a_text_that_never_arrives_ends_with_a_person(centre: Centre) -> None:
    message_id = centre.write()
    centre.tick()
    [text] = centre.outbox()
    assert text.link_id is not None
    for _ in range(2):
        with centre.database.unit_of_work(SEED) as session:
            note_link(session, text.link_id, arrived=False, at=centre.clock.now())
    assert told(centre, message_id) == [
        ("addressee", 1, "sms", "failed"),
        ("supervisor", 1, "desk", "due"),
    ]
    centre.tick()
    assert centre.notices(message_id)[-1].status == NoticeStatus.SENT


def test_a_text_that_arrived_says_so_of_its_message(centre: Centre) -> None:
    message_id = centre.write()
    centre.tick()
    [text] = centre.outbox()
    with centre.database.unit_of_work(SEED) as session:
        note_link(session, text.link_id or 0, arrived=True, at=centre.clock.now())
    assert centre.message(message_id).status == MessageStatus.DELIVERED


def test_a_doctor_without_any_way_is_not_waited_for(centre: Centre) -> None:
    """Nobody signs in as Dr Berger, and a landline takes no text: whatever the message, a person has it."""
    centre.prefer(centre.berger_id, channel="email")
    message_id = centre.write(practitioner_id=centre.berger_id)
    assert told(centre, message_id) == [("supervisor", 1, "desk", "due")]


def test_whose_account_is_closed_is_told_nothing_on_a_page_that_nobody_opens(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, channel="app")
    with centre.database.unit_of_work(SEED) as session:
        session.get_one(Staff, centre.doctor_account_id).is_active = False
    message_id = centre.write()
    assert told(centre, message_id) == [("supervisor", 1, "desk", "due")]


def test_taken_on_one_of_his_telephones_the_other_is_let_be(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, channel="phone")
    message_id = centre.urgent()
    centre.tick()
    centre.tick(10)  # the mobile was never answered so far, and the second number rings as well
    first, second = centre.legs()[0], centre.legs()[-1]
    assert (first.address, second.address) == (MOBILE, SECOND)
    with centre.database.unit_of_work(SEED) as session:
        assert take_by_telephone(session, second.id, public_url="https://c.example", at=centre.clock.now())
    statuses = {one.id: one.status for one in centre.legs()}
    assert statuses[first.id] == LegStatus.FAILED
    assert statuses[second.id] not in {LegStatus.FAILED, LegStatus.LEFT}
    assert centre.message(message_id).status == MessageStatus.TAKEN
