"""Two practitioners exchange stretches of being on call: one proposes, the other agrees, and nobody else for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Forbidden, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Practitioner
from callcenter.dispatch.on_call import read_roster, read_whole_stretches
from callcenter.dispatch.on_call_changes import lock_roster, note_change
from callcenter.dispatch.on_call_models import OnCallShift, ShiftSwap, SwapStatus
from callcenter.dispatch.rules.roster import DAY, Shift, ShiftSource, is_theirs, swapped

SWAPPED_AHEAD = 120 * DAY
_SETTLED_FOR = timedelta(days=30)  # so long a settled one stands on the lists


@dataclass(frozen=True, slots=True)
class SwapView:
    """A swap as it is listed; ``stands`` whether both stretches are still to come and still theirs."""

    row: ShiftSwap
    giver: str
    taker: str
    stands: bool


def swappable_stretches(session: Session, practice_id: int, *, at: datetime) -> list[Shift]:
    """The stretches to come that somebody has, whole, in order; those that have begun are left out."""
    until = at + SWAPPED_AHEAD
    found = read_whole_stretches(session, practice_id, starts_at=at, ends_at=until)
    return [one for one in found if one.starts_at > at and one.practitioner_id is not None]


def propose_swap(
    session: Session,
    giver: Practitioner,
    *,
    given_starts_at: datetime,
    returned_starts_at: datetime,
    at: datetime,
    staff_id: int,
) -> ShiftSwap:
    """Offer one's own stretch that begins then for a colleague's; the same one sent twice is one.

    Raises ``Forbidden`` for whoever is not the giver, and ``Conflict`` when a stretch is not theirs any more.
    """
    _refuse_others(giver, staff_id)
    lock_roster(session, giver.practice_id)
    by_start = {one.starts_at: one for one in swappable_stretches(session, giver.practice_id, at=at)}
    given, returned = by_start.get(given_starts_at), by_start.get(returned_starts_at)
    if given is None or given.practitioner_id != giver.id or returned is None:
        raise Conflict(N_("The roster has changed meanwhile: choose again."))
    if returned.practitioner_id == giver.id:
        raise Invalid(N_("Both stretches are yours: choose a colleague's."), field="returned")
    taker = session.scalars(
        select(Practitioner).where(
            Practitioner.practice_id == giver.practice_id, Practitioner.id == returned.practitioner_id
        )
    ).one()
    if taker.staff_id is None or taker.staff_id == staff_id:
        raise Invalid(
            N_("%(name)s does not sign in here and could not agree: ask for an override."),
            field="returned",
            name=taker.name,
        )
    columns = {
        "giver_id": giver.id,
        "given_starts_at": given.starts_at,
        "given_ends_at": given.ends_at,
        "taker_id": taker.id,
        "returned_starts_at": returned.starts_at,
        "returned_ends_at": returned.ends_at,
    }
    known = session.scalar(
        select(ShiftSwap).where(
            ShiftSwap.practice_id == giver.practice_id,
            ShiftSwap.status == SwapStatus.PROPOSED,
            *(getattr(ShiftSwap, name) == value for name, value in columns.items()),
        )
    )
    if known is not None:
        return known
    swap = ShiftSwap(
        practice_id=giver.practice_id, **columns, status=SwapStatus.PROPOSED, proposed_by=staff_id, proposed_at=at
    )
    session.add(swap)
    session.flush()
    _note(session, swap, "on_call_swap_proposed", at=at, staff_id=staff_id)
    return swap


def agree_to_swap(session: Session, practice_id: int, swap_id: int, *, at: datetime, staff_id: int) -> SwapStatus:
    """The colleague agrees: each has the other's stretch, unless one of them is not theirs any more.

    Then it is ``outdated`` and the roster stays. Agreed twice it is once. Raises ``Forbidden`` for anybody else, and
    ``Conflict`` when it was settled otherwise.
    """
    lock_roster(session, practice_id)
    swap, _giver, taker = _load(session, practice_id, swap_id)
    _refuse_others(taker, staff_id)
    if swap.status == SwapStatus.AGREED:
        return SwapStatus.AGREED
    status = SwapStatus.AGREED if _stands(session, swap, at=at) else SwapStatus.OUTDATED
    _settle(session, swap, status, at=at, staff_id=staff_id)
    if status == SwapStatus.AGREED:
        for one in swapped(*_stretches(swap)):
            session.add(
                OnCallShift(
                    practice_id=practice_id,
                    practitioner_id=one.practitioner_id,
                    starts_at=one.starts_at,
                    ends_at=one.ends_at,
                    source=ShiftSource.SWAP,
                    arranged_by=staff_id,
                    arranged_at=at,
                )
            )
    return status


def decline_swap(session: Session, practice_id: int, swap_id: int, *, at: datetime, staff_id: int) -> SwapStatus:
    """The colleague declines; the roster stays. Raises ``Forbidden`` and ``Conflict``."""
    lock_roster(session, practice_id)
    swap, _giver, taker = _load(session, practice_id, swap_id)
    _refuse_others(taker, staff_id)
    if swap.status != SwapStatus.DECLINED:
        _settle(session, swap, SwapStatus.DECLINED, at=at, staff_id=staff_id)
    return SwapStatus.DECLINED


def withdraw_swap(session: Session, practice_id: int, swap_id: int, *, at: datetime, staff_id: int) -> SwapStatus:
    """Whoever proposed takes it back; the roster stays. Raises ``Forbidden`` and ``Conflict``."""
    lock_roster(session, practice_id)
    swap, giver, _taker = _load(session, practice_id, swap_id)
    _refuse_others(giver, staff_id)
    if swap.status != SwapStatus.WITHDRAWN:
        _settle(session, swap, SwapStatus.WITHDRAWN, at=at, staff_id=staff_id)
    return SwapStatus.WITHDRAWN


def list_swaps(
    session: Session, practice_id: int, *, names: dict[int, str], at: datetime, of: int | None = None
) -> list[SwapView]:
    """The swaps that are proposed, and those settled within a month, the newest first; ``of``: one practitioner's."""
    wanted = select(ShiftSwap).where(
        ShiftSwap.practice_id == practice_id,
        or_(ShiftSwap.settled_at.is_(None), ShiftSwap.settled_at > at - _SETTLED_FOR),
    )
    if of is not None:
        wanted = wanted.where(or_(ShiftSwap.giver_id == of, ShiftSwap.taker_id == of))
    rows = session.scalars(wanted.order_by(ShiftSwap.proposed_at.desc(), ShiftSwap.id.desc())).all()
    open_ones = [one for one in rows if one.status == SwapStatus.PROPOSED]
    shifts: Sequence[Shift] = ()
    if open_ones:
        shifts = read_roster(
            session,
            practice_id,
            starts_at=min(at, *(min(one.given_starts_at, one.returned_starts_at) for one in open_ones)),
            ends_at=max(max(one.given_ends_at, one.returned_ends_at) for one in open_ones),
        )
    return [
        SwapView(
            row=one,
            giver=names.get(one.giver_id, ""),
            taker=names.get(one.taker_id, ""),
            stands=one.status == SwapStatus.PROPOSED and _is_possible(shifts, one, at=at),
        )
        for one in rows
    ]


