"""Forms that keep what was typed when they are refused, with the sentence beside its field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Invalid, Problem
from callcenter.core.scope import Practices
from callcenter.directory.identity import Identity
from callcenter.web.context import World


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form shows: the values typed (or kept), and why they were refused, if they were."""

    values: Mapping[str, object] = field(default_factory=dict)
    refused: Problem | None = None

    def value(self, name: str) -> object:
        """What stands in a field."""
        found = self.values.get(name, "")
        return "" if found is None else found

    def is_wrong(self, name: str) -> bool:
        """Whether the refusal is about this field."""
        return isinstance(self.refused, Invalid) and self.refused.field == name

    def is_wrong_elsewhere(self, *names: str) -> bool:
        """Whether the refusal is about none of these fields, and so stands above the form."""
        return self.refused is not None and not any(self.is_wrong(name) for name in names)

    @property
    def status(self) -> int:
        """The HTTP status of the page that shows it."""
        return self.refused.status if self.refused else 200


def attempt(world: World, me: Identity, act: Callable[[Session], object]) -> Problem | None:
    """Do something in one transaction of her scope; a refusal rolls all of it back and is given to the form."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            act(session)
    except (Invalid, Conflict) as refused:
        return refused
    return None
