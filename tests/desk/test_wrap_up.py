"""After a call: a time for each reason, a choice that nothing dodges, an end by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.clock import ManualClock
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.scope import Practices
from callcenter.desk.card import CardState
from callcenter.desk.card_reading import call_card
from callcenter.desk.dispositions import choose_disposition
from callcenter.desk.models import Disposition, DispositionCode, Draft
from callcenter.desk.wrap_up import (
    WrapUp,
    finish_due_wrap_ups,
    keep_choice,
    prolong,
    read_wrap_up,
    set_wrap_up_times,
    wrap_up_times,
)
from callcenter.routing import presence
from callcenter.routing.models import Agent, AgentStatus
from tests.desk.conftest import Cast

BOOKED, MESSAGE, URGENT = DispositionCode.BOOKED, DispositionCode.MESSAGE, DispositionCode.URGENT_RELAYED


@dataclass
class Desk:
    """Camille's call has just ended."""

    cast: Cast
    clock: ManualClock
    call: int

    @property
    def scope(self) -> Practices:
        return Practices.of(self.cast.tilleuls, self.cast.kaplan)

    def choose(self, code: DispositionCode) -> None:
        with self.cast.database.unit_of_work(self.scope) as session:
            keep_choice(session, self.call, staff_id=self.cast.camille, code=code, at=self.clock.now())

    def prolong(self, more: int, *, likely: DispositionCode | None = None) -> None:
        with self.cast.database.unit_of_work(self.scope) as session:
            asked = {"staff_id": self.cast.camille, "likely": likely, "more": more}
            prolong(session, self.call, **asked, at=self.clock.now())

    def pass_(self, seconds: float, *, beats: bool = True) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        if beats:
            with self.cast.database.unit_of_work(self.cast.everything) as session:
                presence.heartbeat(session, self.cast.camille, at=self.clock.now())

    def tick(self) -> None:
        finish_due_wrap_ups(self.cast.database, self.clock)

    def stands(self, likely: DispositionCode | None = None) -> WrapUp:
        with self.cast.database.reading(self.scope) as session:
            return read_wrap_up(session, session.get_one(Agent, self.cast.camille), likely=likely)

    def left(self) -> float:
        return (self.stands().ends_at - self.clock.now()).total_seconds()

    @property
    def status(self) -> str:
        with self.cast.database.reading(self.cast.everything) as session:
            return str(session.get_one(Agent, self.cast.camille).status)

    @property
    def code(self) -> str | None:
        with self.cast.database.reading(self.cast.everything) as session:
            return session.scalar(select(Disposition.code).where(Disposition.call_id == self.call))


@pytest.fixture
def desk(cast: Cast) -> Desk:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        cast.talk(session, call, by=cast.camille)
        cast.end(session, call, by=cast.camille)
        number = call.id
    return Desk(cast, ManualClock(cast.at), number)


def test_each_reason_has_its_time_and_the_last_choice_counts(desk: Desk) -> None:
    assert desk.stands() == WrapUp(desk.cast.at + timedelta(seconds=30), None, 0)
    assert desk.stands(likely=BOOKED).ends_at == desk.cast.at + timedelta(seconds=20)
    desk.choose(URGENT)
    assert (desk.left(), desk.stands().chosen) == (90, URGENT)
    desk.pass_(10)
    desk.choose(MESSAGE)
    assert (desk.left(), desk.stands().chosen) == (35, MESSAGE)


def test_a_choice_ends_the_wrap_up_by_itself(desk: Desk) -> None:
    desk.choose(BOOKED)
    desk.pass_(19)
    desk.tick()
    assert (desk.status, desk.code) == ("wrap_up", None)
    desk.pass_(1)
    desk.tick()
    desk.tick()
    assert (desk.status, desk.code) == ("available", "booked")


def test_one_wrap_up_that_cannot_end_leaves_the_others_to(desk: Desk) -> None:
    desk.choose(BOOKED)
    with desk.cast.database.unit_of_work(desk.cast.everything) as session:  # a row that no code of ours writes
        session.execute(update(Draft).values(fields="not what a draft is"))
        other = desk.cast.call(session, line=desk.cast.kaplan_line)
        desk.cast.talk(session, other, by=desk.cast.ines)
        desk.cast.end(session, other, by=desk.cast.ines)
        session.flush()
        keep_choice(session, other.id, staff_id=desk.cast.ines, code=BOOKED, at=desk.clock.now())
    desk.pass_(60)
    desk.tick()
    with desk.cast.database.reading(desk.cast.everything) as session:
        rows = session.execute(select(Agent.staff_id, Agent.status)).all()
    assert {row[0]: str(row[1]) for row in rows} == {desk.cast.camille: "wrap_up", desk.cast.ines: "offline"}


