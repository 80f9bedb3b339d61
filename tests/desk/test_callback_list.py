"""The list of those who are owed a call: whom nobody may ring now hides nobody whom she could ring."""

from datetime import timedelta

from sqlalchemy.orm import Session

from callcenter.desk.callback_list import owed_calls
from callcenter.routing.callbacks import callbacks_owed
from callcenter.routing.models import Callback, CallbackReason, CallbackStatus
from tests.desk.conftest import Cast


def owe(cast: Cast, session: Session, number: int, *, minutes: int, **values: object) -> int:
    opened_at = cast.at - timedelta(minutes=minutes)
    owed = Callback(
        **{
            "practice_id": cast.tilleuls,
            "number": f"+336399800{number:02d}",
            "reason": CallbackReason.ABANDONED,
            "call_id": cast.call(session, number=None).id,
            "opened_at": opened_at,
            "not_before": opened_at,
        }
        | values
    )
    session.add(owed)
    session.flush()
    return owed.id


def test_who_was_just_tried_or_is_being_rung_hides_nobody_who_can_be_rung(cast: Cast) -> None:
    again = cast.at + timedelta(minutes=9)
    with cast.database.unit_of_work(cast.everything) as session:
        taken = {"status": CallbackStatus.TAKEN, "taken_by": cast.ines}
        ringing = owe(cast, session, 99, minutes=90, **taken)
        tried = [owe(cast, session, number, minutes=80 - number, not_before=again, attempts=1) for number in range(30)]
        older, young = (owe(cast, session, number, minutes=minutes) for number, minutes in ((40, 20), (41, 2)))
        hers = owe(cast, session, 42, minutes=1, status=CallbackStatus.TAKEN, taken_by=cast.camille)
        shown = owed_calls(session, cast.camille, at=cast.at)
        counted = callbacks_owed(session, at=cast.at).count
    assert [one.callback_id for one in shown] == [older, young, hers, ringing, *tried[:26]]
    assert counted == 34
