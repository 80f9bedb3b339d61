"""What a page's function may ask for: the instant, the signed-in person, a session in her scope, the outside world."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import Forbidden
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason, Practices
from callcenter.directory.identity import Identity, load_identity
from callcenter.directory.line_book import LineBook
from callcenter.directory.models import Role
from callcenter.routing.admission import Admission
from callcenter.routing.desk_claim import refuse_elsewhere
from callcenter.routing.waits import Waits
from callcenter.telephony.provider import Provider
from callcenter.web.deadline import Workers
from callcenter.web.errors import SignInNeeded

SESSION_COOKIE = "callcenter_session"

# Days and instants (UTC seconds) that an agenda can show; beyond them the calendar itself gives out.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
FIRST_INSTANT, LAST_INSTANT = 946_684_800, 7_258_118_399
LARGEST_ID = 2**31 - 1


def voice_workers(database: Database | None = None) -> Workers:
    """Threads for callers on the line, who are answered within 2 s whatever happens.

    SQLite lets one writer in at a time: a second thread would only wait, and each change by another connection empties
    a connection's own memory of the file (measured: a fifth more work for every call).
    """
    return Workers("voice", threads=1 if database is not None and database.is_sqlite else 8, deadline=1.5)


@dataclass(frozen=True, slots=True)
class World:
    """What the process was started with."""

    settings: Settings
    database: Database
    clock: Clock
    provider: Provider
    lines: LineBook = field(default_factory=LineBook)
    admission: Admission = field(default_factory=Admission)
    waits: Waits = field(default_factory=Waits)
    voice: Workers = field(default_factory=voice_workers)
    # The carrier waits up to 15 s for the answer to a report.
    reports: Workers = field(default_factory=lambda: Workers("reports", threads=8, deadline=5.0, backlog=256))
    # Regions of the desk (``web/lanes.py``): more threads would only fight over the interpreter.
    cards: Workers = field(default_factory=lambda: Workers("cards", threads=3, deadline=10.0, backlog=1024))
    lists: Workers = field(default_factory=lambda: Workers("lists", threads=2, deadline=10.0, backlog=1024))
    # Somebody is in danger. What needs the database has 0.8 s; after that the carrier is told without it, in threads
    # that no database can hold up, and what was done is written down once it answers again.
    urgent: Workers = field(default_factory=lambda: Workers("urgent", threads=6, deadline=0.8))
    direct: Workers = field(default_factory=lambda: Workers("direct", threads=6, deadline=5.0))
    late: Workers = field(default_factory=lambda: Workers("late", threads=2, deadline=5.0))


def world(request: Request) -> World:
    """The process's settings, database, clock and carrier."""
    found: World = request.app.state.world
    return found


TheWorld = Annotated[World, Depends(world)]


def now(world: TheWorld) -> datetime:
    """The instant of this request, aware, in UTC; asked once."""
    return world.clock.now()


At = Annotated[datetime, Depends(now)]


def identify(request: Request, world: TheWorld, at: At) -> Identity | None:
    """Who is signed in, if anybody; also kept on the request for error pages."""
    if SESSION_COOKIE not in request.cookies:
        return None
    with world.database.reading(Centre(CentreReason.SIGN_IN)) as session:
        return identify_in(session, request, at=at)


def identify_in(session: Session, request: Request, *, at: datetime) -> Identity | None:
    """The same by a session that may look for anybody."""
    token = request.cookies.get(SESSION_COOKIE)
    me = load_identity(session, token, at=at) if token else None
    request.state.me = me
    return me


def signed_in(me: Annotated[Identity | None, Depends(identify)]) -> Identity:
    """Whoever is signed in; others are sent to the sign-in page."""
    if me is None:
        raise SignInNeeded
    return me


Me = Annotated[Identity, Depends(signed_in)]
MaybeMe = Annotated[Identity | None, Depends(identify)]


def require(*roles: Role) -> Callable[[Identity], Identity]:
    """A dependency that lets only these roles in: ``Annotated[Identity, Depends(require(Role.OPERATOR))]``."""

    def allowed(me: Me) -> Identity:
        if me.role not in roles:
            raise Forbidden(N_("This page is not for your account."))
        return me

    return allowed


def reading(world: TheWorld, me: Me) -> Iterator[Session]:
    """A session that only reads, limited to her practices."""
    with world.database.reading(Practices(me.practice_ids)) as session:
        yield session


def writing(world: TheWorld, me: Me) -> Iterator[Session]:
    """This request's one transaction, limited to her practices; commits when the function returns."""
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        yield session


# scope="function": the commit comes before the response, so that nobody reads a promise that is then rolled back.
Reads = Annotated[Session, Depends(reading, scope="function")]
Writes = Annotated[Session, Depends(writing, scope="function")]

AnyBrowser = Annotated[Identity, Depends(require(Role.OPERATOR, Role.SUPERVISOR))]


def at_her_desk(request: Request, world: TheWorld, me: AnyBrowser, at: At) -> Identity:
    """She may read in any browser; gestures are made in the one that has her desk. Raises ``Conflict``."""
    if request.method not in {"GET", "HEAD"}:
        with world.database.reading(Practices(me.practice_ids)) as session:
            refuse_elsewhere(session, me.staff_id, me.session_id, at=at)
    return me


Operator = Annotated[Identity, Depends(at_her_desk)]
Supervisor = Annotated[Identity, Depends(require(Role.SUPERVISOR, Role.ADMINISTRATOR))]
Administrator = Annotated[Identity, Depends(require(Role.ADMINISTRATOR))]
Doctor = Annotated[Identity, Depends(require(Role.PRACTITIONER))]
