"""Which of an operator's browsers has her desk: the one that signed in last, or took it back.

Everything else of hers is read in any browser; gestures are made, and calls ring, in this one alone.
"""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.directory.models import StaffSession
from callcenter.routing.agents import was_changed
from callcenter.routing.models import Agent, AgentStatus


class DeskElsewhere(Conflict):
    """Her desk is open in another browser of hers."""


def claim_desk(session: Session, staff_id: int, session_id: int, *, at: datetime) -> None:
    """Her desk is in this browser from now on; the one that had it shows so. Claimed twice, it stays claimed.

    Her status and her call are kept: a conversation goes on where it is heard.
    """
    open_agent(session, staff_id, session_id=session_id, at=at)
    others = or_(Agent.session_id.is_(None), Agent.session_id != session_id)
    taken = update(Agent).where(Agent.staff_id == staff_id, others)
    if was_changed(session, taken.values(session_id=session_id, session_since=at)):
        touch(session, f"desk-{staff_id}")


def is_opened_anew(session: Session, staff_id: int, session_id: int) -> bool:
    """Whether this browser, which opens her desk, was signed in after another one had it: then it is to be claimed.

    One from which the desk was taken back reads it again and again, and does not have it.
    """
    agent = session.execute(select(Agent.session_id, Agent.session_since).where(Agent.staff_id == staff_id))
    held_by, since = agent.one_or_none() or (None, None)
    if held_by is None or held_by == session_id:
        return False  # its first heartbeat takes it
    signed_in_at = session.scalar(select(StaffSession.created_at).where(StaffSession.id == session_id))
    return signed_in_at is not None and since is not None and signed_in_at > since


def keep_desk(session: Session, staff_id: int, session_id: int, *, at: datetime) -> bool:
    """Whether her desk is in this browser; a desk that no browser has any more is taken."""
    open_agent(session, staff_id, session_id=session_id, at=at)
    agent = session.scalars(select(Agent).where(Agent.staff_id == staff_id)).one()
    if agent.session_id == session_id:
        return True
    if _is_open(session, staff_id, agent.session_id, at=at):
        return False
    before = Agent.session_id.is_(None) if agent.session_id is None else Agent.session_id == agent.session_id
    vacant = update(Agent).where(Agent.staff_id == staff_id, before)
    if not was_changed(session, vacant.values(session_id=session_id, session_since=at)):
        return False  # another was quicker
    touch(session, f"desk-{staff_id}")
    return True


def release_desk(session: Session, staff_id: int, session_id: int) -> bool:
    """This browser gives the desk up; whether no other one has it."""
    held = update(Agent).where(Agent.staff_id == staff_id, Agent.session_id == session_id)
    if was_changed(session, held.values(session_id=None, session_since=None)):
        touch(session, f"desk-{staff_id}")
        return True
    return session.scalar(select(Agent.session_id).where(Agent.staff_id == staff_id)) is None


def is_talking_here(session: Session, staff_id: int, session_id: int) -> bool:
    """Whether she is in a call, at the desk that this browser has."""
    hers = select(Agent.staff_id).where(
        Agent.staff_id == staff_id, Agent.session_id == session_id, Agent.status == AgentStatus.ON_CALL
    )
    return session.scalar(hers) is not None


def desk_elsewhere(session: Session, staff_id: int, session_id: int, *, at: datetime) -> datetime | None:
    """Since when her desk is open in another browser; None when it is not."""
    agent = session.execute(
        select(Agent.session_id, Agent.session_since).where(Agent.staff_id == staff_id)
    ).one_or_none()
    if agent is None or agent.session_id in {None, session_id}:
        return None
    if not _is_open(session, staff_id, agent.session_id, at=at):
        return None
    return agent.session_since or at


def refuse_elsewhere(session: Session, staff_id: int, session_id: int, *, at: datetime) -> None:
    """Raise ``DeskElsewhere`` when her desk is open in another browser."""
    if desk_elsewhere(session, staff_id, session_id, at=at) is not None:
        raise DeskElsewhere(N_("Your desk is open in another browser. Take it back here first."))


def open_agent(session: Session, staff_id: int, *, session_id: int | None, at: datetime) -> None:
    """The distributor knows her from now on; her lease begins with her first heartbeat."""
    if session.scalar(select(Agent.staff_id).where(Agent.staff_id == staff_id)) is not None:
        return
    insert_new(
        session,
        Agent,
        staff_id=staff_id,
        status=AgentStatus.OFFLINE,
        status_since=at,
        lease_until=at,
        missed_call=False,
        session_id=session_id,
        session_since=None if session_id is None else at,
    )


def _is_open(session: Session, staff_id: int, session_id: int | None, *, at: datetime) -> bool:
    if session_id is None:
        return False
    found = select(StaffSession.id).where(
        StaffSession.id == session_id,
        # SQLite gives the number of the row that was deleted last to the next: it may be a colleague's by now.
        StaffSession.staff_id == staff_id,
        StaffSession.expires_at > at,
    )
    return session.scalar(found) is not None
