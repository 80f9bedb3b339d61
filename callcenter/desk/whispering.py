"""A whisper follows its operator: to the telephone that she has now, or to nobody; run by the jobs every second."""

import logging

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.core.guarding import guarded
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.models import Supervision
from callcenter.desk.supervising_rules import SupervisionMode
from callcenter.desk.supervision_ends import note_supervision
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.telephony.calls import conference_name
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import hang_up_legs

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 10


def renew_whispers(database: Database, provider: Provider, clock: Clock) -> None:
    """Have each whispering supervisor heard by her operator's present telephone.

    While that operator has none in the call the supervisor listens, lest her words reach the patient.
    """
    coached = aliased(Leg)
    newer = aliased(Leg)
    present = (
        select(newer.id)
        .where(
            newer.call_id == Supervision.call_id,
            newer.role == LegRole.OPERATOR,
            newer.staff_id == Supervision.operator_id,
            newer.status == LegStatus.JOINED,
        )
        .order_by(newer.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    with database.reading(_SCOPE) as session:
        ids = session.scalars(
            select(Supervision.id)
            .join(Leg, Leg.id == Supervision.leg_id)
            .join(coached, coached.id == Leg.coached_leg_id)
            .where(
                Supervision.ended_at.is_(None),
                Supervision.mode == SupervisionMode.WHISPER,
                Leg.status == LegStatus.JOINED,
                present.is_distinct_from(coached.id),
            )
            .order_by(Supervision.id)
            .limit(_AT_ONCE)
        ).all()
    for supervision_id in ids:
        with guarded(f"whisper {supervision_id}"):
            _renew(database, provider, clock, supervision_id)


def _renew(database: Database, provider: Provider, clock: Clock, supervision_id: int) -> None:
    with database.reading(_SCOPE) as session:
        one, leg, call = session.execute(
            select(Supervision, Leg, Call)
            .join(Leg, Leg.id == Supervision.leg_id)
            .join(Call, Call.id == Supervision.call_id)
            .where(Supervision.id == supervision_id)
        ).one()
        operator = _present_telephone(session, one)
    if leg.sid is None:
        return
    room = conference_name(call.sid)
    is_heard = operator is not None and operator.sid is not None
    try:
        if operator is not None and operator.sid is not None:
            provider.set_coached(room, leg.sid, operator.sid)
            provider.set_muted(room, leg.sid, False)  # she may have come in silent, when nobody could be whispered to
        else:
            provider.set_muted(room, leg.sid, True)
            provider.set_coached(room, leg.sid, None)
    except ProviderError as error:
        log.warning("whisper %s is not renewed, trying again: %s", supervision_id, error.code or error.reason)
        return
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, call.id)
        at = clock.now()
        now = session.scalars(select(Leg).where(Leg.id == leg.id)).one()
        stands = session.scalar(
            select(Supervision.mode).where(Supervision.id == one.id, Supervision.ended_at.is_(None))
        )
        if stands == SupervisionMode.WHISPER and is_heard and operator is not None:
            now.coached_leg_id = operator.id
            record_leg_event(session, now, LegNews.COACHING, at=at)
            record_leg_event(session, now, LegNews.UNMUTED, at=at)
        elif stands == SupervisionMode.WHISPER:
            asked = update(Supervision).where(
                Supervision.id == one.id, Supervision.ended_at.is_(None), Supervision.mode == SupervisionMode.WHISPER
            )
            with whole_floor(session):
                if not was_changed(session, asked.values(mode=SupervisionMode.LISTEN)):
                    return
                record_leg_event(session, now, LegNews.MUTED, at=at)
                record_leg_event(session, now, LegNews.NOT_COACHING, at=at)
                note_supervision(session, one, SupervisionMode.LISTEN.value, staff_id=one.supervisor_id, at=at)
    if stands is not None and stands != SupervisionMode.WHISPER:
        _put_right(database, provider, clock, leg, room, SupervisionMode(stands))


def _put_right(
    database: Database, provider: Provider, clock: Clock, leg: Leg, room: str, mode: SupervisionMode
) -> None:
    """She chose something else while the carrier was told to let her whisper on: what was told last is undone."""
    assert leg.sid is not None
    is_silent = mode is SupervisionMode.LISTEN
    try:
        if is_silent:
            provider.set_muted(room, leg.sid, True)
        provider.set_coached(room, leg.sid, None)
        if not is_silent:
            provider.set_muted(room, leg.sid, False)
    except ProviderError as error:
        # Better out of the call than heard by somebody for whom it is not meant.
        log.warning("leg %s is hung up, for it cannot be silenced: %s", leg.id, error.code or error.reason)
        hang_up_legs(database, provider, [leg.id], clock)
        return
    with database.unit_of_work(_SCOPE) as session:
        lock_call(session, leg.call_id)
        now = session.scalars(select(Leg).where(Leg.id == leg.id)).one()
        record_leg_event(session, now, LegNews.MUTED if is_silent else LegNews.UNMUTED, at=clock.now())
        record_leg_event(session, now, LegNews.NOT_COACHING, at=clock.now())


def _present_telephone(session: Session, supervision: Supervision) -> Leg | None:
    found = select(Leg).where(
        Leg.call_id == supervision.call_id,
        Leg.role == LegRole.OPERATOR,
        Leg.staff_id == supervision.operator_id,
        Leg.status == LegStatus.JOINED,
    )
    return session.scalars(found.order_by(Leg.id.desc()).limit(1)).one_or_none()
