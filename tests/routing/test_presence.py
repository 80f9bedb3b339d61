"""Presence is a lease, never a flag."""

from datetime import datetime, timedelta

import pytest

from callcenter.core.errors import Conflict
from callcenter.routing import presence
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
