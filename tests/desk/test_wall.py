"""The wallboard: the team counted once each, the day by half-hours beside what was to be expected."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from callcenter.desk.board import AgentLine
from callcenter.desk.wall import count_team, half_hours, read_half_hours, read_wall
from callcenter.routing.models import AgentStatus, Callback, CallbackReason
from tests.desk.conftest import MONDAY_0914, Cast

PARIS = ZoneInfo("Europe/Paris")


def _agent(status: AgentStatus, *, lost: bool = False, held: bool = False, breathing: bool = False) -> AgentLine:
    return AgentLine(
        staff_id=1,
        name="Camille Roux",
        status=status,
        since=MONDAY_0914,
        is_lost=lost,
        missed_call=False,
        breather_until=MONDAY_0914 + timedelta(minutes=5) if breathing else None,
        practice_name="",
        held_since=MONDAY_0914 if held else None,
    )


def test_each_operator_is_counted_once_and_where_it_matters_most() -> None:
    team = count_team(
        [
            _agent(AgentStatus.ON_CALL),
            _agent(AgentStatus.ON_CALL, held=True),
            _agent(AgentStatus.ON_CALL, held=True, lost=True),
            _agent(AgentStatus.RESERVED),
            _agent(AgentStatus.AVAILABLE),
            _agent(AgentStatus.WRAP_UP),
            _agent(AgentStatus.BREAK),
            _agent(AgentStatus.BREAK, breathing=True),
        ]
    )
    assert team.on_duty == 8
    assert (team.talking, team.holding, team.lost, team.ringing, team.available) == (1, 1, 1, 1, 1)
    assert (team.wrapping_up, team.away, team.breathing) == (1, 1, 1)


def test_the_day_is_counted_by_half_hours_of_the_wall_clock() -> None:
    seven_fifty = datetime(2026, 11, 23, 6, 50, tzinfo=UTC)
    chart = half_hours(
        [seven_fifty, seven_fifty + timedelta(minutes=20), MONDAY_0914],
        [[seven_fifty], [seven_fifty, seven_fifty]],
        zone=PARIS,
        at=MONDAY_0914,
    )
    assert chart[0].starts == time(7, 0)
    assert chart[-1].starts == time(18, 30)
    assert [(one.starts, one.received) for one in chart if one.received] == [
        (time(7, 30), 1),
        (time(8, 0), 1),
        (time(9, 0), 1),
    ]
    assert [one.expected for one in chart if one.starts == time(7, 30)] == [1.5]
    assert [one.starts for one in chart if one.is_running] == [time(9, 0)]


def test_a_night_call_widens_the_day_and_without_a_past_nothing_is_expected() -> None:
    chart = half_hours([datetime(2026, 11, 23, 21, 40, tzinfo=UTC)], [], zone=PARIS, at=MONDAY_0914)
    assert chart[-1].starts == time(22, 30)
    assert {one.expected for one in chart} == {None}


def test_the_hour_that_comes_twice_counts_twice_in_one_bar() -> None:
    first, second = datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    chart = half_hours([first, second], [], zone=PARIS, at=second)
    assert [(one.starts, one.received) for one in chart if one.received] == [(time(2, 0), 2)]


def test_the_wall_shows_who_waits_who_is_owed_a_call_and_last_mondays_calls(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        waiting = cast.call(session, received=cast.at - timedelta(seconds=26))
        lost = cast.call(session, received=cast.at - timedelta(days=7))
        session.add(
            Callback(
                practice_id=lost.practice_id,
                number="+33639982071",
                reason=CallbackReason.ABANDONED,
                call_id=lost.id,
                opened_at=cast.at - timedelta(minutes=25),
                not_before=cast.at,
            )
        )
        wall = read_wall(session, zone=PARIS, at=cast.at)
        chart = read_half_hours(session, zone=PARIS, at=cast.at)
    assert (wall.waiting, wall.longest_since) == (2, lost.received_at)
    assert (wall.owed.count, wall.owed.late, wall.owed.oldest_at) == (1, 1, cast.at - timedelta(minutes=25))
    assert [(one.received, one.expected) for one in chart if one.is_running] == [(1, 1.0)]
    assert waiting.id != lost.id
