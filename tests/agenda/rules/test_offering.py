"""What is offered can be had and nothing else can: held against a slow look at every single minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.agenda.rules.offering import Question, Refusal, VisitRule, decide, free_starts, proposal_distance
from callcenter.agenda.rules.opening_rules import (
    AgendaRules,
    Channel,
    ChannelRule,
    DayException,
    ExceptionKind,
    OpeningKind,
    OpeningRule,
    Release,
    SchoolDays,
    opened_between,
)
from callcenter.agenda.rules.wall_clock import join

PARIS = "Europe/Paris"
MONDAY = date(2026, 11, 23)
MINUTE, HOUR = 60, 3600


def instant(day: date, hour: int, minute: int = 0, zone: str = PARIS) -> int:
    return int(datetime.combine(day, time(hour, minute), ZoneInfo(zone)).timestamp())


def wall(starts: list[int], zone: str = PARIS) -> list[str]:
    return [datetime.fromtimestamp(start, ZoneInfo(zone)).strftime("%a %H:%M") for start in starts]


def opening(**particulars: Any) -> OpeningRule:
    usual: dict[str, Any] = {"id": 1, "weekday": 0, "starts": time(9), "ends": time(10)}
    return OpeningRule(**usual | particulars)


def offered(
    *openings: OpeningRule,
    exceptions: tuple[DayException, ...] = (),
    busy: list[tuple[int, int]] | None = None,
    visit: VisitRule | None = None,
    question: Question | None = None,
    day: date = MONDAY,
    days: int = 1,
) -> list[str]:
    """The starts offered from ``day`` on; of each minute it is checked that it is refused when it is not offered."""
    opened = opened_between(AgendaRules(PARIS, openings, exceptions), day, day + timedelta(days=days - 1))
    visit = visit or VisitRule(1, 30 * MINUTE, step=30 * MINUTE)
    question = question or Question(Channel.PHONE, instant(day, 0))
    taken = join(busy or [])
    starts = free_starts(opened, taken, visit, question, zone=PARIS)
    for minute in range(instant(day, 0), instant(day + timedelta(days=days), 12), MINUTE):
        decided = decide(minute, opened, taken, visit, question, zone=PARIS)
        assert isinstance(decided, Refusal) == (minute not in starts), (wall([minute]), decided)
    return wall(starts)


def why_not(start: int, *openings: OpeningRule, question: Question, visit: VisitRule | None = None) -> object:
    opened = opened_between(AgendaRules(PARIS, openings), MONDAY, MONDAY)
    return decide(start, opened, [], visit or VisitRule(1, 30 * MINUTE), question, zone=PARIS)


def test_starts_stand_on_the_grid_of_the_opening_and_stay_there_whatever_is_booked() -> None:
    assert offered(opening(starts=time(8, 50))) == ["Mon 08:50", "Mon 09:20"]
    taken = [(instant(MONDAY, 9), instant(MONDAY, 9, 10))]
    assert offered(opening(), busy=taken, visit=VisitRule(1, 900, step=900)) == ["Mon 09:15", "Mon 09:30", "Mon 09:45"]


def test_what_surrounds_a_visit_is_nobody_elses_but_need_not_be_open() -> None:
    visit = VisitRule(1, 900, before=600, after=300, step=900)
    assert offered(opening(), visit=visit) == ["Mon 09:00", "Mon 09:15", "Mon 09:30", "Mon 09:45"]
    taken = [(instant(MONDAY, 8), instant(MONDAY, 8, 55)), (instant(MONDAY, 9, 48), instant(MONDAY, 10))]
    assert offered(opening(), visit=visit, busy=taken) == ["Mon 09:15"]


def test_a_visit_may_pass_from_one_opening_into_the_next() -> None:
    first, second = opening(), opening(id=2, starts=time(10), ends=time(10, 15))
    assert offered(first, second, visit=VisitRule(1, 45 * MINUTE, step=15 * MINUTE)) == [
        "Mon 09:00",
        "Mon 09:15",
        "Mon 09:30",
    ]


def test_night_duty_belongs_to_the_day_on_which_it_begins() -> None:
    night = opening(starts=time(23), ends=time(1))
    assert offered(night) == ["Mon 23:00", "Mon 23:30", "Tue 00:00", "Tue 00:30"]
    closed = DayException(kind=ExceptionKind.CLOSED, first_day=MONDAY + timedelta(1), last_day=MONDAY + timedelta(1))
    assert offered(night, exceptions=(closed,)) == ["Mon 23:00", "Mon 23:30"]


def test_alternate_weeks_are_counted_from_their_monday_and_never_flip() -> None:
    odd = opening(cycle_weeks=2, cycle_week=0, anchor=date(2026, 12, 14))
    # 2026 has 53 weeks: even and odd weeks by number would flip at the new year.
    days = [MONDAY + timedelta(weeks=week) for week in range(9)]
    assert [day.day for day in days if odd.is_in_force(day)] == [30, 14, 28, 11]
    assert odd.next_days(date(2026, 12, 29)) == [date(2027, 1, 11), date(2027, 1, 25)]


def test_what_is_kept_for_emergencies_is_everybodys_on_the_day_itself() -> None:
    kept = opening(kind=OpeningKind.EMERGENCY, release=Release(days_before=0, at_time=time(8)))
    early, later = Question(Channel.PHONE, instant(MONDAY, 7, 59)), Question(Channel.PHONE, instant(MONDAY, 8))
    assert offered(kept, question=early) == []
    assert why_not(instant(MONDAY, 9), kept, question=early) is Refusal.KEPT
    urgent = VisitRule(1, 30 * MINUTE, step=30 * MINUTE, is_urgent=True)
    assert offered(kept, question=early, visit=urgent) == offered(kept, question=later) == ["Mon 09:00", "Mon 09:30"]


def test_the_reserve_is_for_the_practice_alone() -> None:
    reserve = opening(kind=OpeningKind.RESERVE)
    midnight = instant(MONDAY, 0)
    assert offered(reserve, question=Question(Channel.PHONE, midnight)) == []
    assert len(offered(reserve, question=Question(Channel.INTERNAL, midnight))) == 2


def test_each_channel_has_its_share_and_its_window() -> None:
    rule = opening(
        channels={
            Channel.PHONE: ChannelRule(quota=2),
            Channel.ONLINE: ChannelRule(latest=timedelta(hours=2), earliest=timedelta(days=7)),
        }
    )
    at = instant(MONDAY, 7, 15)
    assert offered(rule, question=Question(Channel.ONLINE, at)) == ["Mon 09:30"]
    assert why_not(instant(MONDAY, 9), rule, question=Question(Channel.ONLINE, at)) is Refusal.WINDOW
    assert why_not(instant(MONDAY, 9), rule, question=Question(Channel.INTERNAL, at)) is Refusal.OTHER_CHANNEL
    for booked, count in ((1, 2), (2, 0)):
        question = Question(Channel.PHONE, at, {(1, MONDAY, Channel.PHONE): booked})
        assert len(offered(rule, question=question)) == count
    assert why_not(instant(MONDAY, 9), rule, question=question) is Refusal.FULL


def test_a_type_of_visit_has_its_notice_and_its_horizon() -> None:
    visit = VisitRule(1, 30 * MINUTE, step=30 * MINUTE, notice=HOUR, horizon=90 * MINUTE)
    at = instant(MONDAY, 8, 10)
    assert offered(opening(), visit=visit, question=Question(Channel.PHONE, at)) == ["Mon 09:30"]
    found = [
        why_not(instant(MONDAY, 9, minute), opening(), question=Question(Channel.PHONE, at), visit=visit)
        for minute in (0, 45)
    ]
    assert found == [Refusal.TOO_SOON, Refusal.TOO_FAR]


def test_an_exception_closes_opens_or_replaces() -> None:
    def on_monday(kind: ExceptionKind, *hours: time) -> DayException:
        starts, ends = hours or (None, None)
        return DayException(kind=kind, first_day=MONDAY, last_day=MONDAY, starts=starts, ends=ends)

    assert offered(opening(), exceptions=(on_monday(ExceptionKind.CLOSED),)) == []
    absent = on_monday(ExceptionKind.CLOSED, time(9, 15), time(9, 30))
    assert offered(opening(), exceptions=(absent,)) == ["Mon 09:30"]
    also = on_monday(ExceptionKind.OPEN, time(11), time(11, 30))
    assert offered(opening(), exceptions=(also,)) == ["Mon 09:00", "Mon 09:30", "Mon 11:00"]
    instead = on_monday(ExceptionKind.REPLACED, time(11), time(11, 30))
    assert offered(opening(), exceptions=(instead,)) == ["Mon 11:00"]
    assert offered(opening(), exceptions=(also, instead, on_monday(ExceptionKind.CLOSED))) == []


def test_a_holiday_takes_what_begins_on_it_and_nothing_that_was_opened_for_it() -> None:
    rules = AgendaRules(PARIS, [opening()], holidays=frozenset({MONDAY}))
    assert opened_between(rules, MONDAY, MONDAY) == []
    on_duty = DayException(
        kind=ExceptionKind.OPEN, first_day=MONDAY, last_day=MONDAY, starts=time(9), ends=time(12), reason="garde"
    )
    rules = AgendaRules(PARIS, [opening()], (on_duty,), frozenset({MONDAY}))
    assert [(one.begin, one.rule) for one in opened_between(rules, MONDAY, MONDAY)] == [(instant(MONDAY, 9), None)]


# -- A slow look at every minute ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Minute:
    """What one minute of real time is, found by asking ``zoneinfo`` what the wall shows."""

    instant: int
    permits: bool  # one opening at least lets this visit be there
    grids: frozenset[tuple[object, date]]  # openings in which it may begin


def slow_starts(rules: AgendaRules, busy: list[tuple[int, int]], visit: VisitRule, question: Question) -> list[int]:
    """Every minute that can be had, without any of the product's arithmetic."""
    minutes = list(_minutes(rules, visit, question))
    by_instant = {one.instant: one for one in minutes}
    first_of: dict[tuple[object, date], int] = {}
    grid: dict[tuple[int, tuple[object, date]], int] = {}
    # A grid begins with the opening, and begins again where the wall's hours come a second time.
    for one in _opened_minutes(rules):
        for key in one.grids:
            if grid.get((one.instant - MINUTE, key)) is None:
                first_of[key] = next(minute for minute in range(one.instant, 1 << 40, MINUTE) if minute % 300 == 0)
            grid[(one.instant, key)] = first_of[key]
    found = []
    for one in minutes:
        start = one.instant
        if start < question.at + visit.notice or (visit.horizon is not None and start > question.at + visit.horizon):
            continue
        if (visit.from_age or 0) > start or start >= (visit.until_age or 1 << 40):
            continue
        inside = range(start, start + visit.duration, MINUTE)
        if not all(minute in by_instant and by_instant[minute].permits for minute in inside):
            continue
        around = (start - visit.before, start + visit.duration + visit.after)
        if any(begin < around[1] and around[0] < end for begin, end in busy):
            continue
        if any(start >= grid[(start, key)] and (start - grid[(start, key)]) % visit.step == 0 for key in one.grids):
            found.append(start)
    return found


