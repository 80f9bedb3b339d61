"""When a line is answered: told day by day, and against a reference that looks at the clock minute by minute."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.directory.answering_hours import LOOK_AHEAD, answering, closes_at, is_open
from callcenter.directory.closed_words import with_emergency_first
from callcenter.directory.line_entry import Forwarding, HoursRule, LineEntry, Period, PeriodKind

PARIS = ZoneInfo("Europe/Paris")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OFFICE = tuple(HoursRule(day, time(8), time(19)) for day in range(5))
MONDAY = date(2026, 11, 23)


def line(**changed: object) -> LineEntry:
    values: dict[str, object] = {
        "line_id": 1,
        "practice_id": 1,
        "practice_code": "tilleuls",
        "practice_name": "Cabinet des Tilleuls",
        "number": "+33199004217",
        "language": "fr",
        "zone": "Europe/Paris",
        "country": "FR",
        "mode": "training",
    }
    return LineEntry(**(values | changed))  # type: ignore[arg-type]


def paris(day: date, clock: str, fold: int = 0) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), PARIS).replace(fold=fold).astimezone(UTC)


def test_a_line_without_hours_is_always_answered() -> None:
    for forwarding in (Forwarding.PERMANENT, Forwarding.OVERFLOW, Forwarding.HOURS):
        assert answering(line(forwarding=forwarding), paris(MONDAY, "03:00")).is_open


def test_outside_the_hours_a_caller_hears_the_emergency_number_first_and_then_when_somebody_answers() -> None:
    entry = line(forwarding=Forwarding.HOURS, hours=OFFICE)
    assert answering(entry, paris(MONDAY, "08:00")).is_open
    friday_night = answering(entry, paris(MONDAY + 4 * DAY, "19:00"))
    assert friday_night.opens_at == paris(MONDAY + 7 * DAY, "08:00")
    assert friday_night.sentence == (
        "En cas d'urgence vitale, raccrochez et composez le 15. Le secrétariat répond à partir de lundi 8 heures."
    )


@pytest.mark.parametrize(
    ("opens", "language", "said"),
    [
        ((MONDAY, "14:30"), "fr", "à partir de 14 heures 30."),
        ((MONDAY, "12:00"), "fr", "à partir de midi."),
        ((MONDAY + DAY, "08:00"), "nl", "à partir de demain 8 heures."),
        ((MONDAY + 8 * DAY, "09:00"), "fr", "à partir du mardi 1er décembre à 9 heures."),
        ((MONDAY + 2 * DAY, "14:00"), "en", "answers from Wednesday, 2 p.m."),
    ],
)
def test_the_next_opening_is_said_as_people_say_it(opens: tuple[date, str], language: str, said: str) -> None:
    day, clock = opens
    starts = time.fromisoformat(clock)
    period = Period(PeriodKind.SERVED, day, day, starts, time(23))
    entry = line(forwarding=Forwarding.A_LA_CARTE, periods=(period,), language=language)
    assert answering(entry, paris(MONDAY, "08:00")).sentence.endswith(said)


def test_whoever_orders_single_days_is_answered_on_those_only() -> None:
    served = Period(PeriodKind.SERVED, MONDAY + DAY, MONDAY + DAY)
    entry = line(forwarding=Forwarding.HOLIDAYS, hours=OFFICE, periods=(served,))
    assert not answering(entry, paris(MONDAY, "10:00")).is_open
    assert answering(entry, paris(MONDAY + DAY, "10:00")).is_open
    after = answering(entry, paris(MONDAY + DAY, "19:00"))
    assert (after.is_open, after.opens_at) == (False, None)
    assert after.sentence.endswith("Le secrétariat ne répond pas pour le moment.")


def test_a_closure_always_wins_and_speaks_first() -> None:
    closed = Period(PeriodKind.CLOSED, MONDAY, MONDAY, sentence="Le cabinet est fermé ce lundi.")
    served = Period(PeriodKind.SERVED, MONDAY, MONDAY, time(6), time(22))
    entry = line(hours=OFFICE, periods=(served, closed), outside_sentence="Nous sommes fermés.", outside_number="+33")
    now = answering(entry, paris(MONDAY, "10:00"))
    assert (now.is_open, now.sentence, now.number) == (False, "Le cabinet est fermé ce lundi.", "+33")
    assert now.opens_at == paris(MONDAY + DAY, "08:00")
    assert answering(entry, paris(MONDAY + DAY, "20:00")).sentence == "Nous sommes fermés."


def test_a_night_shift_belongs_to_the_day_it_begins_on() -> None:
    entry = line(hours=(HoursRule(0, time(20), time(6)),))
    assert is_open(entry, paris(MONDAY + DAY, "05:59"))
    assert not is_open(entry, paris(MONDAY + DAY, "06:00"))
    assert closes_at(entry, paris(MONDAY, "21:00")) == paris(MONDAY + DAY, "06:00")
    assert not is_open(entry, paris(MONDAY, "05:00"))  # that would be Sunday's


def test_the_nights_when_the_clock_changes() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    entry = line(hours=(HoursRule(6, time(2, 30), time(3, 30)),))
    assert answering(entry, paris(spring, "01:59")).opens_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # the jump
    assert answering(entry, paris(autumn, "02:00")).opens_at == paris(autumn, "02:30")
    ending = line(hours=(HoursRule(6, time(1), time(2, 30)),))
    assert closes_at(ending, paris(spring, "01:30")) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert closes_at(ending, paris(autumn, "01:30")) == paris(autumn, "02:30", fold=1)


# Weeks with the clock changes of Europe and of Québec, and one without.
FIRST_DAYS = (date(2026, 3, 25), date(2026, 10, 21), date(2026, 11, 23), date(2026, 10, 29), date(2026, 3, 5))
ZONES = ("Europe/Paris", "America/Toronto", "Pacific/Noumea")
quarters = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45])) | st.sampled_from(
    [time(0), time(1), time(2), time(2, 30), time(3)]
)


@st.composite
def any_line(draw: st.DrawFn) -> tuple[LineEntry, date]:
    first = draw(st.sampled_from(FIRST_DAYS))
    hours = draw(st.lists(st.builds(HoursRule, st.integers(0, 6), quarters, quarters), max_size=5))
    periods = []
    for _number in range(draw(st.integers(0, 3))):
        starts_on = first + draw(st.integers(-2, 8)) * DAY
        starts, ends = draw(st.one_of(st.just((None, None)), st.tuples(quarters, quarters)))
        ends_on = starts_on + draw(st.integers(0, 3)) * DAY
        periods.append(Period(draw(st.sampled_from(PeriodKind)), starts_on, ends_on, starts, ends))
    forwarding, zone = draw(st.sampled_from(Forwarding)), draw(st.sampled_from(ZONES))
    return line(zone=zone, forwarding=forwarding, hours=tuple(hours), periods=tuple(periods)), first


def open_minutes(entry: LineEntry, first: date, days: int) -> Iterator[tuple[datetime, bool]]:
    """Slow and plain: every rule becomes the run of minutes from when the wall clock first shows its start, or more,
    until it last shows less than its end."""
    zone = ZoneInfo(entry.zone)
    start = datetime.combine(first - 2 * DAY, time(), UTC)
    minutes = [start + number * MINUTE for number in range((days + 4) * 1440)]
    walls = [minute.astimezone(zone).replace(tzinfo=None, fold=0) for minute in minutes]
    by_day: dict[date, list[int]] = {}
    for index, wall in enumerate(walls):
        by_day.setdefault(wall.date(), []).append(index)

    def run(day: date, starts: time, ends: time) -> set[int]:
        opens = datetime.combine(day, starts)
        closes = datetime.combine(day if ends > starts else day + DAY, ends)
        near = by_day.get(day, []) + by_day.get(day + DAY, [])
        from_then = [index for index in near if walls[index] >= opens]
        until_then = [index for index in near if walls[index] < closes]
        return set(range(from_then[0], until_then[-1] + 1)) if from_then and until_then else set()

    is_served, is_closed = set[int](), set[int]()
    for day in by_day:
        weekly = [(rule.starts, rule.ends) for rule in entry.hours if rule.weekday == day.weekday()]
        if not entry.hours:
            weekly = [(time(), time())]
        if entry.forwarding not in {Forwarding.HOLIDAYS, Forwarding.A_LA_CARTE}:
            is_served |= {index for pair in weekly for index in run(day, *pair)}
        for period in entry.periods:
            if not period.starts_on <= day <= period.ends_on:
                continue
            own = [] if period.starts is None or period.ends is None else [(period.starts, period.ends)]
            if period.kind is PeriodKind.CLOSED:
                is_closed |= {index for pair in own or [(time(), time())] for index in run(day, *pair)}
            else:
                is_served |= {index for pair in own or weekly for index in run(day, *pair)}
    for index in range(2 * 1440, (days + 2) * 1440):
        yield minutes[index], index in is_served and index not in is_closed


@settings(max_examples=30, deadline=None)
@given(any_line())
def test_it_is_what_the_clock_on_the_wall_says_minute_by_minute(told: tuple[LineEntry, date]) -> None:
    entry, first = told
    reference = list(open_minutes(entry, first, days=8))
    wrong = [minute for minute, expected in reference[::5] if is_open(entry, minute) is not expected]
    assert wrong == []


@settings(max_examples=30, deadline=None)
@given(any_line(), st.integers(0, 2 * 1440))
def test_the_next_opening_is_the_first_open_minute_and_none_comes_before(
    told: tuple[LineEntry, date], start: int
) -> None:
    entry, first = told
    reference = list(open_minutes(entry, first, days=17))
    at, expected = reference[start]
    later = [
        minute for minute, is_served in reference[start:] if is_served is not expected and minute <= at + LOOK_AHEAD
    ]
    found = closes_at(entry, at) if expected else answering(entry, at).opens_at
    assert found == (later[0] if later else None)


def test_a_caller_hears_the_emergency_sentence_first_and_once() -> None:
    emergency = "En cas d'urgence vitale, raccrochez et composez le 15."
    assert with_emergency_first(emergency, "Fermé.") == [emergency, "Fermé."]
    assert with_emergency_first(emergency, f"{emergency} Fermé.") == [f"{emergency} Fermé."]
