"""What a practice in training may reach: fiction, and whoever takes part, never an emergency line."""

import pytest

from callcenter.core.training import reachable, refusal_in_training

REAL, FICTION, PERSON = "+33240083737", "+33261911544", "+33612345678"


@pytest.mark.parametrize(
    ("number", "how", "passes"),
    [
        (FICTION, {}, True),
        ("client:ines", {}, True),
        (REAL, {}, False),
        (PERSON, {}, False),
        ("15", {}, False),
        (PERSON, {"takes_part": True}, True),
        (REAL, {"takes_part": True, "is_emergency_line": True}, False),
        ("112", {"takes_part": True}, False),
        ("+3315", {"takes_part": True}, False),
        (FICTION, {"is_emergency_line": True}, True),
    ],
)
def test_in_training(number: str, how: dict[str, bool], passes: bool) -> None:
    assert (refusal_in_training("training", number, **how) == "") is passes
    assert refusal_in_training("live", number, **how) == ""


def test_a_number_that_training_forbids_is_as_if_there_were_none() -> None:
    assert [reachable("training", one) for one in (REAL, FICTION, "")] == ["", FICTION, ""]
    assert [reachable("live", one) for one in (REAL, FICTION, "")] == [REAL, FICTION, ""]
