"""Which numbers a practice may reach while it is in training. Pure: the one place that decides it."""

from callcenter.core.i18n import N_
from callcenter.core.phone import NumberKind, is_fictional, number_kind

LIVE = "live"
_SOFTPHONE = "client:"


def refusal_in_training(mode: str, number: str, *, takes_part: bool = False, is_emergency_line: bool = False) -> str:
    """Why a practice in this mode never reaches this number, a message id; empty when it may.

    A practice that is not in service reaches no stranger: only numbers that the regulator reserves for fiction. Whoever
    ``takes_part``, the caller on the telephone that she rang from and our own people on theirs, is rung there, unless
    it is known as an emergency line or is a short number, behind which there may always be one.
    """
    if mode == LIVE or number.startswith(_SOFTPHONE) or is_fictional(number):
        return ""
    if takes_part and not is_emergency_line and number_kind(number)[1] is not NumberKind.SHORT:
        return ""
    return N_("This practice is in training: only a fictional number may be dialled, so this one was not called.")


def reachable(mode: str, number: str) -> str:
    """A number that callers are put through to; empty, as if there were none, when training forbids it."""
    return "" if number and refusal_in_training(mode, number) else number
