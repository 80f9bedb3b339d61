"""Holds that end: confirmed, given back, or lapsed by themselves. What they took is free again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from callcenter.agenda.groups import leave_group
from callcenter.agenda.occupancy import seconds
from callcenter.agenda.occupation_models import Hold, HoldStatus, Occupation
from callcenter.agenda.quotas import give_back_use
from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.scope import Centre, CentreReason

_AT_ONCE = 100
_SCOPE = Centre(CentreReason.DISTRIBUTION)


def clear_holds(
    session: Session,
    actors: Collection[int],
    begin: int,
    end: int,
    *,
    staff_id: int | None,
    at: datetime,
    confirming: tuple[int, int] | None = None,
) -> None:
    """End what has lapsed there, and what she who is about to write holds there herself.

    ``begin`` and ``end`` in UTC seconds. ``confirming`` is the type of visit and the start that she writes: the hold of
    just that is confirmed. The actors are locked.
    """
    over = Occupation.until <= seconds(at)
    ids = session.scalars(
        select(Occupation.hold_id)
        .where(
            Occupation.actor.in_(actors),
            Occupation.hold_id.is_not(None),
            Occupation.start < end,
            Occupation.end > begin,
            over if staff_id is None else or_(over, Occupation.held_by == staff_id),
        )
        .distinct()
    ).all()
    for hold in session.scalars(select(Hold).where(Hold.id.in_(ids)).order_by(Hold.id)).all():
        if hold.expires_at <= at:
            status = HoldStatus.LAPSED
        elif confirming == (hold.service_type_id, hold.start):
            status = HoldStatus.CONFIRMED
        else:
            status = HoldStatus.RELEASED
        end_hold(session, hold, status, at=at)


def end_hold(session: Session, hold: Hold, status: HoldStatus, *, at: datetime) -> None:
    """End an active hold; one that has ended stays as it ended."""
    session.flush()
    # Two may want to end it at once: what it counted for is given back once.
    ended = session.scalars(
        update(Hold)
        .where(Hold.id == hold.id, Hold.status == HoldStatus.ACTIVE)
        .values(status=status, settled_at=at)
        .returning(Hold.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.refresh(hold)
    if not ended:
        return
    session.execute(
        delete(Occupation).where(Occupation.hold_id == hold.id).execution_options(synchronize_session="fetch")
    )
    give_back_use(session, hold)
    if hold.group_visit_id is not None:
        leave_group(session, hold.group_visit_id)
    touch(session, f"agenda-{hold.practice_id}")


def release_lapsed(database: Database, clock: Clock) -> int:
    """Tell the screens of holds that have lapsed, and free what they counted for; how many there were.

    Whoever looks does not wait for it: to a reader a lapsed hold is free at its second. Rows that a writer is about to
    end are left to that writer.
    """
    lapsed = and_(Hold.status == HoldStatus.ACTIVE, Hold.expires_at <= clock.now())
    # Every second, and hardly ever is there one: no writer's turn is taken for it.
    with database.reading(_SCOPE) as session:
        if session.scalar(select(Hold.id).where(lapsed).limit(1)) is None:
            return 0
    with database.unit_of_work(_SCOPE) as session:
        rows = select(Hold).where(lapsed).order_by(Hold.id).limit(_AT_ONCE)
        found = session.scalars(rows.with_for_update(skip_locked=True, key_share=True)).all()
        for hold in found:
            end_hold(session, hold, HoldStatus.LAPSED, at=clock.now())
        return len(found)
