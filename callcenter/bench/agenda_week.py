"""The week of the wide agenda, from memory and by plain f-strings."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from callcenter.agenda.views.rows import AppointmentRow
from callcenter.bench.agenda_data import ALL, Agendas
from callcenter.core.db import Database
from callcenter.core.i18n import load_catalogues
from callcenter.desk.wide_query import View, WideAsked
from callcenter.desk.wide_reading import wide_agenda
from callcenter.web.rendering import icon, open_templates

_TEMPLATE = '{% import "agenda/_marks.html" as marks with context %}{% include "agenda/wide/_grid.html" %}'


class Week:
    """One practice's week, read."""

    def __init__(self, database: Database, agendas: Agendas, *, at: datetime) -> None:
        load_catalogues()
        practice_id = agendas.week.practice_id
        asked = WideAsked(practice_id=practice_id, view=View.WEEK, day=agendas.monday)
        with database.reading(ALL) as session:
            wide = wide_agenda(session, asked, staff_id=1, practice_ids=frozenset({practice_id}), at=at)
        assert wide is not None, "the practice is there"
        self._context = {"wide": wide, "now": at}
        self._template = open_templates().from_string(_TEMPLATE)
        self.lines: Sequence[tuple[int, int, int, AppointmentRow]] = [
            (one.view.practitioner_id, placed.row, placed.span, placed.line)
            for day in wide.days
            for one in day.columns
            for placed in one.column.lines
            if isinstance(placed.line, AppointmentRow)
        ]

    def from_memory(self) -> str:
        """The whole grid: its head, its hours, and its columns, remembered once they have been made."""
        return self._template.render(self._context)

    def by_f_strings(self) -> str:
        """What stands in the grid for each appointment, and nothing else."""
        sign = str(icon("circle"))
        found = []
        for practitioner_id, row, span, line in self.lines:
            patient, service, at = escape(line.patient), escape(line.service), f"{line.starts_at:%H:%M}"
            found.append(
                f'<li class="cell" style="--row:{row};--span:{span}"><a id="c{practitioner_id}-{line.start}" data-cell '
                f'data-appointment="{line.appointment_id}" data-movable draggable="false" '
                f'class="appt v{line.colour} booked" href="/agenda/appointments/{line.appointment_id}" '
                f'title="{at} {patient}, {service}, Booked">{sign}<span class="sr">{at} Booked</span>'
                f'<b>{patient}</b><span class="kind">{escape(line.service_short)}</span></a></li>\n'
            )
        return "".join(found)
