"""Nothing passes midnight without an owner: from 23:45 by the centre's clock, what has no name is handed to somebody.

Found by looking, every second, and written in batches of one transaction each: killed in the middle, it goes on where
it was. After midnight the night is closed once: whatever passed it all the same, since the product was down, is handed
over then and counted; that figure must be 0.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.core.audit import AuditEntry, record_act
from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.loop_rules import Candidate, Loop, OwnerReason, heir, is_night, last_midnight
from callcenter.desk.loops import open_loops
from callcenter.desk.models import LoopOwner, NightDuty
from callcenter.desk.owning import colleagues, name_owner
from callcenter.directory.models import Role, Staff, StaffSession

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.LOOPS)
_BATCH = 50
# Two looks: what runs out between the last look of the day and midnight has somebody's name before.
_AHEAD = timedelta(seconds=2)
_CLOSED = "loops.night_closed"
_NIGHTS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Duty:
    """Who has the night: chosen, or whoever the rule names; ``name`` empty when there is nobody."""

    staff_id: int | None
    name: str
    is_chosen: bool


class NightlyCheck:
    """The check of one process; it remembers which night it has closed, so that by day it asks nothing."""

    def __init__(self, database: Database, clock: Clock, *, zone: ZoneInfo, batch: int = _BATCH) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone
        self._batch = batch
        self._closed_on: date | None = None

    def run(self) -> int:
        """Hand over what is due now; how many loops got a name."""
        at = self._clock.now()
        handed = self._close_night(at) if self._closed_on != at.astimezone(self._zone).date() else 0
        while is_night(at := self._clock.now(), self._zone):
            done = self._hand_over(at, as_of=at + _AHEAD)
            handed += done
            if done < self._batch:
                break
        return handed

    def _close_night(self, at: datetime) -> int:
        """Once after each midnight: who was nobody's at that moment is found, handed over and counted."""
        midnight = last_midnight(at, self._zone)
        today = at.astimezone(self._zone).date()
        with self._database.reading(_SCOPE) as session:
            is_closed = any(night >= today for night, _passed in closed_nights(session, at_most=1))
        handed = 0
        if not is_closed:
            while done := self._hand_over(at, as_of=midnight):
                handed += done
                if done < self._batch:
                    break
            with self._database.unit_of_work(_SCOPE) as session:
                passed = len(_without_name(session, midnight)) + _handed_since(session, midnight)
                record_act(session, _CLOSED, f"night {today.isoformat()} passed {passed}", staff_id=None, at=at)
                touch(session, "loops")
            if passed:
                log.error("%s open loops passed midnight without an owner", passed)
        self._closed_on = today
        return handed

    def _hand_over(self, at: datetime, *, as_of: datetime) -> int:
        """One batch, in one transaction: what was, or will be, nobody's at ``as_of``."""
        with self._database.unit_of_work(_SCOPE) as session:
            nobodys = _without_name(session, as_of)[: self._batch]
            if not nobodys:
                return 0
            duty = who_has_the_night(session)
            if duty.staff_id is None:
                log.error("%s open loops have no owner, and there is no supervisor or administrator", len(nobodys))
                return 0
            for loop in nobodys:
                name_owner(session, loop, duty.staff_id, OwnerReason.NIGHT, named_by=None, at=at)
            return len(nobodys)


def who_has_the_night(session: Session) -> Duty:
    """To whom the check would hand things now. Two queries."""
    wished = session.scalar(select(NightDuty.staff_id).where(NightDuty.id == 1))
    rows = session.execute(
        select(Staff.id, Staff.name, Staff.role, func.max(StaffSession.created_at))
        .outerjoin(StaffSession, StaffSession.staff_id == Staff.id)
        .where(Staff.is_active, Staff.role != Role.PRACTITIONER)
        .group_by(Staff.id, Staff.name, Staff.role)
    ).all()
    candidates = [
        Candidate(one, role == Role.SUPERVISOR, role == Role.ADMINISTRATOR, signed_in_at)
        for one, _name, role, signed_in_at in rows
    ]
    chosen = heir(candidates, wished=wished)
    name = next((name for one, name, _role, _signed_in in rows if one == chosen), "")
    return Duty(chosen, name, is_chosen=chosen is not None and chosen == wished)


def choose_night_duty(session: Session, to: str, *, staff_id: int, at: datetime) -> None:
    """Say who has the night from now on; nobody chosen leaves it to the rule. Raises ``Invalid`` (field ``to``)."""
    row = session.get(NightDuty, 1)
    chosen = to.strip()
    if not chosen:
        if row is not None:
            session.delete(row)
    elif not (chosen.isascii() and chosen.isdigit()) or int(chosen) not in {
        one.staff_id for one in colleagues(session)
    }:
        raise Invalid(N_("Choose a colleague from the list."), field="to")
    elif row is None:
        session.add(NightDuty(id=1, staff_id=int(chosen), named_by=staff_id, named_at=at))
    else:
        row.staff_id, row.named_by, row.named_at = int(chosen), staff_id, at
    record_act(session, "night_duty.chosen", f"staff {chosen or 'by rule'}", staff_id=staff_id, at=at)
    touch(session, "loops")


def handed_at_night(session: Session, staff_id: int, *, at: datetime) -> int:
    """How many open loops are hers since the night, of which she has not looked at her list since. One query by day."""
    news = select(LoopOwner.ref_id).where(LoopOwner.staff_id == staff_id, LoopOwner.reason == OwnerReason.NIGHT)
    if session.scalar(news.limit(1)) is None:
        return 0
    return sum(
        one.owner.is_staff(staff_id) and one.owner.reason is OwnerReason.NIGHT for one in open_loops(session, at=at)
    )


def closed_nights(session: Session, *, at_most: int = _NIGHTS_SHOWN) -> Sequence[tuple[date, int]]:
    """The nights that were closed, the latest first: the day that began, and what had passed its midnight unowned."""
    subjects = session.scalars(
        select(AuditEntry.subject).where(AuditEntry.action == _CLOSED).order_by(AuditEntry.id.desc()).limit(at_most)
    )
    nights: dict[date, int] = {}
    for _night, day, _passed, count in (subject.split() for subject in subjects):
        nights.setdefault(date.fromisoformat(day), int(count))
    return list(nights.items())


def _without_name(session: Session, as_of: datetime) -> list[Loop]:
    return [one for one in open_loops(session, at=as_of) if one.since <= as_of and not one.owner.has_name]


def _handed_since(session: Session, midnight: datetime) -> int:
    handed = (
        select(func.count()).select_from(LoopOwner).where(LoopOwner.named_by.is_(None), LoopOwner.named_at >= midnight)
    )
    return session.scalar(handed) or 0
