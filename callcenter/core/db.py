"""The database: engine, units of work, and the one place that commits.

SQLite lets one writer in at a time; several fighting for its lock cost a second at the 99th percentile (measured). So
the writers of a process stand in one first-come queue before they begin, and ``BEGIN IMMEDIATE`` takes the lock at
once. PostgreSQL needs no queue.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    ExceptionContext,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from callcenter.core.broadcast import Broadcast, open_broadcast
from callcenter.core.events import EventBus
from callcenter.core.keep import Keep
from callcenter.core.scope import Scope, guard


class Base(DeclarativeBase):
    """Parent of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC; SQLite forgets zones, so they are put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give back UTC, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class WriterQueue:
    """A lock that serves in the order of arrival; ``threading.Lock`` lets latecomers overtake.

    It may be released by another thread than the one that took its turn: a web framework may end a request elsewhere.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False

    def take_turn(self) -> None:
        """Wait until every earlier comer has finished."""
        with self._lock:
            if not self._held:
                self._held = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait()

    def end_turn(self) -> None:
        """Let the next one in."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False


class Database:
    """One database: its engine, its sessions, its signals."""

    def __init__(self, url: str, *, bus: EventBus | None = None, pool_size: int = 20) -> None:
        self.url = url
        self.engine = _open_engine(url, pool_size=pool_size)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.bus = bus or EventBus()
        self.broadcast: Broadcast = open_broadcast(url)
        self.kept = Keep()  # what readers remember of it; forgotten with this object
        self._writers = WriterQueue()
        # The turn is taken at the first statement, not when the unit opens: a request that waits for its turn while it
        # still needs a second worker thread would starve the one that holds it.
        self._writing_engine = self.engine.execution_options(immediate=True)
        # Callers must be answered while everything else waits for a slow database: connections of their own.
        self._voice_engine = _open_engine(url, pool_size=_VOICE_CONNECTIONS, is_voice=True)
        self._voice_writing_engine = self._voice_engine.execution_options(immediate=True)
        if self.is_sqlite:
            _begin_in_turn(self.engine, self._writers)
            _begin_in_turn(self._voice_engine, self._writers)
        # A class of its own, so that the listeners below belong to this database alone.
        scoped = type("ScopedSession", (Session,), {})
        event.listen(scoped, "after_begin", _note_turn)
        guard(scoped)
        self._sessions: sessionmaker[Session] = sessionmaker(expire_on_commit=False, class_=scoped)

    @contextmanager
    def unit_of_work(self, scope: Scope | None = None) -> Iterator[Session]:
        """One writing transaction: commits at the end, rolls back on any exception, then sends its signals."""
        with self._unit(self._writing_engine, scope) as session:
            yield session

    @contextmanager
    def voice_work(self, scope: Scope | None = None) -> Iterator[Session]:
        """A unit of work for a caller on the line: connections of its own, and given up within two seconds.

        PostgreSQL ends its statements after 1.5 s and its waiting for a lock after 1 s.
        """
        with self._unit(self._voice_writing_engine, scope) as session:
            yield session

    @contextmanager
    def _unit(self, engine: Engine, scope: Scope | None) -> Iterator[Session]:
        after_commit: list[Callable[[], None]] = []
        info: dict[str, Any] = {"scope": scope, "bus": self.bus, "after_commit": after_commit, "read": self.kept}
        session = self._sessions(bind=engine, info=info)
        try:
            yield session
            session.flush()
            for act in session.info.get("before_commit", {}).values():
                act()
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()
            if session.info.pop("holds_turn", False):
                self._writers.end_turn()
        topics: dict[str, None] = session.info.get("topics", {})
        self.broadcast.publish(list(topics))
        for act in after_commit:
            act()

    @contextmanager
    def reading(self, scope: Scope | None = None) -> Iterator[Session]:
        """One reading transaction; whatever it changes is thrown away."""
        info: dict[str, Any] = {"scope": scope, "bus": self.bus, "after_commit": [], "kept": self.kept}
        session = self._sessions(bind=self.engine, info=info)
        try:
            yield session
        finally:
            # Closing rolls back; rolling back by hand would also empty every row that was read.
            session.close()

    def close(self) -> None:
        """Give back every connection."""
        self.broadcast.close()
        self.engine.dispose()
        self._voice_engine.dispose()


