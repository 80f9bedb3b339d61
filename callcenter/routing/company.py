"""Who is with a patient, and whether an operator's telephone has left her. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from callcenter.telephony.statuses import LegRole, LegStatus

_OVER = (LegStatus.LEFT, LegStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Telephone:
    """One telephone of a call: ``was_in`` the conversation, now or once; ``is_silent``: unheard by the patient."""

    role: LegRole
    status: LegStatus
    staff_id: int | None
    was_in: bool = False
    is_silent: bool = False


def has_company(telephones: Iterable[Telephone]) -> bool:
    """Whether somebody is with the patient, or on the way to her.

    A supervisor who only listens, speaks to the operator alone, or is still being rung is nobody for her; nor is an
    operator's telephone that rings to bring her back: until it is in, the patient hears music.
    """
    telephones = list(telephones)
    back = {one.staff_id for one in telephones if _is_operators(one) and one.was_in}
    return any(_is_company(one, back) for one in telephones)


def is_cut_off(telephones: Iterable[Telephone], staff_id: int) -> bool:
    """Whether this operator was in the conversation and none of her telephones is in it now."""
    own = [one for one in telephones if _is_operators(one) and one.staff_id == staff_id]
    return any(one.was_in for one in own) and not any(one.status is LegStatus.JOINED for one in own)


def _is_company(one: Telephone, back: set[int | None]) -> bool:
    if one.role is LegRole.PATIENT or one.status in _OVER or one.is_silent:
        return False
    if one.role is LegRole.SUPERVISOR and one.status is not LegStatus.JOINED:
        return False
    return one.status is LegStatus.JOINED or not (_is_operators(one) and one.staff_id in back)


def _is_operators(one: Telephone) -> bool:
    return one.role is LegRole.OPERATOR
