"""The pages, one module an area; each has a ``router``."""

from fastapi import APIRouter

from callcenter.web.pages import (
    accounts,
    agent,
    board,
    calls,
    desk,
    emergency,
    my_agenda,
    placing,
    practices,
    staff,
    wall,
)

ROUTERS: tuple[APIRouter, ...] = (
    accounts.router,
    desk.router,
    agent.router,
    calls.router,
    emergency.router,
    board.router,
    wall.router,
    placing.router,
    my_agenda.router,
    practices.router,
    staff.router,
)
