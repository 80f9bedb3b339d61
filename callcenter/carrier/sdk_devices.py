"""Browsers that are telephones: who is registered, which of them ring, who took a call."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callcenter.carrier.network import Call

News = dict[str, str]


@dataclass(eq=False)
class Device:
    """One registered browser. It chose its name, and has the same one when it connects again."""

    name: str
    address: str
    news: "asyncio.Queue[News | None]" = field(default_factory=asyncio.Queue)


class Devices:
    """The registered browsers of a network; several of one address all ring, as at Twilio."""

    def __init__(self) -> None:
        self._connected: dict[str, Device] = {}
        self._ringing: dict[str, list[Device]] = {}  # by the call's SID

    def at(self, address: str) -> list[Device]:
        """Those that ring for an address."""
        return [one for one in self._connected.values() if one.address == address]

    def connect(self, device: Device) -> None:
        """It rings from now on; an earlier connection of the same name ends."""
        earlier = self._connected.get(device.name)
        if earlier is not None:
            earlier.news.put_nowait(None)
        self._connected[device.name] = device

    def disconnect(self, device: Device) -> None:
        """It rings no more, unless it has connected again meanwhile."""
        if self._connected.get(device.name) is device:
            del self._connected[device.name]

    def is_connected(self, name: str) -> bool:
        return name in self._connected

    def ring(self, call: "Call") -> None:
        """Tell every browser of the called address."""
        self._ringing[call.sid] = self.at(call.to)
        _tell(self._ringing[call.sid], call, "incoming")

    def picked_up(self, call: "Call") -> None:
        """Somebody answered: the others stop ringing."""
        others = [one for one in self._ringing.pop(call.sid, []) if one.name != call.answered_on]
        _tell(others, call, "cancel")

    def over(self, call: "Call") -> None:
        """The call has ended: those that still ring stop, and the one that had it is told."""
        _tell(self._ringing.pop(call.sid, []), call, "cancel")
        had_it = self._connected.get(call.answered_on)
        if had_it is not None:
            _tell([had_it], call, "disconnect")

    def close(self) -> None:
        """Let every stream end."""
        for one in self._connected.values():
            one.news.put_nowait(None)


def _tell(devices: Iterable[Device], call: "Call", event: str) -> None:
    for one in devices:
        one.news.put_nowait({"event": event, "CallSid": call.sid, "From": call.from_, "To": call.to})
