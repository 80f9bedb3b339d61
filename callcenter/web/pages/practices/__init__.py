"""Administration of the practices: one module a section of a practice's page."""

from fastapi import APIRouter

from callcenter.web.pages.practices import (
    certifications,
    contacts,
    exceptions,
    hours,
    instructions,
    line_times,
    lines,
    message_ladder,
    message_templates,
    messages,
    on_call,
    on_call_calendar,
    on_call_overrides,
    on_call_rotations,
    opening_endings,
    openings,
    overbooking,
    own_visits,
    particulars,
    patients,
    practitioners,
    resources,
    schedules,
    service_types,
    sites,
)

router = APIRouter()
for section in (
    *(particulars, lines, line_times, certifications, sites),
    *(practitioners, hours, schedules, openings, opening_endings, exceptions),
    *(service_types, own_visits, resources, overbooking, contacts, instructions, patients),
    *(messages, message_ladder, message_templates),
    *(on_call, on_call_rotations, on_call_overrides, on_call_calendar),
):
    router.include_router(section.router)
