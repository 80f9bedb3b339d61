"""Tenancy: whose rows a piece of work may touch.

Every transaction carries a scope. A query on a practice's table without one raises; with one, it only ever sees the
rows of those practices. Work across practices must name a reason from a short list.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria
from sqlalchemy.schema import ForeignKey
from sqlalchemy.sql.base import ExecutableOption


class CentreReason(StrEnum):
    """Why a transaction may see the rows of every practice."""

    SIGN_IN = "sign_in"  # who somebody is comes before which practices they may see
    WEBHOOK = "webhook"  # the dialled number decides the practice
    DISTRIBUTION = "distribution"  # the queue and offers span practices
    BOARD = "board"  # the supervisor's view of the floor
    LOOPS = "loops"  # what nobody owns is handed over before midnight, of whichever practice
    OUTBOX = "outbox"  # delivery takes the next message whoever sent it
    ADMINISTRATION = "administration"  # the centre's own administrators, import
    SEED = "seed"  # demonstration data and tests


@dataclass(frozen=True, slots=True)
class Practices:
    """A set of practices."""

    ids: frozenset[int]

    @classmethod
    def of(cls, *ids: int) -> "Practices":
        """The scope of these practices."""
        return cls(frozenset(ids))


@dataclass(frozen=True, slots=True)
class Centre:
    """Every practice, for a stated reason."""

    reason: CentreReason


Scope = Practices | Centre


class ScopeMissing(RuntimeError):
    """A practice's table was touched without a scope: a fault in the program, never the user's."""


class OutsideScope(RuntimeError):
    """A row of another practice was about to be written."""


class PracticeOwned:
    """Mixin of every table whose rows belong to one practice."""

    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"), index=True)


def set_scope(session: Session, scope: Scope) -> None:
    """Narrow or widen what the rest of this transaction may touch."""
    session.info["scope"] = scope


def scope_of(session: Session) -> Scope | None:
    """The scope in force, if any."""
    found: Scope | None = session.info.get("scope")
    return found


def scoped_connection(session: Session, *practice_ids: int) -> Connection:
    """The session's connection, for statements that were built once and read no objects.

    There they take a tenth of what the ORM takes to build one and to read it (measured). Nothing limits them to the
    scope: they may touch rows of these practices, which is checked here, and of what has been found within the scope.
    What the session has pending is written first, as before its own statements. Raises ``ScopeMissing`` and
    ``OutsideScope``.
    """
    scope = scope_of(session)
    if scope is None:
        raise ScopeMissing("No scope for a statement of its own")
    if isinstance(scope, Practices) and not scope.ids.issuperset(practice_ids):
        raise OutsideScope(f"A statement about practices {practice_ids}")
    session.flush()
    return session.connection()


def guard(session_class: Any) -> None:
    """Make every session of this sessionmaker refuse unscoped work on practices' tables."""
    event.listen(session_class, "do_orm_execute", _limit_to_scope)
    event.listen(session_class, "before_flush", _refuse_foreign_rows)


def _limit_to_scope(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    scope = scope_of(state.session)
    if isinstance(scope, Centre):
        return  # before asking for the tables, which takes as long as a small statement
    if not any(issubclass(mapper.class_, PracticeOwned) for mapper in state.all_mappers):
        return
    if scope is None:
        raise ScopeMissing(f"No scope for {state.statement}")
    state.statement = state.statement.options(_limited_to(scope.ids))


@lru_cache(maxsize=256)  # what it costs to make one is more than what the statement costs
def _limited_to(ids: frozenset[int]) -> ExecutableOption:
    return with_loader_criteria(PracticeOwned, lambda cls: cls.practice_id.in_(ids), include_aliases=True)


def _refuse_foreign_rows(session: Session, _context: object, _instances: object) -> None:
    owned = [row for row in (*session.new, *session.dirty, *session.deleted) if isinstance(row, PracticeOwned)]
    if not owned:
        return
    scope = scope_of(session)
    if scope is None:
        raise ScopeMissing("No scope for a write")
    if isinstance(scope, Practices):
        for row in owned:
            if row.practice_id not in scope.ids:
                raise OutsideScope(f"{type(row).__name__} of practice {row.practice_id}")
