"""What a drill found, in the one form that machines read."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Verdict:
    """The count of one scene; an invariant that did not hold is named in ``broken``."""

    scene: str
    operations: int = 0  # calls placed and webhooks sent
    faults: int = 0  # processes killed, deploys, stalls
    lost: int = 0  # callers of whom the product knows nothing
    doubled: int = 0  # callers whom it holds twice
    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def expect(self, holds: bool, invariant: str) -> None:
        """Note an invariant that does not hold."""
        if not holds:
            self.broken.append(f"{self.scene}: {invariant}")

    def as_dict(self) -> dict[str, Any]:
        """The scene for the report."""
        return {
            "scene": self.scene,
            "operations": self.operations,
            "faults": self.faults,
            "lost": self.lost,
            "doubled": self.doubled,
            **self.figures,
        }


def report(drill: str, seed: int, verdicts: list[Verdict]) -> dict[str, Any]:
    """All scenes as one object."""
    return {
        "drill": drill,
        "seed": seed,
        "operations": sum(verdict.operations for verdict in verdicts),
        "faults": sum(verdict.faults for verdict in verdicts),
        "lost": sum(verdict.lost for verdict in verdicts),
        "doubled": sum(verdict.doubled for verdict in verdicts),
        "broken": [one for verdict in verdicts for one in verdict.broken],
        "scenes": [verdict.as_dict() for verdict in verdicts],
    }
