"""What happened, told upwards: a domain publishes a past-tense fact, those above subscribe.

Subscribers run in the publisher's transaction: what they write is kept or lost together with the fact.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

E = TypeVar("E")


class EventBus:
    """Who wants to hear of what; filled once, at the start."""

    def __init__(self) -> None:
        self._subscribers: dict[type[Any], list[Callable[[Session, Any], None]]] = defaultdict(list)

    def subscribe(self, kind: type[E], act: Callable[[Session, E], None]) -> None:
        """Call ``act(session, event)`` for each event of this kind."""
        self._subscribers[kind].append(act)

    def deliver(self, session: Session, event: object) -> None:
        """Call the subscribers, in the order they subscribed."""
        for act in self._subscribers[type(event)]:
            act(session, event)


def publish(session: Session, event: object) -> None:
    """Tell those who subscribed, within this transaction."""
    bus: EventBus = session.info["bus"]
    bus.deliver(session, event)
