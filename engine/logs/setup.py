"""Where log lines go. Called once by each command; every handler that is made here takes secrets out.

structlog is imported at the first line, or by the first module that has a logger: most commands have neither.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any, Final

from engine.errors import ConfigurationError, unknown_name
from engine.logs.secrets import Secrets, environment_secrets

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "off": 100}
FORMATS: Final = ("console", "json")
#: libraries that write every address they call at INFO
_LOUD: Final = ("httpx", "httpx2", "httpcore", "urllib3", "apprise", "sqlalchemy", "alembic", "numba")


@dataclass(frozen=True)
class LogSettings:
    """How a command logs.

    Attributes
    ----------
    level : str
        Of the file: debug, info, warning, error or off.
    console_level : str
        Of the lines on stderr.
    format : str
        Of the lines on stderr: console or json. The file is always JSON lines.
    levels : mapping of str to str
        Level by name of a logger, such as ``engine.live.execution.executor``.
    file_max_mb, files : int
        A file that reaches this size is put aside; so many are kept, the one in use included.
    """

    level: str = "info"
    console_level: str = "warning"
    format: str = "console"
    levels: Mapping[str, str] = field(default_factory=dict)
    file_max_mb: int = 10
    files: int = 5

    def __post_init__(self) -> None:
        for key, name in (("level", self.level), ("console_level", self.console_level), *self.levels.items()):
            if name not in LEVELS:
                raise unknown_name("level", str(name), LEVELS, where=f"logs.{key}")
        if self.format not in FORMATS:
            raise unknown_name("format", str(self.format), FORMATS, where="logs.format")
        for key, number, least in (("file_max_mb", self.file_max_mb, 1), ("files", self.files, 2)):
            if number < least:
                raise ConfigurationError(
                    "value out of range", where=f"logs.{key}", expected=f"at least {least}", found=str(number)
                )


class _Clean(logging.Formatter):
    """Formats a line, traceback included, and then takes the secrets out of the finished text.

    Parameters
    ----------
    secrets : Secrets
    form : str
        console or json.
    """

    def __init__(self, secrets: Secrets, form: str) -> None:
        super().__init__()
        self._secrets, self._form = secrets, form
        self._formatter: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, without secrets; a record that cannot be formatted gives a line that says so."""
        try:
            if self._formatter is None:
                self._formatter = _formatter(self._form)
            return self._secrets.clean(self._formatter.format(record))
        except Exception as error:  # a line must never stop the runner
            return f"a log line of {record.name} could not be written: {type(error).__name__}"


class _Quiet(RotatingFileHandler):
    """A file of lines; a disk that is full loses lines, counted in `lost`, and stops nothing."""

    lost = 0

    def handleError(self, record: logging.LogRecord) -> None:
        """Count a line that could not be written; no traceback, which could hold what the line held."""
        self.lost += 1

    def close(self) -> None:
        """Close the file; what a full disk does not take is lost here too."""
        with suppress(OSError):
            super().close()


class _Stderr(logging.StreamHandler[IO[str]]):
    """Lines on whatever stderr is now; a reader that has left loses them."""

    @property
    def stream(self) -> IO[str]:
        """The stream that is written to."""
        return sys.stderr

    @stream.setter
    def stream(self, value: IO[str]) -> None:
        pass

    def handleError(self, record: logging.LogRecord) -> None:
        """A line that cannot be written is lost."""


def start(settings: LogSettings, secrets: Secrets, file: Path | None = None) -> None:
    """Set up logging for this process; handlers of an earlier call are closed and replaced.

    Parameters
    ----------
    settings : LogSettings
    secrets : Secrets
        Consulted at each line, so that secrets may be registered later.
    file : Path, optional
        Where the lines are kept. Its folder is made. None: no file.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    stop()
    handlers: list[logging.Handler] = [_Stderr()]
    handlers[0].setLevel(LEVELS[settings.console_level])
    handlers[0].setFormatter(_Clean(secrets, settings.format))
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        kept = _Quiet(file, maxBytes=settings.file_max_mb * 1_000_000, backupCount=settings.files - 1, encoding="utf-8")
        kept.setLevel(LEVELS[settings.level])
        kept.setFormatter(_Clean(secrets, "json"))
        handlers.append(kept)
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(min(handler.level for handler in handlers))
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name, level in settings.levels.items():
        logging.getLogger(name).setLevel(LEVELS[level])
    if "structlog" in sys.modules:  # loggers that were there before, as in a notebook
        _configure(is_started=True)


def stop() -> None:
    """Flush and close the handlers of `start`; those of other programs stay."""
    for handler in _handlers():
        logging.getLogger().removeHandler(handler)
        handler.close()


def _handlers() -> list[logging.Handler]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, _Quiet | _Stderr)]


def lost_lines() -> int:
    """Lines that the file could not take, because the disk is full or the file system is read-only."""
    return sum(handler.lost for handler in logging.getLogger().handlers if isinstance(handler, _Quiet))


def logger(name: str) -> Any:
    """The logger of a module: ``logger(__name__).info("placed", odds=2.1)``.

    Before `start`, as in a notebook, warnings are plain lines of standard logging: on stderr, without secrets.
    """
    import structlog

    if not structlog.is_configured():
        _configure(is_started=bool(_handlers()))
    return structlog.get_logger(name)


@contextmanager
def correlated(correlation: str) -> Iterator[None]:
    """Every line within carries this id: that of one bet, from the quote to the receipt."""
    from structlog.contextvars import bound_contextvars

    with bound_contextvars(correlation=correlation):
        yield


def _configure(*, is_started: bool) -> None:
    """structlog on top of standard logging: lines for our handlers, or plain ones before `start`."""
    import structlog

    last = structlog.stdlib.ProcessorFormatter.wrap_for_formatter if is_started else _plain_line
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_shared(), last],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared() -> list[Any]:
    import structlog

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _plain_line(wrapped: Any, method: str, event: MutableMapping[str, Any]) -> str:
    line = str(_console()(wrapped, method, event))
    return Secrets(environment_secrets(os.environ)).clean(line)


def _console() -> Any:
    import structlog

    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _formatter(form: str) -> logging.Formatter:
    import structlog

    last: list[Any]
    if form == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str, sort_keys=True)]
    else:
        last = [_console()]
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(processors=[remove, *last], foreign_pre_chain=_shared())
