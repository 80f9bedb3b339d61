"""Whom an appointment needs at its time, as one number: people, rooms and devices exclude themselves alike. Pure.

FHIR R4 calls them the actors of a schedule. One number lets one constraint of the database guard them all.
"""


def practitioner_actor(practitioner_id: int) -> int:
    """The actor that a practitioner is: an even number."""
    return 2 * practitioner_id


def resource_actor(resource_id: int) -> int:
    """The actor that a room or a device is: an odd number."""
    return 2 * resource_id + 1


def practitioner_of(actor: int) -> int | None:
    """The practitioner's id; None for a room or a device."""
    return None if actor % 2 else actor // 2


def resource_of(actor: int) -> int | None:
    """The room's or device's id; None for a practitioner."""
    return actor // 2 if actor % 2 else None
