"""The day of `make drill-dispatch` in small: at midnight everything that is owed is somebody's; and it can fail."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from callcenter.drills.dispatch_day import Day
from callcenter.drills.dispatch_day_script import MIDNIGHT
from callcenter.drills.verdict import Verdict


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    scene = Day(database_url, calls=30, seed=7)
    yield scene
    scene.close()


@pytest.mark.timeout(120)
def test_a_day_ends_with_an_owner_for_all_that_is_owed_and_one_that_is_taken_away_is_missed(day: Day) -> None:
    verdict = Verdict("day")
    day.play(verdict)
    assert (verdict.broken, verdict.lost, verdict.doubled) == ([], 0, 0)
    figures = verdict.figures
    assert figures["calls"] == 30
    assert (figures["without_owner"], figures["past_due_without_owner"], figures["passed_midnight"]) == (0, 0, 0)
    assert set(figures["open_kinds_at_midnight"]) == {"message", "callback", "offer", "relay", "task"}
    assert list(figures["handed_over_at_night"]) == ["Sofia"]
    assert figures["on_call_after_the_swap"]["taker"] > 0
    with day.stage.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM loop_owner"))
        connection.execute(text("DELETE FROM callback"))
    robbed = Verdict("robbed")
    day.judge_owners(robbed, at=MIDNIGHT)
    assert 0 < robbed.figures["without_owner"] == len(robbed.broken)
    day.judge_nothing_lost(robbed)
    assert robbed.lost == figures["gave_up_and_owed_a_call"] + figures["promised_by_key_or_link"] > 0


@pytest.mark.timeout(120)
def test_without_the_nightly_check_the_drill_says_what_is_nobodys(sqlite_url: str) -> None:
    verdict = Verdict("day")
    scene = Day(sqlite_url, calls=12, seed=7, hands_over=False)
    try:
        scene.play(verdict)
    finally:
        scene.close()
    assert verdict.figures["without_owner"] > 0
    assert verdict.figures["passed_midnight"] is None
    assert any("without an owner" in one for one in verdict.broken)
    assert any("nightly check" in one for one in verdict.broken)
