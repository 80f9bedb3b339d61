"""How a supervisor may be in an operator's call, and how the others are told that she is. Pure."""

from enum import StrEnum

from callcenter.core.i18n import N_


class SupervisionMode(StrEnum):
    """How a supervisor is in somebody's call."""

    LISTEN = "listen"
    WHISPER = "whisper"  # heard by the operator alone
    JOIN = "join"


def refusal_in_emergency(mode: SupervisionMode, *, is_confirmed: bool) -> str:
    """Why she may not be in the call this way while the emergency line is, a message id; empty when she may.

    Listening changes nothing for anybody. A voice in the operator's ear, which neither patient nor regulator knows of,
    would make her miss what they say: it is refused. To speak with all three is asked for twice.
    """
    if mode is SupervisionMode.WHISPER:
        return N_(
            "Never whisper in an emergency: the operator must hear the patient and the regulator. Listen, or join."
        )
    if mode is SupervisionMode.JOIN and not is_confirmed:
        return N_("This is an emergency call. Confirm that you want to speak with the patient and the regulator.")
    return ""


def mode_at_carrier(asked: SupervisionMode, *, was_told: bool, muted: bool, coaching: bool) -> SupervisionMode:
    """How she truly is in the call: what the carrier said of her telephone counts more than what was asked.

    ``was_told``: the carrier has said anything of it yet.
    """
    if not was_told:
        return asked
    if muted:
        return SupervisionMode.LISTEN
    return SupervisionMode.WHISPER if coaching else SupervisionMode.JOIN
