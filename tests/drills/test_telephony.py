"""The drill of `make drill-telephony` in small: nothing lost, nothing doubled, every invariant holds."""

import json
from pathlib import Path

import pytest

from callcenter.drills.telephony import dark, deploy, faults, stall
from callcenter.drills.verdict import Verdict, report
from callcenter.local.cluster import Cluster


@pytest.mark.timeout(180)
def test_a_product_that_dies_under_calls_loses_nobody(tmp_path: Path) -> None:
    verdict = dark(tmp_path, 1, talking=5, waiting=5, new=3, dark_for=3)
    assert (verdict.broken, verdict.lost, verdict.doubled) == ([], 0, 0)


@pytest.mark.timeout(120)
def test_a_deploy_under_webhooks_refuses_none(tmp_path: Path) -> None:
    verdict = deploy(tmp_path, 1, seconds=8, per_second=25, deploys=1, talking=1)
    assert (verdict.broken, verdict.lost) == ([], 0)


@pytest.mark.timeout(180)
def test_a_carrier_that_misbehaves_loses_and_doubles_nobody(tmp_path: Path) -> None:
    verdict = faults(tmp_path, 1, calls=9, operators=3, seconds=6)
    assert (verdict.broken, verdict.lost, verdict.doubled) == ([], 0, 0)
    assert verdict.faults > 0


@pytest.mark.timeout(120)
def test_a_stalled_database_keeps_no_caller_waiting(tmp_path: Path, postgres: Cluster) -> None:
    verdict = stall(tmp_path, 1, postgres, seconds=4, per_second=4)
    assert (verdict.broken, verdict.lost, verdict.doubled) == ([], 0, 0)


def test_a_broken_invariant_is_named_and_counted() -> None:
    fine, bad = Verdict("dark", operations=3, faults=1), Verdict("deploy", operations=2, lost=1)
    fine.expect(True, "nobody is cut")
    bad.expect(False, "no webhook is refused")
    told = report("telephony", 7, [fine, bad])
    assert (told["seed"], told["operations"], told["faults"], told["lost"]) == (7, 5, 1, 1)
    assert told["broken"] == ["deploy: no webhook is refused"]
    json.dumps(told)
