"""Nothing passes midnight without an owner, whatever is killed, opened late or stopped meanwhile."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from callcenter.core.clock import ManualClock
from callcenter.core.scope import Practices
from callcenter.desk.loop_rules import OwnerReason
from callcenter.desk.loops import open_loops
from callcenter.desk.models import Task
from callcenter.desk.nightly import (
    NightlyCheck,
    choose_night_duty,
    closed_nights,
    handed_at_night,
    who_has_the_night,
)
from callcenter.desk.owning import note_looked
from callcenter.desk.tasks import finish_task
from callcenter.directory.models import Role, Staff, StaffSession
from tests.desk.conftest import Cast
from tests.desk.loop_cast import hire, owe_call, owe_task, write_message

PARIS = ZoneInfo("Europe/Paris")
EVENING = datetime(2026, 11, 23, 22, 44, 59, tzinfo=UTC)  # a second before a quarter to twelve in Paris
SECOND = timedelta(seconds=1)
MIDNIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)


@pytest.fixture
def sofia(cast: Cast) -> int:
    with cast.database.unit_of_work(cast.everything) as session:
        return hire(session, cast, "sofia", Role.SUPERVISOR)


def closed_before(cast: Cast, clock: ManualClock) -> NightlyCheck:
    """A process that has run since the morning."""
    NightlyCheck(cast.database, ManualClock(cast.at), zone=PARIS).run()
    check = NightlyCheck(cast.database, clock, zone=PARIS, batch=2)
    check.run()
    return check


def owners(cast: Cast, at: datetime) -> list[str]:
    with cast.database.reading(cast.everything) as session:
        return sorted(one.owner.name or one.owner.kind.value for one in open_loops(session, at=at))


def nights(cast: Cast) -> list[tuple[str, int]]:
    with cast.database.reading(cast.everything) as session:
        return [(day.isoformat(), passed) for day, passed in closed_nights(session)]


def test_from_a_quarter_to_twelve_what_nobody_has_is_the_supervisors_and_she_is_told(cast: Cast, sofia: int) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for nth in range(3):
            owe_task(session, cast, key=f"t{nth}")
        owe_call(session, cast)
        write_message(session, cast, due=timedelta(days=1))
    clock = ManualClock(EVENING)
    check = closed_before(cast, clock)
    assert owners(cast, EVENING) == ["Dr Lemoine", "desk", "desk", "desk", "desk"]
    clock.advance(SECOND)
    assert check.run() == 4
    assert owners(cast, clock.now()) == ["Dr Lemoine", "Sofia", "Sofia", "Sofia", "Sofia"]
    assert check.run() == 0
    clock.advance(timedelta(minutes=20))
    assert check.run() == 0
    assert nights(cast) == [("2026-11-24", 0), ("2026-11-23", 0)]
    with cast.database.unit_of_work(cast.everything) as session:
        at = clock.now()
        assert handed_at_night(session, sofia, at=at) == 4
        assert handed_at_night(session, cast.camille, at=at) == 0
        finish_task(session, session.query(Task).order_by(Task.id).first().id, staff_id=sofia, at=at)  # type: ignore[union-attr]
        assert handed_at_night(session, sofia, at=at) == 3
        assert note_looked(session, sofia, at=at) == 4
        assert handed_at_night(session, sofia, at=at) == 0
        marked = [one.owner for one in open_loops(session, at=at) if one.owner.is_staff(sofia)]
        assert {(one.by_night, one.reason) for one in marked} == {(True, OwnerReason.TAKEN)}


def test_what_opens_after_the_first_pass_is_handed_over_too(cast: Cast, sofia: int) -> None:
    del sofia
    clock = ManualClock(EVENING + SECOND)
    check = closed_before(cast, clock)
    with cast.database.unit_of_work(cast.everything) as session:
        owe_task(session, cast).created_at = clock.now() + timedelta(minutes=14)
        write_message(session, cast).deadline_at = MIDNIGHT - timedelta(seconds=5)
    clock.advance(timedelta(minutes=14, seconds=50))
    assert check.run() == 1  # the task: the message is still Dr Lemoine's
    clock.advance(timedelta(seconds=7))
    assert check.run() == 1
    assert owners(cast, clock.now()) == ["Sofia", "Sofia"]


def test_a_deadline_in_the_last_second_of_the_day_does_not_pass_midnight_unowned(cast: Cast, sofia: int) -> None:
    del sofia
    clock = ManualClock(EVENING)
    check = closed_before(cast, clock)
    with cast.database.unit_of_work(cast.everything) as session:
        write_message(session, cast).deadline_at = MIDNIGHT - timedelta(milliseconds=300)
        write_message(session, cast, key="at midnight").deadline_at = MIDNIGHT
    clock.advance(MIDNIGHT - SECOND - clock.now())
    assert check.run() == 2
    clock.advance(2 * SECOND)
    assert check.run() == 0
    assert nights(cast)[0] == ("2026-11-24", 0)


def test_killed_in_the_middle_it_goes_on_where_it_was(cast: Cast, sofia: int, monkeypatch: pytest.MonkeyPatch) -> None:
    del sofia
    with cast.database.unit_of_work(cast.everything) as session:
        for nth in range(5):
            owe_task(session, cast, key=f"t{nth}")
    clock = ManualClock(EVENING)
    check = closed_before(cast, clock)
    clock.advance(SECOND)
    flush, seen = Session.flush, []

    def dies(session: Session, *args: object) -> None:
        seen.append(session)
        if len(set(map(id, seen))) > 1 and len(seen) > 3:
            raise RuntimeError("the process is killed")
        flush(session, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Session, "flush", dies)
        with pytest.raises(RuntimeError):
            check.run()
    after = owners(cast, clock.now())
    assert after.count("Sofia") in {2, 4}  # whole batches
    assert NightlyCheck(cast.database, clock, zone=PARIS).run() == after.count("desk")
    assert owners(cast, clock.now()) == ["Sofia"] * 5


def test_after_a_stop_over_midnight_it_is_handed_over_at_once_and_counted(cast: Cast, sofia: int) -> None:
    del sofia
    clock = ManualClock(EVENING)
    closed_before(cast, clock)
    with cast.database.unit_of_work(cast.everything) as session:
        for nth in range(3):
            owe_task(session, cast, key=f"t{nth}")
        write_message(session, cast).deadline_at = MIDNIGHT + timedelta(minutes=1)  # whose it still was at midnight
        owe_call(session, cast).opened_at = MIDNIGHT + timedelta(minutes=2)  # of the new day
    clock.advance(timedelta(hours=9))
    restarted = NightlyCheck(cast.database, clock, zone=PARIS, batch=2)
    assert restarted.run() == 3
    assert nights(cast)[0] == ("2026-11-24", 3)
    assert owners(cast, clock.now()) == ["Sofia", "Sofia", "Sofia", "desk", "desk"]
    assert NightlyCheck(cast.database, clock, zone=PARIS).run() == 0  # closed once
    assert len(nights(cast)) == 2


def test_a_task_given_back_after_midnight_has_not_passed_it(cast: Cast, sofia: int) -> None:
    del sofia
    clock = ManualClock(EVENING)
    check = closed_before(cast, clock)
    with cast.database.unit_of_work(cast.everything) as session:
        task = owe_task(session, cast)
        task.status, task.taken_by, task.taken_at = "taken", cast.ines, cast.at  # type: ignore[assignment]
    clock.advance(timedelta(minutes=16))
    check.run()
    with cast.database.unit_of_work(cast.everything) as session:
        session.execute(text("UPDATE task SET status = 'open', taken_by = NULL"))
    clock.advance(timedelta(hours=1))
    assert check.run() == 0
    assert nights(cast)[0] == ("2026-11-24", 0)


def test_the_night_is_whose_the_centre_said_as_long_as_her_account_is_open(cast: Cast, sofia: int) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        lea = hire(session, cast, "lea", Role.SUPERVISOR)
        session.add(
            StaffSession(token_hash="x", staff_id=lea, created_at=cast.at, expires_at=cast.at + timedelta(hours=9))
        )
        session.flush()
        assert (who_has_the_night(session).staff_id, who_has_the_night(session).is_chosen) == (lea, False)
        choose_night_duty(session, str(cast.ines), staff_id=sofia, at=cast.at)
        choose_night_duty(session, str(cast.ines), staff_id=sofia, at=cast.at)
        assert (who_has_the_night(session).name, who_has_the_night(session).is_chosen) == ("Ines", True)
        session.query(Staff).filter_by(id=cast.ines).update({"is_active": False})
        assert who_has_the_night(session).staff_id == lea
        choose_night_duty(session, "", staff_id=sofia, at=cast.at)
        assert who_has_the_night(session).staff_id == lea


def test_with_nobody_to_hand_it_to_it_stays_open_and_is_counted(cast: Cast) -> None:
    clock = ManualClock(EVENING)
    check = closed_before(cast, clock)
    with cast.database.unit_of_work(cast.everything) as session:
        owe_task(session, cast)
    for minutes in (1, 30):
        clock.advance(timedelta(minutes=minutes))
        assert check.run() == 0
    assert owners(cast, clock.now()) == ["desk"]
    assert nights(cast)[0] == ("2026-11-24", 1)


def test_a_practices_own_list_says_whose_it_is_as_well(cast: Cast, sofia: int) -> None:
    del sofia
    with cast.database.unit_of_work(cast.everything) as session:
        owe_task(session, cast)
    clock = ManualClock(EVENING)
    check = closed_before(cast, clock)
    clock.advance(SECOND)
    check.run()
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        assert [one.owner.name for one in open_loops(session, at=clock.now())] == ["Sofia"]