def _minutes(rules: AgendaRules, visit: VisitRule, question: Question) -> Iterator[Minute]:
    place = ZoneInfo(rules.zone)
    begin = int(datetime.combine(FIRST - timedelta(days=2), time(), UTC).timestamp())
    for minute in range(begin, begin + 8 * 24 * HOUR, MINUTE):
        shown = datetime.fromtimestamp(minute, place).replace(tzinfo=None)
        if _is_closed(rules, shown):
            continue
        here = [(rule, day) for rule, day in _openings_at(rules, shown) if _permits(rule, day, visit, question, place)]
        begins = frozenset(
            (id(rule), day)
            for rule, day in here
            if not isinstance(rule, OpeningRule) or _in_window(rule, minute, question)
        )
        yield Minute(minute, bool(here), begins)


def _opened_minutes(rules: AgendaRules) -> Iterator[Minute]:
    """The openings before anything closes: where their grids begin."""
    place = ZoneInfo(rules.zone)
    begin = int(datetime.combine(FIRST - timedelta(days=2), time(), UTC).timestamp())
    for minute in range(begin, begin + 8 * 24 * HOUR, MINUTE):
        shown = datetime.fromtimestamp(minute, place).replace(tzinfo=None)
        yield Minute(minute, True, frozenset((id(rule), day) for rule, day in _openings_at(rules, shown)))


