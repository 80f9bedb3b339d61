"""What every section of a practice's page shows around itself: the sections, how far each is, and what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Opening, Schedule, ServiceType
from callcenter.agenda.resource_models import OverbookingRule, Resource
from callcenter.core.errors import Problem
from callcenter.core.i18n import N_, set_language
from callcenter.core.scope import PracticeOwned
from callcenter.directory.identity import Identity
from callcenter.directory.models import (
    Certification,
    Contact,
    Patient,
    Practice,
    PracticeLine,
    Practitioner,
    Role,
    Site,
)
from callcenter.directory.practices import load_practice
from callcenter.dispatch.on_call_models import OnCallRotation
from callcenter.instructions.models import Instruction
from callcenter.web.forms import Typed
from callcenter.web.rendering import page, redirect


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its address below the practice's, its words, and whether it can wait."""

    key: str
    title: str
    icon: str
    next_step: str = ""  # said while the section is empty; nothing when it may stay empty


SECTIONS = (
    Section("particulars", N_("Practice"), "building-2"),
    Section("lines", N_("Lines"), "phone", N_("Add the number that patients dial.")),
    Section("operators", N_("Operators"), "headset"),
    Section("sites", N_("Sites"), "map-pin", N_("Add the place where patients are received.")),
    Section("practitioners", N_("Practitioners"), "stethoscope", N_("Add who receives patients.")),
    Section("service-types", N_("Types of visit"), "layers", N_("Add the types of visit and how long they last.")),
    Section("hours", N_("Weekly hours"), "clock", N_("Set the hours of each practitioner.")),
    Section("resources", N_("Rooms and devices"), "door-open"),
    Section("overbooking", N_("Overbooking"), "calendar-plus"),
    Section("contacts", N_("Contacts"), "phone-forwarded"),
    Section("instructions", N_("Instructions"), "file-text"),
    Section("messages", N_("Messages"), "message-square-text"),
    Section("on-call", N_("On-call roster"), "phone-call"),
    Section("patients", N_("Patients"), "users"),
)


@dataclass(frozen=True, slots=True)
class PracticeFrame:
    """A practice, its sections' counts, and the first section that still lacks something."""

    practice: Practice
    counts: Mapping[str, int]
    next_section: Section | None

    def address(self, section: str) -> str:
        """Where a section is."""
        base = f"/practices/{self.practice.id}"
        return base if section == "particulars" else f"{base}/{section}"


def open_frame(session: Session, practice_id: int, me: Identity) -> PracticeFrame:
    """The frame of a practice this person may see. Raises ``NotFound``."""
    if me.language:
        set_language(me.language)  # days and lengths of time are written, and refusals worded, before the page is
    practice = load_practice(session, practice_id, me.practice_ids)
    counts = {
        "lines": _count(session, PracticeLine, practice_id),
        "operators": _count(session, Certification, practice_id),
        "sites": _count(session, Site, practice_id),
        "practitioners": _count(session, Practitioner, practice_id),
        "service-types": _count(session, ServiceType, practice_id),
        "hours": session.scalar(_practitioners_with_hours(practice_id)) or 0,
        "resources": _count(session, Resource, practice_id, Resource.is_active.is_(True)),
        "overbooking": _count(session, OverbookingRule, practice_id, OverbookingRule.valid_until.is_(None)),
        "contacts": _count(session, Contact, practice_id),
        "instructions": _count(session, Instruction, practice_id, Instruction.valid_until.is_(None)),
        "on-call": _count(session, OnCallRotation, practice_id, OnCallRotation.ends_on.is_(None)),
        "patients": _count(session, Patient, practice_id),
    }
    missing = (one for one in SECTIONS if one.next_step and not _is_complete(one.key, counts))
    return PracticeFrame(practice, counts, next(missing, None))


def show_section(
    request: Request,
    frame: PracticeFrame,
    me: Identity,
    section: str,
    *,
    form: Typed,
    refused: Problem | None = None,
    template: str = "",
    status: int | None = None,
    **context: Any,
) -> Response:
    """The page of one section; ``refused`` is a refusal that belongs to no form, such as of a removal.

    ``status`` tells of a refusal that belongs to another form of the page.
    """
    status = refused.status if refused else status or form.status
    return page(
        request,
        template or f"practices/{section.replace('-', '_')}.html",
        status=status,
        me=me,
        frame=frame,
        practice=frame.practice,
        sections=SECTIONS,
        section=section,
        form=form,
        refused=refused,
        may_change=me.role == Role.ADMINISTRATOR,
        saved=status == 200 and "saved" in request.query_params,
        **context,
    )


def saved(request: Request, address: str) -> Response:
    """Back to the section, which says that it is saved."""
    return redirect(request, f"{address}?saved=1")


def _is_complete(section: str, counts: Mapping[str, int]) -> bool:
    if section == "hours":
        return counts["hours"] >= counts["practitioners"] > 0
    return counts[section] > 0


def _count(session: Session, table: type[PracticeOwned], practice_id: int, *more: ColumnElement[bool]) -> int:
    wanted = select(func.count()).select_from(table).where(table.practice_id == practice_id, *more)
    return session.scalar(wanted) or 0


def _practitioners_with_hours(practice_id: int) -> Select[int]:
    return (
        select(func.count(func.distinct(Schedule.practitioner_id)))
        .join(Opening, Opening.schedule_id == Schedule.id)
        .where(Schedule.practice_id == practice_id, Opening.practice_id == practice_id)
    )
