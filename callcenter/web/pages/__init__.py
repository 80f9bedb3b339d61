"""The pages, one module an area; each has a ``router``."""

from fastapi import APIRouter

from callcenter.web.pages import (
    accounts,
    agent,
    board,
    calls,
    cautions,
    desk,
    drafts,
    emergency,
    emergency_lines,
    emergency_ring,
    my_agenda,
    placing,
    practices,
    shield,
    staff,
    supervision,
    telephone,
    transfer,
    wall,
    wrap_up,
)

ROUTERS: tuple[APIRouter, ...] = (
    accounts.router,
    desk.router,
    agent.router,
    telephone.router,
    calls.router,
    drafts.router,
    wrap_up.router,
    transfer.router,
    shield.router,
    emergency.router,
    emergency_ring.router,
    emergency_lines.router,
    board.router,
    supervision.router,
    cautions.router,
    wall.router,
    placing.router,
    my_agenda.router,
    practices.router,
    staff.router,
)
