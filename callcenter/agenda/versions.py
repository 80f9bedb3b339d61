"""The version of an agenda: another one whenever anything changes that decides what is free in it, or how it is shown.

It stands in the database, since other processes write too. Rows that are written through a session are noticed by
themselves, and so are statements that change rules; whoever frees time by a statement says so. What has changed is
counted as the last thing of the transaction, in the order of ids: nobody waits for another lock while holding these. A
practitioner's own row is only ever wanted by writers who hold that agenda's lock already; one row a practice would let
the bookings of ten doctors wait for one another's commit.
"""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import bindparam, event, select, text
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.attributes import get_history

from callcenter.agenda.actors import practitioner_of
from callcenter.agenda.models import (
    Appointment,
    DayException,
    Opening,
    OpeningChannel,
    OpeningServiceType,
    PractitionerService,
    Schedule,
    ServiceType,
)
from callcenter.agenda.occupation_models import AgendaVersion, GroupVisit, Hold, Occupation
from callcenter.agenda.resource_models import Resource, ServiceNeed
from callcenter.core.db import before_commit, touch
from callcenter.core.scope import scoped_connection
from callcenter.directory.models import Patient, Practice, Practitioner, Site

EVERYBODY = 0  # instead of a practitioner: the rules, and whatever else several agendas share

Version = tuple[int, int]  # of what everybody shares, and of one practitioner

# A row that is missing is 0. Counting in the statement lets two who come at once both count.
_COUNT = text(
    "INSERT INTO agenda_version (practice_id, practitioner_id, version) VALUES (:practice_id, :practitioner_id, 1) "
    "ON CONFLICT (practice_id, practitioner_id) DO UPDATE SET version = agenda_version.version + 1"
)
_COUNT_ALL = text(
    "INSERT INTO agenda_version (practice_id, practitioner_id, version) SELECT id, 0, 1 FROM practice "
    "WHERE true ORDER BY id "
    "ON CONFLICT (practice_id, practitioner_id) DO UPDATE SET version = agenda_version.version + 1"
)
_ALL = (-1, EVERYBODY)
_VERSIONS = select(AgendaVersion.practice_id, AgendaVersion.practitioner_id, AgendaVersion.version).where(
    AgendaVersion.practice_id.in_(bindparam("practices", expanding=True))
)
_VERSIONS_OF = _VERSIONS.where(AgendaVersion.practitioner_id.in_(bindparam("practitioners", expanding=True)))


def touch_agenda(session: Session, practice_id: int, practitioner_id: int = EVERYBODY) -> None:
    """An agenda has changed, of one practitioner or in what everybody shares: its screens read it again."""
    note_change(session, practice_id, practitioner_id)
    touch(session, f"agenda-{practice_id}")


def note_change(session: Session, practice_id: int, practitioner_id: int = EVERYBODY) -> None:
    """The same without telling the screens."""
    changed: set[tuple[int, int]] = session.info.setdefault("agendas", set())
    changed.add((practice_id, practitioner_id))
    before_commit(session, "agendas", lambda: _count(session, changed))


def note_actor(session: Session, practice_id: int, actor: int) -> None:
    """What is taken of an actor has changed. Of rooms and devices nothing is remembered."""
    practitioner_id = practitioner_of(actor)
    if practitioner_id is not None:
        note_change(session, practice_id, practitioner_id)


def versions_of(
    session: Session, practice_ids: Collection[int], practitioner_ids: Collection[int] | None = None
) -> dict[int, int]:
    """The versions as they stand, by practitioner, and by the practice's id made negative for what everybody shares.

    To be asked before what is remembered by them is read: what is read then is at least as new.
    """
    connection = scoped_connection(session, *practice_ids)
    if practitioner_ids is None:
        rows = connection.execute(_VERSIONS, {"practices": list(practice_ids)})
    else:
        asked = {"practices": list(practice_ids), "practitioners": [EVERYBODY, *practitioner_ids]}
        rows = connection.execute(_VERSIONS_OF, asked)
    return {whose or -practice: version for practice, whose, version in rows}


def rules_are_touched(session: Session, practice_id: int) -> bool:
    """Whether this very transaction has changed what several agendas of it share; asked once it is flushed."""
    changed: set[tuple[int, int]] = session.info.get("agendas", set())
    return _ALL in changed or (practice_id, EVERYBODY) in changed


def _count(session: Session, changed: set[tuple[int, int]]) -> None:
    if _ALL in changed:
        session.connection().execute(_COUNT_ALL)
    rows = [{"practice_id": practice, "practitioner_id": whose} for practice, whose in sorted(changed - {_ALL})]
    if rows:
        session.connection().execute(_COUNT, rows)


def _everybody(session: Session, row: Any) -> None:
    note_change(session, row.practice_id)


def _practice(session: Session, row: Practice) -> None:
    note_change(session, row.id)


def _one(session: Session, row: Any) -> None:
    # Moved from one practitioner to another, it has changed both agendas.
    for practitioner_id in {row.practitioner_id, *get_history(row, "practitioner_id").deleted}:
        note_change(session, row.practice_id, practitioner_id)


def _taken(session: Session, row: Occupation) -> None:
    for actor in {row.actor, *get_history(row, "actor").deleted}:
        note_actor(session, row.practice_id, actor)


def _patient(session: Session, row: Patient) -> None:
    # Agendas show names; a new patient stands in none.
    if any(get_history(row, name).deleted for name in ("family_name", "given_name")):
        note_change(session, row.practice_id)


_RULES = (
    *(Opening, OpeningChannel, OpeningServiceType, DayException, Schedule),
    *(ServiceType, PractitionerService, ServiceNeed, Resource, Practitioner, Site),
)
_WRITTEN: dict[type, Callable[[Session, Any], None]] = {
    **dict.fromkeys(_RULES, _everybody),
    **dict.fromkeys((Appointment, Hold, GroupVisit), _one),
    Occupation: _taken,
    Practice: _practice,
    Patient: _patient,
}


@event.listens_for(Session, "after_flush")
def _note_written(session: Session, _context: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        note = _WRITTEN.get(type(row))
        if note is not None:
            note(session, row)


@event.listens_for(Session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    """Rules that are changed by a statement: whose, only the statement knows. That is rare; all are read again."""
    if state.is_select:
        return
    if any(mapper.class_ in _RULES for mapper in state.all_mappers):
        note_change(state.session, *_ALL)
