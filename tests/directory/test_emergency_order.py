"""Which lines are tried for a practice, in which order, and when each must be verified again."""

from datetime import date

import pytest

from callcenter.directory.emergency_order import (
    KeptLine,
    LineToTry,
    Proof,
    department_of,
    is_department,
    order_of_trying,
    proof_of,
)

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("postal_code", "department"),
    [
        ("44400", "44"),
        ("01000", "01"),
        ("20000", "2A"),  # Ajaccio
        ("20137", "2A"),  # Porto-Vecchio
        ("20200", "2B"),  # Bastia
        ("20600", "2B"),
        ("97110", "971"),
        ("97400", "974"),
        ("98800", "988"),
        ("1000", ""),  # Brussels
        ("", ""),
        ("٤٤٤٠٠", ""),
    ],
)
def test_the_departement_of_a_postal_code(postal_code: str, department: str) -> None:
    assert department_of(postal_code) == department
    assert not department or is_department(department)


@pytest.mark.parametrize("text", ["20", "96", "00", "979", "2C", "4", "²²"])
def test_what_is_no_departement(text: str) -> None:
    assert not is_department(text)


def test_its_own_line_then_its_departements_then_the_countrys() -> None:
    own = LineToTry("+33261911544", "Centre 15")
    lines = [
        kept(1, "", "112", position=0),
        kept(2, "44", "+33261911547", position=2),
        kept(3, "44", "+33261911546", position=1),
        kept(4, "75", "+33199007515"),
        kept(5, "", "+3225249889", country="BE"),
    ]

    tried = order_of_trying(lines, own=own, country="FR", departments=["44", "44"])

    assert [line.number for line in tried] == ["+33261911544", "+33261911546", "+33261911547", "112"]


def test_a_number_that_stands_twice_is_tried_once_with_its_proof() -> None:
    own = LineToTry("+33261911544", "Centre 15")
    lines = [kept(1, "44", "+33261911544", proof=Proof.OVERDUE)]

    assert order_of_trying(lines, own=own, country="FR", departments=["44"]) == [
        LineToTry("+33261911544", "Centre 15", Proof.OVERDUE)
    ]


def test_overseas_the_lines_are_frances_and_belgium_has_its_own() -> None:
    lines = [kept(1, "974", "+262262123456"), kept(2, "", "112"), kept(3, "", "+3225249889", country="BE")]

    assert [line.number for line in order_of_trying(lines, own=None, country="RE", departments=["974"])] == [
        "+262262123456",
        "112",
    ]
    assert [line.number for line in order_of_trying(lines, own=None, country="BE", departments=[""])] == ["+3225249889"]
    assert order_of_trying(lines, own=None, country="LU", departments=[]) == []


@pytest.mark.parametrize(
    ("verified_on", "proof"),
    [
        (None, Proof.NEVER),
        (date(2026, 11, 23), Proof.PROVEN),
        (date(2026, 9, 9), Proof.PROVEN),  # until 8 December, in 15 days
        (date(2026, 9, 8), Proof.DUE),
        (date(2026, 8, 25), Proof.DUE),  # until today
        (date(2026, 8, 24), Proof.OVERDUE),
    ],
)
def test_a_line_is_verified_every_ninety_days(verified_on: date | None, proof: Proof) -> None:
    assert proof_of(verified_on, verify_every=90, today=TODAY) is proof


def kept(
    line_id: int, department: str, number: str, *, country: str = "FR", position: int = 0, proof: Proof = Proof.PROVEN
) -> KeptLine:
    return KeptLine(line_id, country, department, f"line {line_id}", number, position, proof)
