"""Random histories of one call: whatever order, repetition or loss of the carrier's reports, the rows end alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from callcenter.core.db import Database
from callcenter.directory.models import Staff
from callcenter.routing.models import Agent, AgentStatus, QueueEntry, Reservation
from callcenter.telephony.legs import record_leg_event, want_leg
from callcenter.telephony.models import Call, CallAlarm, Leg, LegRole
from callcenter.telephony.state import LegNews, LegState, advance, call_status
from tests.floor import ALL, MONDAY, PATIENT, Floor

REGULATOR, DOCTOR, OWN = "+33261911544", "+33261911545", "+33639980033"
BUSY = "busy"


@dataclass(frozen=True)
class Report:
    """One callback: of whom, what, and its place among those of the room (0: it is of the telephone, not the room)."""

    label: str
    news: LegNews
    mark: int = 0


@dataclass
class Telephone:
    """What is true of one telephone at the carrier."""

    label: str
    status: str = "ringing"  # in-progress, in room, completed, failed
    on_hold: bool = False
    muted: bool = False
    asks_key: bool = False  # picked up, somebody or a voicemail is asked for a key before it comes into the room

    @property
    def truth(self) -> list[LegNews]:
        """What a look at the carrier says of it."""
        if self.status == "failed":
            return [LegNews.FAILED]
        if self.status == "completed":
            return [LegNews.HUNG_UP if self.label == "patient" else LegNews.COMPLETED]
        if self.status == "asked":
            return [LegNews.DIALLED, LegNews.RANG]
        if self.status != "in room":
            return [] if self.label == "patient" else [LegNews.DIALLED]
        hold, mute = LegNews.HELD if self.on_hold else LegNews.UNHELD, LegNews.MUTED if self.muted else LegNews.UNMUTED
        return [LegNews.JOINED, hold, mute]


@dataclass
class ModelCarrier:
    """Plays one call and tells everything of it; a seed decides what happens."""

    dice: random.Random
    phones: dict[str, Telephone] = field(default_factory=dict)
    told: list[Report] = field(default_factory=list)
    marks: int = 0

    def play(self, labels: Iterable[str], *, moves: int, asking: Iterable[str] = ()) -> list[Report]:
        """These telephones are on their way; some moves later, everything told since."""
        self.told = []
        for label in labels:
            self.phones[label] = Telephone(label, asks_key=label in asking)
            if label != "patient":
                self._tell(label, LegNews.DIALLED)
        for _ in range(moves):
            acts = [act for phone in self.phones.values() for act in self._acts(phone)]
            if acts:
                self.dice.choice(acts)()
        for phone in self.phones.values():
            if phone.status == "out":  # for a second only: then her document brings her back in, or she is gone
                self.dice.choice(self._acts(phone))()
        return self.told

    def _acts(self, phone: Telephone) -> list[Callable[[], None]]:
        if phone.status == "ringing":
            if phone.label == "patient":
                return [lambda: self._join(phone)] * 3 + [lambda: self._end(phone, "completed", LegNews.HUNG_UP)]
            return [lambda: self._pick_up(phone)] * 3 + [lambda: self._end(phone, "failed", LegNews.FAILED)]
        if phone.status == "asked":
            return [lambda: self._press(phone)] * 2 + [lambda: self._end(phone, "completed", LegNews.COMPLETED)]
        if phone.status == "out":
            return [lambda: self._join(phone), lambda: self._end(phone, "completed", LegNews.HUNG_UP)]
        if phone.status == "in room":
            leaving = [lambda: self._leave(phone)] if len(self.phones) > 1 else []
            return [*leaving, lambda: self._hold(phone), lambda: self._mute(phone)]
        return []

    def _pick_up(self, phone: Telephone) -> None:
        self._tell(phone.label, LegNews.RANG, LegNews.ANSWERED)
        if phone.asks_key:
            phone.status = "asked"
        else:
            self._join(phone)

    def _press(self, phone: Telephone) -> None:
        self._tell(phone.label, LegNews.TAKEN)
        self._join(phone)

    def _join(self, phone: Telephone) -> None:
        phone.status, phone.on_hold, phone.muted = "in room", False, False
        self._tell_room(phone, LegNews.JOINED)

    def _leave(self, phone: Telephone) -> None:
        if phone.label == "patient" and self.dice.random() < 0.3:
            phone.status = "out"  # out of the room, still on the line: she comes back in, or hangs up
            self._tell_room(phone, LegNews.LEFT)
        else:
            self._tell_room(phone, LegNews.LEFT)
            self._end(phone, "completed", LegNews.HUNG_UP if phone.label == "patient" else LegNews.COMPLETED)

    def _hold(self, phone: Telephone) -> None:
        phone.on_hold = not phone.on_hold
        self._tell_room(phone, LegNews.HELD if phone.on_hold else LegNews.UNHELD)

    def _mute(self, phone: Telephone) -> None:
        phone.muted = not phone.muted
        self._tell_room(phone, LegNews.MUTED if phone.muted else LegNews.UNMUTED)

    def _end(self, phone: Telephone, status: str, news: LegNews) -> None:
        phone.status, phone.on_hold, phone.muted = status, False, False
        self._tell(phone.label, news)

    def _tell(self, label: str, *news: LegNews) -> None:
        self.told += [Report(label, one) for one in news]

    def _tell_room(self, phone: Telephone, news: LegNews) -> None:
        self.marks += 1
        self.told.append(Report(phone.label, news, self.marks))


def shuffled(dice: random.Random, reports: list[Report], *, loss: float = 0.0) -> list[Report]:
    """In any order, some twice, some never; but a key that was pressed is kept before its telephone goes on."""
    pressed = [one for one in reports if one.news is LegNews.TAKEN]
    kept = [one for one in reports if one not in pressed and dice.random() >= loss]
    repeated = kept + [one for one in kept if dice.random() < 0.3]
    dice.shuffle(repeated)
    return pressed + repeated


# The rules alone, on many histories.


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25))
def test_facts_and_statuses_converge(seed: int, moves: int) -> None:
    dice = random.Random(seed)
    carrier = ModelCarrier(dice)
    labels = ["patient", *dice.sample(["operator-1", "emergency-1", "practitioner-1", "patient-2"], dice.randint(0, 4))]
    asking = [label for label in labels if label != "patient" and dice.random() < 0.4]
    reports = carrier.play(labels, moves=moves, asking=asking)
    ended = _pure(labels, reports, asking)
    assert _pure(labels, shuffled(dice, reports), asking) == ended
    after_losses = _pure(labels, [*shuffled(dice, reports, loss=0.5), *_look(carrier)], asking)
    assert _essence(after_losses) == _essence(ended)
    for in_emergency in (False, True):
        truth = call_status(ended.values(), in_emergency=in_emergency)
        assert call_status(after_losses.values(), in_emergency=in_emergency) == truth


# The whole product, on both databases: call, legs, queue, offers and operators.


@pytest.fixture
def town(database: Database) -> Floor:
    floor = Floor(database)
    floor.hire("Ines", "Lea")
    return floor


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), moves=st.integers(2, 14))
def test_rows_converge(town: Floor, seed: int, moves: int) -> None:
    dice = random.Random(seed)
    carrier = ModelCarrier(dice)
    called_in = dice.sample(["emergency-1", "practitioner-1"], dice.randint(0, 2))
    asking = ["operator-1"] if dice.random() < 0.5 else []
    _give_telephone(town, OWN if asking else "client:ines")
    before = carrier.play(["patient", "operator-1", *called_in], moves=moves, asking=asking)
    begins = _begin(town, called_in)
    ended = begins, _tell(town, before), _rows(town)
    again = _begin(town, called_in), _tell(town, shuffled(dice, before)), _rows(town)
    assert again[2] == ended[2]
    heard = [*shuffled(dice, before, loss=0.5), *_look(carrier)]
    looked = _begin(town, called_in), _tell(town, heard), _rows(town)
    assert _end(looked[2]) == _end(ended[2])


def _give_telephone(floor: Floor, endpoint: str) -> None:
    """Ines is rung there: on a telephone of her own, asked for a key first."""
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Staff).where(Staff.id == floor.staff["Ines"]).values(endpoint=endpoint))


def _begin(floor: Floor, called_in: list[str]) -> None:
    """The same floor again: a patient rings, Ines takes her, and has others rung into the call."""
    with floor.database.unit_of_work(ALL) as session:
        for status, name in ((AgentStatus.BREAK, "Lea"), (AgentStatus.AVAILABLE, "Ines")):
            session.execute(
                update(Agent)
                .where(Agent.staff_id == floor.staff[name])
                .values(status=status, call_id=None, missed_call=False, status_since=floor.now, lease_until=floor.now)
            )
        for table in (Reservation, QueueEntry, CallAlarm, Leg, Call):
            session.execute(delete(table))
        session.execute(update(Agent).values(lease_until=floor.now.replace(year=2030)))
    floor.provider.dialled.clear()
    floor.provider.rung.clear()
    call_id = floor.ring(from_number=PATIENT)
    floor.accept("Ines")
    with floor.database.unit_of_work(ALL) as session:
        call = session.scalars(select(Call).where(Call.id == call_id)).one()
        for label in sorted(called_in):
            role = LegRole(label.removesuffix("-1"))
            address = REGULATOR if role is LegRole.EMERGENCY else DOCTOR
            want_leg(session, call, role=role, label=label, address=address, staff_id=floor.staff["Ines"], at=floor.now)


def _tell(floor: Floor, reports: Iterable[Report]) -> None:
    for report in reports:
        with floor.database.unit_of_work(ALL) as session:
            role = LegRole(report.label.partition("-")[0])
            leg = session.scalars(select(Leg).where(Leg.role == role)).one()
            failure = BUSY if report.news is LegNews.FAILED else ""
            record_leg_event(session, leg, report.news, at=floor.now, mark=report.mark, failure=failure)


def _rows(floor: Floor) -> dict[str, list[dict[str, Any]]]:
    """Every row but the alarms that were cleared: whether she was lost for a moment depends on what was heard first."""
    found = floor.rows(Call, Leg, QueueEntry, Reservation, Agent, CallAlarm)
    found["call_alarm"] = [row for row in found["call_alarm"] if row["cleared_at"] is None]
    for row in found["queue_entry"]:  # the turn of one who waits no more is nobody's business
        if row["status"] != "waiting":
            del row["priority"], row["priority_reason"]
    for rows in found.values():
        for row in rows:  # serial numbers go on counting from one playing to the next
            for name in ("id", "call_id", "queue_entry_id", "sid", "label"):
                row.pop(name, None)
    return found


def _end(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows without what only a report that was lost could have told: the instants and the order of the reports."""
    told = {"dialled_at", "ringing_at", "joined_at", "in_room", "room_mark", "hold_mark", "mute_mark"}
    return {table: [{k: v for k, v in row.items() if k not in told} for row in found] for table, found in rows.items()}


def _look(carrier: ModelCarrier) -> list[Report]:
    return [Report(phone.label, one) for phone in carrier.phones.values() for one in phone.truth]


def _pure(labels: Iterable[str], reports: Iterable[Report], asking: Iterable[str]) -> dict[str, LegState]:
    legs = {
        label: LegState(
            LegRole(label.partition("-")[0]),
            rang_us=label == "patient",
            asks_key=label in asking,
            dialled_at=MONDAY,
        )
        for label in labels
    }
    for one in reports:
        legs[one.label] = advance(legs[one.label], one.news, at=MONDAY, mark=one.mark)
    return legs


def _essence(legs: dict[str, LegState]) -> dict[str, tuple[object, ...]]:
    return {label: (leg.status, leg.on_hold, leg.muted) for label, leg in legs.items()}
