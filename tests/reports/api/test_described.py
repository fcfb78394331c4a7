"""The description of the API says what the API does: made from its views, committed, served and drawn."""

import json
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from reports.api.described import document
from reports.pages.api_docs import operations

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def made() -> Any:
    """As the views say it now."""
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # untyped in the library


@pytest.fixture(scope="module")
def committed() -> Any:
    return json.loads(document())


def test_it_is_made_without_a_doubt(made: Any) -> None:
    told = {**GENERATOR_STATS._warn_cache, **GENERATOR_STATS._error_cache}

    validate_schema(made)  # type: ignore[no-untyped-call] # untyped in the library
    assert told == {}


def test_what_is_committed_is_what_the_views_say(made: Any, committed: Any) -> None:
    assert json.loads(json.dumps(made, default=str)) == committed, "Run make schema, and look at what has changed."


def test_it_says_how_to_file(committed: Any) -> None:
    answers = committed["components"]["schemas"]["Answers"]

    assert committed["openapi"].startswith("3.1")
    assert sorted(answers["required"]) == ["artifact", "consent", "kind", "summary", "what_happened"]
    assert answers["properties"]["summary"] | {"minLength": 10, "maxLength": 120} == answers["properties"]["summary"]
    assert committed["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert committed["paths"]["/api/v1/reports/"]["post"]["security"] == [{}, {"token": []}]


def test_every_refusal_is_described_as_a_problem(committed: Any) -> None:
    for path, methods in committed["paths"].items():
        for method, spoken in methods.items():
            assert {"400", "406", "429"} <= set(spoken["responses"]), (method, path)
            for code, answer in spoken["responses"].items():
                if code >= "400" and "$ref" not in answer:
                    assert set(answer["content"]) == {PROBLEM}, (method, path, code)
    assert all(
        set(answer["content"]) == {PROBLEM}
        for code, answer in committed["components"]["responses"].items()
        if code >= "400"
    )


def test_its_examples_fit_it(committed: Any) -> None:
    tried = []
    for path, methods in committed["paths"].items():
        for spoken in methods.values():
            for sent in (spoken.get("requestBody", {}), *spoken["responses"].values()):
                for content in sent.get("content", {}).values():
                    schema = {**content["schema"], "components": committed["components"]}
                    for example in content.get("examples", {}).values():
                        Draft202012Validator(schema).validate(example["value"])
                        tried.append(path)

    assert "/api/v1/reports/" in tried


def test_it_is_served_as_it_is_committed(client: Client, db: None) -> None:
    answer = client.get("/api/v1/schema/")

    assert answer.content == document()
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json"
    assert client.get("/api/v1/schema/", headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_every_operation_has_a_page_of_ours(client: Client, db: None) -> None:
    index = client.get("/api/docs/").content.decode()

    assert len(index) < 50_000
    for slug, operation in operations().items():
        assert f'href="/api/docs/{slug}/"' in index
        page = client.get(f"/api/docs/{slug}/")
        assert page.status_code == 200
        assert len(page.content) < 50_000
        assert operation.path in page.content.decode()
    assert client.get("/api/docs/nothing/").status_code == 404
