"""Answers of the monitor that are refusals, all with one body."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel


class Fault(BaseModel):
    """What went wrong.

    Attributes
    ----------
    code : str
        One word that programs may rely on.
    message : str
        For people.
    id : str
        Of the request; the log has the same.
    """

    code: str
    message: str
    id: str


class ErrorBody(BaseModel):
    """Body of every answer that is a refusal."""

    error: Fault


#: code by status
CODES: Final = {
    400: "bad_request", 401: "not_signed_in", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    409: "conflict", 413: "too_large", 415: "media_type", 421: "wrong_host", 422: "invalid", 429: "too_many",
    500: "internal", 503: "not_ready",
}  # fmt: skip


class Refused(Exception):
    """A request that is not carried out.

    Parameters
    ----------
    status : int
        Of HTTP.
    message : str
        For people; nothing of the inside.
    headers : mapping, optional
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.message, self.headers = status, message, headers or {}
        super().__init__(message)


def body_of(status: int, message: str, request_id: str) -> ErrorBody:
    """The body of a refusal."""
    return ErrorBody(error=Fault(code=CODES.get(status, "refused"), message=message, id=request_id))
