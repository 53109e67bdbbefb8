"""Settings of the monitor; `conf/live/monitor.yaml` has the same names."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass
from typing import Final

from engine.errors import ConfigurationError, check_above_zero

#: the environment variable that holds the token
TOKEN: Final = "BEA_MONITOR_TOKEN"  # noqa: S105, the name of a variable
#: fewest characters of a token
TOKEN_LEAST: Final = 16


@dataclass(frozen=True)
class MonitorSettings:
    """Where the monitor listens, and to whom.

    Attributes
    ----------
    host : str
        Address that it listens on.
    port : int
    hosts : tuple of str
        Names by which it is called, beside that address and localhost. Other names in a request are refused.
    certificate, key : str
        Files for TLS. Without them only an address of the machine itself is allowed, unless `plain` says so.
    plain : bool
        Listen without TLS on an address that others reach: a proxy or a private network protects it.
    poll_ms : int
        How often the ledgers are looked at.
    session_hours : int
        How long a log-in lasts.
    logins_per_minute : int
        Wrong tokens of one address within a minute, before it has to wait.
    streams : int
        Most pages that are kept up to date at once.
    """

    host: str = "127.0.0.1"
    port: int = 8321
    hosts: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    plain: bool = False
    poll_ms: int = 500
    session_hours: int = 12
    logins_per_minute: int = 5
    streams: int = 20

    def __post_init__(self) -> None:
        numbers = ("port", "poll_ms", "session_hours", "logins_per_minute", "streams")
        check_above_zero("monitor", {name: value for name, value in asdict(self).items() if name in numbers})
        if bool(self.certificate) != bool(self.key):
            raise ConfigurationError(
                "TLS needs both files", where="monitor", expected="monitor.certificate, monitor.key"
            )
        if not (self.is_local or self.tls or self.plain):
            raise ConfigurationError(
                "others would reach the monitor without TLS", where="monitor.host", expected="127.0.0.1",
                found=self.host, todo="set monitor.certificate and monitor.key, or monitor.plain=true behind a proxy",
            )  # fmt: skip

    @property
    def tls(self) -> bool:
        """Whether it speaks TLS itself."""
        return bool(self.certificate)

    @property
    def is_local(self) -> bool:
        """Whether only the machine itself reaches it."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def names(self) -> frozenset[str]:
        """Host names that a request may give."""
        own = () if self.host in ("0.0.0.0", "::") else (self.host.lower(),)  # noqa: S104, compared, not bound
        return frozenset({"127.0.0.1", "localhost", "::1", *own, *(name.lower() for name in self.hosts)})
