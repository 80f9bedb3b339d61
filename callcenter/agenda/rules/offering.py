"""Which starts can be had: the one decision behind finding, holding, booking and moving. Pure: no database, no clock.

``free_starts`` lists them and ``decide`` says of one start in which opening it can be had, or why it cannot; for the
same question the list holds exactly the starts that are not refused. ``withheld`` says what is open and for something
else, ``shares`` how much of what is open may still be had. Starts stand on a grid: the opening's beginning,
then every ``step``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from callcenter.agenda.rules.opening_rules import Channel, ChannelRule, Opened, OpeningKind, OpeningRule
from callcenter.agenda.rules.wall_clock import Interval, instants_of, join, subtract

_NO_LIMIT = 1 << 62
_NEVER = (_NO_LIMIT, _NO_LIMIT)
_FREELY = ChannelRule()


class Refusal(StrEnum):
    """Why a start cannot be had, the first that holds in this order."""

    PAST = "past"
    TOO_SOON = "too_soon"  # the type of visit wants more notice
    TOO_FAR = "too_far"  # beyond the horizon of the type of visit
    TOO_YOUNG = "too_young"  # on that day, for the type of visit
    TOO_OLD = "too_old"
    CLOSED = "closed"  # nothing is open then, or the visit would end after the closing
    OTHER_TYPE = "other_type"  # open, for other types of visit
    OTHER_CHANNEL = "other_channel"  # open, not for this channel
    KEPT = "kept"  # open, kept for something else and not released yet
    WINDOW = "window"  # open, this channel may book it sooner or later than now
    FULL = "full"  # the channel has had its share of this opening
    TAKEN = "taken"
    OFF_GRID = "off_grid"  # free, but visits begin at other minutes
    NO_ROOM = "no_room"  # the practitioner is free; no room of the kind is
    NO_DEVICE = "no_device"
    NO_COLLEAGUE = "no_colleague"
    OVERBOOKED = "overbooked"  # the rule that lets more in has been used up
    GROUP_FULL = "group_full"  # the group that meets then has no place left


@dataclass(frozen=True, slots=True)
class VisitRule:
    """How long a visit lasts and when it may be had; seconds, unless said otherwise."""

    service_type_id: int
    duration: int
    before: int = 0  # to prepare; nobody else may have it, the agenda need not be open
    after: int = 0
    step: int = 300
    notice: int = 0
    horizon: int | None = None
    is_urgent: bool = False  # may have what is kept for emergencies
    from_age: int | None = None  # UTC seconds: from then on the patient is old enough
    until_age: int | None = None  # and until then young enough


@dataclass(frozen=True, slots=True)
class Question:
    """For whom and when it is asked. ``booked`` counts visits by opening, day and channel, for quotas."""

    channel: Channel
    at: int  # UTC seconds
    booked: Mapping[tuple[int, date, Channel], int] = field(default_factory=dict)


def free_starts(
    opened: Sequence[Opened],
    busy: Sequence[Interval],
    visit: VisitRule,
    question: Question,
    *,
    zone: str,
    apart: int | None = None,
) -> list[int]:
    """Every start that can be had in what is open, UTC seconds, sorted. ``busy`` is sorted and joined.

    With ``apart``, a multiple of the step, only starts that far from one another, counted from where each free gap
    begins: what to propose. They do not slide while the morning passes, until none of them is left.
    """
    soonest, latest = _span(visit, question)
    soonest = max(soonest, visit.from_age or soonest)
    latest = latest if visit.until_age is None else min(latest, visit.until_age - 1)
    admitted = []
    # The same for every day of a plain rule, and a year has five hundred of them.
    windows: dict[int, Interval | Refusal] = {}
    for one in opened:
        if one.end <= soonest or one.begin >= latest + visit.duration:
            continue
        window = windows.get(id(one.rule))
        if window is None:
            window = _window(one, visit, question, zone)
            if one.rule is None or one.rule.is_alike_every_day:
                windows[id(one.rule)] = window
        if not isinstance(window, Refusal):
            admitted.append((one, max(soonest, window[0]), min(latest, window[1])))
    room = join([(one.begin, one.end) for one, _, _ in admitted])
    step, before, needed = visit.step, visit.before, visit.duration + visit.after
    apart = apart or step
    found: list[int] = []
    overlaps = False
    told = -_NO_LIMIT
    count = len(busy)
    for one, first, last in admitted:
        overlaps, told = overlaps or one.begin < told, max(told, one.end)
        closes = room[bisect_right(room, (one.begin, _NO_LIMIT)) - 1][1]
        low, last = max(first, one.begin), min(last, one.end - 1, closes - visit.duration)
        # The first that is taken after the preparation of the first start; the one before it ends where a gap begins.
        index = bisect_right(busy, (low - before, _NO_LIMIT))
        if index and busy[index - 1][1] > low - before:
            low = busy[index - 1][1] + before
        gap = max(one.begin, busy[index - 1][1] + before) if index else one.begin
        anchor = one.anchor
        while low <= last:
            taken_from, taken_until = busy[index] if index < count else _NEVER
            high = taken_from - needed
            if high > last:
                high = last
            if low <= high:
                # On the grid in the gap, then as many proposals on as lie before what can be had.
                start = anchor - (anchor - gap) // step * step
                if start < low:
                    start -= (start - low) // apart * apart
                    if start > high:  # none of those is left: the first that can be had
                        start = anchor - (anchor - low) // step * step
                found += range(start, high + 1, apart)
            low = gap = taken_until + before
            index += 1
    return sorted(set(found)) if overlaps else found


def proposal_distance(visit: VisitRule) -> int:
    """How far apart starts are proposed: one visit with what surrounds it, up to the next point of the grid."""
    return -(-(visit.before + visit.duration + visit.after) // visit.step) * visit.step


def decide(
    start: int,
    opened: Sequence[Opened],
    busy: Sequence[Interval],
    visit: VisitRule,
    question: Question,
    *,
    zone: str,
) -> Opened | Refusal:
    """The opening in which this start can be had, whose quota it counts for, or why it cannot."""
    soonest, latest = _span(visit, question)
    if start < question.at:
        return Refusal.PAST
    if start < soonest:
        return Refusal.TOO_SOON
    if start > latest:
        return Refusal.TOO_FAR
    if visit.from_age is not None and start < visit.from_age:
        return Refusal.TOO_YOUNG
    if visit.until_age is not None and start >= visit.until_age:
        return Refusal.TOO_OLD
    end = start + visit.duration
    if not _lies_in((start, end), join([(one.begin, one.end) for one in opened])):
        return Refusal.CLOSED
    windows = [(one, _window(one, visit, question, zone)) for one in opened if one.begin < end and start < one.end]
    admitted = [(one, window) for one, window in windows if not isinstance(window, Refusal)]
    here = [(one, window) for one, window in admitted if one.begin <= start < one.end]
    if not here or not _lies_in((start, end), join([(one.begin, one.end) for one, _ in admitted])):
        reasons = [window for _, window in windows if isinstance(window, Refusal)]
        return min(reasons, key=list(Refusal).index)
    here = [(one, window) for one, window in here if window[0] <= start <= window[1]]
    if not here:
        return Refusal.WINDOW
    index = bisect_left(busy, (end + visit.after, 0))
    if index and busy[index - 1][1] > start - visit.before:
        return Refusal.TAKEN
    return next((one for one, _ in here if (start - one.anchor) % visit.step == 0), Refusal.OFF_GRID)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A stretch that is open and cannot be had, UTC seconds. ``opens_at`` is when everybody may have it, if ever."""

    begin: int
    end: int
    why: Refusal
    rule: OpeningRule
    opens_at: int | None = None


