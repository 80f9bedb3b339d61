"""A working day of calls in fast time, until past midnight: nothing that is owed is without an owner, nothing is lost.

The product's own functions do the work, those behind the webhooks, the pages and the ticker; the clock is moved from
one event to the next. What is true at midnight is then read from the tables by ``dispatch_day_ledger``.
"""

from datetime import datetime, timedelta

from callcenter.desk.loops import open_loops
from callcenter.desk.promises_kept import promises_kept
from callcenter.drills import dispatch_day_ledger as ledger
from callcenter.drills.dispatch_day_callers import Callers
from callcenter.drills.dispatch_day_cast import furnish
from callcenter.drills.dispatch_day_desk import Desk
from callcenter.drills.dispatch_day_doctors import Doctors
from callcenter.drills.dispatch_day_script import (
    DAY_ENDS,
    MIDNIGHT,
    MORNING,
    SWAP_AT,
    SWAPS,
    TURN_CHANGES,
    operators_needed,
    write_script,
)
from callcenter.drills.dispatch_day_stage import SCOPE, Stage
from callcenter.drills.verdict import Verdict
from callcenter.jobs.ticker import Ticker
from callcenter.routing.callback_rules import LOST_AFTER

_SECOND = timedelta(seconds=1)
_WORK = ("emergencies", "distribution", "calls", "notices", "messages", "open loops")
_NIGHT = MIDNIGHT - timedelta(minutes=15)
_CLOSER = (
    (_NIGHT, MIDNIGHT, timedelta(minutes=2)),
    (MIDNIGHT - 4 * _SECOND, MIDNIGHT + _SECOND, _SECOND),
)
_EVENING = MORNING + timedelta(hours=12)
_LOOKED_AT = (timedelta(hours=5), timedelta(hours=11), timedelta(hours=16))  # after the morning


