"""the agenda's rules: cycles, kinds, channels, exceptions, and what each type of visit asks"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_EMPTY = object()  # a column that may be empty
_Columns = dict[str, tuple[sa.types.TypeEngine[Any], Any]]

# What every row of before begins with.
_COLUMNS: dict[str, _Columns] = {
    "schedule": {"keeps_holidays": (sa.Boolean(), sa.true())},
    "service_type": {
        "before_minutes": (sa.Integer(), "0"),
        "after_minutes": (sa.Integer(), "0"),
        "step_minutes": (sa.Integer(), "5"),
        "notice_minutes": (sa.Integer(), "0"),
        "horizon_days": (sa.Integer(), _EMPTY),
        "new_patients": (sa.String(8), "welcome"),
        "new_patient_minutes": (sa.Integer(), _EMPTY),
        "youngest": (sa.Integer(), _EMPTY),
        "oldest": (sa.Integer(), _EMPTY),
        "is_urgent": (sa.Boolean(), sa.false()),
    },
    "opening": {
        "cycle_weeks": (sa.Integer(), "1"),
        "cycle_week": (sa.Integer(), "0"),
        "anchor_on": (sa.Date(), _EMPTY),
        "school_days": (sa.String(8), "any"),
        "kind": (sa.String(9), "normal"),
        "release_days": (sa.Integer(), _EMPTY),
        "release_at": (sa.Time(), _EMPTY),
    },
    "appointment": {
        "channel": (sa.String(8), "phone"),
        "opening_id": (sa.Integer(), _EMPTY),
        "opening_day": (sa.Date(), _EMPTY),
    },
}
_CHECKS = {
    "service_type": {
        "buffers": "before_minutes >= 0 AND after_minutes >= 0",
        "step": "step_minutes >= 5 AND step_minutes % 5 = 0",
        "notice": "notice_minutes >= 0",
        "horizon": "horizon_days > 0",
        "new_patients": "new_patients <> 'longer' OR new_patient_minutes > 0",
    },
    "opening": {
        "cycle": "cycle_weeks BETWEEN 1 AND 52 AND cycle_week >= 0 AND cycle_week < cycle_weeks",
        "anchor": "cycle_weeks = 1 OR anchor_on IS NOT NULL",
        "kind": "kind IN ('normal', 'emergency', 'reserve')",
        "school_days": "school_days IN ('any', 'term', 'holidays')",
        "release": "(release_days IS NULL) = (release_at IS NULL)",
    },
}
_TABLES = ("day_exception", "opening_use", "opening_channel", "opening_service_type", "practitioner_service")


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        _add(table, columns)
    with op.batch_alter_table("opening") as batch_op:
        # An end that is not after the start is the next day's: nights are one opening.
        batch_op.drop_constraint(op.f("ck_opening_order"), type_="check")
    with op.batch_alter_table("appointment") as batch_op:
        batch_op.create_foreign_key(
            op.f("fk_appointment_opening_id_opening"), "opening", ["opening_id"], ["id"], ondelete="SET NULL"
        )
    _create()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    with op.batch_alter_table("appointment") as batch_op:
        batch_op.drop_constraint(op.f("fk_appointment_opening_id_opening"), type_="foreignkey")
    op.execute("DELETE FROM opening WHERE starts >= ends")
    for table, checks in _CHECKS.items():
        with op.batch_alter_table(table) as batch_op:
            for name in checks:
                batch_op.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
    with op.batch_alter_table("opening") as batch_op:
        batch_op.create_check_constraint(op.f("ck_opening_order"), "starts < ends")
    for table, columns in _COLUMNS.items():
        with op.batch_alter_table(table) as batch_op:
            for name in columns:
                batch_op.drop_column(name)


def _add(table: str, columns: _Columns) -> None:
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, begins) in columns.items():
            if begins is _EMPTY:
                batch_op.add_column(sa.Column(name, kind, nullable=True))
            else:
                batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=begins))
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, begins) in columns.items():
            if begins is not _EMPTY:
                batch_op.alter_column(name, existing_type=kind, server_default=None)
        for name, condition in _CHECKS.get(table, {}).items():
            batch_op.create_check_constraint(op.f(f"ck_{table}_{name}"), condition)


def _create() -> None:
    op.create_table(
        "practitioner_service",
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("service_type_id", sa.Integer(), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("new_patients", sa.String(8), nullable=True),
        sa.Column("new_patient_minutes", sa.Integer(), nullable=True),
        sa.Column("notice_minutes", sa.Integer(), nullable=True),
        sa.Column("horizon_days", sa.Integer(), nullable=True),
        *_practice("practitioner_service"),
        _reference("practitioner_service", "practitioner_id", "practitioner"),
        _reference("practitioner_service", "service_type_id", "service_type"),
        sa.PrimaryKeyConstraint("practitioner_id", "service_type_id", name=op.f("pk_practitioner_service")),
    )
    op.create_table(
        "opening_service_type",
        sa.Column("opening_id", sa.Integer(), nullable=False),
        sa.Column("service_type_id", sa.Integer(), nullable=False),
        *_practice("opening_service_type"),
        _reference("opening_service_type", "opening_id", "opening", ondelete="CASCADE"),
        _reference("opening_service_type", "service_type_id", "service_type", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("opening_id", "service_type_id", name=op.f("pk_opening_service_type")),
    )
    op.create_table(
        "opening_channel",
        sa.Column("opening_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("latest_minutes", sa.Integer(), nullable=False),
        sa.Column("earliest_minutes", sa.Integer(), nullable=True),
        *_practice("opening_channel"),
        _reference("opening_channel", "opening_id", "opening", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("opening_id", "channel", name=op.f("pk_opening_channel")),
        sa.CheckConstraint("channel IN ('phone', 'online', 'internal')", name=op.f("ck_opening_channel_channel")),
        sa.CheckConstraint("quota >= 0", name=op.f("ck_opening_channel_quota")),
        sa.CheckConstraint(
            "latest_minutes >= 0 AND earliest_minutes > latest_minutes", name=op.f("ck_opening_channel_booking_window")
        ),
    )
    op.create_table(
        "opening_use",
        sa.Column("opening_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        *_practice("opening_use"),
        _reference("opening_use", "opening_id", "opening", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("opening_id", "day", "channel", name=op.f("pk_opening_use")),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_opening_use_taken")),
    )
    op.create_table(
        "day_exception",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("reason", sa.String(120), nullable=False),
        sa.Column("noted_by", sa.Integer(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        *_practice("day_exception"),
        _reference("day_exception", "noted_by", "staff"),
        _reference("day_exception", "schedule_id", "schedule"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_exception")),
        sa.CheckConstraint("kind IN ('closed', 'open', 'replaced')", name=op.f("ck_day_exception_kind")),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_day_exception_order")),
        sa.CheckConstraint("(starts IS NULL) = (ends IS NULL)", name=op.f("ck_day_exception_hours")),
        sa.CheckConstraint("kind <> 'open' OR starts IS NOT NULL", name=op.f("ck_day_exception_opens")),
    )
    op.create_index("ix_day_exception_schedule", "day_exception", ["schedule_id", "last_on"])
    op.create_index("ix_day_exception_practice", "day_exception", ["practice_id", "last_on"])
    for table in _TABLES:
        op.create_index(op.f(f"ix_{table}_practice_id"), table, ["practice_id"])


def _practice(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return sa.Column("practice_id", sa.Integer(), nullable=False), _reference(table, "practice_id", "practice")


def _reference(table: str, column: str, other: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )
