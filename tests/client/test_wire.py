"""What is tried again and what is not, how long is waited before, and where a token never goes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from telltale import Client, Patience, Problem
from telltale.wire import site_of

NOW = 1_800_000_000.0  # 15 January 2027, 08:00:00 UTC
RECEIPT = {"reference": "r-1", "receipt": "CODE", "status": "received", "url": "https://site.example/reports/r-1/"}
Answer = httpx.Response | Exception


class Script:
    """A site that answers one after the other what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers: Iterator[Answer] = iter(answers)
        self.asked: list[httpx.Request] = []
        self.waited: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, token: str | None = None, **options: Any) -> Client:
        return Client(
            "https://site.example",
            token,
            transport=httpx.MockTransport(self),
            sleep=self.waited.append,
            clock=lambda: NOW,
            **options,
        )

    @property
    def keys(self) -> set[str]:
        return {request.headers.get("Idempotency-Key", "") for request in self.asked}


def says(status: int, told: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=told if told is not None else {"title": f"It is {status}."}, headers=named)


def test_a_report_whose_answer_was_lost_is_sent_again_by_the_same_key() -> None:
    script = Script(httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), says(503), says(201, RECEIPT))

    receipt = script.client().file({"artifact": "acme/chat-7b"})

    assert receipt == RECEIPT
    assert len(script.asked) == 4
    assert len(script.keys) == 1
    assert script.keys != {""}
    assert {request.content for request in script.asked} == {b'{"artifact":"acme/chat-7b"}'}
    assert script.waited == [0.5, 1.0, 2.0]


def test_two_reports_have_two_keys_and_a_given_one_is_kept() -> None:
    script = Script(*[says(201, RECEIPT) for _each in range(3)])
    client = script.client()

    client.file({})
    client.file({})
    client.file({}, key="mine")

    assert len(script.keys) == 3
    assert script.asked[2].headers["Idempotency-Key"] == "mine"


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "Fri, 15 Jan 2027 08:00:09 GMT"}, 9.0),
        ({"Retry_After": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.5),  # gone by
        ({"Retry_After": "0"}, 0.5),
        ({"Retry_After": "soon"}, 0.5),
        ({"Retry_After": "9" * 400}, 0.5),
        ({"RateLimit": '"api";r=0;t=31'}, 31.0),
        ({"RateLimit": '"api";r=4;t=31, "account";r=0;t=12'}, 12.0),
        ({"RateLimit": '"api";r=4;t=31'}, 0.5),
        ({"Retry_After": "3", "RateLimit": '"api";r=0;t=31'}, 3.0),
        ({}, 0.5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_the_site_says(status: int, headers: dict[str, str], waited: float) -> None:
    script = Script(says(status, **headers), says(201, RECEIPT))

    script.client().file({})

    assert script.waited == [waited]


def test_patience_ends() -> None:
    often = Script(*[httpx.ConnectError("refused") for _each in range(9)])
    long = Script(says(429, Retry_After="300"), says(429, Retry_After="300"))

    with pytest.raises(Problem) as unreached:
        often.client().file({})
    with pytest.raises(Problem) as refused:
        long.client().file({})

    assert (unreached.value.status, len(often.asked), often.waited) == (0, 6, [0.5, 1.0, 2.0, 4.0, 8.0])
    assert (refused.value.status, refused.value.retry_after, long.waited) == (429, 300.0, [300.0])


def test_who_waits_is_told_why() -> None:
    told: list[tuple[float, str]] = []
    script = Script(says(429, Retry_After="7"), httpx.ConnectError("refused"), says(201, RECEIPT))

    script.client(on_wait=lambda seconds, why: told.append((seconds, why))).file({})

    assert told == [
        (7.0, "https://site.example asks to wait"),
        (1.0, "https://site.example was not reached"),
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422, 500, 502, 507])
def test_other_refusals_are_told_at_once(status: int) -> None:
    script = Script(
        says(status, {"title": "No.", "status": status, "errors": [{"pointer": "/kind", "detail": "Choose."}]})
    )

    with pytest.raises(Problem) as refusal:
        script.client().file({})

    assert (len(script.asked), script.waited) == (1, [])
    assert (refusal.value.status, refusal.value.title, refusal.value.pointers) == (status, "No.", ("/kind",))


def test_while_its_first_try_is_answered_it_asks_again() -> None:
    script = Script(httpx.ReadTimeout("slow"), says(409, Retry_After="1"), says(201, RECEIPT))

    assert script.client().file({}) == RECEIPT

    assert len(script.keys) == 1
    assert script.waited == [0.5, 1.0]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>A captive portal</html>"),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, json=["a list"]),
        httpx.Response(200, json={"results": "none"}),
        httpx.Response(200, json={"anything": 1}),
    ],
    ids=["html", "bytes", "deep", "list", "results", "else"],
)
@pytest.mark.parametrize("ask", [Client.check, lambda site: list(site.issues()), lambda site: site.import_status(1)])
def test_what_is_no_telltale_site_is_named_so(answer: httpx.Response, ask: Callable[[Client], Any]) -> None:
    script = Script(httpx.Response(answer.status_code, content=answer.content, headers=answer.headers))

    with pytest.raises(Problem, match="no Telltale site"):
        ask(script.client())


