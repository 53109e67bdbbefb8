"""The page of the monitor's API is made from its OpenAPI description, which names everything that a program needs."""

from __future__ import annotations

import re

from research.monitor.models import Acknowledge, Kill, Resume, Sign
from scripts import monitor_api

TEXT = monitor_api.PAGE.read_text(encoding="utf-8")
DESCRIPTION = monitor_api.description()


def test_the_page_is_current() -> None:
    assert monitor_api.page() == TEXT


def test_every_route_and_every_model_is_there() -> None:
    headings = re.findall(r"^### (.+)$", TEXT, re.M)
    routes = sum(len(methods) for methods in DESCRIPTION["paths"].values())
    assert routes >= 10 and len(headings) == routes + len(DESCRIPTION["components"]["schemas"])
    linked = set(re.findall(r"\[(\w+)\]\(#\w+\)", TEXT))
    assert linked and linked <= {"ErrorBody", *headings}


def test_the_description_has_the_bodies_of_writes() -> None:
    for model in (Kill, Resume, Acknowledge, Sign):
        told = DESCRIPTION["paths"][f"/api/ledgers/{{name}}/{model.__name__.lower()}"]["post"]
        body = told["requestBody"]["content"]["application/json"]["schema"]
        assert set(body["properties"]) == set(model.model_fields) and "reason" in body["required"]


def test_the_description_says_where_a_token_is_needed() -> None:
    assert DESCRIPTION["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    free = {
        path for path, methods in DESCRIPTION["paths"].items() for told in methods.values() if "security" not in told
    }
    assert free == {"/healthz", "/readyz"}
