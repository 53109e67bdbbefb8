"""The wire over HTTP: bounded in time and size, certificates verified, no redirect followed, nothing sent twice."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from engine.errors import ConfigurationError
from engine.live.wire.request import Reply, Request, WireFailure

if TYPE_CHECKING:
    import httpx2

#: answers are never larger; one is refused as `too_large` before it fills the memory
MOST_BYTES: Final = 64 * 2**20


class HttpWire:
    """A pool of connections to one service. May be shared by threads.

    Parameters
    ----------
    timeout_s, connect_timeout_s : float
        For a whole answer, and for a connection to be there.
    wall_ns : callable
        The time of day.
    certificates : Path, optional
        A bundle of authorities (PEM) in place of the usual ones.
    client_certificate : tuple of (Path, Path), optional
        Certificate and key (PEM) that the service asks for.
    connections : int
        At most so many at once.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 16.0,
        connect_timeout_s: float = 3.0,
        wall_ns: Callable[[], int] = time.time_ns,
        certificates: Path | None = None,
        client_certificate: tuple[Path, Path] | None = None,
        connections: int = 4,
    ) -> None:
        try:
            import httpx2
        except ImportError:
            raise ConfigurationError(
                "live feeds and venues need httpx2", where="this installation", expected="the extra live",
                found="it is not installed", todo='pip install "betting-expert-advisor[live]"',
            ) from None  # fmt: skip
        context = ssl.create_default_context(cafile=str(certificates) if certificates else None)
        if client_certificate is not None:
            context.load_cert_chain(*map(str, client_certificate))
        self._timeout_s, self._connect_timeout_s, self._wall_ns = timeout_s, connect_timeout_s, wall_ns
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=120)
        self._client = httpx2.Client(verify=context, trust_env=False, follow_redirects=False, limits=limits)

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`. The time-out counts from the request to the last byte of the answer."""
        import httpx2

        whole_s = self._timeout_s if request.timeout_s is None else request.timeout_s
        ends_s = time.monotonic() + whole_s
        timeout = httpx2.Timeout(whole_s, connect=min(self._connect_timeout_s, whole_s), pool=self._connect_timeout_s)
        try:
            with self._client.stream(
                request.method, request.url, params=dict(request.params) or None, headers=dict(request.headers),
                content=request.content or None, timeout=timeout,
            ) as answer:  # fmt: skip
                content = _read(answer, ends_s)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            raise WireFailure("address") from None
        except httpx2.PoolTimeout:
            raise WireFailure("pool") from None
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise WireFailure(_why_not_connected(error)) from None
        except httpx2.TimeoutException:
            raise WireFailure("timeout") from None
        except (httpx2.RemoteProtocolError, httpx2.DecodingError):
            raise WireFailure("cut") from None
        except (httpx2.TransportError, httpx2.StreamError):
            raise WireFailure("reset") from None
        headers = {name.lower(): text for name, text in answer.headers.items()}
        return Reply(answer.status_code, content, headers, self._wall_ns())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _read(answer: httpx2.Response, ends_s: float) -> bytes:
    """The content, as long as time and size allow it."""
    parts, size = [], 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > MOST_BYTES:
            raise WireFailure("too_large")
        if time.monotonic() > ends_s:
            raise WireFailure("timeout")
        parts.append(part)
    return b"".join(parts)


def _why_not_connected(error: BaseException) -> str:
    """``dns``, ``tls`` or ``connect``."""
    cause: Any = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "dns"
        if isinstance(cause, ssl.SSLError):
            return "tls"
        cause = cause.__cause__ or cause.__context__
    return "connect"
