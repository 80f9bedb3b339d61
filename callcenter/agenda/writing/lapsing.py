"""Holds that end: confirmed, given back, or lapsed by themselves. What they took is free again."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor, practitioner_of
from callcenter.agenda.finding.groups import leave_group
from callcenter.agenda.finding.occupancy import Looker, free_again, free_time, lock_actors, seconds
from callcenter.agenda.occupation_models import Hold, HoldStatus, Occupation
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.versions import touch_agenda
from callcenter.agenda.writing.quotas import give_back_use
from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason, scoped_connection

_AT_ONCE = 100
_SCOPE = Centre(CentreReason.DISTRIBUTION)
# Without somebody of the staff (null) nothing is hers: what has lapsed is left.
_LAPSED_OR_HERS = (
    select(Occupation.hold_id)
    .where(
        Occupation.actor.in_(bindparam("actors", expanding=True)),
        Occupation.hold_id.is_not(None),
        Occupation.start < bindparam("end"),
        Occupation.end > bindparam("begin"),
        or_(Occupation.until <= bindparam("now"), Occupation.held_by == bindparam("staff_id")),
    )
    .distinct()
)


def clear_holds(
    session: Session,
    actors: Collection[int],
    begin: int,
    end: int,
    *,
    staff_id: int | None,
    at: datetime,
    confirming: tuple[int, int] | None = None,
    in_groups: bool = False,
) -> None:
    """End what has lapsed there, and what she who is about to write holds there herself.

    ``begin`` and ``end`` in UTC seconds. ``confirming`` is the type of visit and the start that she writes: the hold of
    just that is confirmed. ``in_groups``: also places kept in groups, which occupy nobody by themselves. The actors are
    locked.
    """
    asked = {"actors": list(actors), "begin": begin, "end": end, "now": seconds(at), "staff_id": staff_id}
    occupying = scoped_connection(session).execute(_LAPSED_OR_HERS, asked).scalars()
    found = {one for one in occupying if one is not None}
    if in_groups:
        found |= _kept_in_groups(session, actors, begin, end, Looker(seconds(at), staff_id))
    for hold in _in_order(session, found):
        if hold.expires_at <= at:
            status = HoldStatus.LAPSED
        elif confirming == (hold.service_type_id, hold.start):
            status = HoldStatus.CONFIRMED
        else:
            status = HoldStatus.RELEASED
        end_hold(session, hold, status, at=at)


def _kept_in_groups(session: Session, actors: Collection[int], begin: int, end: int, looker: Looker) -> set[int]:
    practitioners = [found for one in actors if (found := practitioner_of(one)) is not None]
    return set(
        session.scalars(
            select(Hold.id).where(
                Hold.practitioner_id.in_(practitioners),
                Hold.group_visit_id.is_not(None),
                Hold.status == HoldStatus.ACTIVE,
                Hold.start < end,
                Hold.end > begin,
                free_again(looker),
            )
        )
    )


def clear_share(
    session: Session, opening_id: int, day: date, channel: Channel, *, staff_id: int | None, at: datetime
) -> None:
    """End the holds that have used up a channel's share of an opening without keeping it from her who writes."""
    ids = session.scalars(
        select(Hold.id).where(
            Hold.opening_id == opening_id,
            Hold.opening_day == day,
            Hold.channel == channel,
            Hold.status == HoldStatus.ACTIVE,
            free_again(Looker(seconds(at), staff_id)),
        )
    ).all()
    for hold in _in_order(session, ids):
        end_hold(session, hold, HoldStatus.LAPSED if hold.expires_at <= at else HoldStatus.RELEASED, at=at)


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
    free_time(session, "hold_id", hold.id)
    give_back_use(session, hold)
    if hold.group_visit_id is not None:
        leave_group(session, hold.group_visit_id)
    touch_agenda(session, hold.practice_id, hold.practitioner_id)


def release_lapsed(database: Database, clock: Clock) -> int:
    """Tell the screens of holds that have lapsed, and free what they counted for; how many there were.

    Whoever looks does not wait for it: to a reader a lapsed hold is free at its second.
    """
    lapsed = and_(Hold.status == HoldStatus.ACTIVE, Hold.expires_at <= clock.now())
    # Every second, and hardly ever is there one: no writer's turn is taken for it.
    with database.reading(_SCOPE) as session:
        if session.scalar(select(Hold.id).where(lapsed).limit(1)) is None:
            return 0
    with database.unit_of_work(_SCOPE) as session:
        ids = session.scalars(select(Hold.id).where(lapsed).order_by(Hold.id).limit(_AT_ONCE)).all()
        # Behind the same locks as every writer: what is counted belongs to whoever holds its actors.
        lock_actors(session, actors_of_holds(session, ids))
        found = [one for one in _in_order(session, ids) if one.status == HoldStatus.ACTIVE]
        for hold in found:
            end_hold(session, hold, HoldStatus.LAPSED, at=clock.now())
        return len(found)


def actors_of_holds(session: Session, hold_ids: Collection[int]) -> set[int]:
    """Whom and what these holds keep: to be locked before they are ended."""
    taken = session.scalars(select(Occupation.actor).where(Occupation.hold_id.in_(hold_ids)))
    practitioners = session.scalars(select(Hold.practitioner_id).where(Hold.id.in_(hold_ids)))
    return set(taken) | {practitioner_actor(one) for one in practitioners}


def _in_order(session: Session, hold_ids: Collection[int]) -> Sequence[Hold]:
    """These holds as they stand by now."""
    if not hold_ids:
        return ()
    rows = select(Hold).where(Hold.id.in_(hold_ids)).order_by(Hold.id)
    return session.scalars(rows.execution_options(populate_existing=True)).all()
