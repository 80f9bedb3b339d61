"""An opening as people type it, made into a rule or refused with a sentence; and back. Touches no database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from callcenter.agenda.editing.setup import read_time
from callcenter.agenda.editing.typed_spans import read_count, read_span, write_span
from callcenter.agenda.rules.opening_rules import (
    WEEK,
    Channel,
    ChannelRule,
    OpeningKind,
    OpeningRule,
    Release,
    SchoolDays,
)
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.directory.line_times import read_day

_Kind = TypeVar("_Kind", SchoolDays, OpeningKind)

LONGEST_CYCLE, MOST_VISITS, LONGEST_RELEASE = 52, 200, 366


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningParticulars:
    """An opening as typed. ``anchor`` is the Monday of a week in which it is open."""

    weekday: str = "0"
    starts: str = ""
    ends: str = ""
    cycle_weeks: str = "1"
    anchor: str = ""
    valid_from: str = ""
    valid_until: str = ""
    school_days: str = SchoolDays.ANY.value
    service_types: Collection[str] = ()  # none is all
    kind: str = OpeningKind.NORMAL.value
    release_days: str = ""
    release_at: str = ""
    channels: Collection[str] = tuple(Channel)
    quota_phone: str = ""
    latest_phone: str = ""
    earliest_phone: str = ""
    quota_online: str = ""
    latest_online: str = ""
    earliest_online: str = ""
    quota_internal: str = ""
    latest_internal: str = ""
    earliest_internal: str = ""


def read_opening(
    typed: OpeningParticulars,
    *,
    kept: OpeningRule | None = None,
    service_type_ids: Collection[int] = (),
    knows_school: bool = True,
) -> OpeningRule:
    """The rule that was typed, with the id of the one it changes. Raises ``Invalid`` naming the field.

    ``service_type_ids`` are the practice's; ``knows_school`` says whether the school's year of the place is known.
    """
    if typed.weekday not in set("0123456"):
        raise Invalid(N_("Choose a weekday."), field="weekday")
    starts, ends = read_time(typed.starts, field="starts"), read_time(typed.ends, field="ends")
    if starts == ends:
        raise Invalid(
            N_("%(hour)s is when it opens as well. For a whole day, add two openings."),
            field="ends",
            hour=f"{ends:%H:%M}",
        )
    school_days = _one_of(SchoolDays, typed.school_days, "school_days")
    if school_days is not SchoolDays.ANY and not knows_school:
        raise Invalid(
            N_("The school holidays of this site are not known. They are in metropolitan France, by the postal code."),
            field="school_days",
        )
    rule = OpeningRule(
        id=kept.id if kept else 0,
        weekday=int(typed.weekday),
        starts=starts,
        ends=ends,
        school_days=school_days,
        service_type_ids=_service_types(typed.service_types, service_type_ids),
        channels=_channels(typed),
        kind=_one_of(OpeningKind, typed.kind, "kind"),
        release=_release(typed),
    )
    return _with_validity(_with_cycle(rule, typed, kept), typed)


def write_opening(rule: OpeningRule, *, today: date) -> dict[str, object]:
    """What the form shows of a rule."""
    shown: dict[str, object] = {
        "weekday": str(rule.weekday),
        "starts": f"{rule.starts:%H:%M}",
        "ends": f"{rule.ends:%H:%M}",
        "cycle_weeks": str(rule.cycle_weeks),
        "anchor": _this_cycle(rule, today),
        "valid_from": str(rule.valid_from or ""),
        "valid_until": str(rule.valid_until or ""),
        "school_days": rule.school_days.value,
        "service_types": sorted(str(one) for one in rule.service_type_ids or ()),
        "kind": rule.kind.value,
        "release_days": str(rule.release.days_before) if rule.release else "",
        "release_at": f"{rule.release.at_time:%H:%M}" if rule.release else "",
        "channels": [one.value for one in Channel if rule.channels is None or one in rule.channels],
    }
    for channel in Channel:
        allowed = (rule.channels or {}).get(channel, ChannelRule())
        shown[f"quota_{channel}"] = "" if allowed.quota is None else str(allowed.quota)
        shown[f"latest_{channel}"] = write_span(minutes_of(allowed.latest) or None)
        shown[f"earliest_{channel}"] = write_span(minutes_of(allowed.earliest))
    return shown


def coming_mondays(today: date, weeks: int) -> list[date]:
    """The Monday of this week and those that follow: where a cycle of so many weeks may begin."""
    monday = today - timedelta(days=today.weekday())
    return [monday + week * WEEK for week in range(weeks)]


def minutes_of(span: timedelta | None) -> int | None:
    """Whole minutes."""
    return None if span is None else int(span.total_seconds() // 60)


def _with_cycle(rule: OpeningRule, typed: OpeningParticulars, kept: OpeningRule | None) -> OpeningRule:
    weeks = read_count(typed.cycle_weeks, field="cycle_weeks", least=1, most=LONGEST_CYCLE) or 1
    if weeks == 1:
        return rule
    if not clean_line(typed.anchor):
        raise Invalid(N_("Choose a week in which it is open."), field="anchor")
    anchor = read_day(typed.anchor, field="anchor")
    if anchor.weekday() != 0:
        raise Invalid(N_("Cycles are counted from a Monday, and this day is none."), field="anchor")
    if kept is not None and kept.cycle_weeks == weeks and _is_open_in(kept, anchor):
        # The same weeks are the same cycle, whichever of them was chosen: what is kept stays as it is.
        return replace(rule, cycle_weeks=weeks, cycle_week=kept.cycle_week, anchor=kept.anchor)
    return replace(rule, cycle_weeks=weeks, anchor=anchor)


def _with_validity(rule: OpeningRule, typed: OpeningParticulars) -> OpeningRule:
    first = read_day(typed.valid_from, field="valid_from") if clean_line(typed.valid_from) else None
    last = read_day(typed.valid_until, field="valid_until") if clean_line(typed.valid_until) else None
    rule = replace(rule, valid_from=first, valid_until=last)
    if first is not None and last is not None:
        if last < first:
            raise Invalid(N_("The last day comes before the first."), field="valid_until")
        if not rule.next_days(first, 1):
            raise Invalid(N_("It would never be open between these two days."), field="valid_until")
    return rule


def _release(typed: OpeningParticulars) -> Release | None:
    """None for what is kept for nothing: its fields are not even shown then."""
    if typed.kind == OpeningKind.NORMAL:
        return None
    days = read_count(typed.release_days, field="release_days", least=0, most=LONGEST_RELEASE)
    hour = read_time(typed.release_at, field="release_at") if clean_line(typed.release_at) else None
    if days is None and hour is None:
        return None
    if hour is None:
        raise Invalid(N_("Say at what hour as well. Example: 18:00."), field="release_at")
    if days is None:
        raise Invalid(N_("Say how many days before as well; 0 is the day itself."), field="release_days")
    return Release(days, hour)


def _service_types(typed: Collection[str], known: Collection[int]) -> frozenset[int] | None:
    chosen = frozenset(int(one) for one in typed if one.isascii() and one.isdigit() and len(one) < 10)
    if not chosen <= set(known) or len(chosen) != len(set(typed)):
        raise Invalid(N_("This practice has no such type of visit."), field="service_types")
    return chosen or None


def _channels(typed: OpeningParticulars) -> Mapping[Channel, ChannelRule] | None:
    chosen = {channel: _channel(typed, channel) for channel in Channel if channel in set(typed.channels)}
    if not chosen:
        raise Invalid(N_("Somebody must be able to book. To close these hours, end the opening."), field="channels")
    if len(chosen) == len(Channel) and all(one == ChannelRule() for one in chosen.values()):
        return None
    return chosen


def _channel(typed: OpeningParticulars, channel: Channel) -> ChannelRule:
    quota, latest, earliest = (f"{name}_{channel}" for name in ("quota", "latest", "earliest"))
    soonest = read_span(getattr(typed, latest), field=latest) or 0
    furthest = read_span(getattr(typed, earliest), field=earliest)
    if furthest is not None and furthest <= soonest:
        raise Invalid(N_("Nothing could be booked: the earliest booking is not before the latest."), field=earliest)
    return ChannelRule(
        quota=read_count(getattr(typed, quota), field=quota, least=1, most=MOST_VISITS),
        latest=timedelta(minutes=soonest),
        earliest=None if furthest is None else timedelta(minutes=furthest),
    )


def _this_cycle(rule: OpeningRule, today: date) -> str:
    """Of the coming Mondays the one in whose week it is open."""
    if rule.cycle_weeks == 1 or rule.anchor is None:
        return ""
    return str(next(one for one in coming_mondays(today, rule.cycle_weeks) if _is_open_in(rule, one)))


def _is_open_in(rule: OpeningRule, monday: date) -> bool:
    """Whether the week of this Monday is one of its cycle's."""
    return rule.anchor is not None and ((monday - rule.anchor).days // 7) % rule.cycle_weeks == rule.cycle_week


def _one_of(kind: type[_Kind], typed: str, field: str) -> _Kind:
    try:
        return kind(clean_line(typed))
    except ValueError:
        raise Invalid(N_("Choose one of these."), field=field) from None
