"""Home: its two doors, what is told there, and the one thing that was meant."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reports.models import Alias, Artifact

Make = Callable[..., Any]


@pytest.mark.parametrize("asked", ["TT-2026-00001", " tt-2026-00001 "])
def test_a_number_in_the_search_box_leads_to_its_issue(client: Client, make_issue: Make, asked: str) -> None:
    make_issue()

    for page in ("/", "/issues/"):
        assert client.get(page, {"q": asked})["Location"] == "/issues/TT-2026-00001/"


@pytest.mark.parametrize("asked", ["acme/chat-7b", "Chat-7B", "the acme one"])
def test_a_name_in_the_search_box_leads_to_its_artifact(client: Client, artifact: Artifact, asked: str) -> None:
    Alias.objects.create(artifact=artifact, name="The Acme One")

    assert client.get("/", {"q": asked})["Location"] == "/models/acme/chat-7b/"


@pytest.mark.parametrize("asked", ["rent law", "TT-2026-99999", "nul\x00byte", "/", "%"])
def test_anything_else_in_the_search_box_searches_the_issues(client: Client, artifact: Artifact, asked: str) -> None:
    response = client.get("/", {"q": asked}, follow=True)

    assert response.redirect_chain[0][0].startswith("/issues/?q=")
    assert response.status_code == 200
