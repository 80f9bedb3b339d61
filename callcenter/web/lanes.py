"""Regions that many screens read again at once: each is read in one piece, in a few threads of its own kind.

A page's function is handed from thread to thread for each thing that it asks for, and every page shares forty threads.
With two hundred screens following one queue, those forty fought over the interpreter: a ringing card took 5 s at the
median (docs/bench.md). Here two or three work, who they read for is known in the same piece, and a card never stands
behind the lists.
"""

from collections.abc import Callable
from contextvars import copy_context
from datetime import datetime

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from callcenter.core.scope import Centre, CentreReason, Practices, set_scope
from callcenter.directory.identity import Identity
from callcenter.directory.models import Role
from callcenter.web.context import World, identify_in, require, signed_in
from callcenter.web.deadline import TooLate, Workers, in_time

Region = Callable[[Request, Session, Identity, datetime], HTMLResponse]

_at_a_desk = require(Role.OPERATOR, Role.SUPERVISOR)


def cards(world: World) -> Workers:
    """What rings, and what she talks on."""
    return world.cards


def lists(world: World) -> Workers:
    """What waits, and what is left to do: of every screen, whenever the queue changes."""
    return world.lists


def in_lane(lane: Callable[[World], Workers]) -> Callable[[Region], Callable[[Request], object]]:
    """Read a region of the desk in this lane; the function is given a reading session in her scope.

    503 when the lane is still busy at its deadline: the region stays as it is, with a sentence beside it.
    """

    def made(region: Region) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> HTMLResponse:
            world: World = request.app.state.world
            context = copy_context()  # the language of the request
            try:
                return await in_time(lane(world), lambda: context.run(_read, region, request, world))
            except TooLate:
                raise HTTPException(503) from None

        endpoint.__name__, endpoint.__doc__ = region.__name__, region.__doc__
        return endpoint

    return made


def _read(region: Region, request: Request, world: World) -> HTMLResponse:
    at = world.clock.now()
    # One connection for who she is and what she sees: two would be half of the work.
    with world.database.reading(Centre(CentreReason.SIGN_IN)) as session:
        me = _at_a_desk(signed_in(identify_in(session, request, at=at)))
        set_scope(session, Practices(me.practice_ids))
        return region(request, session, me, at)
