"""The doctor's page served alone: the application's own pieces, without the rooms it does not touch."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI
from sqlalchemy import update

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import open_session
from callcenter.directory.models import Practitioner, Role, Staff
from callcenter.web import live
from callcenter.web.context import SESSION_COOKIE, World
from callcenter.web.errors import install_error_pages
from callcenter.web.pages import my_agenda
from callcenter.web.rendering import open_templates
from callcenter.web.security import Guard
from callcenter.web.static_files import FOLDER, MarkedFiles
from tests.agenda.cast import NINE, SEED, Cast
from tests.messaging.carriers import TextCarrier


def doctor_s_app(database: Database, clock: Clock, *, public_url: str = "http://testserver") -> FastAPI:
    """An application with the doctor's page, the live stream and the static files."""
    settings = Settings(
        secret_key="x" * 32,  # type: ignore[arg-type]
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",  # type: ignore[arg-type]
        public_url=public_url,
    )
    app = FastAPI()
    app.state.world = World(settings=settings, database=database, clock=clock, provider=TextCarrier())
    app.state.stopping = asyncio.Event()
    app.state.templates = open_templates()
    install_error_pages(app)
    app.mount("/static", MarkedFiles(directory=FOLDER), name="static")
    app.include_router(live.router)
    app.include_router(my_agenda.router)
    app.add_middleware(Guard, public_url=public_url, softphone_url="", default_language="fr")
    return app


def doctor_s_cookie(database: Database, *casts: Cast) -> dict[str, str]:
    """Dr Lemoine, signed in; hers are the agendas of these casts."""
    with database.unit_of_work(SEED) as session:
        lemoine = Staff(
            login="lemoine",
            name="Dr Anne Lemoine",
            first_name="Anne",
            role=Role.PRACTITIONER,
            password_hash="-",
            language="fr",
            created_at=NINE,
        )
        session.add(lemoine)
        session.flush()
        session.execute(
            update(Practitioner)
            .where(Practitioner.id.in_([cast.practitioner_id for cast in casts]))
            .values(staff_id=lemoine.id)
        )
        staff_id = lemoine.id
    with database.unit_of_work(Centre(CentreReason.SIGN_IN)) as session:
        return {SESSION_COOKIE: open_session(session, staff_id, at=NINE)}
