"""What the jobs do every second: they give up on nobody who talks, and read no more than what goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.routing.models import Reservation
from callcenter.routing.offers import accept_offer, expire_offers
from callcenter.routing.strays import hang_up_strays
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.legs import want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole
from callcenter.telephony.provider import CarrierCall
from callcenter.telephony.reconciling import open_legs
from callcenter.telephony.ringing_back import ring_back_lost_patients
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import close_ended_calls, dial_forgotten_legs, lift_lonely_holds
from tests.floor import ALL, CALL, LINE, Floor

UNREACHABLE = ProviderError("the carrier cannot be reached", permanent=False)
OTHER = "CA" + "b" * 32
EXTENSION = "+33199005500"
DARK = timedelta(seconds=60)


def sweep(floor: Floor) -> None:
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    hang_up_strays(floor.database, floor.provider, floor.clock)


def picked_up(floor: Floor, number: int = 0) -> None:
    """The carrier has it so; nobody heard of it."""
    one = floor.provider.dialled[number]
    floor.provider.calls[one["sid"]] = CarrierCall(one["sid"], "in-progress", "outbound-api", LINE, one["to"])


def test_an_operator_who_picked_up_while_the_product_was_down_is_not_hung_up(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.accept("Ines")
    picked_up(floor)
    floor.clock.advance(DARK)
    sweep(floor)
    assert floor.provider.hung_up == []
    assert (floor.call(call_id).status, floor.status_of("Ines")) == (CallStatus.TALKING, "on_call")


def test_the_emergency_line_that_picked_up_while_the_product_was_down_is_not_hung_up(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        call = session.scalars(select(Call).where(Call.id == call_id)).one()
        line = want_leg(
            session,
            call,
            role=LegRole.EMERGENCY,
            label="emergency-1",
            address="+33261911544",
            staff_id=None,
            at=floor.now,
        )
    floor.dial(line)
    picked_up(floor, 1)
    floor.clock.advance(DARK)
    sweep(floor)
    assert floor.provider.hung_up == []
    assert [row["status"] for row in floor.rows(Leg)["leg"]] == ["joined", "joined", "joined"]


def test_nobody_is_given_up_while_the_carrier_cannot_be_asked(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    calls = [floor.ring(), floor.ring(OTHER)]
    floor.accept("Ines")
    floor.accept("Lea")
    floor.clock.advance(DARK)
    floor.provider.refusing = UNREACHABLE
    sweep(floor)
    assert [floor.entry(call_id).status for call_id in calls] == ["answered", "answered"]
    floor.provider.refusing = None
    sweep(floor)
    assert [floor.entry(call_id).status for call_id in calls] == ["waiting", "waiting"]
    assert floor.provider.hung_up == [one["sid"] for one in floor.provider.dialled]


def test_a_new_telephone_is_rung_although_older_ones_cannot_be_given_up(floor: Floor) -> None:
    names = [f"Op{number:02}" for number in range(12)]
    floor.hire(*names)
    for number, name in enumerate(names[:-1]):
        floor.ring(f"CA{number:032x}")
        floor.accept(name)
    floor.clock.advance(DARK)
    with floor.database.unit_of_work(ALL) as session:
        call = session.scalars(select(Call).order_by(Call.id).limit(1)).one()
        want_leg(
            session,
            call,
            role=LegRole.EMERGENCY,
            label="emergency-1",
            address="+33261911544",
            staff_id=None,
            at=floor.now,
        )

    def ask(_sid: str) -> None:
        raise UNREACHABLE

    floor.provider.find_call = ask  # type: ignore[method-assign, assignment]
    floor.clock.advance(timedelta(seconds=2))
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert floor.provider.dialled[-1]["to"] == "+33261911544"


def refused_for_good(calls: list[str]) -> Callable[..., None]:
    """The carrier refuses what concerns the first call, whatever is asked of it."""

    def ask(room: str, *_: object) -> None:
        calls.append(room)
        if room == f"call-{CALL}":
            raise ProviderError("not of this account", permanent=True, code=20003)

    return ask


def talk(floor: Floor, name: str, sid: str) -> tuple[int, Leg]:
    call_id = floor.ring(sid)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    own = floor.accept(name)
    floor.hear(own.id, LegNews.JOINED)
    return call_id, own


def test_a_call_that_cannot_be_closed_keeps_no_other_open(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    calls = [talk(floor, "Ines", CALL)[0], talk(floor, "Lea", OTHER)[0]]
    for call_id in calls:
        floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    asked: list[str] = []
    floor.provider.end_conference = refused_for_good(asked)  # type: ignore[method-assign]
    close_ended_calls(floor.database, floor.provider, floor.clock)
    assert asked == [f"call-{CALL}", f"call-{OTHER}"]
    assert [floor.call(call_id).closed_at is not None for call_id in calls] == [False, True]


def test_a_hold_that_cannot_be_lifted_keeps_nobody_else_on_hold(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    talks = [talk(floor, "Ines", CALL), talk(floor, "Lea", OTHER)]
    for call_id, _own in talks:
        hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)
    for _call_id, own in talks:
        floor.hear(own.id, LegNews.COMPLETED)
    asked: list[str] = []
    floor.provider.set_hold = refused_for_good(asked)  # type: ignore[method-assign]
    lift_lonely_holds(floor.database, floor.provider, floor.clock)
    assert asked == [f"call-{CALL}", f"call-{OTHER}"]
    held = [row["on_hold"] for row in floor.rows(Leg)["leg"] if row["role"] == LegRole.PATIENT]
    assert held == [True, False]


SWEEPS: list[Callable[[Floor], object]] = [
    lambda floor: close_ended_calls(floor.database, floor.provider, floor.clock),
    lambda floor: ring_back_lost_patients(floor.database, floor.provider, floor.clock, settings=floor.settings),
    lambda floor: lift_lonely_holds(floor.database, floor.provider, floor.clock),
    lambda floor: hang_up_strays(floor.database, floor.provider, floor.clock),
    lambda floor: dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings),
    lambda floor: open_legs(floor.database),
    lambda floor: expire(floor),
]


def expire(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        expire_offers(session, at=floor.now)


@pytest.mark.parametrize("sweep", SWEEPS)
def test_the_calls_of_years_are_not_read_every_second(sqlite_url: str, sweep: Callable[[Floor], object]) -> None:
    floor = Floor(Database(sqlite_url))
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(floor.database.engine, "before_cursor_execute", note)
    sweep(floor)
    event.remove(floor.database.engine, "before_cursor_execute", note)
    assert asked
    with floor.database.engine.connect() as connection:
        for statement, parameters in asked:
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert not [step for step in plan if step.startswith("SCAN ") and " USING " not in step], plan
            # Of the calls that ended, only those that are still to be closed.
            assert "'ended'" not in statement
            if "ended" in map(str, parameters):
                assert any("ix_call_unclosed (closed_at=? AND status=?)" in step for step in plan), plan
    floor.database.close()


def test_a_telephone_that_waits_for_its_turn_is_not_given_up(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    with floor.database.unit_of_work(ALL) as session:  # accepted; the carrier's pace has not let it ring yet
        offer = session.scalars(select(Reservation)).one()
        leg = accept_offer(session, offer.id, staff_id=floor.staff["Ines"], at=floor.now)
    floor.clock.advance(timedelta(seconds=60))
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    assert [one["label"] for one in floor.provider.dialled] == [leg.label]
    assert floor.status_of("Ines") == "on_call"


def test_an_extension_whose_ringing_nobody_heard_of_is_not_rung_twice(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are pressed by an ordinary call, which carries no label that would make a repeat harmless."""
    floor.hire("Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        call = session.scalars(select(Call).where(Call.id == call_id)).one()
        leg = want_leg(
            session,
            call,
            role=LegRole.PRACTITIONER,
            label="doctor-1",
            address=EXTENSION,
            digits="ww12",
            staff_id=None,
            at=floor.now,
        )
    ring = floor.provider.dial_into_conference

    def rings_unheard(**order: Any) -> str:
        sid = ring(**order)
        floor.provider.calls[sid] = CarrierCall(sid, "ringing", "outbound-api", LINE, order["to"])
        raise ProviderError("no answer in time", permanent=False, unknown=True)

    with monkeypatch.context() as patch:
        patch.setattr(floor.provider, "dial_into_conference", rings_unheard)
        floor.dial(leg)
    floor.clock.advance(timedelta(seconds=15))
    sweep(floor)
    (rung,) = [one for one in floor.provider.dialled if one["to"] == EXTENSION]
    with floor.database.reading(ALL) as session:
        assert session.get_one(Leg, leg.id).sid == rung["sid"]
