"""Wiring, nothing else: which room hears of what, which router answers where."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from callcenter import __version__
from callcenter.agenda.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMoved,
    AppointmentRestored,
    SeriesBooked,
)
from callcenter.core.clock import Clock, SystemClock
from callcenter.core.config import Settings, load_settings
from callcenter.core.db import Database
from callcenter.core.events import EventBus
from callcenter.core.i18n import load_catalogues
from callcenter.core.migrate import refuse_newer
from callcenter.desk.emergency import keep_relay
from callcenter.desk.shield import lower_shield
from callcenter.desk.supervision_ends import end_with_call, follow_supervisor
from callcenter.desk.tasks_from_answers import follow_message, open_task_from_answer
from callcenter.dispatch.events import MessageAnswered, MessageMoved
from callcenter.dispatch.notices import follow_leg as follow_notice
from callcenter.jobs.ticker import Ticker
from callcenter.messaging.notices import tell_patient
from callcenter.messaging.subscribers import (
    cancel_confirmation,
    confirm_booking,
    confirm_move,
    confirm_series,
    restore_confirmation,
)
from callcenter.routing.callbacks import close_callback, owe_callback
from callcenter.routing.calling_back import bring_in_patient, note_taken, place_again, reopen_callback
from callcenter.routing.cut_in_emergency import relieve_cut_off
from callcenter.routing.events import CallAbandoned, CallAccepted
from callcenter.routing.queue import follow_leg, leave_queue
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.provider import Provider
from callcenter.telephony.twilio_provider import TwilioProvider
from callcenter.web import live, webhooks
from callcenter.web.at_once import act_at_once
from callcenter.web.context import World, voice_workers
from callcenter.web.errors import install_error_pages
from callcenter.web.line_watch import kept_line_book
from callcenter.web.pages import ROUTERS
from callcenter.web.rendering import open_templates
from callcenter.web.security import Guard
from callcenter.web.static_files import FOLDER, MarkedFiles
from callcenter.web.wait_watch import WaitWatch


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None, provider: Provider | None = None
) -> FastAPI:
    """The product as one ASGI application. Raises ``StartRefused`` on a wrong setting or a newer database."""
    settings = settings or load_settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    refuse_newer(settings.database_url)
    load_catalogues()
    database = Database(settings.database_url, bus=wire_events())
    world = World(
        settings=settings,
        database=database,
        clock=clock or SystemClock(settings.clock_offset),
        provider=provider or TwilioProvider(settings),
        voice=voice_workers(database),
    )
    act_at_once(world)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.stopping = asyncio.Event()
        ticker = Ticker(world.settings, world.database, world.clock, world.provider)
        waits = WaitWatch(world.waits, world.database, world.clock, zone=world.settings.centre_zone)
        async with kept_line_book(world.lines, world.database):
            waits.start()
            if settings.jobs:
                ticker.start()
            yield
            app.state.stopping.set()
            ticker.stop()
            waits.stop()
        for workers in (world.voice, world.reports, world.cards, world.lists, world.urgent, world.direct, world.late):
            workers.close(timeout=3)
        world.database.close()

    app = FastAPI(
        title="callcenter", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.world = world
    app.state.templates = open_templates()
    install_error_pages(app)
    app.mount("/static", MarkedFiles(directory=FOLDER), name="static")
    app.router.routes.extend(_routes())
    app.add_middleware(
        Guard,
        public_url=settings.public_url,
        softphone_url=settings.softphone_url,
        softphone_sdk_url=settings.softphone_sdk_url if settings.has_softphone else None,
        default_language=settings.default_language,
    )
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Every route, prepared once a process.

    FastAPI would prepare them when the first request is matched, on the event loop: half a second in which the first
    callers after a deploy wait. Here nobody waits yet.
    """
    routers = APIRouter()
    for router in (webhooks.router, live.router, *ROUTERS):
        routers.include_router(router)
    routers.add_api_route("/healthz", _healthy, methods=["GET"])
    for _route in iter_route_contexts(routers.routes):
        pass
    return tuple(routers.routes)


def wire_events() -> EventBus:
    """Which domain hears of which fact; the one place where a reader sees it all."""
    bus = EventBus()
    bus.subscribe(LegChanged, follow_leg)
    bus.subscribe(LegChanged, keep_relay)
    bus.subscribe(LegChanged, follow_supervisor)
    bus.subscribe(LegChanged, bring_in_patient)
    bus.subscribe(LegChanged, close_callback)
    bus.subscribe(LegChanged, follow_notice)
    bus.subscribe(CallEnded, leave_queue)
    bus.subscribe(CallEnded, reopen_callback)
    bus.subscribe(CallAccepted, note_taken)
    bus.subscribe(CallAccepted, relieve_cut_off)
    bus.subscribe(CallAbandoned, owe_callback)
    bus.subscribe(CallAbandoned, place_again)
    bus.subscribe(CallEnded, end_with_call)
    bus.subscribe(CallEnded, lower_shield)
    bus.subscribe(AppointmentBooked, confirm_booking)
    bus.subscribe(AppointmentCancelled, cancel_confirmation)
    bus.subscribe(AppointmentMoved, confirm_move)
    bus.subscribe(SeriesBooked, confirm_series)
    bus.subscribe(AppointmentRestored, restore_confirmation)
    bus.subscribe(MessageMoved, tell_patient)
    bus.subscribe(MessageMoved, follow_message)
    bus.subscribe(MessageAnswered, open_task_from_answer)
    return bus


def _healthy() -> JSONResponse:
    return JSONResponse({"status": "up", "version": __version__})
