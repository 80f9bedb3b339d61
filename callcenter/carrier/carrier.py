"""What every part of the carrier works with."""

from dataclasses import dataclass

from callcenter.carrier.callbacks import Callbacks
from callcenter.carrier.clock import Clock
from callcenter.carrier.network import Network
from callcenter.carrier.settings import CarrierSettings


@dataclass(frozen=True)
class Carrier:
    settings: CarrierSettings
    clock: Clock
    network: Network
    callbacks: Callbacks
