"""no call is lost: facts of legs, alarms, repairs, hours of lines, the rein on our own calls"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, (table, _column) in _TOO_MANY.items():
        op.drop_index(name, table_name=table)
    op.create_index("ix_webhook_receipt_received_at", "webhook_receipt", ["received_at"])
    _add_to_directory()
    _add_to_telephony()
    # Both columns, or SQLite takes the index of the status, with all the calls that ended in it.
    _index_unclosed("closed_at", "status")


def downgrade() -> None:
    op.drop_index("ix_webhook_receipt_received_at", table_name="webhook_receipt")
    for name, (table, column) in _TOO_MANY.items():
        op.create_index(name, table, [column])
    _index_unclosed("status")
    op.drop_table("placing_control")
    op.drop_table("repair")
    op.drop_table("call_alarm")
    op.drop_index("ix_queue_entry_waiting", table_name="queue_entry")
    with op.batch_alter_table("queue_entry") as batch_op:
        batch_op.drop_column("ahead")
        batch_op.drop_column("urgent")
    op.drop_index("ix_leg_wanted", table_name="leg")
    with op.batch_alter_table("leg") as batch_op:
        batch_op.drop_index("ix_leg_dialled_at")
        for name in _NEW_ON_LEG:
            batch_op.drop_column(name)
    op.execute("UPDATE call SET status = 'ended' WHERE status = 'lost'")
    with op.batch_alter_table("call") as batch_op:
        batch_op.drop_constraint(op.f("ck_call_handling"), type_="check")
        batch_op.drop_constraint(op.f("ck_call_status"), type_="check")
        batch_op.create_check_constraint(op.f("ck_call_status"), "status IN ('waiting', 'talking', 'ended')")
        batch_op.drop_column("handling")
        batch_op.drop_column("callback_number")
    op.drop_table("line_period")
    op.drop_table("line_hours")
    with op.batch_alter_table("practice_line") as batch_op:
        batch_op.drop_constraint(op.f("ck_practice_line_forwarding"), type_="check")
        batch_op.drop_constraint(op.f("ck_practice_line_gate"), type_="check")
        for name in ("forwarding", "outside_sentence", "outside_number", "gate_per_minute"):
            batch_op.drop_column(name)
    with op.batch_alter_table("practice") as batch_op:
        batch_op.drop_column("emergency_sentence")
        batch_op.drop_column("backup_number")


# Others begin with the same column, or nobody looks by it: each index is paid by every call that comes in.
_TOO_MANY = {
    "ix_call_practice_id": ("call", "practice_id"),
    "ix_leg_call_id": ("leg", "call_id"),
    "ix_leg_practice_id": ("leg", "practice_id"),
    "ix_queue_entry_practice_id": ("queue_entry", "practice_id"),
    "ix_reservation_practice_id": ("reservation", "practice_id"),
}


def _index_unclosed(*columns: str) -> None:
    op.drop_index("ix_call_unclosed", table_name="call")
    unclosed = sa.text("closed_at IS NULL")
    op.create_index("ix_call_unclosed", "call", columns, sqlite_where=unclosed, postgresql_where=unclosed)


_NEW_ON_LEG: dict[str, sa.types.TypeEngine[Any]] = {
    "in_room": sa.Boolean(),
    "room_mark": sa.BigInteger(),
    "hold_mark": sa.BigInteger(),
    "muted": sa.Boolean(),
    "mute_mark": sa.BigInteger(),
    "coaching": sa.Boolean(),
    "dialled_at": sa.DateTime(timezone=True),
    "over_at": sa.DateTime(timezone=True),
    "failed_at": sa.DateTime(timezone=True),
    "given_up_at": sa.DateTime(timezone=True),
}
# What every old leg begins with; the others stay unknown.
_BEGINS: dict[str, Any] = {
    "room_mark": "0",
    "hold_mark": "0",
    "mute_mark": "0",
    "muted": sa.false(),
    "coaching": sa.false(),
}


def _add_to_directory() -> None:
    with op.batch_alter_table("practice") as batch_op:
        batch_op.add_column(sa.Column("emergency_sentence", sa.String(300), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("backup_number", sa.String(20), nullable=False, server_default=""))
    with op.batch_alter_table("practice") as batch_op:
        batch_op.alter_column("emergency_sentence", existing_type=sa.String(300), server_default=None)
        batch_op.alter_column("backup_number", existing_type=sa.String(20), server_default=None)
    with op.batch_alter_table("practice_line") as batch_op:
        batch_op.add_column(sa.Column("forwarding", sa.String(12), nullable=False, server_default="permanent"))
        batch_op.add_column(sa.Column("outside_sentence", sa.String(300), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("outside_number", sa.String(20), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("gate_per_minute", sa.Integer(), nullable=False, server_default="12"))
    with op.batch_alter_table("practice_line") as batch_op:
        batch_op.alter_column("forwarding", existing_type=sa.String(12), server_default=None)
        batch_op.alter_column("outside_sentence", existing_type=sa.String(300), server_default=None)
        batch_op.alter_column("outside_number", existing_type=sa.String(20), server_default=None)
        batch_op.alter_column("gate_per_minute", existing_type=sa.Integer(), server_default=None)
        batch_op.create_check_constraint(
            op.f("ck_practice_line_forwarding"),
            "forwarding IN ('permanent', 'overflow', 'hours', 'holidays', 'a_la_carte')",
        )
        batch_op.create_check_constraint(op.f("ck_practice_line_gate"), "gate_per_minute >= 0")
    op.create_table(
        "line_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_line_hours_weekday")),
        sa.ForeignKeyConstraint(["line_id"], ["practice_line.id"], name=op.f("fk_line_hours_line_id_practice_line")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_line_hours_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_hours")),
    )
    op.create_index(op.f("ix_line_hours_line_id"), "line_hours", ["line_id"])
    op.create_index(op.f("ix_line_hours_practice_id"), "line_hours", ["practice_id"])
    op.create_table(
        "line_period",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("sentence", sa.String(300), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('closed', 'served')", name=op.f("ck_line_period_kind")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_line_period_order")),
        sa.ForeignKeyConstraint(["line_id"], ["practice_line.id"], name=op.f("fk_line_period_line_id_practice_line")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_line_period_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_period")),
    )
    op.create_index(op.f("ix_line_period_line_id"), "line_period", ["line_id"])
    op.create_index(op.f("ix_line_period_practice_id"), "line_period", ["practice_id"])


def _add_to_telephony() -> None:
    with op.batch_alter_table("call") as batch_op:
        batch_op.add_column(sa.Column("handling", sa.String(10), nullable=False, server_default="queue"))
        batch_op.add_column(sa.Column("callback_number", sa.String(20), nullable=True))
        batch_op.drop_constraint(op.f("ck_call_status"), type_="check")
        batch_op.create_check_constraint(op.f("ck_call_status"), "status IN ('waiting', 'talking', 'lost', 'ended')")
    with op.batch_alter_table("call") as batch_op:
        batch_op.alter_column("handling", existing_type=sa.String(10), server_default=None)
        batch_op.create_check_constraint(
            op.f("ck_call_handling"), "handling IN ('queue', 'announced', 'gated', 'fallback')"
        )
    with op.batch_alter_table("leg") as batch_op:
        for name, kind in _NEW_ON_LEG.items():
            batch_op.add_column(sa.Column(name, kind, nullable=name not in _BEGINS, server_default=_BEGINS.get(name)))
    # What was known is kept as facts: who had left is over, who was in is in.
    op.execute("UPDATE leg SET dialled_at = wanted_at WHERE status <> 'wanted'")
    op.execute("UPDATE leg SET over_at = left_at WHERE status = 'left'")
    op.execute("UPDATE leg SET failed_at = left_at WHERE status = 'failed'")
    op.execute("UPDATE leg SET in_room = (0 = 0) WHERE status = 'joined'")
    with op.batch_alter_table("leg") as batch_op:
        for name in _BEGINS:
            batch_op.alter_column(name, existing_type=_NEW_ON_LEG[name], server_default=None)
        batch_op.create_index(op.f("ix_leg_dialled_at"), ["dialled_at"])
    op.create_index(
        "ix_leg_wanted",
        "leg",
        ["wanted_at"],
        sqlite_where=sa.text("status = 'wanted'"),
        postgresql_where=sa.text("status = 'wanted'"),
    )
    with op.batch_alter_table("queue_entry") as batch_op:
        batch_op.add_column(sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("ahead", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("queue_entry") as batch_op:
        batch_op.alter_column("urgent", existing_type=sa.Boolean(), server_default=None)
        batch_op.alter_column("ahead", existing_type=sa.Integer(), server_default=None)
    op.create_index(
        "ix_queue_entry_waiting",
        "queue_entry",
        ["practice_id"],
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "call_alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_alarm_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_call_alarm_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_alarm")),
    )
    op.create_index(op.f("ix_call_alarm_call_id"), "call_alarm", ["call_id"])
    op.create_index(op.f("ix_call_alarm_practice_id"), "call_alarm", ["practice_id"])
    op.create_index(
        "uq_call_alarm_open",
        "call_alarm",
        ["call_id", "kind"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "repair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("repaired_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_repair_call_id_call")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair")),
    )
    op.create_index(op.f("ix_repair_repaired_at"), "repair", ["repaired_at"])
    op.create_table(
        "placing_control",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["stopped_by"], ["staff.id"], name=op.f("fk_placing_control_stopped_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placing_control")),
    )
    op.execute("INSERT INTO placing_control (id, reason) VALUES (1, '')")
