"""The rein on the calls we place, with rows: the pace, the caps, the switch, and what a crash leaves."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.core.errors import Invalid
from callcenter.directory.models import Practice
from callcenter.telephony import dialling
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.legs import want_leg
from callcenter.telephony.models import Leg, LegRole, LegStatus, PlacingControl
from callcenter.telephony.placing import allow_placing, placing_view, stop_placing
from callcenter.telephony.provider import Provider
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import dial_forgotten_legs
from tests.floor import ALL, PATIENT, Floor

SECOND = timedelta(seconds=1)
DOCTOR = "+33199004217"


class Centre(Floor):
    """A floor on which telephones are wanted in a patient's call, and rung at a pace."""

    def wish(
        self, role: LegRole, address: str, *, call: int = 0, staff: str | None = None, at: timedelta = timedelta(0)
    ) -> int:
        call_id = self.calls[call]
        with self.database.unit_of_work(ALL) as session:
            self.wishes += 1
            leg = want_leg(
                session,
                self.call(call_id),
                role=role,
                label=f"{role.value}-{self.wishes}",
                address=address,
                staff_id=self.staff[staff or "Ines"],
                at=self.now + at,
            )
            return leg.id

    def open(self, *, calls: int = 1, **changed: float | str) -> None:
        self.wishes = 0
        with self.database.unit_of_work(ALL) as session:
            session.execute(update(Practice).values(mode="live"))
        self.calls = [self.ring(f"CA{number:b>32}") for number in range(calls)]
        self.hire("Ines", "Lea")
        self.settings = self.settings.model_copy(update=changed)

    def place(self, leg_id: int, *, patience: float = 0) -> LegStatus:
        return dial_leg(
            self.database,
            self.provider,
            leg_id,
            self.clock,
            settings=self.settings,
            patience=timedelta(seconds=patience),
        )

    def sweep(self) -> None:
        dial_forgotten_legs(self.database, self.provider, self.clock, settings=self.settings)

    def leg(self, leg_id: int) -> Leg:
        with self.database.reading(ALL) as session:
            return session.scalars(select(Leg).where(Leg.id == leg_id)).one()

    def stop(self, reason: str = "unknown calls abroad") -> None:
        with self.database.unit_of_work(ALL) as session:
            stop_placing(session, reason, staff_id=self.staff["Lea"], at=self.now)

    def allow(self) -> None:
        with self.database.unit_of_work(ALL) as session:
            allow_placing(session, staff_id=self.staff["Lea"], at=self.now)


@pytest.fixture
def centre(database: Database) -> Centre:
    return Centre(database)


def test_calls_leave_one_after_the_other_at_the_carriers_pace(centre: Centre) -> None:
    centre.open(calls_per_second=2)
    legs = [centre.wish(LegRole.OPERATOR, "client:ines") for _ in range(3)]
    begun = centre.now
    assert [centre.place(leg, patience=2) for leg in legs] == [LegStatus.DIALLING] * 3
    told_at = [centre.leg(leg).dialled_at for leg in legs]
    assert told_at == [begun, begun + SECOND / 2, begun + SECOND]


def test_who_would_wait_too_long_for_her_turn_is_rung_by_the_sweep_the_oldest_first(centre: Centre) -> None:
    centre.open(calls_per_second=0.25)
    first, second, third = (
        centre.wish(LegRole.OPERATOR, "client:ines", at=timedelta(milliseconds=number)) for number in range(3)
    )
    assert centre.place(first, patience=2) == LegStatus.DIALLING
    before = centre.now
    # The pace allows the next in four seconds: the gesture does not even begin to wait.
    assert centre.place(third, patience=2) == centre.place(second, patience=2) == LegStatus.WANTED
    assert centre.now == before
    rung = []
    for _ in range(9):
        centre.clock.advance(SECOND)
        centre.sweep()
        rung += [leg for leg in (second, third) if centre.leg(leg).status == LegStatus.DIALLING and leg not in rung]
    assert rung == [second, third]
    told_at = [centre.leg(leg).dialled_at for leg in (first, second, third)]
    assert all(later - earlier >= 4 * SECOND for earlier, later in pairwise(told_at))


def test_one_that_is_older_goes_first_although_the_younger_asks_first(centre: Centre) -> None:
    centre.open(calls_per_second=1)
    older = centre.wish(LegRole.OPERATOR, "client:ines")
    younger = centre.wish(LegRole.OPERATOR, "client:ines", at=SECOND / 10)
    assert centre.place(younger) == LegStatus.WANTED
    assert centre.place(older) == LegStatus.DIALLING


def test_a_telephone_that_is_never_rung_does_not_keep_the_others_waiting_for_ever(centre: Centre) -> None:
    centre.open(calls_per_second=1)
    centre.wish(LegRole.PRACTITIONER, DOCTOR)
    centre.clock.advance(41 * SECOND)
    assert centre.place(centre.wish(LegRole.OPERATOR, "client:ines")) == LegStatus.DIALLING


def test_two_processes_at_once_never_ring_faster_than_the_pace(centre: Centre, database_url: str) -> None:
    centre.open(calls=8, calls_per_second=4)
    legs = [centre.wish(LegRole.OPERATOR, "client:ines", call=number) for number in range(8)]
    other = Database(database_url, bus=centre.database.bus)

    def place(number: int) -> LegStatus:
        database = (centre.database, other)[number % 2]
        patience = timedelta(seconds=60)
        return dial_leg(
            database, centre.provider, legs[number], centre.clock, settings=centre.settings, patience=patience
        )

    try:
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(place, range(8))) == {LegStatus.DIALLING}
    finally:
        other.close()
    told_at = sorted(told for leg in legs if (told := centre.leg(leg).dialled_at))
    assert len(centre.provider.dialled) == len(told_at) == 8
    assert all(later - earlier >= SECOND / 4 for earlier, later in pairwise(told_at))


def test_two_processes_at_once_never_pass_a_cap(centre: Centre, database_url: str) -> None:
    centre.open(calls=8, calls_per_hour_practice=5)
    legs = [centre.wish(LegRole.PRACTITIONER, DOCTOR, call=number) for number in range(8)]
    other = Database(database_url, bus=centre.database.bus)

    def place(number: int) -> LegStatus:
        database = (centre.database, other)[number % 2]
        return dial_leg(database, centre.provider, legs[number], centre.clock, settings=centre.settings)

    try:
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(place, range(8)))
    finally:
        other.close()
    assert sorted(statuses) == [LegStatus.DIALLING] * 5 + [LegStatus.FAILED] * 3


def test_emergency_calls_leave_at_once_whatever_reins_the_others_in(centre: Centre) -> None:
    centre.open(calls=20, calls_per_second=0.1, calls_per_hour=0, calls_per_hour_practice=0)
    centre.stop()
    assert centre.place(centre.wish(LegRole.OPERATOR, "client:ines")) == LegStatus.DIALLING
    waiting = [centre.wish(LegRole.OPERATOR, "client:ines", call=number) for number in range(5)]
    legs = [centre.wish(LegRole.EMERGENCY, "15", call=number) for number in range(20)]
    before = centre.now
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(centre.place, legs)) == {LegStatus.DIALLING}
    assert {centre.leg(leg).dialled_at for leg in legs} == {before}
    assert {centre.leg(leg).status for leg in waiting} == {LegStatus.WANTED}


def test_an_emergency_call_does_not_wait_for_whoever_holds_the_row(postgresql_url: str) -> None:
    centre = Centre(Database(postgresql_url))
    centre.open()
    leg = centre.wish(LegRole.EMERGENCY, "15")
    with ThreadPoolExecutor(1) as pool, centre.database.unit_of_work(ALL) as session:
        session.scalars(select(PlacingControl).with_for_update()).one()
        assert pool.submit(centre.place, leg).result(timeout=5) == LegStatus.DIALLING
    centre.database.close()


def test_a_forgotten_emergency_call_is_rung_before_all_that_wait(centre: Centre) -> None:
    centre.open(calls_per_second=0.25)
    for _ in range(12):
        centre.wish(LegRole.OPERATOR, "client:ines")
    centre.clock.advance(SECOND)
    emergency = centre.wish(LegRole.EMERGENCY, "15")  # its process died before it told the carrier
    centre.clock.advance(SECOND)
    centre.sweep()
    assert centre.leg(emergency).status == LegStatus.DIALLING
    assert [one["to"] for one in centre.provider.dialled] == ["15", "client:ines"]


