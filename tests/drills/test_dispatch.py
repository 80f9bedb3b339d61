"""The drill of `make drill-dispatch` in small: whatever is killed, nobody is told twice and nobody is forgotten."""

from pathlib import Path

import pytest

from callcenter.drills.dispatch import kills


@pytest.mark.timeout(180)
def test_work_that_is_killed_between_two_steps_tells_each_doctor_once(tmp_path: Path, database_url: str) -> None:
    verdict = kills(tmp_path, database_url, "this", kinds=("telephone", "key"), every=23)
    assert (verdict.broken, verdict.lost, verdict.doubled) == ([], 0, 0)
    assert verdict.faults >= 4
