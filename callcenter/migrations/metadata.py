"""Every table of every package, for Alembic and for the tests that compare."""

from sqlalchemy import MetaData

from callcenter.agenda import models as _agenda
from callcenter.agenda import occupation_models as _occupation
from callcenter.agenda import resource_models as _resources
from callcenter.core import audit as _audit
from callcenter.core.db import Base
from callcenter.desk import models as _desk
from callcenter.directory import models as _directory
from callcenter.dispatch import models as _dispatch
from callcenter.dispatch import on_call_models as _on_call
from callcenter.instructions import models as _instructions
from callcenter.messaging import models as _messaging
from callcenter.routing import models as _routing
from callcenter.telephony import models as _telephony
from callcenter.triage import models as _triage

MODULES = (
    _agenda,
    _audit,
    _desk,
    _directory,
    _dispatch,
    _instructions,
    _messaging,
    _occupation,
    _on_call,
    _resources,
    _routing,
    _telephony,
    _triage,
)


def all_tables() -> MetaData:
    """The metadata with every table registered (importing this module registered them)."""
    return Base.metadata
