"""The supervisor's board: the day counted, who works, who waits, what went wrong."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.scope import Practices
from callcenter.desk.board import Outcome, agents_on_duty, day_figures, read_floor, read_incidents
from callcenter.desk.card_reading import call_card
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.wall import count_team, read_half_hours, read_wall
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from callcenter.routing.models import (
    Agent,
    AgentStatus,
    Callback,
    CallbackReason,
    CallbackStatus,
    QueueEntry,
    QueueEntryStatus,
)
from callcenter.telephony.models import Call, CallHandling, CallStatus, Leg, LegRole, MisdialledCall
from callcenter.telephony.outbound import open_outbound_call
from tests.desk.conftest import CALLER, MONDAY_0914, Cast

PARIS = ZoneInfo("Europe/Paris")


def _waited(answered: float | None = None, hung_up: float | None = None) -> Outcome:
    def after(seconds: float | None) -> object:
        return None if seconds is None else MONDAY_0914 + timedelta(seconds=seconds)

    return Outcome(MONDAY_0914, after(answered), after(hung_up))  # type: ignore[arg-type]


def test_twenty_seconds_is_in_time_and_five_is_too_soon_to_be_lost() -> None:
    figures = day_figures(
        [
            _waited(answered=20),
            _waited(answered=20.5),
            _waited(answered=3, hung_up=200),
            _waited(hung_up=5),
            _waited(hung_up=5.5),
            _waited(),
        ]
    )
    assert (figures.received, figures.answered, figures.answered_in_time, figures.abandoned) == (6, 3, 2, 1)
    assert figures.service_level == 50
    assert figures.abandoned_share == 25.0


def test_the_time_at_the_gate_is_nobodys_delay(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session, received=cast.at - timedelta(seconds=40))
        call.handling = CallHandling.GATED
        place = session.scalars(select(QueueEntry).where(QueueEntry.call_id == call.id)).one()
        place.joined_at = cast.at - timedelta(seconds=10)
        cast.talk(session, call, by=cast.camille)
        today = read_floor(session, cast.camille, zone=PARIS, at=cast.at).today
    assert (today.answered, today.answered_in_time) == (1, 1)


def test_before_the_first_call_there_is_no_share_to_tell() -> None:
    assert day_figures([_waited()]).service_level is None
    assert day_figures([]).abandoned_share is None


def test_the_floor_counts_from_the_carriers_signal_and_since_midnight_in_the_centres_zone(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        old = cast.call(session, received=cast.at - timedelta(seconds=42))
        cast.call(session, line=cast.kaplan_line, received=cast.at - timedelta(seconds=7))
        taken = cast.call(session, received=cast.at - timedelta(seconds=9))
        cast.talk(session, taken, by=cast.camille)
        cast.call(session, received=cast.at - timedelta(hours=9, minutes=15))  # 23:59 on Sunday in Paris
        cast.offer(session, old, to=cast.ines)
        floor = read_floor(session, cast.camille, zone=PARIS, at=cast.at)
        assert [(one.practice_name, one.offered_to) for one in floor.waiting[1:]] == [
            ("Cabinet des Tilleuls", "Ines"),
            ("Dr Kaplan", ""),
        ]
        assert (floor.today.received, floor.today.answered_in_time) == (3, 1)
        assert read_floor(session, cast.camille, zone=ZoneInfo("Asia/Tokyo"), at=cast.at).today.received == 4


def test_another_practices_calls_are_not_told(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        cast.call(session)
        cast.call(session, line=cast.kaplan_line)
    with cast.database.reading(Practices.of(cast.kaplan)) as session:
        floor = read_floor(session, cast.camille, zone=PARIS, at=cast.at)
        assert [one.practice_name for one in floor.waiting] == ["Dr Kaplan"]
        assert floor.today.received == 1


def test_agents_show_what_they_do_and_whose_presence_has_lapsed(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        cast.talk(session, call, by=cast.camille)
        cast.set_agent(session, cast.ines, AgentStatus.AVAILABLE)
        camille, ines = agents_on_duty(session, at=cast.at)
        assert (camille.name, camille.status, camille.practice_name, camille.held_since) == (
            "Camille",
            AgentStatus.ON_CALL,
            "Cabinet des Tilleuls",
            None,
        )
        assert (ines.status, ines.is_lost) == (AgentStatus.AVAILABLE, False)

        patient = session.query(Leg).filter_by(call_id=call.id, role=LegRole.PATIENT).one()
        patient.on_hold, patient.held_at = True, cast.at
        session.flush()
        camille, ines = agents_on_duty(session, at=cast.at + timedelta(seconds=16))
        assert camille.held_since == cast.at
        assert ines.is_lost

        cast.set_agent(session, cast.ines, AgentStatus.OFFLINE)
        assert [one.name for one in agents_on_duty(session, at=cast.at)] == ["Camille"]


def test_incidents_are_texts_that_the_carrier_refuses_numbers_without_practice_and_relays_under_way(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        assert read_incidents(session, zone=PARIS, at=cast.at).texts_delayed == 0
        call = cast.call(session)
        for number, status, attempts in ((1, OutboxStatus.PENDING, 2), (2, OutboxStatus.PENDING, 0)):
            session.add(
                OutboxMessage(
                    practice_id=cast.tilleuls,
                    dedupe_key=f"fact-{number}",
                    kind="appointment_booked",
                    to_number="+33639981472",
                    body="",
                    status=status,
                    created_at=cast.at - timedelta(minutes=4),
                    due_at=cast.at,
                    attempts=attempts,
                )
            )
        session.add(MisdialledCall(sid="CA1", to_number="+33199004299", received_at=cast.at))
        session.add(MisdialledCall(sid="CA2", to_number="+33199004299", received_at=cast.at - timedelta(days=1)))
        relay = EmergencyRelay(
            practice_id=cast.tilleuls, call_id=call.id, staff_id=cast.camille, number="15", label="", opened_at=cast.at
        )
        session.add(relay)
        session.flush()
        seen = read_incidents(session, zone=PARIS, at=cast.at)
        assert (seen.texts_delayed, seen.delayed_since) == (1, cast.at - timedelta(minutes=4))
        assert [one.received_at for one in seen.misdialled] == [cast.at]
        assert seen.relays == 1

        relay.taken_over_at = cast.at
        session.flush()
        assert read_incidents(session, zone=PARIS, at=cast.at).relays == 0


def promise(cast: Cast, session: Session, asked: Call, *, tries: int = 0) -> Call:
    """She asked to be rung back and hung up: her place goes on in a call of ours, after tries that nobody answered."""
    place = session.scalars(select(QueueEntry).where(QueueEntry.call_id == asked.id)).one()
    place.status, asked.status, asked.ended_at = QueueEntryStatus.CALLBACK, CallStatus.ENDED, cast.at
    for number in range(tries + 1):
        ours = open_outbound_call(
            session, practice_id=asked.practice_id, line_id=asked.line_id, number=CALLER, at=cast.at
        )
        kept = QueueEntry(practice_id=asked.practice_id, call_id=ours.id, joined_at=place.joined_at)
        if number < tries:
            kept.status, ours.status, ours.ended_at = QueueEntryStatus.ABANDONED, CallStatus.ENDED, cast.at
        session.add(kept)
        session.flush()
    return ours


def test_the_calls_that_ring_a_lost_caller_back_are_neither_received_nor_lost(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        lost = cast.call(session, received=cast.at - timedelta(minutes=5))
        promise(cast, session, lost, tries=3)
        place = session.scalars(select(QueueEntry).where(QueueEntry.call_id == lost.id)).one()
        place.status = QueueEntryStatus.ABANDONED
        session.flush()
        today = read_floor(session, cast.camille, zone=PARIS, at=cast.at).today
        chart = read_half_hours(session, zone=PARIS, at=cast.at)
    assert (today.received, today.abandoned, today.answered) == (1, 1, 0)
    assert sum(one.received for one in chart) == 1


def test_who_is_to_be_rung_back_has_a_place_but_is_not_on_the_line(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        asked = cast.call(session, received=cast.at - timedelta(seconds=130))
        ours = promise(cast, session, asked)
        here = cast.call(session, received=cast.at - timedelta(seconds=12))
        floor = read_floor(session, cast.camille, zone=PARIS, at=cast.at)
        wall = read_wall(session, zone=PARIS, at=cast.at)
    assert {(one.call_id, one.is_on_the_line, one.joined_at) for one in floor.waiting} == {
        (ours.id, False, cast.at - timedelta(seconds=130)),
        (here.id, True, cast.at - timedelta(seconds=12)),
    }
    assert (floor.on_the_line, wall.waiting) == (1, 1)
    assert floor.longest is not None
    assert (floor.longest.call_id, wall.longest_since) == (here.id, here.received_at)
    assert (floor.today.received, floor.today.counted) == (2, 0)


def ring_again(cast: Cast, session: Session, *, after: timedelta, received: timedelta) -> Call:
    """A promised caller rings herself so long ago: she has the place that she got that long before."""
    again = cast.call(session, received=cast.at - received)
    place = session.scalars(select(QueueEntry).where(QueueEntry.call_id == again.id)).one()
    place.joined_at = again.received_at - after
    session.flush()
    return again


def test_who_rings_again_has_waited_since_she_did_and_not_since_her_promise(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        again = ring_again(cast, session, after=timedelta(minutes=40), received=timedelta(seconds=3))
        cast.offer(session, again, to=cast.camille)
        floor = read_floor(session, cast.camille, zone=PARIS, at=cast.at)
        wall = read_wall(session, zone=PARIS, at=cast.at)
        card = call_card(session, cast.camille, at=cast.at)
        chart = read_half_hours(session, zone=PARIS, at=cast.at)
    assert floor.longest is not None
    assert card is not None
    assert card.why is not None
    shown = {floor.longest.joined_at, wall.longest_since, card.joined_at, card.why.joined_at}
    assert shown == {again.received_at}
    assert [one.starts.isoformat() for one in chart if one.received] == ["09:00:00"]


def test_who_rings_again_is_answered_in_time_and_not_lost_when_she_hangs_up_at_once(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        answered = ring_again(cast, session, after=timedelta(minutes=40), received=timedelta(seconds=3))
        cast.talk(session, answered, by=cast.camille)
        gone = ring_again(cast, session, after=timedelta(minutes=40), received=timedelta(seconds=1))
        place = session.scalars(select(QueueEntry).where(QueueEntry.call_id == gone.id)).one()
        place.status, gone.status, gone.ended_at = QueueEntryStatus.ABANDONED, CallStatus.ENDED, cast.at
        session.flush()
        today = read_floor(session, cast.camille, zone=PARIS, at=cast.at).today
    assert (today.received, today.answered, today.answered_in_time, today.abandoned) == (2, 1, 1, 0)


def test_whom_we_rang_and_whose_operator_is_gone_waits_on_the_line(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        ours = promise(cast, session, cast.call(session))
        ours.answered_at = cast.at
        session.flush()
        floor = read_floor(session, cast.camille, zone=PARIS, at=cast.at)
    assert (floor.on_the_line, floor.longest and floor.longest.call_id) == (1, ours.id)


def test_a_wait_that_began_at_the_gate_is_one_wait_on_every_screen(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session, received=cast.at - timedelta(seconds=40))
        place = session.scalars(select(QueueEntry).where(QueueEntry.call_id == call.id)).one()
        place.joined_at = cast.at - timedelta(seconds=10)
        session.flush()
        cast.offer(session, call, to=cast.camille)
        floor = read_floor(session, cast.camille, zone=PARIS, at=cast.at)
        card = call_card(session, cast.camille, at=cast.at)
    assert floor.longest is not None
    assert card is not None
    assert floor.longest.joined_at == card.joined_at == cast.at - timedelta(seconds=10)


def test_a_breather_counts_as_work_until_it_is_over(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        cast.set_agent(session, cast.ines, AgentStatus.BREAK)
        session.get_one(Agent, cast.ines).breather_until = cast.at + timedelta(minutes=5)
        session.flush()
        for minutes, until in ((4, cast.at + timedelta(minutes=5)), (5, None)):
            at = cast.at + timedelta(minutes=minutes)
            session.get_one(Agent, cast.ines).lease_until = at + timedelta(seconds=15)
            session.flush()
            [ines] = agents_on_duty(session, at=at)
            assert ines.breather_until == until
            team = count_team([ines])
            assert (team.breathing, team.away) == ((1, 0) if until else (0, 1))


def test_who_could_not_be_rung_back_stays_on_the_board_over_midnight(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for number in range(12):
            call = cast.call(session, number=f"+336399800{number:02d}")
            values = {"number": call.from_number, "reason": CallbackReason.ABANDONED, "call_id": call.id}
            opened_at = cast.at - timedelta(days=2, minutes=-number)
            session.add(
                Callback(
                    practice_id=call.practice_id,
                    status=CallbackStatus.UNREACHED,
                    opened_at=opened_at,
                    not_before=opened_at,
                    closed_at=opened_at,
                    **values,
                )
            )
        session.flush()
        seen = read_incidents(session, zone=PARIS, at=cast.at).unreached
    assert [one.number for one in seen] == [f"+336399800{number:02d}" for number in range(12)]


def test_an_emergency_that_could_not_be_rung_back_stands_first_on_the_board(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for number in range(3):
            call = cast.call(session, number=f"+336399800{number:02d}")
            session.add(
                Callback(
                    practice_id=call.practice_id,
                    number=f"+336399800{number:02d}",
                    reason=CallbackReason.ABANDONED,
                    status=CallbackStatus.UNREACHED,
                    urgent=number == 2,
                    call_id=call.id,
                    opened_at=cast.at,
                    not_before=cast.at,
                    closed_at=cast.at,
                )
            )
        session.flush()
        seen = read_incidents(session, zone=PARIS, at=cast.at).unreached
    assert [(one.number[-1], one.is_urgent) for one in seen] == [("2", True), ("0", False), ("1", False)]


def test_whoever_went_elsewhere_is_neither_lost_nor_answered(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for status in (QueueEntryStatus.OVERFLOW, QueueEntryStatus.CALLBACK, QueueEntryStatus.ABANDONED):
            call = cast.call(session, received=cast.at - timedelta(minutes=5))
            call.status, call.ended_at = CallStatus.ENDED, cast.at
            session.scalars(select(QueueEntry).where(QueueEntry.call_id == call.id)).one().status = status
        today = read_floor(session, cast.camille, zone=PARIS, at=cast.at).today
    assert (today.received, today.counted, today.abandoned, today.answered) == (3, 1, 1, 0)