@pytest.mark.parametrize("body", [b"", b"<h1>Bad gateway</h1>", b'{"title": 3, "errors": "x"}', b'{"errors": [3]}'])
def test_a_refusal_that_says_nothing_is_told_by_its_status(body: bytes) -> None:
    script = Script(httpx.Response(502, content=body))

    with pytest.raises(Problem) as refusal:
        script.client().check()

    assert (refusal.value.title, refusal.value.errors) == ("The site answered 502 Bad Gateway.", ())


def test_lists_are_read_page_by_page_as_far_as_they_are_needed() -> None:
    first = {"results": [{"number": "1"}, {"number": "2"}], "next": "https://site.example/api/v1/issues/?cursor=a%3D"}
    script = Script(says(200, first), says(200, {"results": [{"number": "3"}], "next": None}))

    issues = script.client().issues(q="rent", state="")

    assert script.asked == []
    assert [next(issues)["number"], next(issues)["number"]] == ["1", "2"]
    assert [str(request.url) for request in script.asked] == ["https://site.example/api/v1/issues/?q=rent"]
    assert [issue["number"] for issue in issues] == ["3"]
    assert str(script.asked[1].url) == "https://site.example/api/v1/issues/?cursor=a%3D"


def test_a_token_goes_to_the_api_of_its_site_and_nowhere_else() -> None:
    elsewhere = {"results": [{}], "next": "https://thief.example//api/v1/issues/?cursor=2"}
    script = Script(
        says(200, elsewhere),
        says(200, {"results": [], "next": None}),
        httpx.Response(200, text="a card"),
        says(302, Location="https://thief.example/api/v1/issues/"),
    )
    client = script.client("tt_secret")

    list(client.issues())
    client.card("acme/chat-7b", "model")
    with pytest.raises(Problem, match=r"sends on to https://thief\.example"):
        client.issue("TT-2026-00001")

    assert {request.url.host for request in script.asked} == {"site.example"}
    sent = [request.headers.get("Authorization") for request in script.asked]
    assert sent == ["Bearer tt_secret", "Bearer tt_secret", None, "Bearer tt_secret"]


def test_a_merged_issue_is_the_one_that_it_became_part_of() -> None:
    script = Script(says(301, Location="/api/v1/issues/TT-2026-00001/"), says(200, {"number": "TT-2026-00001"}))

    assert script.client().issue("TT-2026-00002")["number"] == "TT-2026-00001"


def test_a_circle_of_addresses_ends() -> None:
    script = Script(*[says(302, Location="/api/v1/") for _each in range(9)])

    with pytest.raises(Problem, match="without end"):
        script.client().check()


