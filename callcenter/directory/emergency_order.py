"""Which emergency lines a practice's calls may be passed to, in which order, and whether each is still proven. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DUE_SOON = timedelta(days=14)
# Overseas they are départements: their SAMU is reached as on the mainland, whatever the country code of a number says.
_OVERSEAS = frozenset({"GP", "MQ", "GF", "RE", "YT"})


class Proof(StrEnum):
    """Whether a line is known to answer, and to be the right one."""

    PROVEN = "proven"
    DUE = "due"  # to be verified within two weeks
    OVERDUE = "overdue"
    NEVER = "never"  # verified by nobody yet


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line of the centre's directory, as far as its order goes; ``department`` is empty for the whole country."""

    line_id: int
    country: str
    department: str
    label: str
    number: str
    position: int
    proof: Proof = Proof.PROVEN


@dataclass(frozen=True, slots=True)
class LineToTry:
    """One line that may be dialled. ``proof`` is None for a practice's own, which the centre does not verify."""

    number: str
    label: str
    proof: Proof | None = None


def proof_of(verified_on: date | None, *, verify_every: int, today: date) -> Proof:
    """Whether a line is proven; ``verify_every`` in days."""
    if verified_on is None:
        return Proof.NEVER
    due_on = due_date(verified_on, verify_every=verify_every)
    if today > due_on:
        return Proof.OVERDUE
    return Proof.DUE if today >= due_on - DUE_SOON else Proof.PROVEN


def due_date(verified_on: date, *, verify_every: int) -> date:
    """The last day on which a line counts as verified."""
    return verified_on + timedelta(days=verify_every)


def emergency_country(country: str) -> str:
    """The country (ISO 3166) whose emergency services answer there: France for its overseas départements."""
    return "FR" if country in _OVERSEAS else country


def department_of(postal_code: str) -> str:
    """The French département of a postal code: "44", "2A", "974"; empty when it is none.

    Corsica's codes all begin with 20: to 201 the south, from 202 the north. A few communes have the code of a
    neighbouring département; their practice's own line then counts first.
    """
    digits = postal_code.strip()
    if len(digits) != 5 or not (digits.isascii() and digits.isdecimal()):
        return ""
    if digits.startswith("20"):
        return "2A" if digits < "20200" else "2B"
    return digits[:3] if digits.startswith(("97", "98")) else digits[:2]


def order_of_trying(
    lines: Iterable[KeptLine], *, own: LineToTry | None, country: str, departments: Sequence[str]
) -> list[LineToTry]:
    """The lines of one practice: its own, then those of its départements, then the country's; no number twice."""
    here = emergency_country(country)
    kept = sorted((line for line in lines if line.country == here), key=lambda line: (line.position, line.line_id))
    near = [line for place in dict.fromkeys(departments) if place for line in kept if line.department == place]
    whole = [line for line in kept if not line.department]
    found = [LineToTry(line.number, line.label, line.proof) for line in near + whole]
    if own is not None:
        # Its own number may stand in the directory, too: then it is verified there.
        proof = next((line.proof for line in kept if line.number == own.number), own.proof)
        found.insert(0, LineToTry(own.number, own.label, proof))
    first: dict[str, LineToTry] = {}
    for line in found:
        first.setdefault(line.number, line)
    return list(first.values())


def is_department(text: str) -> bool:
    """Whether this is how a French département is written: 01 to 95 but 20, 2A, 2B, 971 to 978, 986 to 988."""
    if text in {"2A", "2B"}:
        return True
    if not (text.isascii() and text.isdecimal()):
        return False
    if len(text) == 2:
        return 1 <= int(text) <= 95 and text != "20"
    return len(text) == 3 and (971 <= int(text) <= 978 or 986 <= int(text) <= 988)
