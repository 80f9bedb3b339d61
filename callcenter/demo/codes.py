"""The rows that the demonstration's files mean by their codes."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Schedule, ServiceType
from callcenter.directory.models import Patient, Practice, Practitioner, Site, Staff


class Codes:
    """What was imported, by practice and code; read once."""

    def __init__(self, session: Session) -> None:
        self._practices = {one.code: one.id for one in session.scalars(select(Practice))}
        by_id = {practice_id: code for code, practice_id in self._practices.items()}
        self._sites = {(by_id[one.practice_id], one.code): one.id for one in session.scalars(select(Site))}
        self._patients = {(by_id[one.practice_id], one.external_id): one.id for one in session.scalars(select(Patient))}
        self._types = {(by_id[one.practice_id], one.code): one for one in session.scalars(select(ServiceType))}
        rows = session.execute(
            select(Schedule, Practitioner.code).join(Practitioner, Practitioner.id == Schedule.practitioner_id)
        )
        self._schedules = {(by_id[one.practice_id], code): one for one, code in rows}
        self._staff = {one.login: one.id for one in session.scalars(select(Staff))}

    def practice_id(self, practice: str) -> int:
        """The practice's id."""
        return self._practices[practice]

    def site_id(self, practice: str, site: str) -> int:
        """The id of one of its sites."""
        return self._sites[practice, site]

    def patient_id(self, practice: str, patient: str) -> int:
        """The id of one of its patients, by the number in its own files."""
        return self._patients[practice, patient]

    def service_type(self, practice: str, service_type: str) -> ServiceType:
        """One of its types of visit."""
        return self._types[practice, service_type]

    def schedule(self, practice: str, practitioner: str) -> Schedule:
        """The agenda of one of its practitioners: each has one."""
        return self._schedules[practice, practitioner]

    def staff_id(self, login: str) -> int | None:
        """Whose account it is; None for nobody's."""
        return self._staff[login] if login else None
