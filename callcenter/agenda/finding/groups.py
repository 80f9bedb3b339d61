"""Visits that several patients share: which have places left, and the counting of places."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.agenda.finding.occupancy import Looker, free_again, free_time
from callcenter.agenda.occupation_models import GroupVisit, Hold, HoldStatus


@dataclass(frozen=True, slots=True)
class Group:
    """A group that is not empty; ``left`` places can still be had. UTC seconds."""

    id: int
    schedule_id: int
    start: int
    end: int
    left: int


def read_groups(
    session: Session, practitioner_ids: Collection[int], service_type_id: int, begin: int, end: int, looker: Looker
) -> list[Group]:
    """The groups of one type of visit that have begun to fill, between two instants, as the looker sees their places.

    One query, two when there are any.
    """
    rows = session.scalars(
        select(GroupVisit)
        .where(
            GroupVisit.practitioner_id.in_(practitioner_ids),
            GroupVisit.service_type_id == service_type_id,
            GroupVisit.start >= begin,
            GroupVisit.start < end,
            GroupVisit.taken > 0,
        )
        .order_by(GroupVisit.start)
    ).all()
    if not rows:
        return []
    held = Counter(
        session.scalars(
            select(Hold.group_visit_id).where(
                Hold.group_visit_id.in_([one.id for one in rows]), Hold.status == HoldStatus.ACTIVE, free_again(looker)
            )
        )
    )
    return [Group(one.id, one.schedule_id, one.start, one.end, one.capacity - one.taken + held[one.id]) for one in rows]


def join_group(session: Session, group_visit_id: int) -> bool:
    """Take one place; False when none is left. The condition stands in the statement."""
    return bool(_change(session, group_visit_id, 1))


def leave_group(session: Session, group_visit_id: int) -> None:
    """Give one place back; an empty group occupies nobody any more."""
    left = _change(session, group_visit_id, -1)
    if left == [0]:
        free_time(session, "group_visit_id", group_visit_id)


def _change(session: Session, group_visit_id: int, by: int) -> list[int]:
    taken = GroupVisit.taken + by
    return list(
        session.scalars(
            update(GroupVisit)
            .where(GroupVisit.id == group_visit_id, taken >= 0, taken <= GroupVisit.capacity)
            .values(taken=taken)
            .returning(GroupVisit.taken)
            .execution_options(synchronize_session=False)
        )
    )