def test_no_token_is_shown_by_what_is_printed() -> None:
    script = Script(httpx.ConnectError("refused"), says(401))
    client = script.client("tt_secret", patience=Patience(tries=1))

    told = [repr(client), repr(client._wire)]
    for _each in range(2):
        with pytest.raises(Problem) as problem:
            client.check()
        told += [repr(problem.value), str(problem.value), repr(problem.value.told)]

    assert "tt_secret" not in " ".join(told)


@pytest.mark.parametrize("name", ["", " ", "/", "acme/", "/chat", "acme/..", "acme"])
def test_what_names_no_artifact_is_not_asked_for(name: str) -> None:
    script = Script()

    with pytest.raises(ValueError, match="name"):
        script.client().artifact(name)


@pytest.mark.parametrize("url", ["", "site.example", "ftp://site.example", "https://", "https://me:word@site.example"])
def test_what_is_no_address_of_a_site_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        site_of(url)


def test_an_artifact_is_found_whatever_its_kind() -> None:
    script = Script(says(404), says(404), says(200, {"kind": "dataset", "name": "acme/rulings"}))

    assert script.client().artifact("acme/rulings")["kind"] == "dataset"

    assert [request.url.path.split("/")[3] for request in script.asked] == ["models", "systems", "datasets"]


def test_many_reports_go_in_batches_and_are_told_by_their_own_places() -> None:
    def told(request: httpx.Request) -> httpx.Response:
        count = len(json.loads(request.content)["reports"])
        results: list[dict[str, Any]] = [{"index": at, "receipt": "C"} for at in range(count - 1)]
        results += [{"index": count - 1, "errors": [{"pointer": f"/reports/{count - 1}/kind", "detail": "Choose."}]}]
        return httpx.Response(200, json={"filed": count - 1, "already_here": 0, "rejected": 1, "results": results})

    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return told(request)

    with Client("https://site.example", transport=httpx.MockTransport(answer)) as client:
        bulk = client.file_many(({"summary": str(number)} for number in range(501)), key="run-1")

    assert (bulk["filed"], bulk["rejected"], len(bulk["results"])) == (499, 2, 501)
    assert [result["index"] for result in bulk["results"]] == list(range(501))
    wrong = [result["errors"][0]["pointer"] for result in bulk["results"] if "errors" in result]
    assert wrong == ["/reports/499/kind", "/reports/500/kind"]
    assert keys == ["run-1/0", "run-1/500"]


def test_one_report_that_is_no_unicode_keeps_no_other_out() -> None:
    script = Script(says(200, {"filed": 1, "already_here": 0, "rejected": 1, "results": []}))

    script.client().file_many([{"summary": "½"}, {"summary": "\ud800"}])

    assert json.loads(script.asked[0].content.decode()) == {"reports": [{"summary": "½"}, {"summary": "\ud800"}]}


def test_a_report_that_json_cannot_say_is_told_by_its_place_with_what_was_filed_before() -> None:
    script = Script(says(200, {"filed": 500, "already_here": 0, "rejected": 0, "results": []}))

    with pytest.raises(Problem, match="1001") as problem:
        script.client().file_many([*[{}] * 1_000, {"settings": {"temperature": float("nan")}}])

    assert problem.value.told["so_far"]["filed"] == 500


@pytest.mark.parametrize(("token", "key"), [("tt_“x”", None), (None, "Prüflauf")])
def test_what_no_header_can_say_is_refused_in_words(token: str | None, key: str | None) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        Client("https://site.example", token).file({}, key=key)


def test_what_was_filed_before_a_failure_is_not_lost() -> None:
    results = [{"index": at, "receipt": f"C{at}"} for at in range(500)]
    script = Script(says(200, {"filed": 500, "already_here": 0, "rejected": 0, "results": results}), says(403))

    with pytest.raises(Problem) as problem:
        script.client().file_many([{}] * 501)

    assert problem.value.told["so_far"]["results"] == results
