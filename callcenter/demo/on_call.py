"""Who is on call in the demonstration: two doctors by weeks, one weekend given to a third, one evening left open."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.demo.codes import Codes
from callcenter.directory.models import Practitioner
from callcenter.dispatch.on_call_models import OnCallMember, OnCallRotation
from callcenter.dispatch.shifts import NOBODY, OverrideParticulars, add_override
from callcenter.dispatch.swaps import propose_swap, swappable_stretches

_ZONE = ZoneInfo("Europe/Paris")
# Practice, who in turn, days of a turn.
_ROTATIONS = (("tilleuls", ("lemoine", "arnaud"), 7), ("rosiers", ("benali", "castaing"), 1))
_CHANGE = time(18)


def arrange_on_call(session: Session, codes: Codes, *, at: datetime) -> None:
    """Rotations that have run for some weeks, what a supervisor set by hand, and a swap that waits for Dr Lemoine."""
    people = {
        (one.practice_id, one.code): one for one in session.scalars(select(Practitioner).order_by(Practitioner.id))
    }
    today = at.astimezone(_ZONE).date()
    monday = today - timedelta(days=today.weekday())
    for practice, members, turn_days in _ROTATIONS:
        practice_id = codes.practice_id(practice)
        # Begun four weeks ago: no form writes the past, and a demonstration has one.
        row = OnCallRotation(
            practice_id=practice_id,
            name="Nuits et week-ends",
            starts_on=monday - timedelta(days=28),
            turn_days=turn_days,
            changes_at=_CHANGE,
        )
        session.add(row)
        session.flush()
        session.add_all(
            OnCallMember(
                practice_id=practice_id,
                rotation_id=row.id,
                position=position,
                practitioner_id=people[practice_id, code].id,
            )
            for position, code in enumerate(members)
        )
        session.flush()
    tilleuls = codes.practice_id("tilleuls")
    saturday = monday + timedelta(days=12)
    supervisor, arnaud = codes.staff_id("sofia"), codes.staff_id("arnaud")
    assert supervisor is not None
    assert arnaud is not None
    for who, starts, ends in (
        (people[tilleuls, "infirmiere"].id, f"{saturday}T08:00", f"{saturday}T20:00"),
        (NOBODY, f"{saturday + timedelta(days=4)}T18:00", f"{saturday + timedelta(days=5)}T08:00"),
    ):
        add_override(session, tilleuls, OverrideParticulars(str(who), starts, ends), at=at, staff_id=supervisor)
    _propose(session, people[tilleuls, "arnaud"], people[tilleuls, "lemoine"], at=at, staff_id=arnaud)


def _propose(session: Session, giver: Practitioner, taker: Practitioner, *, at: datetime, staff_id: int) -> None:
    """The giver's last whole week within reach for the taker's next one after it."""
    week = timedelta(days=6)
    stretches = [
        one
        for one in swappable_stretches(session, giver.practice_id, at=at)
        if one.ends_at - one.starts_at > week and one.starts_at > at + 2 * week
    ]
    given = next(one for one in stretches if one.practitioner_id == giver.id)
    returned = next(one for one in stretches if one.practitioner_id == taker.id)
    propose_swap(
        session,
        giver,
        given_starts_at=given.starts_at,
        returned_starts_at=returned.starts_at,
        at=at,
        staff_id=staff_id,
    )
