"""An append-only record of who did what to which thing, in which practice, and when."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.core.db import Base, Instant


class AuditEntry(Base):
    """One act. Rows are only ever added."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    practice_id: Mapped[int | None] = mapped_column(ForeignKey("practice.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    acted_at: Mapped[datetime] = mapped_column(Instant)


# Nobody reads it in the transaction that writes it: a row of its own for the session would be flushed for nothing.
_NOTE = insert(AuditEntry)


def record_act(
    session: Session, action: str, subject: str, *, at: datetime, staff_id: int | None, practice_id: int | None = None
) -> None:
    """Note an act; ``subject`` is a table and an id (``patient 12``), never personal data."""
    entry = {"practice_id": practice_id, "staff_id": staff_id, "action": action, "subject": subject, "acted_at": at}
    session.connection().execute(_NOTE, entry)
