"""The drill of `make drill-presence` in small: a tab hidden for twenty seconds, twenty seconds without network."""

from pathlib import Path

import pytest

from callcenter.drills.presence import play


@pytest.mark.timeout(300)
def test_whatever_her_browser_does_she_is_there_or_she_is_not(tmp_path: Path) -> None:
    verdicts = play(tmp_path, 1, hidden_for=20, away_for=20)
    assert [verdict.scene for verdict in verdicts] == ["hidden", "closed", "asleep", "network", "two"]
    for verdict in verdicts:
        assert (verdict.scene, verdict.broken, verdict.lost, verdict.doubled) == (verdict.scene, [], 0, 0)
        assert verdict.operations > 0
