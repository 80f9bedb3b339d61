"""The share of promises kept, of the practice alone and of what was due in the period."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from callcenter.core.scope import Practices
from callcenter.desk.loop_rules import Share
from callcenter.desk.models import Task
from callcenter.desk.promises_kept import PracticeShares, promises_kept
from callcenter.desk.tasks import drop_task, finish_task
from callcenter.dispatch.models import Acknowledgement, AcknowledgementKind, Channel, Message, MessageStatus
from callcenter.routing.models import CallbackStatus
from tests.desk.conftest import Cast
from tests.desk.loop_cast import owe_call, owe_task, write_message

PARIS = ZoneInfo("Europe/Paris")
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


def shares(cast: Cast, *, after: timedelta = 3 * HOUR) -> PracticeShares:
    with cast.database.reading(cast.everything) as session:
        return promises_kept(session, zone=PARIS, at=cast.at + after)[0]


def acknowledge(session: Session, message: Message, kind: AcknowledgementKind, at: datetime) -> None:
    session.add(
        Acknowledgement(
            message_id=message.id,
            practice_id=message.practice_id,
            kind=kind,
            channel=Channel.APP,
            acknowledged_at=at,
        )
    )


def test_a_message_is_kept_when_somebody_took_it_by_its_deadline(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for key, kind, after in (
            ("in time", AcknowledgementKind.TAKEN, HOUR),
            ("done at once", AcknowledgementKind.DONE, MINUTE),
            ("late", AcknowledgementKind.TAKEN, HOUR + MINUTE),
            ("only read", AcknowledgementKind.READ, MINUTE),
        ):
            acknowledge(session, write_message(session, cast, key=key), kind, cast.at + after)
        both = write_message(session, cast, key="taken late, done later")
        acknowledge(session, both, AcknowledgementKind.TAKEN, cast.at + 2 * HOUR)
        acknowledge(session, both, AcknowledgementKind.DONE, cast.at + 2 * HOUR)
        write_message(session, cast, key="mistaken").status = MessageStatus.WITHDRAWN
        acknowledge(
            session, write_message(session, cast, key="due tomorrow", due=DAY), AcknowledgementKind.DONE, cast.at
        )
    assert shares(cast).today == Share(due=5, kept=2)


def test_a_call_back_is_kept_within_a_quarter_of_an_hour(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for nth, (status, after) in enumerate(
            (
                (CallbackStatus.DONE, 15 * MINUTE),
                (CallbackStatus.DONE, 16 * MINUTE),
                (CallbackStatus.UNREACHED, 14 * MINUTE),
                (CallbackStatus.SETTLED, 14 * MINUTE),
                (CallbackStatus.OPEN, None),
            )
        ):
            owed = owe_call(session, cast, number=f"+3363998200{nth}")
            owed.status, owed.closed_at = status, None if after is None else cast.at + after
    assert shares(cast).today == Share(due=5, kept=1)
    with cast.database.reading(cast.everything) as session:
        assert promises_kept(session, zone=PARIS, at=cast.at + 14 * MINUTE) == []  # nothing is due yet


def test_a_task_is_kept_when_it_was_done_by_then_and_periods_reach_back(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for key, due, done in (
            ("in time", HOUR, HOUR),
            ("late", HOUR, HOUR + MINUTE),
            ("yesterday", -DAY, -DAY),
            ("eight days ago", -8 * DAY, None),
            ("too long ago", -31 * DAY, None),
        ):
            task = owe_task(session, cast, key=key, due=due)
            if done is not None:
                finish_task(session, task.id, staff_id=cast.ines, at=cast.at + done)
        drop_task(session, owe_task(session, cast, key="dropped").id, staff_id=cast.ines, at=cast.at)
        assert session.query(Task).count() == 6
    found = shares(cast)
    assert (found.today, found.week, found.month) == (Share(2, 1), Share(3, 2), Share(4, 2))


def test_each_practice_has_its_own_figure_and_sees_no_other(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        owe_task(session, cast)
        owe_task(session, cast, key="k").practice_id = cast.kaplan
    with cast.database.reading(cast.everything) as session:
        both = promises_kept(session, zone=PARIS, at=cast.at + 3 * HOUR)
    assert [(one.practice_name, one.today.due) for one in both] == [("Cabinet des Tilleuls", 1), ("Dr Kaplan", 1)]
    with cast.database.reading(Practices.of(cast.kaplan)) as session:
        own = promises_kept(session, zone=PARIS, at=cast.at + 3 * HOUR)
    assert [one.practice_name for one in own] == ["Dr Kaplan"]
