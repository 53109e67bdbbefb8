"""A session of Betfair: logged in once, kept alive by the clock, renewed when a service says that it is over.

One session serves every connection. Activity does not extend it, only a keep-alive does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Final
from urllib.parse import urlencode

from engine.clock import HOUR_NS, SECOND_NS
from engine.errors import ConfigurationError, printable
from engine.live.clock import Clock
from engine.live.minute import MINUTE_NS, LastMinute
from engine.live.wire.credentials import credential
from engine.live.wire.request import Request, Wire, WireFailure
from engine.logs.secrets import Secrets

#: names of the credentials
USER, PASSWORD, KEY = "BEA_BETFAIR_USERNAME", "BEA_BETFAIR_PASSWORD", "BEA_BETFAIR_APP_KEY"
#: ending of the identity service of each place
ENDINGS: Final = {"com": "com", "it": "it", "es": "es", "ro": "ro", "se": "se", "au": "com.au"}
#: a session is kept alive after so long: it lives 12 h on .com, 20 minutes on the Italian and Spanish exchanges
KEEP_NS: Final = {"com": 2 * HOUR_NS}
_KEEP_OTHERS_NS: Final = 8 * MINUTE_NS
#: after more than 100 logins a minute Betfair takes none for so long
BAN_NS: Final = 20 * MINUTE_NS
_BANNED: Final = "TEMPORARY_BAN_TOO_MANY_REQUESTS"
#: answers that another try may change; every other refusal is definite, and a repeated login could lock the account
_AGAIN: Final = ("INTERNAL_ERROR", _BANNED)
#: logins of this process within a minute
_MOST_LOGINS: Final = 10
_TODO: Final = {
    "INVALID_USERNAME_OR_PASSWORD": f"check {USER} and {PASSWORD}; with two-factor login the code follows the password",
    "CERT_AUTH_REQUIRED": "upload the certificate to the account, and name it in betfair.certificate",
    "SELF_EXCLUDED": "the account is excluded from betting; nothing here changes that",
    "KYC_SUSPEND": "Betfair wants proof of identity; do that on its site",
    "BETTING_RESTRICTED_LOCATION": "Betfair takes no bets from this place",
    "INPUT_VALIDATION_ERROR": f"check {KEY}",
}


@dataclass(frozen=True, repr=False)
class Account:
    """Credentials of an account; shown nowhere."""

    user: str
    password: str
    app_key: str

    @classmethod
    def read(cls, environment: Mapping[str, str], secrets: Secrets) -> Account:
        """From the environment or the keyring. Raises ConfigurationError for what is missing."""
        return cls(*(credential(name, environment, secrets) for name in (USER, PASSWORD, KEY)))


class Session:
    """The session of an account. May be shared by threads.

    Parameters
    ----------
    wire : Wire
        With the client certificate for the certificate login.
    account : Account
    clock : Clock
    secrets : Secrets
        Takes in every token.
    jurisdiction : str
        Of `ENDINGS`.
    with_certificate : bool
        Whether the login is that for programs, which the certificate proves.
    """

    def __init__(
        self, wire: Wire, account: Account, clock: Clock, secrets: Secrets, *, jurisdiction: str = "com",
        with_certificate: bool = False,
    ) -> None:  # fmt: skip
        self._wire, self._account, self._clock, self._secrets = wire, account, clock, secrets
        self._ending, self._with_certificate = ENDINGS[jurisdiction], with_certificate
        self._keep_ns = KEEP_NS.get(jurisdiction, _KEEP_OTHERS_NS)
        self._token, self._fresh_ns, self._barred_ns = "", 0, 0
        self._refusal: ConfigurationError | None = None
        self._logins, self._lock = LastMinute(clock), RLock()

    @property
    def app_key(self) -> str:
        """The key of the application."""
        return self._account.app_key

    def token(self) -> str:
        """The token of a session that is alive: logged in, or kept alive, if that is due.

        Raises
        ------
        ConfigurationError
            Betfair refuses the login. It is not tried again by this object.
        WireFailure
            No answer, or one after which another try makes sense; its cause begins with ``login``.
        """
        with self._lock:
            if self._token and self._clock.monotonic_ns() - self._fresh_ns >= self._keep_ns:
                self._keep()
            if not self._token:
                self._log_in()
            return self._token

    def expired(self, token: str) -> None:
        """A service says that this token is not valid any more; the next use logs in."""
        with self._lock:
            if token == self._token:
                self._token = ""

    def close(self) -> None:
        """Log out. What Betfair says to it changes nothing."""
        with self._lock:
            if self._token:
                try:
                    self._wire.exchange(self._request("logout"))
                except WireFailure:
                    pass
                finally:
                    self._token = ""

    # -- requests -----------------------------------------------------------------------------------------------------

    def _log_in(self) -> None:
        if self._refusal is not None:
            raise self._refusal
        if self._barred_ns > self._clock.monotonic_ns() or len(self._logins) >= _MOST_LOGINS:
            raise WireFailure("login not yet: too many")
        self._logins.add()
        names = ("loginStatus", "sessionToken") if self._with_certificate else ("status", "token")
        answer = self._asked(self._login_request())
        status, token = answer.get(names[0]), answer.get(names[1])
        if status == "SUCCESS" and isinstance(token, str) and token:
            self._secrets.register(token)
            self._token, self._fresh_ns = token, self._clock.monotonic_ns()
            return
        error = answer.get("error") if status in ("FAIL", "LIMITED_ACCESS", "LOGIN_RESTRICTED") else status
        self._refuse(printable(error or status or "no status", 60))

    def _refuse(self, word: str) -> None:
        if word == _BANNED:
            self._barred_ns = self._clock.monotonic_ns() + BAN_NS
        if word in _AGAIN or word in ("SUCCESS", "no status"):
            raise WireFailure(f"login {word}")
        self._refusal = ConfigurationError(
            "Betfair refuses the login", where="the account", expected="SUCCESS", found=word,
            todo=_TODO.get(word, "log in on the site of Betfair and see what it asks for"),
        )  # fmt: skip
        raise self._refusal

    def _keep(self) -> None:
        """Keep the session alive. Where it is over, it is forgotten; where there is no answer, it is tried again."""
        try:
            answer = self._asked(self._request("keepAlive"))
        except WireFailure:
            self._fresh_ns += 10 * SECOND_NS  # it still lives; ask again soon
            return
        if answer.get("status") == "SUCCESS":
            self._fresh_ns = self._clock.monotonic_ns()
        elif answer.get("error") == "INTERNAL_ERROR":
            self._fresh_ns += 10 * SECOND_NS
        else:
            self._token = ""

    def _asked(self, request: Request) -> Mapping[str, object]:
        reply = self._wire.exchange(request)
        answer = reply.json() if reply.status == 200 else None
        if not isinstance(answer, dict):
            raise WireFailure("login unreadable")
        return answer

    def _login_request(self) -> Request:
        host, path = ("identitysso-cert", "certlogin") if self._with_certificate else ("identitysso", "login")
        content = urlencode({"username": self._account.user, "password": self._account.password}).encode()
        headers = {
            "X-Application": self.app_key, "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        return Request("POST", f"https://{host}.betfair.{self._ending}/api/{path}", headers=headers, content=content)

    def _request(self, path: str) -> Request:
        headers = {"Accept": "application/json", "X-Application": self.app_key, "X-Authentication": self._token}
        return Request("POST", f"https://identitysso.betfair.{self._ending}/api/{path}", headers=headers)
