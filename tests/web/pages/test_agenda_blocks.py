"""What stands in the wide agenda besides visits and free times, over HTTP."""

from __future__ import annotations

import re

from callcenter.agenda.resource_models import NeedKind
from callcenter.agenda.writing.attendance import mark_arrived
from tests.agenda.cast import NINE, SEED, book, paris
from tests.agenda.finding.test_company import add_ines, need
from tests.web.pages.test_agenda import Scene, scene

__all__ = ["scene"]


def test_a_colleague_s_visit_is_reached_like_her_own_and_follows_what_becomes_of_it(scene: Scene) -> None:
    database, cast = scene.served.database, scene.cast
    with database.unit_of_work(SEED) as session:
        caron_id = add_ines(session, cast)
        need(session, cast, NeedKind.PRACTITIONER, practitioner_id=caron_id)
    with database.unit_of_work(cast.scope) as session:
        visit = book(session, cast, paris(10)).id
    hers = f"?view=day&practitioner={caron_id}"
    shown = scene.get(hers)
    block = re.search(r'<a id="a[^>]*>', shown)
    assert block is not None
    assert f'data-cell data-appointment="{visit}"' in block[0]
    assert 'title="Avec Dr Lemoine, 10:00 Vasseur H., Consultation, Réservé"' in block[0]
    assert "<b>Avec Dr Lemoine</b>" in shown
    with database.unit_of_work(cast.scope) as session:
        mark_arrived(session, visit, staff_id=None, at=NINE)
    # What the process remembers of her column is of her agenda, which has not changed.
    assert "Vasseur H., Consultation, Arrivé" in scene.get(hers)
