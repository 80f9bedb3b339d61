"""the switchboard: why a call is offered, call-backs owed, transfers, supervision, emergency lines"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        _add(table, columns)
    _check(_CHECKS)
    _create_for_directory()
    _create_for_telephony()
    _create_for_routing()
    _create_for_desk()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_index("ix_leg_third", "leg")
    op.drop_index("ix_queue_entry_requeue_at", "queue_entry")
    op.drop_index("ix_queue_entry_unsent", "queue_entry")
    op.execute("UPDATE queue_entry SET status = 'abandoned' WHERE status IN ('overflow', 'callback')")
    _check({table: {name: before for name, (_, before) in checks.items()} for table, checks in _CHANGED.items()})
    for table, names in _NEW_CHECKS.items():
        with op.batch_alter_table(table) as batch_op:
            for name in names:
                batch_op.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
    for table, name in _FOREIGN_KEYS.items():
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(op.f(name), type_="foreignkey")
    for table, columns in _COLUMNS.items():
        with op.batch_alter_table(table) as batch_op:
            for name in columns:
                batch_op.drop_column(name)


_Columns = dict[str, tuple[sa.types.TypeEngine[Any], Any]]
_UNKNOWN = object()  # a column that may be empty, and is for what was there before

# What every row of before begins with.
_COLUMNS: dict[str, _Columns] = {
    "agent": {
        "session_id": (sa.Integer(), _UNKNOWN),
        "session_since": (sa.DateTime(timezone=True), _UNKNOWN),
        "ear": (sa.String(10), _UNKNOWN),
        "wrap_up_until": (sa.DateTime(timezone=True), _UNKNOWN),
        "breather_until": (sa.DateTime(timezone=True), _UNKNOWN),
        "lapsed_at": (sa.DateTime(timezone=True), _UNKNOWN),
    },
    "call": {"direction": (sa.String(10), "inbound"), "in_emergency": (sa.Boolean(), sa.false())},
    "emergency_relay": {"caller": (sa.String(120), "")},
    "leg": {
        "name": (sa.String(120), ""),
        "digits": (sa.String(20), ""),
        "asks_key": (sa.Boolean(), sa.false()),
        "taken_at": (sa.DateTime(timezone=True), _UNKNOWN),
        "starts_muted": (sa.Boolean(), sa.false()),
        "coached_leg_id": (sa.Integer(), _UNKNOWN),
    },
    "practice": {"certified_only": (sa.Boolean(), sa.false()), "records_calls": (sa.Boolean(), sa.false())},
    "practice_line": {
        "is_priority": (sa.Boolean(), sa.false()),
        "overflow_after": (sa.Integer(), "0"),
        "overflow_number": (sa.String(20), ""),
        "callback_after": (sa.Integer(), "180"),
    },
    "practitioner": {"phone": (sa.String(20), "")},
    "queue_entry": {
        "priority": (sa.Integer(), "0"),
        "priority_reason": (sa.String(10), ""),
        "requeue_at": (sa.DateTime(timezone=True), _UNKNOWN),
        "overflowed_at": (sa.DateTime(timezone=True), _UNKNOWN),
        "sent_at": (sa.DateTime(timezone=True), _UNKNOWN),
    },
    "reservation": {
        "rule": (sa.String(14), "longest_idle"),
        "idle_since": (sa.DateTime(timezone=True), _UNKNOWN),
        "from_staff_id": (sa.Integer(), _UNKNOWN),
        "note": (sa.String(300), ""),
    },
    "staff": {"languages": (sa.String(40), "")},
}
_FOREIGN_KEYS = {"leg": "fk_leg_coached_leg_id_leg", "reservation": "fk_reservation_from_staff_id_staff"}
# Table, constraint: the new condition, then the one before.
_CHANGED = {
    "queue_entry": {
        "status": (
            "status IN ('waiting', 'answered', 'abandoned', 'overflow', 'callback')",
            "status IN ('waiting', 'answered', 'abandoned')",
        )
    }
}
_CHECKS = {table: {name: after for name, (after, _) in checks.items()} for table, checks in _CHANGED.items()}
_NEW_CHECKS = {
    "call": {"direction": "direction IN ('inbound', 'outbound')"},
    "practice_line": {"waits": "overflow_after >= 0 AND callback_after >= 0"},
}
# Those that refer to others first.
_TABLES = (
    "supervision",
    "caution",
    "draft",
    "abuse_report",
    "wrap_up_time",
    "callback_link",
    "callback",
    "breather",
    "recording",
    "emergency_line",
    "contact",
    "certification",
)


def _add(table: str, columns: _Columns) -> None:
    filled = {name: kind for name, (kind, begins) in columns.items() if begins is not _UNKNOWN}
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, begins) in columns.items():
            if name in filled:
                batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=begins))
            else:
                batch_op.add_column(sa.Column(name, kind, nullable=True))
    with op.batch_alter_table(table) as batch_op:
        for name, kind in filled.items():
            batch_op.alter_column(name, existing_type=kind, server_default=None)
        for name, condition in _NEW_CHECKS.get(table, {}).items():
            batch_op.create_check_constraint(op.f(f"ck_{table}_{name}"), condition)
        if table == "leg":
            batch_op.create_foreign_key(op.f(_FOREIGN_KEYS[table]), "leg", ["coached_leg_id"], ["id"])
        elif table == "reservation":
            batch_op.create_foreign_key(op.f(_FOREIGN_KEYS[table]), "staff", ["from_staff_id"], ["id"])


def _check(checks: dict[str, dict[str, str]]) -> None:
    for table, conditions in checks.items():
        with op.batch_alter_table(table) as batch_op:
            for name, condition in conditions.items():
                batch_op.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
                batch_op.create_check_constraint(op.f(f"ck_{table}_{name}"), condition)


def _create_for_directory() -> None:
    op.create_table(
        "certification",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("certified_by", sa.Integer(), nullable=True),
        sa.Column("certified_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["certified_by"], ["staff.id"], name=op.f("fk_certification_certified_by_staff")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_certification_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_certification_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", "practice_id", name=op.f("pk_certification")),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("digits", sa.String(20), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_contact_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("practice_id", "number", name=op.f("uq_contact_practice_id_number")),
    )
    op.create_index(op.f("ix_contact_practice_id"), "contact", ["practice_id"])
    op.create_table(
        "emergency_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("department", sa.String(3), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("agreement", sa.String(200), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("verified_by", sa.Integer(), nullable=True),
        sa.Column("verify_every", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["verified_by"], ["staff.id"], name=op.f("fk_emergency_line_verified_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_line")),
    )


def _create_for_telephony() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("leg_sid", sa.String(40), nullable=False),
        sa.Column("sid", sa.String(40), nullable=True),
        sa.Column("started_by", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delete_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_recording_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_recording_practice_id_practice")),
        sa.ForeignKeyConstraint(["started_by"], ["staff.id"], name=op.f("fk_recording_started_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("sid", name=op.f("uq_recording_sid")),
    )
    op.create_index(op.f("ix_recording_call_id"), "recording", ["call_id"])
    op.create_index(op.f("ix_recording_delete_at"), "recording", ["delete_at"])
    op.create_index(op.f("ix_recording_practice_id"), "recording", ["practice_id"])
    op.create_index(
        "ix_leg_third",
        "leg",
        ["practice_id", "wanted_at"],
        sqlite_where=sa.text("role IN ('practitioner', 'contact')"),
        postgresql_where=sa.text("role IN ('practitioner', 'contact')"),
    )


def _create_for_routing() -> None:
    op.create_index(
        "ix_queue_entry_requeue_at",
        "queue_entry",
        ["requeue_at"],
        sqlite_where=sa.text("requeue_at IS NOT NULL"),
        postgresql_where=sa.text("requeue_at IS NOT NULL"),
    )
    op.create_index(
        "ix_queue_entry_unsent",
        "queue_entry",
        ["overflowed_at"],
        sqlite_where=sa.text("overflowed_at IS NOT NULL AND sent_at IS NULL"),
        postgresql_where=sa.text("overflowed_at IS NOT NULL AND sent_at IS NULL"),
    )
    op.create_table(
        "breather",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(10), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_breather_call_id_call")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_breather_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breather")),
    )
    op.create_index(
        "uq_breather_open",
        "breather",
        ["staff_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_breather_staff_id_began_at", "breather", ["staff_id", "began_at"])
    op.create_table(
        "callback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(10), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outbound_call_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decision", sa.String(200), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'taken', 'done', 'unreached', 'settled')", name=op.f("ck_callback_status")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_callback_call_id_call")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_callback_decided_by_staff")),
        sa.ForeignKeyConstraint(["outbound_call_id"], ["call.id"], name=op.f("fk_callback_outbound_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_callback_practice_id_practice")),
        sa.ForeignKeyConstraint(["taken_by"], ["staff.id"], name=op.f("fk_callback_taken_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
    )
    op.create_index(
        "uq_callback_owed",
        "callback",
        ["practice_id", "number"],
        unique=True,
        sqlite_where=sa.text("status IN ('open', 'taken')"),
        postgresql_where=sa.text("status IN ('open', 'taken')"),
    )
    op.create_index(
        "ix_callback_unreached",
        "callback",
        ["practice_id", "number"],
        sqlite_where=sa.text("status = 'unreached'"),
        postgresql_where=sa.text("status = 'unreached'"),
    )
    op.create_table(
        "callback_link",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_callback_link_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_callback_link_practice_id_practice")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_callback_link")),
        sa.UniqueConstraint("call_id", name=op.f("uq_callback_link_call_id")),
    )
    op.create_index(op.f("ix_callback_link_practice_id"), "callback_link", ["practice_id"])


def _create_for_desk() -> None:
    op.create_table(
        "wrap_up_time",
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_wrap_up_time")),
    )
    op.create_table(
        "abuse_report",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_abuse_report_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_abuse_report_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_abuse_report_staff_id_staff")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_abuse_report")),
    )
    op.create_index(op.f("ix_abuse_report_practice_id"), "abuse_report", ["practice_id"])
    op.create_table(
        "caution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(20), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appeal", sa.Text(), nullable=False),
        sa.Column("appealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_caution_call_id_call")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_caution_decided_by_staff")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_caution_patient_id_patient")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_caution_practice_id_practice")),
        sa.ForeignKeyConstraint(["set_by"], ["staff.id"], name=op.f("fk_caution_set_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caution")),
    )
    op.create_index(op.f("ix_caution_number"), "caution", ["number"])
    op.create_index(op.f("ix_caution_patient_id"), "caution", ["patient_id"])
    op.create_index(op.f("ix_caution_practice_id"), "caution", ["practice_id"])
    op.create_table(
        "draft",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(30), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_draft_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_draft_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_draft_staff_id_staff")),
        sa.PrimaryKeyConstraint("call_id", "staff_id", "form", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_practice_id"), "draft", ["practice_id"])
    op.create_table(
        "supervision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("supervisor_id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("leg_id", sa.Integer(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("mode IN ('listen', 'whisper', 'join')", name=op.f("ck_supervision_mode")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_supervision_call_id_call")),
        sa.ForeignKeyConstraint(["leg_id"], ["leg.id"], name=op.f("fk_supervision_leg_id_leg")),
        sa.ForeignKeyConstraint(["operator_id"], ["staff.id"], name=op.f("fk_supervision_operator_id_staff")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_supervision_practice_id_practice")),
        sa.ForeignKeyConstraint(["supervisor_id"], ["staff.id"], name=op.f("fk_supervision_supervisor_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision")),
    )
    op.create_index(op.f("ix_supervision_call_id"), "supervision", ["call_id"])
    op.create_index(op.f("ix_supervision_practice_id"), "supervision", ["practice_id"])
    op.create_index(
        "uq_supervision_open",
        "supervision",
        ["supervisor_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
