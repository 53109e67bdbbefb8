"""Where a study is kept: an SQLite file for one worker, or a PostgreSQL server for several.

On PostgreSQL a worker takes a trial by a lock of its session (an advisory lock), which the server releases when the
worker ends or is killed. So no trial is computed twice, and none waits for a worker that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import ConfigurationError, DataError
from engine.files import exclusive
from engine.identity import text_hash
from engine.paths import home
from research.training.trial import Plan, Trial, frozen, thawed

if TYPE_CHECKING:
    import optuna

_POSTGRES: Final = "postgresql"
#: the project's driver of PostgreSQL, which SQLAlchemy does not take by itself
_DRIVER: Final = "postgresql+psycopg"
#: place among the locks of a study of the lock under which it is opened
_OPENING: Final = -1


@dataclass(frozen=True)
class Stored:
    """A study in its storage.

    Attributes
    ----------
    plan : Plan
    study : optuna.Study
    session : sqlalchemy.Connection or None
        What holds the locks; None: there is one worker only.
    """

    plan: Plan
    study: optuna.Study
    session: Any = None

    @property
    def is_shared(self) -> bool:
        """Whether other workers may add trials meanwhile."""
        return self.session is not None

    def trials(self) -> dict[int, Trial]:
        """Finished trials, the first of each number."""
        found = dict[int, Trial]()
        for trial in map(thawed, self.study.get_trials(deepcopy=False)):
            if trial is not None:
                found.setdefault(trial.number, trial)
        return found

    def add(self, trial: Trial) -> None:
        """Store a finished trial."""
        self.study.add_trial(frozen(self.plan, trial))

    def take(self, number: int) -> bool:
        """Whether a trial is this worker's to compute."""
        return self.session is None or bool(_locked(self.session, "pg_try_advisory_lock", self.plan.name, number))

    def release(self, number: int) -> None:
        """Give a trial back after it was stored."""
        if self.session is not None:
            _locked(self.session, "pg_advisory_unlock", self.plan.name, number)


def studies() -> Path:
    """Folder of the studies of the home: one SQLite file each."""
    return home() / "data" / "studies"


def is_postgres(storage: str | None) -> bool:
    """Whether a storage is a PostgreSQL server, which several workers can share."""
    return storage is not None and storage.partition(":")[0].partition("+")[0] == _POSTGRES


@contextmanager
def opened(plan: Plan) -> Iterator[Stored]:
    """The study in its storage, which is made if it is not there.

    Raises
    ------
    ConfigurationError
        The storage cannot be reached, or it is an SQLite file that another process works on.
    DataError
        It was lost on the way.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = plan.storage or f"sqlite:///{studies() / plan.name}.db"
    if plan.storage is None:
        studies().mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if url.startswith("sqlite"):
            stack.enter_context(_alone(url))
        elif is_postgres(url):
            url = f"{_DRIVER}:{url.partition(':')[2]}"
        try:
            session = _session(url, stack) if is_postgres(url) else None
            if session is not None:  # several workers would make the tables at once
                _locked(session, "pg_advisory_lock", "", _OPENING)
            storage = optuna.storages.RDBStorage(url)
            stack.callback(storage.engine.dispose)
            if url.startswith("sqlite"):  # a viewer that reads does not lock it then
                with storage.engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            study = optuna.create_study(study_name=plan.name, storage=storage, load_if_exists=True)
            if session is not None:
                _locked(session, "pg_advisory_unlock", "", _OPENING)
        except Exception as error:
            raise ConfigurationError(
                "the storage of the study cannot be opened", where="tune.storage", found=_line(error),
                todo="check that the database is there and its driver is installed",
            ) from error  # fmt: skip
        yield from _kept(Stored(plan, study, session))


def _kept(stored: Stored) -> Iterator[Stored]:
    """The study; a database that is lost on the way is said in one line."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield stored
    except (StorageInternalError, SQLAlchemyError) as error:
        raise DataError(
            "the storage of the study was lost", where="tune.storage", found=_line(error),
            todo="the same command goes on from the last finished trial",
        ) from error  # fmt: skip


def _line(error: Exception) -> str:
    cause = error.__cause__ or error  # Optuna's own words tell nothing of the database
    return " ".join(str(cause).split())[:120]


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """The lock of an SQLite file: readers do not need it, and a second worker is refused."""
    from sqlalchemy.engine import make_url

    path = make_url(url).database
    if not path:
        yield
        return
    if not Path(path).absolute().parent.is_dir():
        raise ConfigurationError(
            "no such folder for the study", where="tune.storage", found=str(Path(path).parent), todo="make it first"
        )
    refusal = ConfigurationError(
        "another process works on this study", where=path, expected="one worker on an SQLite file",
        todo="wait for it, or share a PostgreSQL server: tune.storage=postgresql://HOST/NAME",
    )  # fmt: skip
    with exclusive(Path(f"{path}.lock"), refusal):
        yield


def _session(url: str, stack: ExitStack) -> Any:
    """A connection that holds locks until it is closed, or its worker is gone."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    return stack.enter_context(create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect())


def _locked(session: Any, function: str, study: str, number: int) -> Any:
    """Call a function of PostgreSQL's advisory locks on a trial of a study."""
    from sqlalchemy import text

    key = (text_hash(f"bea:{study}") % 2**32) - 2**31
    return session.execute(text(f"SELECT {function}(:key, :number)"), {"key": key, "number": number}).scalar()
