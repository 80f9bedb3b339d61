"""time that is taken: by actor and lane, holds, groups, series, rooms and devices, and every appointment's history"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = (
    "appointment_event",
    "appointment_participant",
    "appointment_series",
    "group_visit",
    "hold",
    "overbooking_rule",
    "overbooking_use",
    "resource",
    "service_need",
)
_NEW = {
    "overbooking_rule_id": "overbooking_rule",
    "group_visit_id": "group_visit",
    "series_id": "appointment_series",
}


def upgrade() -> None:
    _create_resources()
    _create_visits()
    with op.batch_alter_table("service_type") as batch_op:
        batch_op.add_column(sa.Column("capacity", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("service_type") as batch_op:
        batch_op.alter_column("capacity", existing_type=sa.Integer(), server_default=None)
        batch_op.create_check_constraint(op.f("ck_service_type_capacity"), "capacity > 0")
    with op.batch_alter_table("appointment") as batch_op:
        batch_op.add_column(sa.Column("lane", sa.Integer(), nullable=False, server_default="0"))
        for column in _NEW:
            batch_op.add_column(sa.Column(column, sa.Integer(), nullable=True))
    with op.batch_alter_table("appointment") as batch_op:
        batch_op.alter_column("lane", existing_type=sa.Integer(), server_default=None)
        for column, table in _NEW.items():
            batch_op.create_foreign_key(op.f(f"fk_appointment_{column}_{table}"), table, [column], ["id"])
    for column in ("group_visit_id", "series_id"):
        op.create_index(op.f(f"ix_appointment_{column}"), "appointment", [column])
    _create_history()
    _occupy_by_actor()
    op.create_table(
        "agenda_version",
        sa.Column("practitioner_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *_practice("agenda_version"),
        sa.PrimaryKeyConstraint("practice_id", "practitioner_id", name=op.f("pk_agenda_version")),
    )


def downgrade() -> None:
    op.drop_table("agenda_version")
    _occupy_by_schedule()
    op.create_table(
        "cancellation",
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("cancelled_by", sa.Integer(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        *_practice("cancellation"),
        _reference("cancellation", "appointment_id", "appointment"),
        _reference("cancellation", "cancelled_by", "staff"),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_cancellation")),
    )
    op.create_index(op.f("ix_cancellation_practice_id"), "cancellation", ["practice_id"])
    op.execute(
        "INSERT INTO cancellation (appointment_id, practice_id, cancelled_by, cancelled_at, reason) "
        "SELECT appointment_id, practice_id, staff_id, at, reason FROM appointment_event WHERE id IN "
        "(SELECT max(id) FROM appointment_event WHERE act = 'cancelled' GROUP BY appointment_id)"
    )
    for column in ("group_visit_id", "series_id"):
        op.drop_index(op.f(f"ix_appointment_{column}"), "appointment")
    with op.batch_alter_table("appointment") as batch_op:
        for column, table in _NEW.items():
            batch_op.drop_constraint(op.f(f"fk_appointment_{column}_{table}"), type_="foreignkey")
            batch_op.drop_column(column)
        batch_op.drop_column("lane")
    with op.batch_alter_table("service_type") as batch_op:
        batch_op.drop_constraint(op.f("ck_service_type_capacity"), type_="check")
        batch_op.drop_column("capacity")
    # Those that others refer to come last.
    for table in ("appointment_event", "appointment_participant", "overbooking_use", "service_need"):
        op.drop_table(table)
    for table in ("appointment_series", "hold", "group_visit", "overbooking_rule", "resource"):
        op.drop_table(table)


def _create_resources() -> None:
    op.create_table(
        "resource",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        *_practice("resource"),
        _reference("resource", "site_id", "site"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("practice_id", "name", name=op.f("uq_resource_practice_id_name")),
        sa.CheckConstraint("kind IN ('room', 'device')", name=op.f("ck_resource_kind")),
    )
    op.create_table(
        "service_need",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_type_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        *_practice("service_need"),
        _reference("service_need", "service_type_id", "service_type", ondelete="CASCADE"),
        _reference("service_need", "practitioner_id", "practitioner"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_need")),
        sa.CheckConstraint("kind IN ('room', 'device', 'practitioner')", name=op.f("ck_service_need_kind")),
    )
    op.create_index(op.f("ix_service_need_service_type_id"), "service_need", ["service_type_id"])
    op.create_table(
        "overbooking_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("service_type_id", sa.Integer(), nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        *_practice("overbooking_rule"),
        _reference("overbooking_rule", "schedule_id", "schedule"),
        _reference("overbooking_rule", "service_type_id", "service_type"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overbooking_rule")),
        sa.CheckConstraint("per_day > 0", name=op.f("ck_overbooking_rule_per_day")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_overbooking_rule_weekday")),
        sa.CheckConstraint("(starts IS NULL) = (ends IS NULL)", name=op.f("ck_overbooking_rule_hours")),
    )
    op.create_index(op.f("ix_overbooking_rule_schedule_id"), "overbooking_rule", ["schedule_id"])
    op.create_table(
        "overbooking_use",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        *_practice("overbooking_use"),
        _reference("overbooking_use", "rule_id", "overbooking_rule", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("rule_id", "day", name=op.f("pk_overbooking_use")),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_overbooking_use_taken")),
    )


def _create_visits() -> None:
    op.create_table(
        "group_visit",
        sa.Column("id", sa.Integer(), nullable=False),
        *_visit("group_visit"),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        *_practice("group_visit"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_visit")),
        sa.UniqueConstraint(
            "practitioner_id",
            "service_type_id",
            "start",
            name=op.f("uq_group_visit_practitioner_id_service_type_id_start"),
        ),
        sa.CheckConstraint("taken >= 0 AND taken <= capacity", name=op.f("ck_group_visit_taken")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        *_visit("hold"),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("opening_id", sa.Integer(), nullable=True),
        sa.Column("opening_day", sa.Date(), nullable=True),
        sa.Column("group_visit_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("request_key", sa.String(60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        *_practice("hold"),
        _reference("hold", "patient_id", "patient"),
        _reference("hold", "call_id", "call"),
        _reference("hold", "staff_id", "staff"),
        _reference("hold", "opening_id", "opening", ondelete="SET NULL"),
        _reference("hold", "group_visit_id", "group_visit"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sa.UniqueConstraint("practice_id", "request_key", name=op.f("uq_hold_practice_id_request_key")),
    )
    op.create_index("ix_hold_active", "hold", ["status", "expires_at"])
    op.create_index(op.f("ix_hold_staff_id"), "hold", ["staff_id"])
    op.create_table(
        "appointment_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("booked_by", sa.Integer(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(60), nullable=False),
        *_practice("appointment_series"),
        _reference("appointment_series", "patient_id", "patient"),
        _reference("appointment_series", "booked_by", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_series")),
        sa.UniqueConstraint("practice_id", "request_key", name=op.f("uq_appointment_series_practice_id_request_key")),
    )


def _create_history() -> None:
    op.create_table(
        "appointment_participant",
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.BigInteger(), nullable=False),
        *_practice("appointment_participant"),
        _reference("appointment_participant", "appointment_id", "appointment"),
        sa.PrimaryKeyConstraint("appointment_id", "actor", name=op.f("pk_appointment_participant")),
    )
    op.create_table(
        "appointment_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(10), nullable=False),
        sa.Column("act_key", sa.String(60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        *_practice("appointment_event"),
        _reference("appointment_event", "appointment_id", "appointment"),
        _reference("appointment_event", "staff_id", "staff"),
        _reference("appointment_event", "call_id", "call"),
        _reference("appointment_event", "undoes_id", "appointment_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_event")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_appointment_event_undoes_id")),
    )
    op.create_index("ix_appointment_event_staff", "appointment_event", ["staff_id", "at"])
    for column in ("appointment_id", "act_key"):
        op.create_index(op.f(f"ix_appointment_event_{column}"), "appointment_event", [column])
    for table in _TABLES:
        op.create_index(op.f(f"ix_{table}_practice_id"), table, ["practice_id"])
    # What was booked and cancelled before has its line too; it is too old to be undone.
    for act, key, since, who, reason, source in (
        ("booked", "'before-booked-'", "booked_at", "booked_by", "''", "appointment"),
        ("cancelled", "'before-cancelled-'", "cancelled_at", "cancelled_by", "reason", "cancellation"),
    ):
        appointment = "id" if source == "appointment" else "appointment_id"
        op.execute(
            "INSERT INTO appointment_event "
            "(appointment_id, practice_id, act, act_key, at, staff_id, reason, before, after) "
            f"SELECT {appointment}, practice_id, '{act}', {key} || {appointment}, {since}, {who}, {reason}, "
            f"NULL, '{{}}' FROM {source}"
        )
    op.drop_table("cancellation")


def _occupy_by_actor() -> None:
    """The table anew: what it is about changes, and with it the guard (``migrations/overlap_guard.py``)."""
    taken = sa.text(
        'SELECT o.practice_id, 2 * a.practitioner_id AS actor, o.appointment_id, o.start, o."end" '
        "FROM occupation AS o JOIN appointment AS a ON a.id = o.appointment_id"
    )
    rows = [row._asdict() for row in op.get_bind().execute(taken)]
    op.drop_table("occupation")
    op.create_table(
        "occupation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("hold_id", sa.Integer(), nullable=True),
        sa.Column("group_visit_id", sa.Integer(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("held_by", sa.Integer(), nullable=True),
        *_practice("occupation"),
        _reference("occupation", "appointment_id", "appointment"),
        _reference("occupation", "hold_id", "hold"),
        _reference("occupation", "group_visit_id", "group_visit"),
        _reference("occupation", "held_by", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupation")),
        sa.CheckConstraint('start < "end"', name=op.f("ck_occupation_order")),
        sa.CheckConstraint("lane >= 0", name=op.f("ck_occupation_lane")),
        sa.CheckConstraint(
            "CASE WHEN appointment_id IS NULL THEN 0 ELSE 1 END + CASE WHEN hold_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN group_visit_id IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_occupation_what"),
        ),
        sa.CheckConstraint("(hold_id IS NULL) = (until IS NULL)", name=op.f("ck_occupation_lapse")),
    )
    op.create_index("ix_occupation_actor_start", "occupation", ["actor", "start"])
    for column in ("practice_id", "appointment_id", "hold_id", "group_visit_id"):
        op.create_index(op.f(f"ix_occupation_{column}"), "occupation", [column])
    _insert(rows, "practice_id", "actor", "appointment_id", "start", "end", lane=0)


def _occupy_by_schedule() -> None:
    """Of holds, groups, rooms and overbooked visits that version knows nothing: their time is free in it."""
    taken = sa.text(
        'SELECT o.practice_id, a.schedule_id, o.appointment_id, o.start, o."end" '
        "FROM occupation AS o JOIN appointment AS a ON a.id = o.appointment_id "
        "WHERE o.lane = 0 AND o.actor = 2 * a.practitioner_id"
    )
    rows = [row._asdict() for row in op.get_bind().execute(taken)]
    op.drop_table("occupation")
    op.create_table(
        "occupation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        *_practice("occupation"),
        _reference("occupation", "schedule_id", "schedule"),
        _reference("occupation", "appointment_id", "appointment"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupation")),
        sa.UniqueConstraint("appointment_id", name=op.f("uq_occupation_appointment_id")),
        sa.CheckConstraint('start < "end"', name=op.f("ck_occupation_order")),
    )
    op.create_index("ix_occupation_schedule_start", "occupation", ["schedule_id", "start"])
    op.create_index(op.f("ix_occupation_practice_id"), "occupation", ["practice_id"])
    _insert(rows, "practice_id", "schedule_id", "appointment_id", "start", "end")


def _insert(rows: list[dict[str, int]], *columns: str, **fixed: int) -> None:
    if rows:
        table = sa.table("occupation", *(sa.column(name) for name in (*columns, *fixed)))
        op.bulk_insert(table, [row | fixed for row in rows])


def _visit(table: str) -> tuple[sa.Column[int] | sa.ForeignKeyConstraint, ...]:
    """With whom, what and when."""
    return (
        *(sa.Column(f"{name}_id", sa.Integer(), nullable=False) for name in ("schedule", "practitioner")),
        sa.Column("service_type_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        *(_reference(table, f"{name}_id", name) for name in ("schedule", "practitioner", "service_type")),
    )


def _practice(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return sa.Column("practice_id", sa.Integer(), nullable=False), _reference(table, "practice_id", "practice")


def _reference(table: str, column: str, other: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )
