"""The page of one line: whether it is answered now and what its callers hear, its rules, its week, its periods."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from callcenter.core.emergency_words import emergency_sentence
from callcenter.core.errors import Problem
from callcenter.core.i18n import N_
from callcenter.core.phone import format_number
from callcenter.core.scope import Practices, scope_of, set_scope
from callcenter.directory.answering_hours import ONLY_WHEN_SERVED, Answering, answering, closes_at
from callcenter.directory.closed_words import with_emergency_first
from callcenter.directory.identity import Identity
from callcenter.directory.line_book import load_line_book
from callcenter.directory.line_entry import Forwarding, LineEntry, PeriodKind
from callcenter.directory.line_times import line_hours, line_periods
from callcenter.directory.lines import HIGHEST_GATE, load_line
from callcenter.directory.models import PracticeLine
from callcenter.web.forms import Typed
from callcenter.web.pages.practices.frame import open_frame, show_section
from callcenter.web.pages.practices.hours import Stretch, days_of, weekday_name

# Each mode in words, and what it means for the calls.
FORWARDING_WORDS: Mapping[Forwarding, tuple[str, str]] = {
    Forwarding.PERMANENT: (
        N_("Permanent"),
        N_("Every call comes to the centre, within the weekly hours if there are any."),
    ),
    Forwarding.OVERFLOW: (
        N_("Overflow"),
        N_("The practice picks up first; what it does not answer comes to the centre."),
    ),
    Forwarding.HOURS: (N_("By hours"), N_("Calls come to the centre within the weekly hours only.")),
    Forwarding.HOLIDAYS: (
        N_("Holidays"),
        N_("The centre stands in while the practice's secretary is away: in the periods served below."),
    ),
    Forwarding.A_LA_CARTE: (N_("À la carte"), N_("The practice orders days and hours: the periods served below.")),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a line stands at this instant; the instants are in the practice's zone."""

    now: Answering
    until: datetime | None  # open: when it closes
    opens: datetime | None  # closed: when it opens
    warning: str  # what is missing, a message id
    heard: str = ""  # closed: all that its caller hears, as it is printed


def standing_of_lines(session: Session, practice_id: int, *, at: datetime) -> dict[int, Standing]:
    """How each line of the practice stands, by its id."""
    before = scope_of(session)
    set_scope(session, Practices.of(practice_id))
    try:
        entries = load_line_book(session).values()
    finally:
        if before is not None:
            set_scope(session, before)
    return {entry.line_id: _standing(entry, at) for entry in entries}


def show_line(
    request: Request,
    session: Session,
    practice_id: int,
    line_id: int,
    me: Identity,
    *,
    at: datetime,
    form: Typed | None = None,
    rows: list[Stretch] | None = None,
    week_form: Typed | None = None,
    unsaved: bool = False,
    period_form: Typed | None = None,
    refused: Problem | None = None,
) -> Response:
    """The page; ``form``, ``rows`` and ``period_form`` when something typed is shown again."""
    frame, line = open_frame(session, practice_id, me), load_line(session, practice_id, line_id)
    if rows is None:
        rows = [Stretch(one.weekday, f"{one.starts:%H:%M}", f"{one.ends:%H:%M}") for one in line_hours(session, line)]
    wrong = next((one.refused for one in (week_form, period_form) if one is not None and one.refused), None)
    return show_section(
        request,
        frame,
        me,
        "lines",
        template="practices/line.html",
        form=form or Typed(_kept(line, frame.practice.country)),
        status=wrong.status if wrong else None,
        refused=refused,
        line=line,
        standing=standing_of_lines(session, practice_id, at=at)[line.id],
        forwarding_words=FORWARDING_WORDS,
        highest_gate=HIGHEST_GATE,
        week_form=week_form or Typed(),
        days=days_of(rows),
        weekday_name=weekday_name,
        unsaved=unsaved,
        periods=line_periods(session, line),
        period_form=period_form or Typed({"kind": PeriodKind.CLOSED.value}),
        today=at.astimezone(ZoneInfo(frame.practice.zone)).date(),
    )


def _kept(line: PracticeLine, country: str) -> dict[str, object]:
    return {
        "number": format_number(line.number, country=country),
        "label": line.label,
        "forwarding": line.forwarding,
        "outside_sentence": line.outside_sentence,
        "outside_number": format_number(line.outside_number, country=country),
        "gate_per_minute": line.gate_per_minute,
        "is_priority": "yes" if line.is_priority else "no",
        "overflow_after": line.overflow_after,
        "overflow_number": format_number(line.overflow_number, country=country),
        "callback_after": line.callback_after,
    }


def _standing(entry: LineEntry, at: datetime) -> Standing:
    zone, now = ZoneInfo(entry.zone), answering(entry, at)
    until = closes_at(entry, at) if now.is_open else None
    return Standing(
        now,
        None if until is None else until.astimezone(zone),
        None if now.opens_at is None else now.opens_at.astimezone(zone),
        _warning(entry),
        "" if now.is_open else _heard(entry, now.sentence),
    )


def _heard(entry: LineEntry, sentence: str) -> str:
    emergency = emergency_sentence(entry.emergency_sentence, country=entry.country, language=entry.language)
    return " ".join(with_emergency_first(emergency, sentence)).replace("'", "’")


def _warning(entry: LineEntry) -> str:
    if entry.forwarding in ONLY_WHEN_SERVED and not any(one.kind is PeriodKind.SERVED for one in entry.periods):
        return N_("No period is served yet: every caller hears that nobody answers.")
    if entry.forwarding is Forwarding.HOURS and not entry.hours:
        return N_("No weekly hours are written yet: until they are, every call is answered.")
    return ""
