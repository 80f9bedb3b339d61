"""messages that arrive: dispatch, acknowledgement, being on call, and what is still owed"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_HANDLING = "handling IN ('queue', 'announced', 'gated', 'fallback', 'notice')"
_HANDLING_BEFORE = "handling IN ('queue', 'announced', 'gated', 'fallback')"
_FILLED = {"channel": (sa.String(5), "sms"), "to_email": (sa.String(254), ""), "subject": (sa.String(120), "")}
_REFERRING = {"link_id": "message_link", "message_id": "message"}
# Those that refer to others first.
_TABLES = (
    "night_duty",
    "loop_owner",
    "task",
    "on_call_feed",
    "shift_swap",
    "on_call_shift",
    "on_call_member",
    "on_call_rotation",
    "notice",
    "message_answer",
    "acknowledgement",
    "message_link",
    "message",
    "escalation_step",
    "dispatch_preference",
    "message_template",
)


def upgrade() -> None:
    _handle(_HANDLING)
    _create_messages()
    _create_on_call()
    _create_desk()
    _widen_outbox()


def downgrade() -> None:
    with op.batch_alter_table("outbox_message") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_message_channel"), type_="check")
        batch_op.drop_index(op.f("ix_outbox_message_link_id"))
        for column, table in _REFERRING.items():
            batch_op.drop_constraint(op.f(f"fk_outbox_message_{column}_{table}"), type_="foreignkey")
            batch_op.drop_column(column)
        for column in _FILLED:
            batch_op.drop_column(column)
    for table in _TABLES:
        op.drop_table(table)
    op.execute("UPDATE call SET handling = 'queue' WHERE handling = 'notice'")
    _handle(_HANDLING_BEFORE)


def _handle(condition: str) -> None:
    with op.batch_alter_table("call") as batch_op:
        batch_op.drop_constraint(op.f("ck_call_handling"), type_="check")
        batch_op.create_check_constraint(op.f("ck_call_handling"), condition)


def _widen_outbox() -> None:
    with op.batch_alter_table("outbox_message") as batch_op:
        for name, (kind, begins) in _FILLED.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=begins))
        for name in _REFERRING:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
    with op.batch_alter_table("outbox_message") as batch_op:
        for name, (kind, _) in _FILLED.items():
            batch_op.alter_column(name, existing_type=kind, server_default=None)
        for column, table in _REFERRING.items():
            batch_op.create_foreign_key(op.f(f"fk_outbox_message_{column}_{table}"), table, [column], ["id"])
        batch_op.create_check_constraint(op.f("ck_outbox_message_channel"), "channel IN ('sms', 'email')")
    op.create_index(op.f("ix_outbox_message_link_id"), "outbox_message", ["link_id"])


def _create_messages() -> None:
    op.create_table(
        "message_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("urgency", sa.String(10), nullable=False),
        sa.Column("deadline_minutes", sa.Integer(), nullable=True),
        sa.Column("may_answer", sa.String(10), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("urgency IN ('routine', 'today', 'urgent')", name=op.f("ck_message_template_urgency")),
        sa.CheckConstraint("deadline_minutes > 0", name=op.f("ck_message_template_deadline")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_message_template_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_template")),
        sa.UniqueConstraint("practice_id", "position", name=op.f("uq_message_template_practice_id_position")),
    )
    op.create_index(op.f("ix_message_template_practice_id"), "message_template", ["practice_id"])

    op.create_table(
        "dispatch_preference",
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("timing", sa.String(8), nullable=False),
        sa.Column("batch_at", sa.JSON(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("channel", sa.String(6), nullable=False),
        sa.Column("mobile", sa.String(20), nullable=False),
        sa.Column("second_number", sa.String(20), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("code_hash", sa.String(200), nullable=False),
        sa.Column("alternate_id", sa.Integer(), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("channel IN ('app', 'sms', 'email', 'phone')", name=op.f("ck_dispatch_preference_channel")),
        sa.CheckConstraint("timing IN ('now', 'between', 'batch')", name=op.f("ck_dispatch_preference_timing")),
        sa.ForeignKeyConstraint(
            ["alternate_id"], ["practitioner.id"], name=op.f("fk_dispatch_preference_alternate_id_practitioner")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_dispatch_preference_practice_id_practice")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_dispatch_preference_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("practitioner_id", name=op.f("pk_dispatch_preference")),
    )
    op.create_index(op.f("ix_dispatch_preference_practice_id"), "dispatch_preference", ["practice_id"])

    op.create_table(
        "escalation_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("after_seconds", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(10), nullable=False),
        sa.Column("channel", sa.String(6), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "after_seconds >= 0 AND every_seconds >= 0 AND times > 0", name=op.f("ck_escalation_step_times")
        ),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_escalation_step_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_step")),
        sa.UniqueConstraint("practice_id", "position", name=op.f("uq_escalation_step_practice_id_position")),
    )
    op.create_index(op.f("ix_escalation_step_practice_id"), "escalation_step", ["practice_id"])

    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.Column("caller", sa.String(120), nullable=False),
        sa.Column("callback_number", sa.String(20), nullable=True),
        sa.Column("read_back", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("urgency", sa.String(10), nullable=False),
        sa.Column("may_answer", sa.String(10), nullable=False),
        sa.Column("tells_patient", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("written_by", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("may_answer IN ('addressee', 'practice')", name=op.f("ck_message_may_answer")),
        sa.CheckConstraint(
            "status IN ('written', 'sent', 'delivered', 'read', 'taken', 'done', 'withdrawn')",
            name=op.f("ck_message_status"),
        ),
        sa.CheckConstraint("urgency IN ('routine', 'today', 'urgent')", name=op.f("ck_message_urgency")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_message_call_id_call")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_message_patient_id_patient")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_message_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_message_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["written_by"], ["staff.id"], name=op.f("fk_message_written_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("request_key", name=op.f("uq_message_request_key")),
    )
    op.create_index(op.f("ix_message_call_id"), "message", ["call_id"])
    op.create_index(
        "ix_message_open",
        "message",
        ["practice_id", "practitioner_id"],
        sqlite_where=sa.text("status NOT IN ('done', 'withdrawn')"),
        postgresql_where=sa.text("status NOT IN ('done', 'withdrawn')"),
    )
    op.create_index(op.f("ix_message_patient_id"), "message", ["patient_id"])
    op.create_index(op.f("ix_message_practice_id"), "message", ["practice_id"])

    op.create_table(
        "message_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("opened_hash", sa.String(64), nullable=False),
        sa.Column("opened_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_message_link_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_message_link_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_message_link_token_hash")),
    )
    op.create_index(op.f("ix_message_link_practice_id"), "message_link", ["practice_id"])

    op.create_table(
        "acknowledgement",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(6), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(6), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('read', 'taken', 'done')", name=op.f("ck_acknowledgement_kind")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_acknowledgement_message_id_message")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_acknowledgement_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_acknowledgement_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_acknowledgement_staff_id_staff")),
        sa.PrimaryKeyConstraint("message_id", "kind", name=op.f("pk_acknowledgement")),
    )
    op.create_index(op.f("ix_acknowledgement_practice_id"), "acknowledgement", ["practice_id"])

    op.create_table(
        "message_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('text', 'book_today', 'i_call', 'tell')", name=op.f("ck_message_answer_kind")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_answer_message_id_message")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_message_answer_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_message_answer_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_message_answer_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_answer")),
        sa.UniqueConstraint("request_key", name=op.f("uq_message_answer_request_key")),
    )
    op.create_index(op.f("ix_message_answer_message_id"), "message_answer", ["message_id"])
    op.create_index(op.f("ix_message_answer_practice_id"), "message_answer", ["practice_id"])

    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("repetition", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(10), nullable=False),
        sa.Column("channel", sa.String(6), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("leg_id", sa.Integer(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('due', 'sent', 'delivered', 'failed', 'left_out', 'canceled')", name=op.f("ck_notice_status")
        ),
        sa.ForeignKeyConstraint(["leg_id"], ["leg.id"], name=op.f("fk_notice_leg_id_leg")),
        sa.ForeignKeyConstraint(["link_id"], ["message_link.id"], name=op.f("fk_notice_link_id_message_link")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_notice_message_id_message")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_notice_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_notice_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_notice_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint(
            "message_id", "position", "repetition", name=op.f("uq_notice_message_id_position_repetition")
        ),
    )
    op.create_index(
        "ix_notice_due",
        "notice",
        ["due_at"],
        sqlite_where=sa.text("status = 'due'"),
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_index(op.f("ix_notice_leg_id"), "notice", ["leg_id"])
    op.create_index(op.f("ix_notice_link_id"), "notice", ["link_id"])
    op.create_index(op.f("ix_notice_practice_id"), "notice", ["practice_id"])


def _create_on_call() -> None:
    op.create_table(
        "on_call_rotation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("turn_days", sa.Integer(), nullable=False),
        sa.Column("changes_at", sa.Time(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("turn_days BETWEEN 1 AND 366", name=op.f("ck_on_call_rotation_turn_days")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_on_call_rotation_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_rotation")),
    )
    op.create_index(op.f("ix_on_call_rotation_practice_id"), "on_call_rotation", ["practice_id"])

    op.create_table(
        "on_call_member",
        sa.Column("rotation_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_on_call_member_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_on_call_member_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(
            ["rotation_id"], ["on_call_rotation.id"], name=op.f("fk_on_call_member_rotation_id_on_call_rotation")
        ),
        sa.PrimaryKeyConstraint("rotation_id", "position", name=op.f("pk_on_call_member")),
    )
    op.create_index(op.f("ix_on_call_member_practice_id"), "on_call_member", ["practice_id"])

    op.create_table(
        "on_call_shift",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("arranged_by", sa.Integer(), nullable=False),
        sa.Column("arranged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("source IN ('override', 'swap', 'imported')", name=op.f("ck_on_call_shift_source")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_on_call_shift_order")),
        sa.ForeignKeyConstraint(["arranged_by"], ["staff.id"], name=op.f("fk_on_call_shift_arranged_by_staff")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_on_call_shift_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_on_call_shift_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_shift")),
    )
    op.create_index(op.f("ix_on_call_shift_practice_id"), "on_call_shift", ["practice_id"])
    op.create_index("ix_on_call_shift_practice_id_ends_at", "on_call_shift", ["practice_id", "ends_at"])

    op.create_table(
        "shift_swap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("giver_id", sa.Integer(), nullable=False),
        sa.Column("given_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taker_id", sa.Integer(), nullable=False),
        sa.Column("returned_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'agreed', 'declined', 'withdrawn', 'outdated')", name=op.f("ck_shift_swap_status")
        ),
        sa.CheckConstraint(
            "given_starts_at < given_ends_at AND returned_starts_at < returned_ends_at",
            name=op.f("ck_shift_swap_order"),
        ),
        sa.CheckConstraint("giver_id <> taker_id", name=op.f("ck_shift_swap_two")),
        sa.ForeignKeyConstraint(["giver_id"], ["practitioner.id"], name=op.f("fk_shift_swap_giver_id_practitioner")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_shift_swap_practice_id_practice")),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff.id"], name=op.f("fk_shift_swap_proposed_by_staff")),
        sa.ForeignKeyConstraint(["settled_by"], ["staff.id"], name=op.f("fk_shift_swap_settled_by_staff")),
        sa.ForeignKeyConstraint(["taker_id"], ["practitioner.id"], name=op.f("fk_shift_swap_taker_id_practitioner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_swap")),
    )
    op.create_index(op.f("ix_shift_swap_practice_id"), "shift_swap", ["practice_id"])

    op.create_table(
        "on_call_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_on_call_feed_created_by_staff")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_on_call_feed_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_on_call_feed_token_hash")),
    )
    op.create_index(op.f("ix_on_call_feed_practice_id"), "on_call_feed", ["practice_id"])


def _create_desk() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("caller", sa.String(120), nullable=False),
        sa.Column("number", sa.String(20), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('text', 'book_today', 'i_call', 'tell', 'promise')", name=op.f("ck_task_kind")),
        sa.CheckConstraint("status IN ('open', 'taken', 'done', 'dropped')", name=op.f("ck_task_status")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_task_call_id_call")),
        sa.ForeignKeyConstraint(["closed_by"], ["staff.id"], name=op.f("fk_task_closed_by_staff")),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_task_created_by_staff")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_task_message_id_message")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_task_patient_id_patient")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_task_practice_id_practice")),
        sa.ForeignKeyConstraint(["taken_by"], ["staff.id"], name=op.f("fk_task_taken_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("request_key", name=op.f("uq_task_request_key")),
    )
    op.create_index(op.f("ix_task_message_id"), "task", ["message_id"])
    op.create_index(
        "ix_task_open",
        "task",
        ["due_at"],
        sqlite_where=sa.text("status IN ('open', 'taken')"),
        postgresql_where=sa.text("status IN ('open', 'taken')"),
    )
    op.create_index(op.f("ix_task_practice_id"), "task", ["practice_id"])

    op.create_table(
        "loop_owner",
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("ref_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(6), nullable=False),
        sa.Column("named_by", sa.Integer(), nullable=True),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('message', 'callback', 'offer', 'relay', 'task')", name=op.f("ck_loop_owner_kind")
        ),
        sa.CheckConstraint("reason IN ('taken', 'given', 'night')", name=op.f("ck_loop_owner_reason")),
        sa.ForeignKeyConstraint(["named_by"], ["staff.id"], name=op.f("fk_loop_owner_named_by_staff")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_loop_owner_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_loop_owner_staff_id_staff")),
        sa.PrimaryKeyConstraint("kind", "ref_id", name=op.f("pk_loop_owner")),
    )
    op.create_index(op.f("ix_loop_owner_practice_id"), "loop_owner", ["practice_id"])
    op.create_index(op.f("ix_loop_owner_staff_id"), "loop_owner", ["staff_id"])

    op.create_table(
        "night_duty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("named_by", sa.Integer(), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["named_by"], ["staff.id"], name=op.f("fk_night_duty_named_by_staff")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_night_duty_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_night_duty")),
    )