class Day:
    """The day; ``hands_over``: whether the nightly check runs, as it does in the product."""

    def __init__(self, database_url: str, *, calls: int, seed: int, hands_over: bool = True) -> None:
        self.stage = Stage(database_url, seed=seed)
        self.stage.cast = furnish(self.stage.database, operators=operators_needed(calls))
        self._script = write_script(calls, seed)
        self._callers = Callers(self.stage)
        self._doctors = Doctors(self.stage)
        self._desk = Desk(self.stage, self._doctors, self._callers.by_call)
        stage = self.stage
        kinds = Ticker(stage.settings, stage.database, stage.clock, stage.carrier).kinds()
        self._work = [kinds[name] for name in _WORK if hands_over or name != "open loops"]
        self._distribute, self._deliver = kinds["distribution"], kinds["messages"]
        # As many looks as there are calls, one a minute at most; who waits is looked after every ten seconds.
        self._pause = max(60.0, (MIDNIGHT - MORNING).total_seconds() / calls)
        self._attends = False

    def play(self, verdict: Verdict) -> None:
        """From seven in the morning until half an hour past midnight, looked at when the clock strikes."""
        stage = self.stage
        self._callers.ring_all_day(self._script)
        self._desk.open_shifts()
        stage.at(SWAP_AT, self._doctors.swap_turns)
        stage.at(MORNING + timedelta(hours=15), self._desk.close_an_account)
        every = max(120.0, self._pause * 8)
        stage.later(1, self._tick)
        stage.later(3600, self._doctors.supervise, _EVENING, every * 2)
        stage.later(600, self._work_off, every)
        for after in _LOOKED_AT:
            stage.at(MORNING + after, self._compare, verdict)
        self._run(MIDNIGHT - _SECOND)
        self._tick_once()
        stage.set_clock(MIDNIGHT)
        self._compare(verdict)
        self.judge_owners(verdict, at=MIDNIGHT)
        self._run(DAY_ENDS)
        self.judge_night(verdict)
        self.judge_nothing_lost(verdict)
        self._judge_swap(verdict)
        self._tell(verdict)

    def close(self) -> None:
        """Give the database back."""
        self.stage.database.close()

    def judge_owners(self, verdict: Verdict, *, at: datetime) -> None:
        """What is open at this instant is somebody's by name."""
        owed = [one for one in ledger.read_owed(self.stage.database, at=at) if one.since <= at]
        without = [one for one in owed if not one.has_owner]
        late = [one for one in without if one.due_at < at]
        verdict.figures["open_at_midnight"] = len(owed)
        verdict.figures["past_due_at_midnight"] = sum(one.due_at < at for one in owed)
        verdict.figures["without_owner"] = len(without)
        verdict.figures["past_due_without_owner"] = len(late)
        verdict.figures["open_kinds_at_midnight"] = {
            kind: sum(one.kind == kind for one in owed) for kind in sorted({one.kind for one in owed})
        }
        for one in without:
            verdict.expect(False, f"{one.kind} {one.ref_id} is without an owner at {at:%H:%M}")

    def judge_night(self, verdict: Verdict) -> None:
        """The nightly check has run, says to whom it handed things over, and that nothing had passed midnight."""
        names = ledger.named_at_night(self.stage.database)
        passed = ledger.passed_midnight(self.stage.database, "2026-11-24")
        verdict.figures["handed_over_at_night"] = names
        verdict.figures["passed_midnight"] = passed
        verdict.expect(passed == 0, f"the nightly check counts {passed} that passed midnight, not 0")
        verdict.expect(bool(names), "the nightly check handed nothing to anybody")

    def judge_nothing_lost(self, verdict: Verdict) -> None:
        """What the drill did is written down, once; who waited in vain is owed a call, or was spoken with."""
        database, diary = self.stage.database, self.stage.diary
        calls = ledger.number_of_calls(database)
        verdict.lost += max(0, len(diary.rang) - calls)
        verdict.doubled += max(0, calls - len(diary.rang))
        for done, kept in (
            (set(diary.messages), ledger.message_ids(database)),
            (diary.promises, ledger.promise_ids(database)),
            (diary.relays, ledger.relay_ids(database)),
        ):
            verdict.lost += len(done - kept)
            verdict.doubled += len(kept - done)
        owed = ledger.callbacks_of(database)
        for call_id, (number, joined_at, left_at) in diary.gave_up.items():
            if left_at - joined_at > LOST_AFTER:
                verdict.lost += not self._is_owed(owed, call_id, number, left_at)
        verdict.lost += sum(
            not any(reason == "asked" for _, _, reason in owed.get(self._whose(call_id, number), []))
            for call_id, number in diary.promised.items()
        )
        verdict.expect(verdict.lost == 0, f"{verdict.lost} of what happened is written down nowhere")
        verdict.expect(verdict.doubled == 0, f"{verdict.doubled} are written down that did not happen")
        self._compare(verdict)

    def _whose(self, call_id: int, number: str) -> tuple[int, str]:
        return self.stage.diary.rang[self._callers.by_call[call_id].sid], number

    def _is_owed(
        self,
        owed: dict[tuple[int, str], list[tuple[datetime, datetime | None, str]]],
        call_id: int,
        number: str,
        left_at: datetime,
    ) -> bool:
        """A call-back that was opened by then, and not closed before."""
        return any(
            opened_at <= left_at and (closed_at is None or closed_at >= left_at)
            for opened_at, closed_at, _ in owed.get(self._whose(call_id, number), [])
        )

    def _judge_swap(self, verdict: Verdict) -> None:
        house = self.stage.cast.houses[SWAPS]
        first, giver, taker = (one.id for one in house.doctors)
        told = ledger.told_of_on_call(self.stage.database, house.id)
        before = [whom for told_at, whom in told if told_at < TURN_CHANGES]
        after = [whom for told_at, whom in told if told_at >= TURN_CHANGES]
        verdict.figures["on_call_before_the_swap"] = len(before)
        verdict.figures["on_call_after_the_swap"] = {"taker": after.count(taker), "giver": after.count(giver)}
        verdict.expect(bool(before) and set(before) == {first}, "before the turn somebody else was told")
        verdict.expect(bool(after) and set(after) == {taker}, "after the swap not the one who took the turn was told")

    def _compare(self, verdict: Verdict) -> None:
        """The product's own list has what the tables have, and the same owners."""
        at = self.stage.now
        mine = {(one.kind, one.ref_id): one.has_owner for one in ledger.read_owed(self.stage.database, at=at)}
        with self.stage.database.reading(SCOPE) as session:
            theirs = {(one.kind.value, one.ref_id): one.owner.has_name for one in open_loops(session, at=at)}
        different = sorted(one for one in mine.keys() | theirs.keys() if mine.get(one) != theirs.get(one))
        verdict.figures["compared"] = verdict.figures.get("compared", 0) + len(mine)
        verdict.expect(not different, f"list and tables differ at {at:%H:%M}: {different[:5]}")

    def _run(self, until: datetime) -> None:
        self.stage.run(until, before=self._desk.renew, after=self._notice)

    def _notice(self) -> None:
        self._desk.hear_offers()
        if (self._callers.somebody_waits or self._desk.watch) and not self._attends:
            self._attends = True
            self.stage.later(10.0, self._attend)

    def _tick(self) -> None:
        """One look of the ticker; every two minutes at night, every second when the clock is about to strike."""
        self._tick_once()
        now, pause = self.stage.now, timedelta(seconds=self._pause)
        for begins, ends, at_most in _CLOSER:
            pause = min(pause, max(begins - now, _SECOND)) if now < begins else pause
            pause = min(pause, at_most) if begins <= now < ends else pause
        self.stage.at(now + pause, self._tick)

    def _tick_once(self) -> None:
        for work in self._work:
            work()
        self._hear()

    def _attend(self) -> None:
        """Between two looks: whoever waits on the line, and operators of whom nothing is heard any more."""
        self._attends = False
        if self._callers.look_who_waits():
            self._distribute()
            self._deliver()
            self._hear()
        if self._desk.watch:
            # Four seconds apart: leases and offers run out only for a process that looks without a gap.
            self._desk.watch = False
            for nth in range(1, 11):
                self.stage.later(4 * nth, self._distribute)

    def _hear(self) -> None:
        self._callers.read_texts()
        self._doctors.hear_telephones()

    def _work_off(self, every: float) -> None:
        self._desk.work_off()
        self.stage.later(every, self._work_off, every)

    def _tell(self, verdict: Verdict) -> None:
        diary = self.stage.diary
        verdict.operations += sum(diary.acts.values())
        opened, closed = ledger.counted(self.stage.database)
        waited = [left - joined for _, joined, left in diary.gave_up.values()]
        with self.stage.database.reading(SCOPE) as session:
            shares = promises_kept(session, zone=self.stage.settings.centre_zone, at=self.stage.now)
        verdict.figures |= {
            "calls": len(diary.rang),
            "answered": len(diary.answered),
            "gave_up": len(waited),
            "gave_up_and_owed_a_call": sum(one > LOST_AFTER for one in waited),
            "promised_by_key_or_link": len(diary.promised),
            "messages_written": len(diary.messages),
            "opened": opened,
            "closed": closed,
            "promises_kept_percent": {one.practice_name: one.week.percent for one in shares},
            "acts": dict(sorted(diary.acts.items())),
            "refused": dict(sorted(diary.refused.items())),
        }
