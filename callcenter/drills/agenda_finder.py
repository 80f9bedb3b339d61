"""Finder equals booker: what is offered can be booked, every other minute is refused, and for the oracle's reason."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from callcenter.agenda.finding.free_times import find_free, read_besides
from callcenter.agenda.finding.occupancy import Looker, seconds
from callcenter.agenda.finding.openings import read_schedules
from callcenter.agenda.finding.places import Place, place_for, starts_in
from callcenter.agenda.finding.refusals import sentence_of
from callcenter.agenda.finding.visits import visit_of, visitor_for
from callcenter.agenda.models import ServiceType
from callcenter.agenda.rules.offering import Question, Refusal
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.rules.visit_rules import NotForHer, visit_rule
from callcenter.agenda.rules.wall_clock import wall_day
from callcenter.agenda.writing.booking import book_appointment
from callcenter.core.db import Database
from callcenter.core.errors import Problem
from callcenter.drills.agenda_oracle import MINUTE, Asked, Oracle
from callcenter.drills.agenda_practices import Sample, make_practice
from callcenter.drills.verdict import Verdict

_DAY = timedelta(days=1)
_TOLD = 12


class _TakenBack(Exception):
    """The booking went through, and is rolled back."""


def compare(
    database: Database,
    seed: int,
    *,
    practices: int,
    questions: int = 4,
    refusals: int = 40,
    bookings: int = 1 << 30,
) -> Verdict:
    """Random practices, and of each some questions: every minute of three days is decided by both.

    Everything that is offered is really booked (at most ``bookings`` a question), and ``refusals`` of the other minutes
    are really tried.
    """
    verdict = Verdict("finder-" + ("sqlite" if database.is_sqlite else "postgresql"))
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for number in range(practices):
        sample = make_practice(database, seed, number)
        dice = random.Random(f"asked-{seed}-{number}")
        begin, end = wall_day(sample.first_day, sample.zone)[0], wall_day(sample.last_day, sample.zone)[1]
        oracle = Oracle(database.engine, begin, end, sample.practice_id)
        for _ in range(questions):
            asked = Asked(
                practitioner_id=dice.choice(sample.practitioners),
                service_type_id=dice.choice(sample.types),
                patient_id=dice.choice(sample.patients),
                channel=dice.choice(["phone", "phone", "phone", "online", "internal"]),
                staff_id=dice.choice(sample.staff),
                at=seconds(sample.at),
            )
            Comparison(database, sample, oracle, asked, verdict, counts, reasons).run(
                range(begin, end, MINUTE), dice, refusals=refusals, bookings=bookings
            )
    verdict.operations = counts["booked"] + counts["refused"]
    verdict.figures |= {
        "practices": practices,
        **{name: counts[name] for name in ("questions", "minutes", "offered", "proposed", "booked", "refused")},
        "reasons": dict(reasons.most_common()),
    }
    return verdict


class Comparison:
    """One question to one practice."""

    def __init__(
        self,
        database: Database,
        sample: Sample,
        oracle: Oracle,
        asked: Asked,
        verdict: Verdict,
        counts: Counter[str],
        reasons: Counter[str],
    ) -> None:
        self.database, self.sample, self.oracle, self.asked = database, sample, oracle, asked
        self.verdict, self.counts, self.reasons = verdict, counts, reasons
        self.channel, self.looker = Channel(asked.channel), Looker(asked.at, asked.staff_id)

    def run(self, minutes: range, dice: random.Random, *, refusals: int, bookings: int) -> None:
        """Ask the finder, the decision and the oracle of every minute, then the booker."""
        told = {minute: self.oracle.reason(minute, self.asked) for minute in minutes}
        can = [minute for minute in minutes if told[minute] is None]
        with self.database.reading(self.sample.scope) as session:
            offered, proposed = self._offered(session), self._proposed(session)
            decided = dict(self._decided(session, minutes))
        within = {one for one in offered if one in told}
        self._expect(within == set(can), f"the finder offers {sorted(within ^ set(can))[:3]} otherwise")
        self._expect(proposed <= offered, f"{sorted(proposed - offered)[:3]} is proposed and not offered")
        wrong = [minute for minute in minutes if decided[minute] != told[minute]]
        for minute in wrong[:2]:
            self._expect(False, f"{minute} is decided {decided[minute]} and not {told[minute]}")
        shown = len([one for one in proposed if one in told])
        self.counts.update(questions=1, minutes=len(minutes), offered=len(within), proposed=shown)
        self.reasons.update(reason or "free" for reason in told.values())
        booked = can if len(can) <= bookings else dice.sample(can, bookings)
        for start in booked:
            self._book(start, None)
        others = [minute for minute in minutes if told[minute] is not None]
        # As many of each reason, so that the rare ones are tried too.
        by_reason: dict[str, list[int]] = {}
        for minute in others:
            by_reason.setdefault(told[minute] or "", []).append(minute)
        for reason, these in by_reason.items():
            for start in dice.sample(these, min(len(these), -(-refusals // len(by_reason)))):
                self._book(start, reason)

    def _book(self, start: int, reason: str | None) -> None:
        """Book it and take it back."""
        asked, said = self.asked, None
        try:
            with self.database.unit_of_work(self.sample.scope) as session:
                booked = book_appointment(
                    session,
                    practice_id=self.sample.practice_id,
                    practitioner_id=asked.practitioner_id,
                    patient_id=asked.patient_id,
                    service_type_id=asked.service_type_id,
                    start=start,
                    call_id=None,
                    staff_id=asked.staff_id,
                    request_key="drill",
                    at=self.sample.at,
                    channel=self.channel,
                )
                assert booked.start == start
                raise _TakenBack
        except _TakenBack:
            self.counts["booked"] += 1
        except Problem as refused:
            self.counts["refused"] += 1
            said = refused.sentence
        if reason is None:
            self._expect(said is None, f"{start} is offered and refused: {said}")
        else:
            self._expect(said in _sentences(reason), f"{start} is {reason}, and what is said is {said}")

    def _offered(self, session: Session) -> set[int]:
        """Every start that the finder has, not only those far enough apart to be proposed."""
        asked = self.asked
        service_type = session.get_one(ServiceType, asked.service_type_id)
        visit = visit_of(session, asked.practitioner_id, service_type)
        visitor = visitor_for(session, asked.practitioner_id, asked.patient_id)
        schedules = read_schedules(
            session,
            [asked.practitioner_id],
            first_day=self.sample.first_day - _DAY,
            last_day=self.sample.last_day + _DAY,
            looker=self.looker,
        )
        besides = read_besides(session, visit, schedules, self.looker)
        found: set[int] = set()
        for one in schedules:
            rule = visit_rule(visit, visitor, zone=one.zone)
            if isinstance(rule, NotForHer):
                return set()
            found.update(starts_in(one, rule, Question(self.channel, asked.at, one.used), besides))
        return found

    def _proposed(self, session: Session) -> set[int]:
        """What an operator is shown; she asks by telephone."""
        if self.channel is not Channel.PHONE:
            return set()
        asked = self.asked
        free = find_free(
            session,
            asked.practitioner_id,
            session.get_one(ServiceType, asked.service_type_id),
            first_day=self.sample.first_day,
            last_day=self.sample.last_day,
            at=self.sample.at,
            visitor=visitor_for(session, asked.practitioner_id, asked.patient_id),
            staff_id=asked.staff_id,
        )
        return {one.start for one in free}

    def _decided(self, session: Session, minutes: range) -> Iterator[tuple[int, str | None]]:
        """What the booker decides of each minute, from what it reads for that day."""
        asked = self.asked
        visit = visit_of(session, asked.practitioner_id, session.get_one(ServiceType, asked.service_type_id))
        visitor = visitor_for(session, asked.practitioner_id, asked.patient_id)
        near: date | None = None
        for minute in minutes:
            day = datetime.fromtimestamp(minute, UTC).date()
            if day != near:
                near = day
                schedules = read_schedules(
                    session, [asked.practitioner_id], first_day=day - _DAY, last_day=day + _DAY, looker=self.looker
                )
                besides = read_besides(session, visit, schedules, self.looker)
            found = place_for(
                schedules,
                visit,
                start=minute,
                at=self.sample.at,
                channel=self.channel,
                visitor=visitor,
                besides=besides,
            )
            yield minute, None if isinstance(found, Place) else found.value

    def _expect(self, holds: bool, what: str) -> None:
        if not holds and len(self.verdict.broken) < _TOLD:
            self.verdict.expect(False, f"{self.sample.practice_id} {self.sample.zone} {self.asked}: {what}")


def _sentences(reason: str) -> set[str]:
    """What may be said: who has a time is named also where the rules would have refused it."""
    why: Refusal | NotForHer = Refusal(reason) if reason in set(Refusal) else NotForHer(reason)
    taken = {sentence_of(Refusal.TAKEN), "%(name)s has just taken this time."}
    if why is Refusal.CLOSED:
        return {sentence_of(why), *taken}
    return taken if why is Refusal.TAKEN else {sentence_of(why)}
