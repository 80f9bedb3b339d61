"""Recording by hand: a row first, nothing records without one, and the carrier is made to forget it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, ProviderError
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.kept_recordings import delete_due_recordings, kept_recordings
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Leg, LegRole, Recording
from callcenter.telephony.recording import (
    recording_since,
    start_recording,
    stop_left_recordings,
    stop_recording,
    was_stopped_for_company,
)
from callcenter.telephony.state import LegNews
from tests.floor import ALL, Floor


@pytest.fixture
def floor(database: Database) -> Floor:
    floor = Floor(database)
    floor.hire("Inès")
    return floor


@pytest.fixture
def call_id(floor: Floor) -> int:
    """She talks with a patient."""
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Inès").id, LegNews.ANSWERED, LegNews.JOINED)
    return call_id


def record(floor: Floor, call_id: int, *, by: str = "Inès") -> None:
    start_recording(
        floor.database,
        floor.provider,
        call_id,
        floor.clock,
        staff_id=floor.staff[by],
        settings=floor.settings,
        language="fr",
    )


def rows(floor: Floor) -> list[Recording]:
    with floor.database.reading(ALL) as session:
        return list(session.scalars(select(Recording).order_by(Recording.id)))


def test_it_is_announced_first_and_asked_twice_is_one(floor: Floor, call_id: int) -> None:
    record(floor, call_id)
    record(floor, call_id)
    [(room, address)] = floor.provider.announced
    assert room.endswith("a" * 32)
    assert "/twilio/recording-notice?language=fr" in address
    [one] = rows(floor)
    assert floor.provider.recordings == {one.sid: one.leg_sid}
    assert one.delete_at == floor.now + timedelta(days=30)
    with floor.database.reading(ALL) as session:
        assert recording_since(session, call_id) == floor.now


def test_nothing_records_when_it_could_not_be_announced(floor: Floor, call_id: int) -> None:
    floor.provider.refusing = ProviderError("no", permanent=True)
    with pytest.raises(Conflict):
        record(floor, call_id)
    floor.provider.refusing = None
    assert floor.provider.recordings == {}
    [one] = rows(floor)
    assert one.stopped_at == one.deleted_at == floor.now  # nothing was made, nothing is to be deleted


def test_a_recording_whose_name_was_lost_is_stopped_by_its_leg_and_deleted(floor: Floor, call_id: int) -> None:
    record(floor, call_id)
    [one] = rows(floor)
    with floor.database.unit_of_work(ALL) as session:  # the process died before it kept the name
        session.get_one(Recording, one.id).sid = None
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    assert floor.provider.stopped_recordings == []
    floor.clock.advance(timedelta(seconds=16))
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    assert floor.provider.stopped_recordings == [one.sid]
    assert [(row.sid, row.stopped_at) for row in rows(floor)] == [(one.sid, floor.now)]
    floor.clock.advance(timedelta(days=30))
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    assert floor.provider.recordings == {}


def test_one_whose_answer_was_lost_is_stopped_by_hand_at_once_and_by_its_name(floor: Floor, call_id: int) -> None:
    floor.provider.loses_answers = True
    with pytest.raises(Conflict):
        record(floor, call_id)
    stop_recording(floor.database, floor.provider, call_id, floor.clock)
    [sid] = floor.provider.recordings
    assert (floor.provider.stopped_recordings, [one.sid for one in rows(floor)]) == ([sid], [sid])


def test_a_recording_that_may_begin_yet_is_not_said_to_have_stopped(floor: Floor, call_id: int) -> None:
    floor.provider.loses_answers = True
    with pytest.raises(Conflict):
        record(floor, call_id)
    began = floor.provider.recordings.copy()
    floor.provider.recordings.clear()  # the carrier has not come to it yet
    with pytest.raises(Conflict):
        stop_recording(floor.database, floor.provider, call_id, floor.clock)
    floor.clock.advance(timedelta(seconds=16))
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    [one] = rows(floor)
    assert (one.sid, one.stopped_at, one.deleted_at) == (None, floor.now, None)
    with floor.database.reading(ALL) as session:
        assert kept_recordings(session, one.practice_id).count == 0  # as far as anybody knows

    floor.provider.recordings |= began  # it was there all the same
    floor.clock.advance(timedelta(days=30))
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    assert floor.provider.recordings == {}
    assert rows(floor)[0].deleted_at == floor.now


@pytest.mark.parametrize("is_named", [True, False])
def test_a_refusal_to_stop_it_leaves_nothing_kept_for_ever(floor: Floor, call_id: int, is_named: bool) -> None:
    floor.provider.loses_answers = not is_named
    if is_named:
        record(floor, call_id)
    else:
        with pytest.raises(Conflict):
            record(floor, call_id)
    floor.clock.advance(timedelta(seconds=16))
    floor.provider.refusing = ProviderError("never", permanent=True)
    with pytest.raises(Conflict, match="refuses"):
        stop_recording(floor.database, floor.provider, call_id, floor.clock)
    assert rows(floor)[0].stopped_at is None  # it still records
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    [one] = rows(floor)
    assert (one.stopped_at, one.deleted_at) == (floor.now, None)  # over with its leg, and still to be deleted

    floor.provider.refusing = None
    floor.clock.advance(timedelta(days=30))
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    assert floor.provider.recordings == {}
    assert rows(floor)[0].deleted_at == floor.now


def test_some_that_the_carrier_refuses_for_good_keep_no_later_one(floor: Floor, call_id: int) -> None:
    for _ in range(11):
        record(floor, call_id)
        stop_recording(floor.database, floor.provider, call_id, floor.clock)
        floor.clock.advance(timedelta(seconds=1))
    *refused, last = floor.provider.recordings
    floor.provider.refused_recordings.update(refused)
    floor.clock.advance(timedelta(days=31))
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    floor.clock.advance(timedelta(seconds=20))
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    assert set(floor.provider.recordings) == set(refused)
    assert [row.sid for row in rows(floor) if row.deleted_at is not None] == [last]
    floor.provider.refused_recordings.clear()
    floor.clock.advance(timedelta(seconds=20))
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    assert floor.provider.recordings == {}


def test_nobody_is_recorded_who_could_not_hear_that_she_is(floor: Floor, call_id: int) -> None:
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    with pytest.raises(Conflict, match="take her back first"):
        record(floor, call_id)
    assert (rows(floor), floor.provider.announced, floor.provider.recordings) == ([], [], {})
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=False)
    record(floor, call_id)
    assert len(floor.provider.recordings) == 1


def test_it_ends_with_the_call_and_is_deleted_when_due_and_not_before(floor: Floor, call_id: int) -> None:
    record(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    [one] = rows(floor)
    assert one.stopped_at == floor.now
    with floor.database.reading(ALL) as session:
        kept = kept_recordings(session, one.practice_id)
    assert (kept.count, kept.next_at) == (1, one.delete_at)

    floor.clock.advance(timedelta(days=30, seconds=-1))
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    assert floor.provider.recordings != {}
    floor.clock.advance(timedelta(seconds=2))
    floor.provider.refusing = ProviderError("later", permanent=False)
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    assert rows(floor)[0].deleted_at is None  # asked again until the carrier has forgotten it
    floor.provider.refusing = None
    delete_due_recordings(floor.database, floor.provider, floor.clock)
    assert floor.provider.recordings == {}
    assert rows(floor)[0].deleted_at == floor.now


def test_it_is_shown_as_stopped_only_once_it_is(floor: Floor, call_id: int) -> None:
    record(floor, call_id)
    floor.provider.refusing = ProviderError("later", permanent=False)
    with pytest.raises(Conflict, match="did not answer"):
        stop_recording(floor.database, floor.provider, call_id, floor.clock)
    assert rows(floor)[0].stopped_at is None
    floor.provider.refusing = None
    stop_recording(floor.database, floor.provider, call_id, floor.clock)
    stop_recording(floor.database, floor.provider, call_id, floor.clock)
    assert len(floor.provider.stopped_recordings) == 1
    assert rows(floor)[0].stopped_at == floor.now


def test_one_that_the_carrier_refuses_to_stop_keeps_no_other_recording(floor: Floor, call_id: int) -> None:
    record(floor, call_id)
    doctor_comes_in(floor, call_id)
    floor.hire("Léa")
    other = floor.ring("CA" + "b" * 32)
    floor.hear(floor.patient_leg(other), LegNews.JOINED)
    floor.hear(floor.accept("Léa").id, LegNews.ANSWERED, LegNews.JOINED)
    record(floor, other, by="Léa")
    floor.hear(floor.patient_leg(other), LegNews.HUNG_UP)
    first, second = rows(floor)
    floor.provider.refused_recordings.add(first.sid or "")
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    assert [row.stopped_at for row in rows(floor)] == [None, floor.now]
    assert floor.provider.stopped_recordings == [second.sid]


def doctor_comes_in(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        call = lock_call(session, call_id)
        doctor = want_leg(
            session,
            call,
            role=LegRole.PRACTITIONER,
            label="third-1",
            address="+33639980077",
            staff_id=None,
            at=floor.now,
        ).id
    floor.clock.advance(timedelta(seconds=5))
    floor.hear(doctor, LegNews.ANSWERED, LegNews.JOINED)


def test_whoever_comes_in_was_told_nothing_of_it_so_it_ends_and_may_be_announced_anew(
    floor: Floor, call_id: int
) -> None:
    record(floor, call_id)
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    assert rows(floor)[0].stopped_at is None
    doctor_comes_in(floor, call_id)
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    assert rows(floor)[0].stopped_at == floor.now
    with floor.database.reading(ALL) as session:
        assert (recording_since(session, call_id), was_stopped_for_company(session, call_id)) == (None, True)

    floor.clock.advance(timedelta(seconds=5))
    record(floor, call_id)
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    assert [row.stopped_at is None for row in rows(floor)] == [False, True]
    with floor.database.reading(ALL) as session:
        assert not was_stopped_for_company(session, call_id)


def test_a_patient_who_was_passed_on_is_recorded_no_longer(floor: Floor, call_id: int) -> None:
    doctor_comes_in(floor, call_id)
    floor.clock.advance(timedelta(seconds=5))
    record(floor, call_id)
    with floor.database.reading(ALL) as session:
        operator = session.scalars(select(Leg.id).where(Leg.role == LegRole.OPERATOR)).one()
    floor.hear(operator, LegNews.LEFT)
    stop_left_recordings(floor.database, floor.provider, floor.clock)
    assert rows(floor)[0].stopped_at == floor.now
