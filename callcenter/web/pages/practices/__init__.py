"""Administration of the practices: one module a section of a practice's page."""

from fastapi import APIRouter

from callcenter.web.pages.practices import (
    certifications,
    contacts,
    hours,
    instructions,
    line_times,
    lines,
    particulars,
    patients,
    practitioners,
    service_types,
    sites,
)

router = APIRouter()
for section in (
    *(particulars, lines, line_times, certifications, sites),
    *(practitioners, hours, service_types, contacts, instructions, patients),
):
    router.include_router(section.router)
