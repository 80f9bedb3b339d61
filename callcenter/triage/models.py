"""Tables of triage: one run of a script, and each answer with the words it was asked in."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.core.db import Base, Instant
from callcenter.core.scope import PracticeOwned


class Assessment(PracticeOwned, Base):
    """One run of one version of a script in one call."""

    __tablename__ = "assessment"
    __table_args__ = (UniqueConstraint("call_id", "script_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    script_id: Mapped[str] = mapped_column(String(40))
    script_version: Mapped[str] = mapped_column(String(20))
    script_sha256: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(2))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    started_at: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(20))
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class AssessmentAnswer(PracticeOwned, Base):
    """One answer, as asked and as given. Corrections add a row: the newest of a question counts."""

    __tablename__ = "assessment_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"), index=True)
    question_id: Mapped[str] = mapped_column(String(40))
    question_text: Mapped[str] = mapped_column(String(300))
    answer: Mapped[str] = mapped_column(String(40))
    answered_at: Mapped[datetime] = mapped_column(Instant)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
