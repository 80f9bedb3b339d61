"""The states of calls and legs, apart from their tables: what decides from them knows no database."""

from enum import StrEnum


class CallStatus(StrEnum):
    """Derived from the legs by ``telephony.state`` after each event, and kept for queries."""

    WAITING = "waiting"  # the patient is there, nobody else
    TALKING = "talking"  # the patient and at least one other
    ENDED = "ended"  # the patient has left


class LegRole(StrEnum):
    """Whose telephone a leg is."""

    PATIENT = "patient"
    OPERATOR = "operator"
    EMERGENCY = "emergency"


class LegStatus(StrEnum):
    """Where a leg stands; it only ever moves downwards in this list."""

    WANTED = "wanted"  # committed here, the carrier not yet told
    DIALLING = "dialling"
    RINGING = "ringing"
    JOINED = "joined"
    LEFT = "left"
    FAILED = "failed"  # never joined: busy, no answer, refused by the carrier
