"""What machines read in the head of a public page: valid, complete in itself, and safe whatever words stand in it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pyld import jsonld

from reports import linked
from reports.models import Artifact, Issue
from reports.naming import artifact_named

Make = Callable[..., Any]
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x> \u2028 & <!-- {{ 7 }} \\ ]]> \u202eevil"
ARABIC = "يخترع أحكاما قضائية"
BLOCK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)
SCHEMA = "https://schema.org/"


def documents(page: str) -> list[dict[str, Any]]:
    return [json.loads(block) for block in BLOCK.findall(page)]


def expanded(document: dict[str, Any]) -> list[dict[str, Any]]:
    """As a JSON-LD processor understands it that may fetch nothing."""

    def refuse(address: str, *_: Any) -> None:
        raise AssertionError(f"{address} was to be fetched")

    nodes: list[dict[str, Any]] = jsonld.expand(document, {"documentLoader": refuse})
    return nodes


def of_type(nodes: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(node for node in nodes if node.get("@type") == [f"{SCHEMA}{kind}"])


def value(node: dict[str, Any], name: str) -> Any:
    return node[f"{SCHEMA}{name}"][0]["@value"]


def test_an_expander_understands_an_issue_and_fetches_nothing(client: Client, make_issue: Make) -> None:
    issue = make_issue(ARABIC, public_summary="It cites rulings.")

    (document,) = documents(client.get(issue.get_absolute_url()).content.decode())
    nodes = expanded(document)

    report = of_type(nodes, "Report")
    assert report["@id"] == f"http://127.0.0.1:8000{issue.get_absolute_url()}"
    assert (value(report, "name"), value(report, "abstract")) == (ARABIC, "It cites rulings.")
    assert value(report, "datePublished") == issue.published_at.isoformat()
    (about,) = report[f"{SCHEMA}about"]
    assert about["@type"] == [f"{SCHEMA}SoftwareApplication"]
    assert value(about, "name") == "acme/chat-7b"
    steps = of_type(nodes, "BreadcrumbList")[f"{SCHEMA}itemListElement"]
    assert [value(step, "position") for step in steps] == [1, 2]


def test_an_expander_understands_artifacts_and_the_site(artifact: Artifact) -> None:
    corpus = artifact_named("dataset", "acme/corpus")
    made = expanded(linked.artifact(artifact, artifact.versions.order_by("-position"), parents=[corpus]))
    site = expanded(linked.site())

    model = of_type(made, "SoftwareApplication")
    assert (value(model, "name"), value(model, "softwareVersion")) == ("acme/chat-7b", "2026-06")
    assert model[f"{SCHEMA}isBasedOn"][0]["@type"] == [f"{SCHEMA}Dataset"]
    assert of_type(site, "WebSite")[f"{SCHEMA}potentialAction"]


def test_hostile_words_stay_words_wherever_they_are_written_again(client: Client, make_issue: Make) -> None:
    """In JSON-LD, Open Graph, the description, the title and BibTeX."""
    issue = make_issue(HOSTILE, public_summary=HOSTILE)

    page = client.get(issue.get_absolute_url()).content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    (document,) = documents(page)
    report = of_type(expanded(document), "Report")
    assert (value(report, "name"), value(report, "abstract")) == (HOSTILE, HOSTILE)
    assert "\u2028" not in BLOCK.findall(page)[0]
    head = page.partition("</head>")[0]
    assert re.search(r'<meta property="og:title" content="[^"<>]*">', head)
    assert re.search(r'<meta property="og:description" content="[^"<>]*">', head)


def test_public_pages_name_their_one_address(client: Client, make_issue: Make) -> None:
    issue = make_issue()
    site = "http://127.0.0.1:8000"

    for asked, kept in (
        (f"{issue.get_absolute_url()}?show=1", issue.get_absolute_url()),
        ("/issues/?page=2", "/issues/?page=2"),
        ("/issues/?page=1", "/issues/"),
        ("/issues/?page=2&kind=other", "/issues/"),
        ('/issues/?page="><b>', "/issues/"),
    ):
        page = client.get(asked).content.decode()
        assert f'<link rel="canonical" href="{site}{kept}">' in page
        assert f'<meta property="og:url" content="{site}{kept}">' in page


@pytest.mark.parametrize("address", ["/report/", "/reports/open/", "/accounts/login/", "/issues/TT-2026-77777/"])
def test_pages_that_are_not_of_the_record_offer_nothing_to_search_engines(
    client: Client, db: None, address: str
) -> None:
    page = client.get(address).content.decode()

    assert 'rel="canonical"' not in page
    assert "og:" not in page
    assert documents(page) == []


def test_nobody_outside_learns_of_an_artifact_without_a_page(client: Client, make_issue: Make) -> None:
    issue: Issue = make_issue()
    hidden = artifact_named("system", "secret/canary")
    issue.affected.create(artifact=hidden, status="affected")

    assert "canary" not in client.get(issue.get_absolute_url()).content.decode()