def _openings_at(rules: AgendaRules, shown: datetime) -> Iterator[tuple[OpeningRule | DayException, date]]:
    for day in (shown.date(), shown.date() - timedelta(days=1)):
        if not FIRST - timedelta(days=1) <= day <= LAST:
            continue
        special = [one for one in rules.exceptions if one.first_day <= day <= one.last_day]
        replaced = any(one.kind == "replaced" for one in special)
        if not replaced and day not in rules.holidays:
            for rule in rules.openings:
                if (
                    _rules_the_day(rule, day)
                    and _goes_by_school(rule, day, rules)
                    and _between(day, rule.starts, rule.ends, shown)
                ):
                    yield rule, day
        for one in special:
            opens = one.kind != "closed" and one.starts is not None and one.ends is not None
            if opens and _between(day, one.starts, one.ends, shown):
                yield one, day


def _rules_the_day(rule: OpeningRule, day: date) -> bool:
    if day.weekday() != rule.weekday or day < (rule.valid_from or day) or day > (rule.valid_until or day):
        return False
    if rule.cycle_weeks == 1:
        return True
    assert rule.anchor is not None
    monday, week = rule.anchor, 0
    while monday + timedelta(days=6) < day:
        monday, week = monday + timedelta(days=7), (week + 1) % rule.cycle_weeks
    while monday > day:
        monday, week = monday - timedelta(days=7), (week - 1) % rule.cycle_weeks
    return week == rule.cycle_week


