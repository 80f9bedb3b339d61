"""What an incoming call is called: here, at the carrier, and among the receipts."""

PATIENT_LABEL = "patient"
HUNG_UP = "hung-up"  # kind of the receipt that says a caller's telephone is back on the hook
SPOKE_ELSEWHERE = "spoke-elsewhere"  # of the receipt that says somebody answered her where her practice had her sent


def conference_name(call_sid: str) -> str:
    """The room of a call: derived from its SID alone, so that even an answer given in distress joins no strangers."""
    return f"call-{call_sid}"
