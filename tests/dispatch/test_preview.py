"""What is shown beforehand is what then happens: the same steps, hours, persons and ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from callcenter.directory.models import Practice, PracticeLine
from callcenter.dispatch.ladders import TypedStep, save_ladder
from callcenter.dispatch.models import Channel, DispatchPreference, NoticeStatus, Target, Urgency
from callcenter.dispatch.on_call_models import OnCallMember, OnCallRotation
from callcenter.dispatch.preview import Rung, ladder_so_far, masked, who_next
from callcenter.dispatch.rules.reaching import Lack
from tests.agenda.cast import NINE, SEED
from tests.dispatch.cast import ALTERNATE, MOBILE, SECOND, Centre

Seen = list[tuple[datetime, str, str]]


def foreseen(centre: Centre, practitioner_id: int | None, urgency: Urgency) -> Sequence[Rung]:
    with centre.database.reading(centre.cast.scope) as session:
        practice = session.get_one(Practice, centre.cast.practice_id)
        return who_next(session, practice, practitioner_id, urgency, at=centre.clock.now())


def by_hour(rungs: Sequence[Rung]) -> Seen:
    """Who is told when, and by what address; left out what tells nobody."""
    return sorted((hour, one.channel, one.address) for one in rungs if one.lack is None for hour in one.hours)


def climbed(centre: Centre, practitioner_id: int | None, urgency: Urgency) -> Seen:
    """The same of a message that nobody takes, minute by minute, as its notices were really told."""
    message_id = centre.write(practitioner_id=practitioner_id, urgency=urgency)
    for _minute in range(40):
        centre.tick(1 if _minute else 0)
    told = [one for one in centre.notices(message_id) if one.told_at is not None]
    return sorted((one.due_at, one.channel, one.address) for one in told)


@pytest.mark.parametrize("urgency", [Urgency.URGENT, Urgency.TODAY])
@pytest.mark.parametrize("whom", ["lemoine", "marchand", "berger", "on call"])
def test_what_is_foreseen_is_what_happens(centre: Centre, whom: str, urgency: Urgency) -> None:
    ids = {"lemoine": centre.lemoine_id, "marchand": centre.marchand_id, "berger": centre.berger_id}
    # Ways of every kind: Dr Berger by telephone, Dr Marchand nowhere but in the application, where nobody signs in.
    centre.prefer(centre.berger_id, channel="phone", alternate_id=centre.lemoine_id)
    centre.prefer(centre.marchand_id, channel="app", mobile="")
    seen = by_hour(foreseen(centre, ids.get(whom), urgency))
    assert seen == climbed(centre, ids.get(whom), urgency)
    assert len(seen) > 0


def test_a_ladder_of_the_practices_own_is_foreseen_as_it_is_climbed(centre: Centre) -> None:
    steps = [
        TypedStep("0", "on_call", "phone"),
        TypedStep("3", "addressee", "email", times="2", every="4"),
        TypedStep("9", "alternate", "sms"),
        TypedStep("20", "supervisor"),
    ]
    with centre.database.unit_of_work(centre.cast.scope) as session:
        save_ladder(session, centre.cast.practice_id, steps, at=NINE, staff_id=None)
    centre.prefer(centre.lemoine_id, email="lemoine@example.org")
    seen = by_hour(foreseen(centre, centre.lemoine_id, Urgency.URGENT))
    assert seen == climbed(centre, centre.lemoine_id, Urgency.URGENT)
    assert [way for _, way, _ in seen] == ["phone", "email", "email", "sms", "desk"]


def test_nobody_on_call_is_said_and_a_person_is_told_instead(centre: Centre) -> None:
    with centre.database.unit_of_work(SEED) as session:
        for table in (OnCallMember, OnCallRotation):
            for row in session.scalars(select(table)):
                session.delete(row)
            session.flush()
    rungs = foreseen(centre, None, Urgency.ROUTINE)
    assert [(one.target, one.lack) for one in rungs] == [
        (Target.ADDRESSEE, Lack.NOBODY_ON_CALL),
        (Target.SUPERVISOR, None),
    ]
    assert by_hour(rungs) == climbed(centre, None, Urgency.ROUTINE)


def test_an_urgent_message_for_nobody_on_call_is_a_supervisors_at_once_and_climbs_on(centre: Centre) -> None:
    with centre.database.unit_of_work(SEED) as session:
        # Of a roster that begins in eleven minutes.
        session.scalars(select(OnCallRotation)).one().starts_on = NINE.date()
        session.scalars(select(OnCallRotation)).one().changes_at = time(9, 11)
    centre.prefer(centre.berger_id, second_number=SECOND, alternate_id=centre.lemoine_id)
    rungs = foreseen(centre, None, Urgency.URGENT)
    assert [one.hours[0] for one in rungs if one.target is Target.SUPERVISOR] == [NINE]
    assert by_hour(rungs) == [(NINE, Channel.DESK, ""), (NINE + timedelta(minutes=15), Channel.PHONE, MOBILE)]
    assert by_hour(rungs) == climbed(centre, None, Urgency.URGENT)


def test_a_practice_without_a_line_rings_nobody(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, channel="phone")
    with centre.database.unit_of_work(SEED) as session:
        for line in session.scalars(select(PracticeLine)):
            session.delete(line)
    rungs = foreseen(centre, centre.lemoine_id, Urgency.TODAY)
    assert [(one.lack, one.target) for one in rungs] == [
        (Lack.NO_LINE, Target.ADDRESSEE),
        (None, Target.SUPERVISOR),
    ]
    assert by_hour(rungs) == climbed(centre, centre.lemoine_id, Urgency.TODAY)


def test_each_step_says_who_by_name_by_what_and_when(centre: Centre) -> None:
    rungs = foreseen(centre, centre.lemoine_id, Urgency.URGENT)
    assert [(one.name, one.channel, one.address, (one.hours[0] - NINE) // timedelta(minutes=1)) for one in rungs] == [
        ("Dr Lemoine", Channel.SMS, MOBILE, 0),
        ("Dr Lemoine", Channel.PHONE, SECOND, 10),
        ("Dr Marchand", Channel.PHONE, ALTERNATE, 15),
        ("", Channel.DESK, "", 17),
    ]
    assert len(rungs[0].hours) == 5


def test_a_step_that_is_left_out_says_why_and_the_supervisor_stays_the_last(centre: Centre) -> None:
    rungs = foreseen(centre, centre.marchand_id, Urgency.URGENT)
    assert [(one.target, one.lack) for one in rungs] == [
        (Target.ADDRESSEE, None),
        (Target.SECOND, Lack.NO_SECOND_NUMBER),
        (Target.ALTERNATE, Lack.NO_ALTERNATE),
        (Target.SUPERVISOR, None),
    ]


def test_a_batch_and_quiet_hours_are_seen_from_the_moment_that_is_asked_about(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, timing="batch")
    [rung] = foreseen(centre, centre.lemoine_id, Urgency.ROUTINE)
    assert rung.hours == [NINE + timedelta(hours=3)]


def test_asking_tells_nobody_and_keeps_nothing(centre: Centre) -> None:
    foreseen(centre, centre.lemoine_id, Urgency.URGENT)
    assert centre.tick(60) == 0
    assert (centre.outbox(), centre.provider.rung) == ([], [])


def test_of_a_message_that_exists_what_was_told_and_who_comes_now(centre: Centre) -> None:
    message_id = centre.urgent()
    centre.tick()
    centre.tick(2)
    # Since it was written Dr Lemoine has named another colleague.
    centre.prefer(centre.lemoine_id, alternate_id=centre.berger_id)
    with centre.database.reading(centre.cast.scope) as session:
        rungs = ladder_so_far(session, centre.message(message_id), at=centre.clock.now())
    assert [(one.name, one.status, len(one.hours)) for one in rungs] == [
        ("Dr Lemoine", NoticeStatus.SENT, 2),
        ("Dr Lemoine", NoticeStatus.DUE, 3),
        ("Dr Lemoine", NoticeStatus.DUE, 1),
        ("Dr Berger", NoticeStatus.DUE, 1),
        ("", NoticeStatus.DUE, 1),
    ]
    assert [one.is_to_come for one in rungs] == [False, True, True, True, True]


def test_an_address_is_masked_but_for_its_end() -> None:
    assert masked(MOBILE) == "•• 40"
    assert masked("lemoine@example.org") == "l…@example.org"
    assert masked("") == ""


def test_a_practitioner_without_wishes_has_no_row_to_speak_of(centre: Centre) -> None:
    with centre.database.reading(SEED) as session:
        assert session.get(DispatchPreference, centre.berger_id) is None
    assert foreseen(centre, centre.berger_id, Urgency.URGENT)[0].channel is Channel.SMS
