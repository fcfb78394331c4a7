"""Many reports at once: each by itself, safe to send twice."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.tokens import make_token
from reports.models import Report

pytestmark = pytest.mark.django_db


@pytest.fixture
def researcher(someone: Any) -> Any:
    return someone("researcher")


@pytest.fixture
def post(client: Client, researcher: Any) -> Any:
    token = make_token(researcher, scopes=["report:bulk"])

    def posted(body: Any, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {token}", **headers}
        return client.post("/api/v1/reports/bulk/", body, content_type="application/json", headers=sent)

    return posted


def counted(response: Any) -> tuple[int, int, int]:
    told = response.json()
    return told["filed"], told["already_here"], told["rejected"]


def test_good_ones_are_filed_whatever_the_others_are(post: Any, answers: dict[str, Any], researcher: Any) -> None:
    sent = [answers, answers | {"kind": "odd", "colour": "red"}, 7, answers | {"summary": "Another thing it invents"}]

    response = post({"reports": sent})

    assert response.status_code == 200
    assert counted(response) == (2, 0, 2)
    results = response.json()["results"]
    assert [result["index"] for result in results] == [0, 1, 2, 3]
    assert {error["pointer"] for error in results[1]["errors"]} == {"/reports/1/kind", "/reports/1/colour"}
    assert results[2]["errors"] == [{"pointer": "/reports/2", "detail": "A report is a JSON object."}]
    filed = Report.objects.in_bulk([results[0]["reference"], results[3]["reference"]], field_name="reference")
    assert {report.reporter_id for report in filed.values()} == {researcher.pk}
    assert {report.channel for report in filed.values()} == {"api"}
    assert results[0]["receipt"] != results[3]["receipt"]


def test_sent_again_by_source_and_key_they_are_here(post: Any, answers: dict[str, Any]) -> None:
    sent = [answers | {"source": "suite", "source_key": str(key)} for key in (1, 2, 1)]

    first, again = post({"reports": sent}), post({"reports": sent})

    assert (counted(first), counted(again)) == ((2, 1, 0), (0, 3, 0))
    assert again.json()["results"][0] == {
        "index": 0,
        "already_here": True,
        "reference": first.json()["results"][0]["reference"],
    }


def test_whose_report_is_here_is_told_to_its_reporter_alone(
    client: Client, post: Any, answers: dict[str, Any], someone: Any
) -> None:
    sent = {"reports": [answers | {"source": "suite", "source_key": "1"}]}
    post(sent)
    token = make_token(someone("researcher", email="other@example.org"), scopes=["report:bulk"])

    theirs = post(sent, Authorization=f"Bearer {token}")

    assert theirs.json()["results"] == [{"index": 0, "already_here": True}]


def test_the_answer_of_all_is_given_again_by_its_key(post: Any, answers: dict[str, Any]) -> None:
    sent = {"reports": [answers, {}]}

    first, again = (post(sent, **{"Idempotency-Key": "k"}) for _ in range(2))
    other = post({"reports": [answers]}, **{"Idempotency-Key": "k"})

    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    assert other.status_code == 422
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        "7",
        {"reports": {}},
        {"reports": []},
        {"reports": None},
        {"reports": [{}] * 501},
        {"reports": [{}], "dry": True},
    ],
)
def test_what_is_no_list_of_reports_is_refused(post: Any, nothing_stored: Any, body: Any) -> None:
    with nothing_stored():
        response = post(body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/reports"


def test_a_body_is_read_to_ten_megabytes(post: Any, answers: dict[str, Any], nothing_stored: Any) -> None:
    long = answers | {"transcript": [{"role": "user", "content": "x" * 19_000}] * 60}

    assert counted(post({"reports": [long]})) == (1, 0, 0)  # more than 1 MB
    with nothing_stored():
        refused = post(json.dumps({"reports": [answers]}) + " " * 10_000_000)
    assert refused.status_code == 413
    assert refused.json()["title"] == "A body here has at most 10 MB."


def test_hostile_values_are_refused_in_their_place(post: Any, answers: dict[str, Any]) -> None:
    strange = [
        answers | {"summary": "A title with \x00 inside it"},
        answers | {"artifact": ["acme"]},
        answers | {"source": {"a": 1}, "source_key": 7},
        answers | {"transcript": "hello"},
        answers | {"confirms": [1]},
        [answers],
        None,
    ]

    response = post({"reports": [*strange, answers]})

    assert response.status_code == 200
    assert counted(response) == (1, 0, len(strange))


def test_half_a_character_is_refused_in_its_place(post: Any, answers: dict[str, Any]) -> None:
    body = json.dumps({"reports": [answers, answers | {"summary": "\ud800 is half of something"}]})

    assert counted(post(body)) == (1, 0, 1)


def test_it_takes_the_scope_and_the_role(client: Client, answers: dict[str, Any], someone: Any) -> None:
    reporter = make_token(someone(), scopes=["report:bulk"])
    narrow = make_token(someone("researcher"), scopes=["report:write"])

    told = []
    for token in ("", reporter, narrow, reporter[:-1] + ("0" if reporter[-1] != "0" else "1")):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {"reports": [answers]}
        answer = client.post("/api/v1/reports/bulk/", sent, content_type="application/json", headers=headers)
        told.append(answer.status_code)

    assert told == [401, 403, 403, 401]
    assert not Report.objects.exists()
