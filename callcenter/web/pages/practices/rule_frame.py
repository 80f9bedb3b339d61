"""What the pages of an agenda's rules share: the agenda they are about, its preview, and saying what was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from callcenter.agenda.editing.previewing import (
    Orphan,
    Place,
    Preview,
    RuleChange,
    load_place,
    preview_change,
    standing_outside,
)
from callcenter.agenda.editing.service_types import list_service_types
from callcenter.agenda.editing.typed_spans import write_span
from callcenter.agenda.finding.free_times import today_in
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.directory.identity import Identity
from callcenter.directory.models import Role
from callcenter.web.forms import Typed
from callcenter.web.pages.practices.frame import open_frame, show_section
from callcenter.web.pages.practices.hours import weekday_name
from callcenter.web.rendering import page, redirect

# What was done, as the address names it, and as the page says it.
DONE: Mapping[str, str] = {
    "opening-added": N_("The opening is added."),
    "opening-changed": N_("The opening is changed."),
    "opening-ended": N_("The opening ends as you said."),
    "exception-added": N_("The exception is noted."),
    "exception-removed": N_("The exception is removed: these days are usual again."),
    "holidays": N_("The public holidays are set."),
    "week": N_("The week is saved."),
    "agenda": N_("The agenda is open: give it its hours."),
}


@dataclass(frozen=True, slots=True)
class RulePage:
    """One agenda of a practice that this person may see, and today on its wall."""

    session: Session
    me: Identity
    place: Place
    at: datetime

    @property
    def today(self) -> date:
        """The date where the agenda is."""
        return today_in(self.place.schedule.zone, self.at)

    @property
    def address(self) -> str:
        """Where its rules are."""
        return f"/practices/{self.place.schedule.practice_id}/schedules/{self.place.schedule.id}"

    def preview(self, change: RuleChange, *, whole_practice: bool = False) -> Preview:
        """What a change of its rules would do."""
        return preview_change(self.session, self.place, change, at=self.at, whole_practice=whole_practice)


def open_rules(session: Session, practice_id: int, schedule_id: int, me: Identity, at: datetime) -> RulePage:
    """The rules of an agenda of a practice she may see. Raises ``NotFound``."""
    open_frame(session, practice_id, me)
    return RulePage(session, me, load_place(session, practice_id, schedule_id), at)


def show_rules(request: Request, rules: RulePage, template: str, *, form: Typed, **context: Any) -> Response:
    """A page about an agenda's rules, in the frame of its practice."""
    practice_id = rules.place.schedule.practice_id
    return show_section(
        request,
        open_frame(rules.session, practice_id, rules.me),
        rules.me,
        "hours",
        template=template,
        form=form,
        **_words(rules),
        **context,
    )


def show_preview(
    request: Request, rules: RulePage, preview: Preview, *, refused: Invalid | None = None, **context: Any
) -> Response:
    """Only the region that is read again while somebody edits."""
    return page(
        request,
        "practices/_rule_preview_region.html",
        preview=preview,
        preview_refused=refused,
        **_words(rules),
        **context,
    )


def done(request: Request, rules: RulePage, what: str) -> Response:
    """Back to the agenda's rules, which say what was done and what stays outside of them."""
    return redirect(request, f"{rules.address}?done={what}")


def as_it_stands(rules: RulePage) -> Preview:
    """The weeks without any change."""
    return rules.preview(lambda unchanged: unchanged)


def kept_outside(rules: RulePage) -> list[Orphan]:
    """The appointments that stand outside of what is open."""
    return standing_outside(rules.session, rules.place, at=rules.at)


def _words(rules: RulePage) -> dict[str, Any]:
    types = list_service_types(rules.session, rules.place.schedule.practice_id)
    return {
        "place": rules.place,
        "practice_id": rules.place.schedule.practice_id,
        "may_open_patients": rules.me.role == Role.ADMINISTRATOR,
        "address": rules.address,
        "today": rules.today,
        "service_types": types,
        "types_by_id": {one.id: one for one in types},
        "weekday_name": weekday_name,
        "write_span": write_span,
    }
