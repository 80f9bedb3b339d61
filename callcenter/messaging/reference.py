"""The opaque word that a status callback carries back: which message, and which attempt at sending it. Pure."""


def message_reference(message_id: int, attempt: int) -> str:
    """What the callback's address carries: a receipt finds its message before we have kept the carrier's id."""
    return f"{message_id}-{attempt}"


def read_reference(reference: str | None) -> tuple[int, int] | None:
    """Message and attempt; None for anything else."""
    message_id, dash, attempt = (reference or "").partition("-")
    if not dash or not (message_id.isascii() and message_id.isdigit() and attempt.isascii() and attempt.isdigit()):
        return None
    # Longer figures than the column holds come from no callback of ours.
    return (int(message_id), int(attempt)) if len(message_id) < 10 and len(attempt) < 10 else None
