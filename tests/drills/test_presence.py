"""The drill of `make drill-presence` in small: a tab hidden for twenty seconds, twenty seconds without network."""

from pathlib import Path

import pytest

from callcenter.drills.presence import play


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", ["hidden", "closed", "asleep", "network", "two"])
def test_whatever_her_browser_does_she_is_there_or_she_is_not(tmp_path: Path, scene: str) -> None:
    [verdict] = play(tmp_path, 1, scene=scene, hidden_for=20, away_for=20)
    assert (verdict.broken, verdict.lost, verdict.doubled) == ([], 0, 0)
    assert verdict.operations > 0