def touch(session: Session, *topics: str) -> None:
    """Signal these topics once the transaction is committed; nobody hears of one that was rolled back."""
    session.info.setdefault("topics", {}).update(dict.fromkeys(topics))


def before_commit(session: Session, key: object, act: Callable[[], None]) -> None:
    """Run ``act`` as the last thing of the transaction, after all that it writes; once for each key."""
    session.info.setdefault("before_commit", {}).setdefault(key, act)


def kept_by(session: Session) -> Keep | None:
    """What readers of this database remember; None for whoever writes, since it may see what is not committed."""
    kept: Keep | None = session.info.get("kept")
    return kept


def read_by_others(session: Session) -> Keep | None:
    """What readers remember, for whoever writes: to be looked up in, and never added to."""
    found: Keep | None = session.info.get("read")
    return found


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Run ``act`` once the transaction is committed."""
    session.info["after_commit"].append(act)


_VOICE_CONNECTIONS = 8
_LIMITS = "-c timezone=utc -c lock_timeout=10000 -c statement_timeout=30000"
_VOICE_LIMITS = "-c timezone=utc -c lock_timeout=1000 -c statement_timeout=1500"
# A line that died without a word is noticed in seconds, not after the two hours of the system's own settings: its
# thread would answer no caller until then. (keepalives: s, s, tries; tcp_user_timeout: ms)
_VOICE_CONNECT = {
    "options": _VOICE_LIMITS,
    "connect_timeout": 2,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}


def _open_engine(url: str, *, pool_size: int, is_voice: bool = False) -> Engine:
    if url.startswith("sqlite:///"):
        return _open_sqlite(url, pool_size=pool_size)
    driver_url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(
        driver_url,
        pool_size=pool_size,
        max_overflow=0 if is_voice else 20,
        pool_timeout=1 if is_voice else 30,
        pool_pre_ping=not is_voice,  # a round trip more on each call: the voice webhook tries again instead
        hide_parameters=True,  # errors are logged; what they are about is personal
        connect_args=_VOICE_CONNECT if is_voice else {"options": _LIMITS, "connect_timeout": 10},
    )
    event.listen(engine, "handle_error", _keep_to_the_refusal)
    return engine


def _keep_to_the_refusal(context: ExceptionContext) -> None:
    """Leave out the detail that PostgreSQL adds to a refusal, which quotes the row: names and numbers, in a log."""
    refused = context.original_exception
    if not isinstance(refused, psycopg.Error) or refused.diag.message_primary is None:
        return
    refused.args = (refused.diag.message_primary,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(refused).__name__}) {refused.diag.message_primary}",)


def _open_sqlite(url: str, *, pool_size: int) -> Engine:
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    # isolation_level=None leaves BEGIN to us: the driver's own comes late, as a reader, and cannot be promoted safely.
    # Between processes there is no queue: among eight, an unlucky writer asked in vain for ten seconds, once in 800.
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 30, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-16000",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _begin_in_turn(engine: Engine, writers: WriterQueue) -> None:
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # By the driver itself: SQLAlchemy's own work on a statement costs more than this one.
        driver: Any = connection.connection.driver_connection
        if not connection.get_execution_options().get("immediate", False):
            driver.execute("BEGIN")
            return
        writers.take_turn()
        try:
            driver.execute("BEGIN IMMEDIATE")
        except BaseException:
            writers.end_turn()
            raise
        connection.info["turn"] = True


def _note_turn(session: Session, _transaction: object, connection: Connection) -> None:
    if connection.info.pop("turn", False):
        session.info["holds_turn"] = True
