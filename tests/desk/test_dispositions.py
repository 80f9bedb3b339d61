"""Of several who were with a patient, the one who was there last knows how the call ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.scope import Practices
from callcenter.desk.dispositions import choose_disposition
from callcenter.desk.models import Disposition, DispositionCode
from callcenter.routing import presence
from callcenter.routing.models import AgentStatus
from callcenter.routing.returning import return_cut_off
from callcenter.telephony.leaving import hang_up_call
from callcenter.telephony.models import Leg
from callcenter.telephony.state import LegNews
from tests.desk.test_transfers import ask, colleague, gestures
from tests.floor import ALL, Floor

BOOKED, CALLBACK, NONE = DispositionCode.BOOKED, DispositionCode.CALLBACK, DispositionCode.NONE


@pytest.fixture
def floor(database: Database) -> Floor:
    return Floor(database)


def talk(floor: Floor, name: str) -> Leg:
    leg = floor.accept(name)
    floor.hear(leg.id, LegNews.JOINED)
    return leg


def cut_off(floor: Floor, leg: Leg) -> None:
    """Her telephone leaves, and she does not come back: the patient is the next to be answered."""
    floor.hear(leg.id, LegNews.COMPLETED)
    floor.clock.advance(timedelta(seconds=31))
    with floor.database.unit_of_work(ALL) as session:
        for staff_id in floor.staff.values():
            presence.heartbeat(session, staff_id, at=floor.now)
    return_cut_off(floor.database, floor.clock)


def choose(floor: Floor, name: str, call_id: int, code: DispositionCode) -> None:
    floor.clock.advance(timedelta(seconds=1))
    with floor.database.unit_of_work(Practices.of(1)) as session:
        choose_disposition(session, call_id, staff_id=floor.staff[name], code=code, at=floor.now)


def kept(floor: Floor, call_id: int) -> tuple[DispositionCode, int]:
    with floor.database.reading(ALL) as session:
        row = session.execute(select(Disposition).where(Disposition.call_id == call_id)).scalar_one()
        return DispositionCode(row.code), row.staff_id


def test_who_has_the_same_patient_again_says_anew_how_it_ended(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    cut_off(floor, talk(floor, "Ines"))
    choose(floor, "Ines", call_id, CALLBACK)
    talk(floor, "Ines")
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    choose(floor, "Ines", call_id, BOOKED)
    assert kept(floor, call_id) == (BOOKED, floor.staff["Ines"])
    choose(floor, "Ines", call_id, NONE)  # the same key, sent twice
    assert kept(floor, call_id) == (BOOKED, floor.staff["Ines"])


@pytest.mark.parametrize("first", ["Ines", "Lea"])
def test_who_was_cut_off_before_does_not_overwrite_what_a_colleague_did(floor: Floor, first: str) -> None:
    floor.hire("Ines", "Lea")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    cut_off(floor, talk(floor, "Ines"))
    talk(floor, "Lea")
    floor.clock.advance(timedelta(seconds=5))
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    for name in sorted(floor.staff, key=lambda one: one != first):
        choose(floor, name, call_id, BOOKED if name == "Lea" else NONE)
    assert kept(floor, call_id) == (BOOKED, floor.staff["Lea"])
    assert {floor.status_of("Ines"), floor.status_of("Lea")} == {AgentStatus.AVAILABLE}


@pytest.mark.parametrize("first", ["Ines", "Lea"])
def test_a_guest_who_came_later_and_left_sooner_does_not_know_how_it_ended(floor: Floor, first: str) -> None:
    floor.hire("Ines", "Lea")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    talk(floor, "Ines")
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    talk(floor, "Lea")
    gestures(floor, "Lea", call_id).leave_as_guest()
    floor.clock.advance(timedelta(seconds=5))
    gestures(floor, "Ines", call_id).send_away()
    hang_up_call(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"])
    for name in sorted(floor.staff, key=lambda one: one != first):
        choose(floor, name, call_id, BOOKED if name == "Ines" else NONE)
    assert kept(floor, call_id) == (BOOKED, floor.staff["Ines"])
