"""The schema of the API says what the API does."""

from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema


@pytest.fixture
def schema() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # untyped in the library
    return made


def test_it_is_made_without_a_doubt(schema: dict[str, Any]) -> None:
    told = {**GENERATOR_STATS._warn_cache, **GENERATOR_STATS._error_cache}

    validate_schema(schema)  # type: ignore[no-untyped-call] # untyped in the library
    assert told == {}


def test_it_names_every_address_and_how_to_file(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    assert set(schema["paths"]) == {
        "/api/v1/reports/",
        "/api/v1/reports/{reference}/",
        "/api/v1/issues/",
        "/api/v1/issues/{number}/",
        "/api/v1/{kind}/",
        "/api/v1/{kind}/{org}/{name}/",
    }
    answers = schema["components"]["schemas"]["Answers"]
    assert sorted(answers["required"]) == ["artifact", "consent", "kind", "summary", "what_happened"]
    assert answers["properties"]["summary"] | {"minLength": 10, "maxLength": 120} == answers["properties"]["summary"]


def test_it_says_how_a_token_is_given(schema: dict[str, Any]) -> None:
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert {"token": []} in schema["paths"]["/api/v1/reports/"]["post"]["security"]


def test_it_and_its_page_are_served(client: Client, db: None) -> None:
    assert client.get("/api/v1/schema/").status_code == 200
    page = client.get("/api/docs/").content.decode()
    assert client.get("/api/docs/?script=").content.decode().count("/api/v1/schema/") == 1
    assert "https://" not in page
