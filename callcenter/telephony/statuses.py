"""The states of calls and legs, apart from their tables: what decides from them knows no database."""

from enum import StrEnum


class CallStatus(StrEnum):
    """Derived from the legs by ``telephony.state`` after each event, and kept for queries."""

    WAITING = "waiting"  # the patient is there, nobody else
    TALKING = "talking"  # the patient and at least one other
    LOST = "lost"  # the patient dropped in an emergency, or while a doctor is on: alarm, and she is rung back
    ENDED = "ended"  # the patient has left, and nobody is there for whom she is rung back


GOING_ON = (CallStatus.WAITING, CallStatus.TALKING, CallStatus.LOST)
"""Calls that are not over. Named one by one, so that the index of a handful among millions serves."""


class CallDirection(StrEnum):
    """Who rang whom."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"  # we ring: a patient back, or a practitioner about a message


class CallHandling(StrEnum):
    """What a caller was given when she rang."""

    QUEUE = "queue"  # she waits for an operator
    ANNOUNCED = "announced"  # outside the line's hours: she hears a sentence
    GATED = "gated"  # her practice is flooded: two digits first
    FALLBACK = "fallback"  # this product was out of reach: the carrier's static document answered her
    NOTICE = "notice"  # nobody rang: a practitioner is rung about a message, and asked for a key


class LegRole(StrEnum):
    """Whose telephone a leg is."""

    PATIENT = "patient"
    OPERATOR = "operator"
    PRACTITIONER = "practitioner"
    EMERGENCY = "emergency"
    SUPERVISOR = "supervisor"
    CONTACT = "contact"  # somebody else whom the operator asks or to whom she puts the patient through


class LegStatus(StrEnum):
    """Where a leg stands, derived from what was heard of it."""

    WANTED = "wanted"  # committed here, the carrier not yet told
    DIALLING = "dialling"  # the carrier has it; or a patient out of her room whose telephone is still off the hook
    RINGING = "ringing"
    JOINED = "joined"
    LEFT = "left"
    FAILED = "failed"  # never joined: busy, no answer, refused by the carrier


class AlarmKind(StrEnum):
    """What somebody must see at once."""

    PATIENT_LOST = "patient_lost"
    ABUSE = "abuse"  # an operator is being abused and asks for her supervisor


CANCELED = "canceled"
"""The reason kept with a leg that we stopped ringing ourselves, a message id; the carrier's own word."""
