"""Open loops of each kind, as their own domains would have written them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from callcenter.desk.models import EmergencyRelay, Task, TaskKind
from callcenter.desk.tasks import open_task
from callcenter.directory.models import Role, Staff
from callcenter.dispatch.models import Message, MessageStatus, Urgency
from callcenter.routing.models import Callback, CallbackReason
from tests.desk.conftest import Cast

HOUR = timedelta(hours=1)


def hire(session: Session, cast: Cast, login: str, role: Role) -> int:
    """Somebody else of the centre."""
    staff = Staff(
        login=login,
        name=login.title(),
        first_name=login.title(),
        role=role,
        password_hash="-",
        created_at=cast.at,
    )
    session.add(staff)
    session.flush()
    return staff.id


def write_message(session: Session, cast: Cast, *, key: str = "m", due: timedelta = HOUR) -> Message:
    """For Dr Lemoine, due ``due`` from now."""
    message = Message(
        practice_id=cast.tilleuls,
        request_key=key,
        practitioner_id=cast.lemoine,
        caller="Mme Vasseur </Say><Dial>",
        callback_number="+33639981472",
        words="Mon ordonnance",
        urgency=Urgency.TODAY,
        status=MessageStatus.WRITTEN,
        written_by=cast.camille,
        written_at=cast.at,
        due_at=cast.at,
        deadline_at=cast.at + due,
    )
    session.add(message)
    session.flush()
    return message


def owe_call(session: Session, cast: Cast, *, number: str = "+33639981472") -> Callback:
    """She hung up after waiting, a moment ago."""
    lost = cast.call(session, number=number)
    owed = Callback(
        practice_id=cast.tilleuls,
        number=number,
        reason=CallbackReason.ABANDONED,
        call_id=lost.id,
        opened_at=cast.at,
        not_before=cast.at,
    )
    session.add(owed)
    session.flush()
    return owed


def owe_task(
    session: Session, cast: Cast, *, key: str = "t", kind: TaskKind = TaskKind.TELL, due: timedelta = HOUR
) -> Task:
    """The desk owes something to a caller of the Tilleuls."""
    return open_task(
        session,
        cast.tilleuls,
        kind=kind,
        request_key=key,
        words="C'est normal",
        due_at=cast.at + due,
        at=cast.at,
        caller="Mme Vasseur",
        number="+33639981472",
    )


def open_relay(session: Session, cast: Cast) -> EmergencyRelay:
    """Camille relays the call that she is on."""
    call = cast.call(session, number="+33639980009")
    cast.talk(session, call, by=cast.camille)
    relay = EmergencyRelay(
        practice_id=cast.tilleuls,
        call_id=call.id,
        staff_id=cast.camille,
        number="+33261911544",
        label="Centre 15",
        opened_at=cast.at,
    )
    session.add(relay)
    session.flush()
    return relay


def one_of_each(session: Session, cast: Cast, *, nth: int) -> None:
    """A message, a call-back, an offer to Inès, a relay of Camille's, and a task."""
    write_message(session, cast, key=f"m{nth}")
    owe_call(session, cast, number=f"+3363998200{nth}")
    owe_task(session, cast, key=f"t{nth}")
    open_relay(session, cast)
    cast.offer(
        session, cast.call(session, number=f"+3363998300{nth}"), to=hire(session, cast, f"o{nth}", Role.OPERATOR)
    )