def test_without_a_choice_it_stays_whatever_she_does(desk: Desk) -> None:
    desk.pass_(600)
    desk.tick()
    for dodge in (presence.set_available, presence.take_break):
        with pytest.raises(Conflict), desk.cast.database.unit_of_work(desk.scope) as session:
            dodge(session, desk.cast.camille, at=desk.clock.now())
    with desk.cast.database.unit_of_work(desk.cast.everything) as session:  # signs out, closes the page
        presence.go_offline(session, desk.cast.camille, at=desk.clock.now())
    desk.pass_(3600, beats=False)
    desk.tick()
    with desk.cast.database.unit_of_work(desk.cast.everything) as session:
        presence.lapse_leases(session, at=desk.clock.now(), started_at=desk.cast.at)
    desk.pass_(1)  # back the next morning
    with desk.cast.database.reading(desk.scope) as session:
        card = call_card(session, desk.cast.camille, at=desk.clock.now())
    assert card is not None
    assert (card.call_id, card.state, desk.code) == (desk.call, CardState.WRAP_UP, None)


def test_a_digit_pressed_late_is_seen_before_it_ends_the_call(desk: Desk) -> None:
    desk.pass_(300)
    desk.choose(BOOKED)
    desk.tick()
    assert (desk.status, desk.left()) == ("wrap_up", 5)
    desk.choose(MESSAGE)
    desk.pass_(5)
    desk.tick()
    assert (desk.status, desk.code) == ("available", "message")


def test_one_more_minute_each_time_it_is_asked_and_once_for_one_press(desk: Desk) -> None:
    desk.choose(BOOKED)
    desk.prolong(0)
    desk.prolong(0)  # the same press, sent twice
    assert (desk.left(), desk.stands().more) == (80, 1)
    desk.prolong(1)
    assert (desk.left(), desk.stands().more, desk.stands().chosen) == (140, 2, BOOKED)
    desk.choose(MESSAGE)  # the minutes asked for stay
    assert (desk.left(), desk.stands().more) == (165, 2)
    desk.pass_(164)
    desk.tick()
    assert desk.status == "wrap_up"
    desk.pass_(1)
    desk.tick()
    assert desk.status == "available"


def test_a_minute_asked_for_before_the_choice_counts_from_now_once_the_time_is_over(desk: Desk) -> None:
    desk.prolong(0, likely=BOOKED)
    assert desk.left() == 80
    desk.pass_(200)
    desk.prolong(1)
    assert (desk.left(), desk.stands().chosen) == (60, None)
    desk.pass_(60)
    desk.tick()
    assert (desk.status, desk.code) == ("wrap_up", None)


def test_whose_browser_is_silent_when_her_time_ends_is_offline(desk: Desk) -> None:
    desk.choose(BOOKED)
    desk.pass_(60, beats=False)
    desk.tick()
    assert (desk.status, desk.code) == ("offline", "booked")


def test_finishing_with_a_pause_offers_her_nothing(desk: Desk) -> None:
    with desk.cast.database.unit_of_work(desk.scope) as session:
        choose_disposition(
            session,
            desk.call,
            staff_id=desk.cast.camille,
            code=MESSAGE,
            at=desk.clock.now(),
            then=AgentStatus.BREAK,
        )
    assert (desk.status, desk.code) == ("break_", "message")


def test_her_key_and_the_end_of_her_time_in_the_same_instant_end_it_once(desk: Desk) -> None:
    desk.choose(BOOKED)
    desk.pass_(20)

    def finish() -> None:
        with desk.cast.database.unit_of_work(desk.scope) as session:
            choose_disposition(session, desk.call, staff_id=desk.cast.camille, code=MESSAGE, at=desk.clock.now())

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(finish), pool.submit(desk.tick)]:
            done.result(timeout=20)
    assert desk.status == "available"
    assert desk.code in {"booked", "message"}


def test_nothing_is_kept_or_prolonged_of_a_call_that_is_not_wrapped_up(desk: Desk) -> None:
    with desk.cast.database.unit_of_work(desk.cast.everything) as session:
        desk.cast.set_agent(session, desk.cast.camille, AgentStatus.ON_CALL, call_id=desk.call)
    for ask in (lambda: desk.choose(BOOKED), lambda: desk.prolong(0)):
        with pytest.raises(Conflict):
            ask()
    with pytest.raises(Conflict), desk.cast.database.unit_of_work(desk.scope) as session:
        keep_choice(session, desk.call, staff_id=desk.cast.ines, code=BOOKED, at=desk.clock.now())


def test_the_centre_sets_its_own_times_all_or_none(desk: Desk) -> None:
    typed = dict.fromkeys(DispositionCode, "60")
    with desk.cast.database.unit_of_work(desk.cast.everything) as session:
        set_wrap_up_times(session, typed, staff_id=desk.cast.ines, at=desk.clock.now())
        set_wrap_up_times(session, typed | {BOOKED: " 15 "}, staff_id=desk.cast.ines, at=desk.clock.now())
    for wrong in ("", "0", "4", "601", "1e3", "-5", "9" * 400, "٣٠x"):
        with pytest.raises(Invalid), desk.cast.database.unit_of_work(desk.cast.everything) as session:
            set_wrap_up_times(session, {BOOKED: "40", MESSAGE: wrong}, staff_id=desk.cast.ines, at=desk.clock.now())
    with desk.cast.database.reading(desk.cast.everything) as session:
        times = wrap_up_times(session)
    assert (times[BOOKED], times[MESSAGE], times[URGENT]) == (15, 60, 60)
    desk.choose(BOOKED)
    assert desk.left() == 15