def _goes_by_school(rule: OpeningRule, day: date, rules: AgendaRules) -> bool:
    if rule.school_days == "any":
        return True
    return (rule.school_days == "holidays") is (day in rules.school_holidays)


def _between(day: date, starts: time, ends: time, shown: datetime) -> bool:
    begin, end = datetime.combine(day, starts), datetime.combine(day, ends)
    return begin <= shown < (end if end > begin else end + timedelta(days=1))


def _is_closed(rules: AgendaRules, shown: datetime) -> bool:
    for one in rules.exceptions:
        if one.kind == "closed":
            for day in (shown.date(), shown.date() - timedelta(days=1)):
                if one.first_day <= day <= one.last_day and _between(
                    day, one.starts or time(), one.ends or time(), shown
                ):
                    return True
    return False


def _permits(
    rule: OpeningRule | DayException, day: date, visit: VisitRule, question: Question, place: ZoneInfo
) -> bool:
    if isinstance(rule, DayException):
        return True
    if rule.service_type_ids is not None and visit.service_type_id not in rule.service_type_ids:
        return False
    if rule.channels is not None:
        if question.channel not in rule.channels:
            return False
        quota = rule.channels[question.channel].quota
        if quota is not None and question.booked.get((rule.id, day, question.channel), 0) >= quota:
            return False
    if rule.kind == "normal":
        return True
    if rule.release is not None:
        on = day - timedelta(days=rule.release.days_before)
        if datetime.fromtimestamp(question.at, place).replace(tzinfo=None) >= datetime.combine(
            on, rule.release.at_time
        ):
            return True
    return visit.is_urgent if rule.kind == "emergency" else question.channel == "internal"


def _in_window(rule: OpeningRule, minute: int, question: Question) -> bool:
    if rule.channels is None:
        return True
    allowed = rule.channels[question.channel]
    ahead = timedelta(seconds=minute - question.at)
    return allowed.latest <= ahead and (allowed.earliest is None or ahead <= allowed.earliest)


FIRST, LAST = date(2026, 10, 23), date(2026, 10, 26)  # Friday to Monday: Paris changes in the night to Sunday
ZONES = ("Europe/Paris", "Indian/Reunion", "Australia/Lord_Howe", "Asia/Kathmandu")