def test_a_patient_is_rung_back_at_once_while_the_emergency_line_waits_for_her(centre: Centre) -> None:
    centre.open(calls_per_hour=0)
    assert centre.place(centre.wish(LegRole.PATIENT, PATIENT)) == LegStatus.FAILED
    emergency = centre.wish(LegRole.EMERGENCY, "15")
    centre.stop()
    assert centre.place(centre.wish(LegRole.PATIENT, PATIENT)) == LegStatus.DIALLING
    centre.hear(emergency, LegNews.HUNG_UP)
    assert centre.place(centre.wish(LegRole.PATIENT, PATIENT)) == LegStatus.FAILED


@pytest.mark.parametrize("cap", ["calls_per_hour", "calls_per_hour_practice", "calls_per_hour_operator"])
def test_a_cap_holds_for_an_hour(centre: Centre, cap: str) -> None:
    centre.open(**{cap: 2})
    for _ in range(2):
        assert centre.place(centre.wish(LegRole.PRACTITIONER, DOCTOR)) == LegStatus.DIALLING
        centre.clock.advance(60 * SECOND)
    refused = centre.wish(LegRole.PRACTITIONER, DOCTOR)
    assert centre.place(refused) == LegStatus.FAILED
    assert "Ask the supervisor" in centre.leg(refused).failure
    # Her own telephone still rings, and so does another operator's unless the cap is everybody's.
    assert centre.place(centre.wish(LegRole.OPERATOR, "client:ines")) == LegStatus.DIALLING
    others = centre.place(centre.wish(LegRole.PRACTITIONER, DOCTOR, staff="Lea"))
    assert others == (LegStatus.DIALLING if cap == "calls_per_hour_operator" else LegStatus.FAILED)
    # An hour after the first of them, one more may leave, and no second.
    centre.clock.advance(timedelta(minutes=58))
    again = [centre.place(centre.wish(LegRole.PRACTITIONER, DOCTOR)) for _ in range(2)]
    assert again == [LegStatus.DIALLING, LegStatus.FAILED]


def test_a_patients_own_call_counts_for_nothing(centre: Centre) -> None:
    centre.open(calls=3, calls_per_hour=1)
    assert centre.place(centre.wish(LegRole.PATIENT, PATIENT)) == LegStatus.DIALLING


@pytest.mark.parametrize("number", ["+33899123456", "+33820123456", "+8816123456789", "+18765551234", "3949"])
@pytest.mark.parametrize("role", [LegRole.PATIENT, LegRole.OPERATOR])
def test_a_number_that_is_never_called_fails_with_its_reason(centre: Centre, role: LegRole, number: str) -> None:
    centre.open()
    leg = centre.wish(role, number)
    assert centre.place(leg) == LegStatus.FAILED
    assert "called from here" in centre.leg(leg).failure
    assert centre.provider.dialled == []


def test_the_switch_stops_outside_calls_until_it_is_turned_back(centre: Centre) -> None:
    centre.open()
    centre.stop("  unknown calls\nabroad ")
    refused = centre.wish(LegRole.PATIENT, PATIENT)
    assert centre.place(refused) == LegStatus.FAILED
    assert "stopped" in centre.leg(refused).failure
    assert centre.place(centre.wish(LegRole.OPERATOR, "client:ines")) == LegStatus.DIALLING
    stopped_at = centre.now
    centre.clock.advance(SECOND)
    centre.stop("a second hand on the switch")
    with centre.database.reading(ALL) as session:
        view = placing_view(session, settings=centre.settings, at=centre.now)
    assert (view.stopped_at, view.stopped_by, view.reason) == (stopped_at, centre.staff["Lea"], "unknown calls abroad")
    centre.allow()
    centre.allow()
    assert centre.place(centre.wish(LegRole.PATIENT, PATIENT)) == LegStatus.DIALLING
    with centre.database.reading(ALL) as session:
        acts = session.execute(select(AuditEntry.action, AuditEntry.staff_id)).all()
    assert [tuple(act) for act in acts if act.action.startswith("placing")] == [
        ("placing_stopped", centre.staff["Lea"]),
        ("placing_allowed", centre.staff["Lea"]),
    ]


