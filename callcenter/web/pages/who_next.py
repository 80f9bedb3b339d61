"""Who would be called now, and then? A region that any page may hold; nobody is called by reading it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.wall_time import instant_of
from callcenter.desk.message_writing import free_at_of
from callcenter.directory.identity import Identity
from callcenter.directory.models import Practice, Role
from callcenter.directory.practices import load_practice
from callcenter.directory.practitioners import list_practitioners, load_practitioner
from callcenter.dispatch.models import Urgency
from callcenter.dispatch.preview import Rung, masked, who_next
from callcenter.web.context import FIRST_DAY, LARGEST_ID, LAST_DAY, At, Reads, require
from callcenter.web.message_words import CHANNEL_WORDS, LACK_WORDS, NOTICE_WORDS, TARGET_WORDS, URGENCY_WORDS
from callcenter.web.preference_form import read_id
from callcenter.web.rendering import is_htmx, page

router = APIRouter()

Asker = Annotated[Identity, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR))]
PracticeId = Annotated[int, Query(ge=1, le=LARGEST_ID)]


@router.get("/who-next")
def show_who_next(
    request: Request,
    session: Reads,
    me: Asker,
    at: At,
    practice: PracticeId,
    practitioner: str = "",
    urgency: Urgency = Urgency.URGENT,
    moment: str = "",
) -> HTMLResponse:
    """Every step of the ladder by its hour, for a practice, a practitioner (empty: whoever is on call), an urgency.

    ``moment`` is a time of the practice's wall clock (``2026-11-23T22:00``); empty: now.
    """
    found = load_practice(session, practice, me.practice_ids)
    context = who_next_context(session, found, me, practitioner=practitioner, urgency=urgency, moment=moment, at=at)
    refused = context["refused_moment"]
    return page(
        request,
        "who_next/page.html",
        block="who_next" if is_htmx(request) else None,
        status=refused.status if refused else 200,
        me=me,
        **context,
    )


def who_next_context(
    session: Session,
    practice: Practice,
    me: Identity,
    *,
    practitioner: str,
    urgency: Urgency,
    moment: str,
    at: datetime,
) -> dict[str, Any]:
    """What the region shows. Numbers are whole for supervisors and administrators alone. Raises ``NotFound``."""
    practitioner_id = read_id(practitioner)
    if practitioner_id is not None:
        load_practitioner(session, practice.id, practitioner_id)
    refused, seen_at = None, at
    try:
        seen_at = _read_moment(moment, practice, at)
    except Invalid as wrong:
        refused = wrong
    return {
        "practice": practice,
        "asked": {"practitioner": practitioner_id or "", "urgency": urgency, "moment": moment},
        "refused_moment": refused,
        "seen_at": seen_at,
        "rungs": [] if refused else rungs_of(session, practice, practitioner_id, urgency, at=seen_at),
        "practitioners": list_practitioners(session, practice.id),
        "urgency_words": URGENCY_WORDS,
        **rung_words(me),
    }


def rungs_of(
    session: Session, practice: Practice, practitioner_id: int | None, urgency: Urgency, *, at: datetime
) -> Sequence[Rung]:
    """Every step as a message written at this instant would climb it, also while a patient is with him."""
    free_at = None if practitioner_id is None else free_at_of(session, practitioner_id, at=at)
    return who_next(session, practice, practitioner_id, urgency, at=at, free_at=free_at)


def rung_words(me: Identity) -> dict[str, Any]:
    """The words of a ladder's steps, and whether this person sees numbers whole."""
    return {
        "channel_words": CHANNEL_WORDS,
        "target_words": TARGET_WORDS,
        "lack_words": LACK_WORDS,
        "notice_words": NOTICE_WORDS,
        "zone_of": ZoneInfo,
        "masked": None if me.role in {Role.SUPERVISOR, Role.ADMINISTRATOR} else masked,
    }


def _read_moment(typed: str, practice: Practice, at: datetime) -> datetime:
    """The typed moment as an instant; now without one. Raises ``Invalid``."""
    if not typed.strip():
        return at
    try:
        wall = datetime.fromisoformat(typed.strip()[:16])
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or not FIRST_DAY < wall.date() < LAST_DAY:
        raise Invalid(N_("This is no moment. Choose a day and an hour, or leave it empty for now."), field="moment")
    return instant_of(wall, ZoneInfo(practice.zone)).astimezone(UTC)
