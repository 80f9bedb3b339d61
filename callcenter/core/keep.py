"""What a process remembers so as not to read it again: bounded, for all threads, the longest unused forgotten first."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

ROOM = 400_000  # pieces; some fifty megabytes of intervals


class Keep:
    """Values by key, each with its weight in pieces. Whether a value still holds, its user knows."""

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._taken = room, 0
        self._values: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """What is kept by this key; None when nothing is."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[1]

    def put(self, key: Hashable, value: Any, weight: int = 1) -> None:
        """Keep it instead of what was kept by this key."""
        with self._lock:
            self._taken += weight - self._values.pop(key, (0, None))[0]
            self._values[key] = (weight, value)
            while self._taken > self._room:
                self._taken -= self._values.popitem(last=False)[1][0]

    def __len__(self) -> int:
        return len(self._values)
