"""the first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "misdialled_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sid", sa.String(length=40), nullable=False),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("from_number", sa.String(length=20), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_misdialled_call")),
        sa.UniqueConstraint("sid", name=op.f("uq_misdialled_call_sid")),
    )
    op.create_table(
        "practice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("short_name", sa.String(length=30), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("greeting", sa.String(length=300), nullable=False),
        sa.Column("emergency_label", sa.String(length=80), nullable=False),
        sa.Column("emergency_number", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'training')", name=op.f("ck_practice_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice")),
        sa.UniqueConstraint("code", name=op.f("uq_practice_code")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("first_name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("theme", sa.String(length=5), nullable=True),
        sa.Column("endpoint", sa.String(length=80), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('operator', 'supervisor', 'practitioner', 'administrator')", name=op.f("ck_staff_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    op.create_table(
        "webhook_receipt",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_webhook_receipt")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_audit_entry_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_audit_entry_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "instruction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_by", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_instruction_practice_id_practice")),
        sa.ForeignKeyConstraint(["written_by"], ["staff.id"], name=op.f("fk_instruction_written_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruction")),
    )
    with op.batch_alter_table("instruction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_instruction_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "patient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=60), nullable=True),
        sa.Column("title", sa.String(length=12), nullable=False),
        sa.Column("family_name", sa.String(length=80), nullable=False),
        sa.Column("given_name", sa.String(length=80), nullable=False),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("search_key", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_patient_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("practice_id", "external_id", name=op.f("uq_patient_practice_id_external_id")),
    )
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patient_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index("ix_patient_practice_phone", ["practice_id", "phone"], unique=False)
        batch_op.create_index("ix_patient_practice_search_key", ["practice_id", "search_key"], unique=False)

    op.create_table(
        "practice_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_practice_line_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_line")),
        sa.UniqueConstraint("number", name=op.f("uq_practice_line_number")),
    )
    with op.batch_alter_table("practice_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_practice_line_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "service_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("short_name", sa.String(length=6), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("colour", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("duration_minutes > 0", name=op.f("ck_service_type_duration")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_service_type_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_type")),
        sa.UniqueConstraint("practice_id", "code", name=op.f("uq_service_type_practice_id_code")),
    )
    with op.batch_alter_table("service_type", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_type_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("postal_code", sa.String(length=12), nullable=False),
        sa.Column("city", sa.String(length=80), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_site_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("practice_id", "code", name=op.f("uq_site_practice_id_code")),
    )
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_site_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "staff_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_session_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_session_token_hash")),
    )
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_session_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("sid", sa.String(length=40), nullable=False),
        sa.Column("from_number", sa.String(length=20), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'talking', 'ended')", name=op.f("ck_call_status")),
        sa.ForeignKeyConstraint(["line_id"], ["practice_line.id"], name=op.f("fk_call_line_id_practice_line")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_call_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("sid", name=op.f("uq_call_sid")),
    )
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.create_index("ix_call_practice_from", ["practice_id", "from_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index("ix_call_status", ["status"], unique=False)
        batch_op.create_index(
            "ix_call_unclosed",
            ["status"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "practitioner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("family_name", sa.String(length=80), nullable=False),
        sa.Column("profession", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_practitioner_practice_id_practice")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_practitioner_site_id_site")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_practitioner_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioner")),
        sa.UniqueConstraint("practice_id", "code", name=op.f("uq_practitioner_practice_id_code")),
    )
    with op.batch_alter_table("practitioner", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_practitioner_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_practitioner_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "agent",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missed_call", sa.Boolean(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_agent_call_id_call")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_agent_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_agent")),
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("script_id", sa.String(length=40), nullable=False),
        sa.Column("script_version", sa.String(length=20), nullable=False),
        sa.Column("script_sha256", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_assessment_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_assessment_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_assessment_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("call_id", "script_id", name=op.f("uq_assessment_call_id_script_id")),
    )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assessment_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "call_note",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_note_call_id_call")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_call_note_patient_id_patient")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_call_note_practice_id_practice")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_note")),
    )
    with op.batch_alter_table("call_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_note_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "disposition",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_disposition_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_disposition_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_disposition_staff_id_staff")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_disposition")),
    )
    with op.batch_alter_table("disposition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disposition_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "leg",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=80), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("sid", sa.String(length=40), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("on_hold", sa.Boolean(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=200), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_leg_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_leg_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_leg_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leg")),
        sa.UniqueConstraint("call_id", "label", name=op.f("uq_leg_call_id_label")),
    )
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_leg_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_leg_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_leg_sid"), ["sid"], unique=False)

    op.create_table(
        "queue_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'answered', 'abandoned')", name=op.f("ck_queue_entry_status")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_queue_entry_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_queue_entry_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entry")),
        sa.UniqueConstraint("call_id", name=op.f("uq_queue_entry_call_id")),
    )
    with op.batch_alter_table("queue_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_queue_entry_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index("ix_queue_entry_status_joined_at", ["status", "joined_at"], unique=False)

    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_schedule_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_schedule_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_schedule_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("practitioner_id", "site_id", name=op.f("uq_schedule_practitioner_id_site_id")),
    )
    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_schedule_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_schedule_practitioner_id"), ["practitioner_id"], unique=False)

    op.create_table(
        "appointment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("service_type_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("booked_by", sa.Integer(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=60), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint('start < "end"', name=op.f("ck_appointment_order")),
        sa.ForeignKeyConstraint(["booked_by"], ["staff.id"], name=op.f("fk_appointment_booked_by_staff")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_appointment_call_id_call")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_appointment_patient_id_patient")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_appointment_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_appointment_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_appointment_schedule_id_schedule")),
        sa.ForeignKeyConstraint(
            ["service_type_id"], ["service_type.id"], name=op.f("fk_appointment_service_type_id_service_type")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("practice_id", "request_key", name=op.f("uq_appointment_practice_id_request_key")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appointment_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_appointment_patient_id"), ["patient_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_appointment_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_appointment_practitioner_id"), ["practitioner_id"], unique=False)
        batch_op.create_index("ix_appointment_schedule_start", ["schedule_id", "start"], unique=False)

    op.create_table(
        "assessment_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.String(length=40), nullable=False),
        sa.Column("question_text", sa.String(length=300), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_assessment_answer_assessment_id_assessment")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_assessment_answer_practice_id_practice")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_assessment_answer_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_answer")),
    )
    with op.batch_alter_table("assessment_answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assessment_answer_assessment_id"), ["assessment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assessment_answer_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "emergency_relay",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("address_detail", sa.String(length=200), nullable=False),
        sa.Column("callback_number", sa.String(length=20), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dialled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leg_id", sa.Integer(), nullable=True),
        sa.Column("taken_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_emergency_relay_call_id_call")),
        sa.ForeignKeyConstraint(["leg_id"], ["leg.id"], name=op.f("fk_emergency_relay_leg_id_leg")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_emergency_relay_practice_id_practice")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_emergency_relay_staff_id_staff")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_emergency_relay")),
    )
    with op.batch_alter_table("emergency_relay", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_emergency_relay_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "opening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_opening_order")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_weekday")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_opening_practice_id_practice")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_opening_schedule_id_schedule")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening")),
    )
    with op.batch_alter_table("opening", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_opening_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_opening_schedule_id"), ["schedule_id"], unique=False)

    op.create_table(
        "reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue_entry_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_reservation_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_reservation_practice_id_practice")),
        sa.ForeignKeyConstraint(
            ["queue_entry_id"], ["queue_entry.id"], name=op.f("fk_reservation_queue_entry_id_queue_entry")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_reservation_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
    )
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reservation_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reservation_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reservation_queue_entry_id"), ["queue_entry_id"], unique=False)
        batch_op.create_index(
            "uq_reservation_pending_entry",
            ["queue_entry_id"],
            unique=True,
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.create_index(
            "uq_reservation_pending_staff",
            ["staff_id"],
            unique=True,
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )

    op.create_table(
        "cancellation",
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("cancelled_by", sa.Integer(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_cancellation_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["cancelled_by"], ["staff.id"], name=op.f("fk_cancellation_cancelled_by_staff")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_cancellation_practice_id_practice")),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_cancellation")),
    )
    with op.batch_alter_table("cancellation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cancellation_practice_id"), ["practice_id"], unique=False)

    op.create_table(
        "occupation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint('start < "end"', name=op.f("ck_occupation_order")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_occupation_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_occupation_practice_id_practice")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_occupation_schedule_id_schedule")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupation")),
        sa.UniqueConstraint("appointment_id", name=op.f("uq_occupation_appointment_id")),
    )
    with op.batch_alter_table("occupation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_occupation_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index("ix_occupation_schedule_start", ["schedule_id", "start"], unique=False)

    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("to_number", sa.String(length=20), nullable=False),
        sa.Column("body", sa.String(length=700), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sid", sa.String(length=40), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'uncertain', 'sent', 'delivered', 'failed', 'canceled')",
            name=op.f("ck_outbox_message_status"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_outbox_message_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_outbox_message_call_id_call")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_outbox_message_practice_id_practice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_message_dedupe_key")),
        sa.UniqueConstraint("sid", name=op.f("uq_outbox_message_sid")),
    )
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_message_appointment_id"), ["appointment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_message_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_message_practice_id"), ["practice_id"], unique=False)
        batch_op.create_index("ix_outbox_message_status_due_at", ["status", "due_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_message_status_due_at")
        batch_op.drop_index(batch_op.f("ix_outbox_message_practice_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_message_call_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_message_appointment_id"))

    op.drop_table("outbox_message")
    with op.batch_alter_table("occupation", schema=None) as batch_op:
        batch_op.drop_index("ix_occupation_schedule_start")
        batch_op.drop_index(batch_op.f("ix_occupation_practice_id"))

    op.drop_table("occupation")
    with op.batch_alter_table("cancellation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cancellation_practice_id"))

    op.drop_table("cancellation")
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_reservation_pending_staff",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index(
            "uq_reservation_pending_entry",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index(batch_op.f("ix_reservation_queue_entry_id"))
        batch_op.drop_index(batch_op.f("ix_reservation_practice_id"))
        batch_op.drop_index(batch_op.f("ix_reservation_call_id"))

    op.drop_table("reservation")
    with op.batch_alter_table("opening", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_opening_schedule_id"))
        batch_op.drop_index(batch_op.f("ix_opening_practice_id"))

    op.drop_table("opening")
    with op.batch_alter_table("emergency_relay", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_emergency_relay_practice_id"))

    op.drop_table("emergency_relay")
    with op.batch_alter_table("assessment_answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assessment_answer_practice_id"))
        batch_op.drop_index(batch_op.f("ix_assessment_answer_assessment_id"))

    op.drop_table("assessment_answer")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index("ix_appointment_schedule_start")
        batch_op.drop_index(batch_op.f("ix_appointment_practitioner_id"))
        batch_op.drop_index(batch_op.f("ix_appointment_practice_id"))
        batch_op.drop_index(batch_op.f("ix_appointment_patient_id"))
        batch_op.drop_index(batch_op.f("ix_appointment_call_id"))

    op.drop_table("appointment")
    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_schedule_practitioner_id"))
        batch_op.drop_index(batch_op.f("ix_schedule_practice_id"))

    op.drop_table("schedule")
    with op.batch_alter_table("queue_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_queue_entry_status_joined_at")
        batch_op.drop_index(batch_op.f("ix_queue_entry_practice_id"))

    op.drop_table("queue_entry")
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_leg_sid"))
        batch_op.drop_index(batch_op.f("ix_leg_practice_id"))
        batch_op.drop_index(batch_op.f("ix_leg_call_id"))

    op.drop_table("leg")
    with op.batch_alter_table("disposition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_disposition_practice_id"))

    op.drop_table("disposition")
    with op.batch_alter_table("call_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_note_practice_id"))

    op.drop_table("call_note")
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assessment_practice_id"))

    op.drop_table("assessment")
    op.drop_table("agent")
    with op.batch_alter_table("practitioner", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_practitioner_staff_id"))
        batch_op.drop_index(batch_op.f("ix_practitioner_practice_id"))

    op.drop_table("practitioner")
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_index("ix_call_unclosed")
        batch_op.drop_index("ix_call_status")
        batch_op.drop_index(batch_op.f("ix_call_practice_id"))
        batch_op.drop_index("ix_call_practice_from")

    op.drop_table("call")
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_session_staff_id"))

    op.drop_table("staff_session")
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_practice_id"))

    op.drop_table("site")
    with op.batch_alter_table("service_type", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_type_practice_id"))

    op.drop_table("service_type")
    with op.batch_alter_table("practice_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_practice_line_practice_id"))

    op.drop_table("practice_line")
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.drop_index("ix_patient_practice_search_key")
        batch_op.drop_index("ix_patient_practice_phone")
        batch_op.drop_index(batch_op.f("ix_patient_practice_id"))

    op.drop_table("patient")
    with op.batch_alter_table("instruction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_instruction_practice_id"))

    op.drop_table("instruction")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_practice_id"))

    op.drop_table("audit_entry")
    op.drop_table("webhook_receipt")
    op.drop_table("staff")
    op.drop_table("practice")
    op.drop_table("misdialled_call")