def withheld(opened: Sequence[Opened], visit: VisitRule | None, question: Question, *, zone: str) -> list[Withheld]:
    """What is open for others than this question, sorted; a visit of None is one that is not given at all."""
    had: list[Interval] = []
    found: list[Withheld] = []
    for one in opened:
        why = Refusal.OTHER_TYPE if visit is None else _window(one, visit, question, zone)
        if one.rule is None or not isinstance(why, Refusal):
            had.append((one.begin, one.end))
        else:
            opens_at = _released_at(one.rule, one.day, zone) if why is Refusal.KEPT else None
            found.append(Withheld(one.begin, one.end, why, one.rule, opens_at))
    had = join(had)
    return [replace(one, begin=begin, end=end) for one in found for begin, end in subtract([(one.begin, one.end)], had)]


def shares(opened: Sequence[Opened], visit: VisitRule, question: Question, *, zone: str) -> list[tuple[Opened, int]]:
    """The openings of which the channel has a share, and how many visits of it are left."""
    found = []
    for one in opened:
        allowed = None if one.rule is None or one.rule.channels is None else one.rule.channels.get(question.channel)
        if one.rule is None or allowed is None or allowed.quota is None:
            continue
        if not isinstance(_window(one, visit, question, zone), Refusal):
            found.append((one, allowed.quota - question.booked.get((one.rule.id, one.day, question.channel), 0)))
    return found


def _span(visit: VisitRule, question: Question) -> Interval:
    """The first and the last second at which the type of visit may begin."""
    return question.at + visit.notice, _NO_LIMIT if visit.horizon is None else question.at + visit.horizon


def _window(one: Opened, visit: VisitRule, question: Question, zone: str) -> Interval | Refusal:
    """The first and last second at which such a visit may begin in this opening, or why it never may."""
    rule = one.rule
    if rule is None:
        return -_NO_LIMIT, _NO_LIMIT
    if rule.service_type_ids is not None and visit.service_type_id not in rule.service_type_ids:
        return Refusal.OTHER_TYPE
    allowed = _FREELY if rule.channels is None else rule.channels.get(question.channel)
    if allowed is None:
        return Refusal.OTHER_CHANNEL
    if not _is_for_all(rule, one.day, question.at, zone) and not (
        question.channel is Channel.INTERNAL if rule.kind is OpeningKind.RESERVE else visit.is_urgent
    ):
        return Refusal.KEPT
    if allowed.quota is not None and question.booked.get((rule.id, one.day, question.channel), 0) >= allowed.quota:
        return Refusal.FULL
    soonest = question.at + int(allowed.latest.total_seconds())
    if allowed.earliest is None:
        return soonest, _NO_LIMIT
    return soonest, question.at + int(allowed.earliest.total_seconds())


def _is_for_all(rule: OpeningRule, day: date, at: int, zone: str) -> bool:
    """Whether it is kept for nothing, or no longer."""
    if rule.kind is OpeningKind.NORMAL:
        return True
    released_at = _released_at(rule, day, zone)
    return released_at is not None and at >= released_at


def _released_at(rule: OpeningRule, day: date, zone: str) -> int | None:
    """From when on (UTC seconds) what it is kept for does not count."""
    if rule.release is None:
        return None
    wall = datetime.combine(day - timedelta(days=rule.release.days_before), rule.release.at_time)
    # Of a time that exists twice the first; of one that does not exist, what the clocks show after the change.
    instants = instants_of(wall, zone) or instants_of(wall + timedelta(hours=1), zone)
    return instants[0]


def _lies_in(piece: Interval, intervals: Sequence[Interval]) -> bool:
    index = bisect_right(intervals, (piece[0], _NO_LIMIT))
    return bool(index) and intervals[index - 1][1] >= piece[1]
