"""A type of visit as each practitioner gives it: one has settings of her own, her colleague has none."""

from __future__ import annotations

from callcenter.agenda.finding.visits import visit_of, visits_of
from callcenter.agenda.models import PractitionerService, ServiceType
from callcenter.agenda.resource_models import NeedKind, ServiceNeed
from callcenter.core.db import Database
from callcenter.directory.models import Practitioner
from tests.agenda.cast import tilleuls


def test_settings_of_one_practitioner_are_not_her_colleagues(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        hers = session.get_one(Practitioner, cast.practitioner_id)
        colleague = Practitioner(
            practice_id=cast.practice_id, site_id=hers.site_id, code="bah", name="Dr Bah", family_name="Bah"
        )
        session.add(colleague)
        kind = session.get_one(ServiceType, cast.consultation_id)
        own = PractitionerService(
            practice_id=cast.practice_id,
            practitioner_id=hers.id,
            service_type_id=kind.id,
            duration_minutes=25,
            is_offered=False,
        )
        session.add(own)
        session.flush()
        visits = visits_of(session, [hers.id, colleague.id], kind)
        assert (visits[hers.id].duration_minutes, visits[hers.id].is_offered) == (25, False)
        assert (visits[colleague.id].duration_minutes, visits[colleague.id].is_offered) == (kind.duration_minutes, True)
        assert visit_of(session, colleague.id, kind) == visits[colleague.id]


def test_a_visit_says_whether_it_needs_company(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        kind = session.get_one(ServiceType, cast.consultation_id)
        assert not visit_of(session, cast.practitioner_id, kind).needs_company
        session.add(ServiceNeed(kind=NeedKind.ROOM, service_type_id=kind.id, practice_id=cast.practice_id))
        assert visit_of(session, cast.practitioner_id, kind).needs_company
        other = session.get_one(ServiceType, cast.first_visit_id)
        assert not visit_of(session, cast.practitioner_id, other).needs_company
