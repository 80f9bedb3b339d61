"""Holding a time: taken for everybody else while she speaks with the patient, free to her, gone by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.agenda.finding.groups import join_group
from callcenter.agenda.finding.occupancy import lock_actors, seconds
from callcenter.agenda.occupation_models import Hold, HoldStatus, Occupation
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.versions import note_actor, touch_agenda
from callcenter.agenda.writing.belonging import check_belonging
from callcenter.agenda.writing.lapsing import actors_of_holds, end_hold
from callcenter.agenda.writing.placing import all_or_nothing, count_share, lock_for, occupy, place
from callcenter.agenda.writing.wanted import Wanted, refused
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_

HOLD_FOR = timedelta(minutes=2)
"""How long a time is held without a sign of whoever holds it; her page prolongs it while it is open."""


def hold_time(
    session: Session,
    *,
    practice_id: int,
    practitioner_id: int,
    service_type_id: int,
    start: int,
    staff_id: int,
    request_key: str,
    at: datetime,
    patient_id: int | None = None,
    call_id: int | None = None,
    channel: Channel = Channel.PHONE,
) -> Hold:
    """Hold a time (UTC seconds) for two minutes; what she held before in this call, or without one, is given back.

    The same ``request_key`` again prolongs the same hold. Raises ``TimeTaken`` with the next choices, ``NotFound`` for
    what is not this practice's, ``Invalid`` without a key.
    """
    if not request_key or len(request_key) > 60:
        raise Invalid(N_("This form is not complete. Open it again."))
    service_type, visit = check_belonging(
        session,
        practice_id,
        practitioner_id=practitioner_id,
        patient_id=patient_id,
        service_type_id=service_type_id,
        call_id=call_id,
    )
    wanted = Wanted(
        practice_id=practice_id,
        practitioner_id=practitioner_id,
        service_type=service_type,
        visit=visit,
        start=start,
        staff_id=staff_id,
        patient_id=patient_id,
        channel=channel,
    )
    earlier = _same_request(session, practice_id, request_key)
    if earlier is not None:
        if (earlier.staff_id, earlier.practitioner_id, earlier.start) != (staff_id, practitioner_id, start):
            raise Conflict(N_("This form has already been used for another appointment."))
        if earlier.status == HoldStatus.ACTIVE and earlier.expires_at > at:
            return prolong_hold(session, earlier.id, staff_id=staff_id, at=at)
        # It has ended: the key is given up, and the time is asked for anew.
        earlier.request_key = f"{earlier.id}/{request_key}"[:60]
        session.flush()
    # In one go with what she gives back for it.
    before = [one.id for one in _held(session, staff_id, call_id)]
    lock_for(session, practice_id, [(practitioner_id, visit)], also=actors_of_holds(session, before))
    # A refusal leaves what she holds already.
    with all_or_nothing(session, wanted, at=at):
        placed = place(session, wanted, at=at)
        release_holds(session, staff_id=staff_id, call_id=call_id, at=at)
        hold = Hold(
            practice_id=practice_id,
            schedule_id=placed.place.schedule_id,
            practitioner_id=practitioner_id,
            service_type_id=service_type_id,
            patient_id=patient_id,
            call_id=call_id,
            staff_id=staff_id,
            channel=channel,
            start=start,
            end=placed.place.end,
            status=HoldStatus.ACTIVE,
            request_key=request_key,
            created_at=at,
            expires_at=at + HOLD_FOR,
            group_visit_id=placed.place.group_visit_id,
        )
        if not count_share(session, hold, placed, at=at):
            raise refused(session, wanted, Refusal.FULL, at=at)
        if hold.group_visit_id is not None and not join_group(session, hold.group_visit_id):
            raise refused(session, wanted, Refusal.GROUP_FULL, at=at)
        session.add(hold)
        session.flush()
        if hold.group_visit_id is None:
            occupy(session, placed, hold=hold, at=at)
    touch_agenda(session, practice_id, practitioner_id)
    return hold


def prolong_hold(session: Session, hold_id: int, *, staff_id: int, at: datetime) -> Hold:
    """Hold it two minutes more from now. Raises ``NotFound`` for a hold of another, ``Conflict`` when it has ended.

    One that has lapsed and that nobody took meanwhile is asked for anew by whoever confirms it.
    """
    hold = _own(session, hold_id, staff_id)
    until = at + HOLD_FOR
    still = session.scalars(
        update(Hold)
        .where(Hold.id == hold_id, Hold.status == HoldStatus.ACTIVE, Hold.expires_at > at)
        .values(expires_at=until)
        .returning(Hold.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not still:
        raise Conflict(N_("This time is no longer held."))
    held = session.execute(
        update(Occupation)
        .where(Occupation.hold_id == hold_id)
        .values(until=seconds(until))
        .returning(Occupation.practice_id, Occupation.actor)
        .execution_options(synchronize_session=False)
    ).all()
    for row in held:
        note_actor(session, row.practice_id, row.actor)
    session.refresh(hold)
    return hold


def release_hold(session: Session, hold_id: int, *, staff_id: int, at: datetime) -> None:
    """Give a held time back; a repeat changes nothing. Raises ``NotFound`` for a hold of another."""
    lock_actors(session, actors_of_holds(session, [hold_id]))
    end_hold(session, _own(session, hold_id, staff_id), HoldStatus.RELEASED, at=at)


def give_back_held(session: Session, practice_id: int, request_key: str, *, staff_id: int, at: datetime) -> None:
    """Give back what she holds by this key; nothing when she holds nothing by it."""
    hold = _same_request(session, practice_id, request_key)
    if hold is not None and hold.staff_id == staff_id:
        end_hold(session, hold, HoldStatus.RELEASED, at=at)


def release_holds(session: Session, *, staff_id: int, call_id: int | None, at: datetime) -> None:
    """Give back what she holds for this call, or for none."""
    for hold in _held(session, staff_id, call_id):
        end_hold(session, hold, HoldStatus.RELEASED, at=at)


def _held(session: Session, staff_id: int, call_id: int | None) -> Sequence[Hold]:
    """What she holds for this call, or for none."""
    return session.scalars(
        select(Hold)
        .where(
            Hold.staff_id == staff_id,
            Hold.call_id.is_not_distinct_from(call_id),
            Hold.status == HoldStatus.ACTIVE,
        )
        .order_by(Hold.id)
    ).all()


def _own(session: Session, hold_id: int, staff_id: int) -> Hold:
    # The job that ends what has lapsed must not end it at the same moment a second time.
    hold = session.scalar(
        select(Hold)
        .where(Hold.id == hold_id, Hold.staff_id == staff_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if hold is None:
        raise NotFound(N_("There is no such hold."))
    return hold


def _same_request(session: Session, practice_id: int, request_key: str) -> Hold | None:
    return session.scalar(select(Hold).where(Hold.practice_id == practice_id, Hold.request_key == request_key))
