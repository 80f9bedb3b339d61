"""A practice in service is never shown a draft, a changed script or an expired signature."""

from dataclasses import replace
from datetime import date

import pytest

from callcenter.triage.reading import shipped_scripts
from callcenter.triage.script import Script, SignOff
from callcenter.triage.usable import usable_gate, usable_scripts

TODAY = date(2026, 11, 23)
DRAFT = shipped_scripts()[0]


def signed(script: Script, sha256: str | None = None) -> Script:
    mark = SignOff("Dr Lemoine", "10001234567", "2026-11-01", "2027-11-01", sha256 or script.sha256)
    return replace(script, status="signed", sign_off=mark)


def test_training_sees_the_draft_and_a_practice_in_service_sees_none() -> None:
    assert usable_gate("training", today=TODAY) == DRAFT
    assert usable_scripts("live", today=TODAY) == []


def test_an_unknown_mode_counts_as_in_service() -> None:
    assert usable_scripts("demo", today=TODAY) == []


def test_a_practice_in_service_sees_what_its_doctor_signed() -> None:
    assert usable_gate("live", today=TODAY, scripts=[signed(DRAFT)]) == signed(DRAFT)


@pytest.mark.parametrize(
    ("script", "today"),
    [
        (signed(DRAFT, sha256="0" * 64), TODAY),
        (replace(signed(DRAFT), version="0.2.0"), TODAY),
        (signed(DRAFT), date(2027, 11, 2)),
        (signed(DRAFT), date(2026, 10, 31)),
        (replace(signed(DRAFT), status="draft"), TODAY),
    ],
    ids=["other content", "changed since", "expired", "not yet", "back to draft"],
)
def test_a_signature_covers_one_content_for_its_time(script: Script, today: date) -> None:
    assert usable_gate("live", today=today, scripts=[script]) is None