hours = st.tuples(st.integers(0, 95), st.sampled_from([0, 0, 2, 7]), st.integers(0, 95)).map(
    lambda typed: (time(typed[0] // 4, typed[0] % 4 * 15 + typed[1]), time(typed[2] // 4, typed[2] % 4 * 15))
)
channel_rules = st.builds(
    ChannelRule,
    quota=st.none() | st.integers(0, 2),
    latest=st.integers(0, 48).map(lambda number: timedelta(hours=number)),
    earliest=st.none() | st.integers(1, 96).map(lambda number: timedelta(hours=number)),
)
openings = st.builds(
    lambda number, weekday, span, cycle, types, channels, kind, release, school: OpeningRule(
        id=number,
        weekday=weekday,
        starts=span[0],
        ends=span[1],
        cycle_weeks=2 if cycle is not None else 1,
        cycle_week=cycle or 0,
        anchor=date(2026, 12, 14),
        service_type_ids=types,
        channels=channels,
        kind=kind,
        release=release,
        school_days=school,
    ),
    st.integers(1, 3),
    st.integers(0, 6),
    hours,
    st.none() | st.integers(0, 1),
    st.none() | st.just(frozenset({1})) | st.just(frozenset({2})),
    st.none() | st.dictionaries(st.sampled_from(Channel), channel_rules, max_size=2),
    st.sampled_from(OpeningKind),
    st.none() | st.builds(Release, st.integers(0, 2), st.integers(6, 20).map(time)),
    st.sampled_from(SchoolDays),
)
exceptions = st.builds(
    lambda kind, first, last, span: DayException(
        kind=kind,
        first_day=FIRST + timedelta(days=first),
        last_day=FIRST + timedelta(days=first + last),
        starts=span and span[0],
        ends=span and span[1],
    ),
    st.sampled_from(ExceptionKind),
    st.integers(-1, 3),
    st.integers(0, 2),
    st.none() | hours,
)
HALFWAY = int(datetime(2026, 10, 25, tzinfo=UTC).timestamp())
visits = st.builds(
    VisitRule,
    service_type_id=st.just(1),
    duration=st.integers(1, 8).map(lambda number: number * 15 * MINUTE),
    before=st.sampled_from([0, 600]),
    after=st.sampled_from([0, 900]),
    step=st.sampled_from([300, 900, 1200]),
    notice=st.sampled_from([0, 5 * HOUR]),
    horizon=st.sampled_from([None, 40 * HOUR]),
    is_urgent=st.booleans(),
    from_age=st.sampled_from([None, None, HALFWAY]),
    until_age=st.sampled_from([None, None, HALFWAY]),
)


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    rules=st.lists(openings, min_size=1, max_size=4),
    special=st.lists(exceptions, max_size=2),
    holiday=st.none() | st.integers(0, 3),
    taken=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 16)), max_size=5),
    visit=visits,
    channel=st.sampled_from(Channel),
    booked=st.dictionaries(st.tuples(st.integers(1, 3), st.integers(0, 3)), st.integers(1, 2), max_size=2),
    asked=st.integers(-24, 72),
)
def test_the_finder_offers_what_a_slow_look_at_every_minute_finds_and_refuses_the_rest(
    zone: str,
    rules: list[OpeningRule],
    special: list[DayException],
    holiday: int | None,
    taken: list[tuple[int, int]],
    visit: VisitRule,
    channel: Channel,
    booked: dict[tuple[int, int], int],
    asked: int,
) -> None:
    holidays = frozenset() if holiday is None else frozenset({FIRST + timedelta(days=holiday)})
    agenda = AgendaRules(zone, rules, tuple(special), holidays, school_holidays=frozenset({FIRST, LAST}))
    midnight = int(datetime.combine(FIRST, time(), ZoneInfo(zone)).timestamp())
    question = Question(
        channel,
        midnight + asked * HOUR,
        {(rule, FIRST + timedelta(days=day), channel): count for (rule, day), count in booked.items()},
    )
    busy = join((midnight + begin * 900, midnight + (begin + length) * 900) for begin, length in taken)
    opened = opened_between(agenda, FIRST, LAST)

    offered = free_starts(opened, busy, visit, question, zone=zone)

    assert offered == slow_starts(agenda, busy, visit, question)
    proposed = free_starts(opened, busy, visit, question, zone=zone, apart=proposal_distance(visit))
    assert set(proposed) <= set(offered)
    assert bool(proposed) == bool(offered)
    for minute in range(midnight - 26 * HOUR, midnight + 5 * 24 * HOUR, 5 * MINUTE):
        decided = decide(minute, opened, busy, visit, question, zone=zone)
        assert isinstance(decided, Refusal) == (minute not in offered), decided


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_what_the_wall_shows_at_each_start_is_what_the_rule_says(zone: str) -> None:
    rules = AgendaRules(zone, [opening(weekday=day, starts=time(8), ends=time(9)) for day in range(7)])
    opened = opened_between(rules, date(2026, 1, 1), date(2026, 12, 31))
    assert {datetime.fromtimestamp(one.begin, ZoneInfo(zone)).strftime("%H:%M") for one in opened} == {"08:00"}
    assert len(opened) == 1 + 365  # the day before is there for its night