def test_nobody_stops_the_calls_without_saying_why(centre: Centre) -> None:
    centre.open()
    with pytest.raises(Invalid) as refused:
        centre.stop("  ")
    assert refused.value.field == "reason"
    assert centre.place(centre.wish(LegRole.PATIENT, PATIENT)) == LegStatus.DIALLING


def test_a_call_that_waited_for_its_turn_is_stopped_too(centre: Centre) -> None:
    centre.open(calls_per_second=0.5)
    assert centre.place(centre.wish(LegRole.OPERATOR, "client:ines")) == LegStatus.DIALLING
    waiting = centre.wish(LegRole.PATIENT, PATIENT)
    assert centre.place(waiting) == LegStatus.WANTED
    centre.stop()
    centre.clock.advance(3 * SECOND)
    centre.sweep()
    assert centre.leg(waiting).status == LegStatus.FAILED
    assert len(centre.provider.dialled) == 1


def test_what_a_killed_process_claimed_is_told_once_at_the_pace(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three claims were committed and nobody told the carrier: the sweep does, one in each interval."""
    centre.open(calls_per_second=0.5)
    legs = []

    def killed(_database: Database, _provider: Provider, order: dialling.DialOrder, _clock: object) -> LegStatus:
        raise KeyboardInterrupt(order.leg_id)

    with monkeypatch.context() as patch:
        patch.setattr(dialling, "tell_carrier", killed)
        for _ in range(3):
            legs.append(centre.wish(LegRole.OPERATOR, "client:ines"))
            with pytest.raises(KeyboardInterrupt):
                centre.place(legs[-1])
            centre.clock.advance(2 * SECOND)
    assert centre.provider.dialled == []
    centre.clock.advance(4 * SECOND)
    for told in (1, 1, 2, 2, 3, 3, 3):
        centre.sweep()
        assert len(centre.provider.dialled) == told
        centre.clock.advance(SECOND)
    assert {centre.leg(leg).sid is not None for leg in legs} == {True}


def test_the_board_reads_how_much_of_the_hour_is_used(centre: Centre) -> None:
    centre.open(calls=2)
    centre.place(centre.wish(LegRole.PATIENT, PATIENT))
    centre.place(centre.wish(LegRole.PRACTITIONER, DOCTOR, call=1))
    centre.place(centre.wish(LegRole.PRACTITIONER, DOCTOR, staff="Lea"))
    centre.place(centre.wish(LegRole.OPERATOR, "client:ines"))
    centre.wish(LegRole.OPERATOR, "client:lea")
    with centre.database.reading(ALL) as session:
        view = placing_view(session, settings=centre.settings, at=centre.now)
    assert (view.placed, view.waiting, view.stopped_at) == (3, 1, None)
    assert view.busiest_operator == (centre.staff["Ines"], 2)
    assert view.busiest_practice is not None
    assert view.busiest_practice[1] == 3
    centre.clock.advance(timedelta(hours=1))
    with centre.database.reading(ALL) as session:
        later = placing_view(session, settings=centre.settings, at=centre.now)
    assert replace(later, waiting=0) == replace(view, placed=0, waiting=0, busiest_operator=None, busiest_practice=None)


def test_no_more_than_a_few_gestures_wait_for_their_turn(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    centre.open(calls_per_second=1)
    first, second = (centre.wish(LegRole.OPERATOR, "client:ines") for _ in range(2))
    assert centre.place(first) == LegStatus.DIALLING
    monkeypatch.setattr("callcenter.telephony.dialling._may_wait", threading.BoundedSemaphore(1))
    with dialling._may_wait:  # another gesture waits already
        before = centre.now
        assert centre.place(second, patience=2) == LegStatus.WANTED
        assert centre.now == before
    assert centre.place(second, patience=2) == LegStatus.DIALLING
