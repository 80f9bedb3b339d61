"""The supervisor's board: the day counted, who works, who waits, what went wrong."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from callcenter.core.scope import Practices
from callcenter.desk.board import Outcome, agents_on_duty, day_figures, read_floor, read_incidents
from callcenter.desk.models import EmergencyRelay
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from callcenter.routing.models import AgentStatus, QueueEntry, QueueEntryStatus
from callcenter.telephony.models import CallHandling, CallStatus, Leg, LegRole, MisdialledCall
from tests.desk.conftest import MONDAY_0914, Cast

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


def test_whoever_went_elsewhere_is_neither_lost_nor_answered(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for status in (QueueEntryStatus.OVERFLOW, QueueEntryStatus.CALLBACK, QueueEntryStatus.ABANDONED):
            call = cast.call(session, received=cast.at - timedelta(minutes=5))
            call.status, call.ended_at = CallStatus.ENDED, cast.at
            session.scalars(select(QueueEntry).where(QueueEntry.call_id == call.id)).one().status = status
        today = read_floor(session, cast.camille, zone=PARIS, at=cast.at).today
    assert (today.received, today.abandoned, today.answered) == (1, 1, 0)
