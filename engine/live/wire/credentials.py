"""Credentials of a service: from the environment or the keyring of the machine, never from a file of ours."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from engine.errors import ConfigurationError
from engine.logs.secrets import Secrets

#: name of the service in the keyring; the name of the credential is the user name there
KEYRING: Final = "betting-expert-advisor"


def credential(name: str, environment: Mapping[str, str], secrets: Secrets) -> str:
    """A credential by its name, such as ``BEA_ODDS_API_KEY``; from now on no text of ours shows it.

    Parameters
    ----------
    name : str
        Of the environment variable, and of the entry in the keyring.
    environment : mapping
        `os.environ`.
    secrets : Secrets
        Of the log; takes the value in.

    Raises
    ------
    ConfigurationError
        It is in neither.
    """
    value = environment.get(name, "") or _of_keyring(name)
    if not value:
        raise ConfigurationError(
            "a credential is missing", where=name, expected="an environment variable or an entry of the keyring",
            found="neither", todo=f"export {name}=..., or `keyring set {KEYRING} {name}`",
        )  # fmt: skip
    secrets.register(value)
    return value


def _of_keyring(name: str) -> str:
    """From the keyring; empty where there is none, or it is locked."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    with suppress(KeyringError):
        return keyring.get_password(KEYRING, name) or ""
    return ""