def swaps_asked(session: Session, taker: Practitioner, *, at: datetime) -> int:
    """How many proposals wait for this practitioner's answer and have not run out."""
    found = session.scalar(
        select(func.count()).where(
            ShiftSwap.practice_id == taker.practice_id,
            ShiftSwap.taker_id == taker.id,
            ShiftSwap.status == SwapStatus.PROPOSED,
            ShiftSwap.given_starts_at > at,
            ShiftSwap.returned_starts_at > at,
        )
    )
    return found or 0


def _load(session: Session, practice_id: int, swap_id: int) -> tuple[ShiftSwap, Practitioner, Practitioner]:
    swap = session.scalar(select(ShiftSwap).where(ShiftSwap.practice_id == practice_id, ShiftSwap.id == swap_id))
    if swap is None:
        raise NotFound(N_("There is no such swap."))
    people = {
        one.id: one
        for one in session.scalars(
            select(Practitioner).where(
                Practitioner.practice_id == practice_id, Practitioner.id.in_([swap.giver_id, swap.taker_id])
            )
        )
    }
    return swap, people[swap.giver_id], people[swap.taker_id]


def _refuse_others(practitioner: Practitioner, staff_id: int) -> None:
    if practitioner.staff_id != staff_id:
        raise Forbidden(N_("Only %(name)s may do this."), name=practitioner.name)


def _stands(session: Session, swap: ShiftSwap, *, at: datetime) -> bool:
    """Whether both stretches are still theirs now that nobody else can change the roster."""
    first = min(swap.given_starts_at, swap.returned_starts_at)
    last = max(swap.given_ends_at, swap.returned_ends_at)
    shifts = read_roster(session, swap.practice_id, starts_at=first, ends_at=last)
    return _is_possible(shifts, swap, at=at)


def _is_possible(shifts: Sequence[Shift], swap: ShiftSwap, *, at: datetime) -> bool:
    given, returned = _stretches(swap)
    return all(
        one.starts_at > at
        and one.practitioner_id is not None
        and is_theirs(shifts, one.practitioner_id, starts_at=one.starts_at, ends_at=one.ends_at)
        for one in (given, returned)
    )


def _stretches(swap: ShiftSwap) -> tuple[Shift, Shift]:
    return (
        Shift(swap.given_starts_at, swap.given_ends_at, swap.giver_id, ShiftSource.SWAP),
        Shift(swap.returned_starts_at, swap.returned_ends_at, swap.taker_id, ShiftSource.SWAP),
    )


def _settle(session: Session, swap: ShiftSwap, status: SwapStatus, *, at: datetime, staff_id: int) -> None:
    won = session.execute(
        update(ShiftSwap)
        .where(
            ShiftSwap.practice_id == swap.practice_id,
            ShiftSwap.id == swap.id,
            ShiftSwap.status == SwapStatus.PROPOSED,
        )
        .values(status=status, settled_by=staff_id, settled_at=at)
        .returning(ShiftSwap.id)
    ).first()
    if won is None:
        raise Conflict(N_("This swap is settled already: look at the list."))
    _note(session, swap, f"on_call_swap_{status.value}", at=at, staff_id=staff_id)


def _note(session: Session, swap: ShiftSwap, action: str, *, at: datetime, staff_id: int) -> None:
    note_change(session, swap.practice_id, action, f"shift_swap {swap.id}", at=at, staff_id=staff_id)
