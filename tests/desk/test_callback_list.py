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


def test_an_emergency_comes_first_and_may_be_rung_at_night(cast: Cast) -> None:
    again = cast.at + timedelta(minutes=9)
    with cast.database.unit_of_work(cast.everything) as session:
        older, young = (owe(cast, session, number, minutes=minutes) for number, minutes in ((40, 20), (41, 2)))
        said, said_later = (owe(cast, session, number, minutes=1, urgent=True) for number in (42, 43))
        tried = owe(cast, session, 44, minutes=50, urgent=True, not_before=again, attempts=1)
        shown = owed_calls(session, cast.camille, at=cast.at)
        at_night = owed_calls(session, cast.camille, at=cast.at + timedelta(hours=14))
    # Whom nobody rings again yet is last among those of now: an emergency too hides nobody who can be rung.
    assert [one.callback_id for one in shown] == [said, said_later, older, young, tried]
    assert [one.callback_id for one in shown if one.is_urgent] == [said, said_later, tried]
    assert [one.callback_id for one in at_night if one.may_be_taken] == [tried, said, said_later]
    assert len(at_night) == 5
