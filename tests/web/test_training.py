"""Every way by which a call of a practice in training could be put through or rung: none reaches a real line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.db import Database
from callcenter.directory.answering_hours import answering
from callcenter.directory.line_book import load_line_book
from callcenter.directory.models import EmergencyLine, Practice, PracticeLine
from callcenter.exchange.fallback import static_document
from callcenter.routing.overflow import overflow_call, where_to
from callcenter.telephony.legs import want_leg
from callcenter.telephony.models import Leg, LegRole
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, LINE, Floor

SAMU, PERSON, TYPED = "+33240083737", "+33612345678", "+33240083738"
OUTSIDERS = (LegRole.EMERGENCY, LegRole.PRACTITIONER, LegRole.CONTACT)
OWN = (LegRole.OPERATOR, LegRole.SUPERVISOR)


@pytest.fixture
def floor(database: Database) -> Floor:
    """A practice whose numbers lead to a real emergency line, however they came there."""
    floor = Floor(database)
    with database.unit_of_work(ALL) as session:
        session.execute(update(Practice).values(emergency_number=SAMU, backup_number=SAMU))
        session.execute(
            update(PracticeLine).values(
                outside_number=SAMU, overflow_number=SAMU, overflow_after=60, forwarding="holidays"
            )
        )
        session.add(EmergencyLine(country="FR", department="44", label="SAMU 44", number=SAMU))
    return floor


def serve(floor: Floor, mode: str) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Practice).values(mode=mode))


@pytest.mark.parametrize("mode", ["training", "live"])
def test_outside_its_hours_in_an_outage_and_from_memory(floor: Floor, mode: str) -> None:
    serve(floor, mode)
    with floor.database.reading(ALL) as session:
        entry = load_line_book(session)[LINE]
    answered = answering(entry, floor.now)  # no period is served: closed
    led = [answered.number, entry.overflow_number, SAMU if SAMU in static_document(entry) else ""]
    assert not answered.is_open
    assert led == ([SAMU] * 3 if mode == "live" else [""] * 3)


@pytest.mark.parametrize("mode", ["training", "live"])
def test_whoever_has_waited_too_long(floor: Floor, mode: str) -> None:
    serve(floor, "live")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.clock.advance(timedelta(minutes=2))
    with floor.database.unit_of_work(ALL) as session:
        assert overflow_call(session, call_id, at=floor.now)
    serve(floor, mode)  # between the two steps
    with floor.database.unit_of_work(ALL) as session:
        sent = where_to(session, CALL, at=floor.now)
    assert (sent.number if sent else None) == (SAMU if mode == "live" else None)
    assert floor.entry(call_id).status == ("overflow" if mode == "live" else "waiting")


@pytest.mark.parametrize("mode", ["training", "live"])
@pytest.mark.parametrize("role", [*OUTSIDERS, *OWN, LegRole.PATIENT])
def test_every_telephone_that_is_rung(floor: Floor, role: LegRole, mode: str) -> None:
    """Relay, transfer, ringing back, call-back, an operator's own telephone: whoever asks, one place rings.

    The patient on the telephone that she rang from, never at a number that somebody typed.
    """
    serve(floor, mode)
    floor.hire("Ines")
    call_id = floor.ring(from_number=PERSON)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    for number in (SAMU, PERSON, TYPED):
        with floor.database.unit_of_work(ALL) as session:
            wanted = {"role": role, "label": f"{role}-{number[1:]}", "address": number, "staff_id": None}
            leg = want_leg(session, floor.call(call_id), **wanted, at=floor.now)
        floor.dial(leg)
    rung = [one["to"] for one in floor.provider.dialled]
    in_training = [PERSON, TYPED] if role in OWN else [PERSON] if role is LegRole.PATIENT else []
    allowed = [SAMU, PERSON, TYPED] if mode == "live" else in_training
    assert rung == allowed
    with floor.database.reading(ALL) as session:
        failed = session.scalars(select(Leg.failure).where(Leg.status == "failed")).all()
    assert len(failed) == 3 - len(allowed)
    assert all("training" in why for why in failed)
