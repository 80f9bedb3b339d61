"""Presence is a lease, never a flag."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict
from callcenter.routing import presence
from callcenter.routing.models import Agent, Reservation
from callcenter.routing.offers import decline_offer
from callcenter.telephony.state import LegNews
from tests.floor import ALL, MONDAY, Floor

LONG_AGO = MONDAY - timedelta(hours=1)


def lapse(floor: Floor, *, started_at: datetime = LONG_AGO) -> int:
    with floor.database.unit_of_work(ALL) as session:
        return presence.lapse_leases(session, at=floor.now, started_at=started_at)


def test_a_silent_browser_gets_no_calls_and_hers_goes_to_the_next(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    floor.ring()
    floor.clock.advance(timedelta(seconds=14))
    with floor.database.unit_of_work(ALL) as session:
        presence.heartbeat(session, floor.staff["Lea"], at=floor.now)
    floor.clock.advance(timedelta(seconds=2))
    assert lapse(floor) == 1
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("offline", "reserved")


def test_nobody_lapses_before_one_lease_has_passed_since_the_start(floor: Floor) -> None:
    floor.hire("Ines")
    floor.clock.advance(timedelta(minutes=5))
    started_at = floor.now
    floor.clock.advance(timedelta(seconds=14))
    assert lapse(floor, started_at=started_at) == 0
    floor.clock.advance(timedelta(seconds=1))
    assert lapse(floor, started_at=started_at) == 1


def test_a_heartbeat_that_hung_shortens_no_lease(floor: Floor) -> None:
    floor.hire("Ines")
    floor.clock.advance(timedelta(minutes=5))
    sent_at = floor.now
    floor.clock.advance(timedelta(seconds=10))
    with floor.database.unit_of_work(ALL) as session:
        presence.heartbeat(session, floor.staff["Ines"], at=floor.now)
        presence.heartbeat(session, floor.staff["Ines"], at=sent_at)
    assert floor.agent("Ines").lease_until == floor.now + presence.LEASE_FOR


def test_a_lapsed_lease_ends_no_conversation(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    floor.clock.advance(timedelta(minutes=5))
    assert lapse(floor) == 0
    assert floor.status_of("Ines") == "on_call"


def test_an_unqualified_call_is_not_dodged_by_a_break(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.accept("Ines")
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    for dodge in (presence.set_available, presence.take_break):
        with pytest.raises(Conflict), floor.database.unit_of_work(ALL) as session:
            dodge(session, floor.staff["Ines"], at=floor.now)
    with floor.database.unit_of_work(ALL) as session:
        presence.finish_wrap_up(session, floor.staff["Ines"], at=floor.now)
    agent = floor.agent("Ines")
    assert (agent.status, agent.call_id) == ("available", None)


def test_a_heartbeat_that_comes_in_between_keeps_her_and_her_offer(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silent when the jobs looked, heard of before they moved her: the lease is read once more."""
    floor.hire("Ines")
    floor.ring()
    floor.clock.advance(timedelta(seconds=16))
    move = presence.move_agent

    def beat_first(session: Session, staff_id: int, **how: Any) -> bool:
        session.execute(
            update(Agent).where(Agent.staff_id == staff_id).values(lease_until=floor.now + presence.LEASE_FOR)
        )
        return move(session, staff_id, **how)

    monkeypatch.setattr(presence, "move_agent", beat_first)
    assert lapse(floor) == 0
    assert floor.status_of("Ines") == "reserved"
    assert [row["status"] for row in floor.rows(Reservation)["reservation"]] == ["pending"]


def test_a_silent_browser_is_offered_nothing_after_fifteen_seconds(floor: Floor) -> None:
    floor.hire("Ines")
    floor.clock.advance(timedelta(seconds=13))
    floor.ring("CA" + "1" * 32)
    assert floor.status_of("Ines") == "reserved"  # fourteen seconds after her last heartbeat
    with floor.database.unit_of_work(ALL) as session:
        decline_offer(session, _offer(floor), staff_id=floor.staff["Ines"], at=floor.now)
    floor.clock.advance(timedelta(seconds=1))
    floor.ring("CA" + "2" * 32)
    assert floor.status_of("Ines") == "available"  # before any job has looked
    assert lapse(floor) == 1
    assert floor.agent("Ines").lapsed_at == floor.now
    with floor.database.unit_of_work(ALL) as session:
        presence.set_available(session, floor.staff["Ines"], at=floor.now)
    assert (floor.status_of("Ines"), floor.agent("Ines").lapsed_at) == ("reserved", None)


@pytest.mark.parametrize(
    ("silent_for", "by_itself", "expected"),
    [(0, True, "available"), (16, True, "offline"), (16, False, "available")],
)
def test_the_end_of_a_wrap_up_brings_nobody_back_who_is_away(
    floor: Floor, silent_for: int, by_itself: bool, expected: str
) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.accept("Ines")
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    floor.clock.advance(timedelta(seconds=silent_for))
    with floor.database.unit_of_work(ALL) as session:
        presence.finish_wrap_up(session, floor.staff["Ines"], at=floor.now, by_itself=by_itself)
    assert floor.status_of("Ines") == expected


def _offer(floor: Floor) -> int:
    with floor.database.reading(ALL) as session:
        return session.scalars(select(Reservation.id).where(Reservation.status == "pending")).one()
