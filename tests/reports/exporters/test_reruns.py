"""An issue as cases to run again: what was published, as values, and nothing else."""

import json
import re
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client

from reports.exporters.reruns.for_inspect import TASK
from reports.exporters.reruns.for_promptfoo import asked, check
from reports.exporters.reruns.published import Rerun
from reports.models import Excerpt, Issue, Placement, Report
from triage.decisions import decide
from triage.models import Decision

pytestmark = pytest.mark.django_db
HOSTILE = "{{ env.HOME }}{% include 'x' %}{# c #}\"\"\"'; import os; os.system('x') #\n- !!python/object: x\u2028\x85"
PROMPT = f"Which rulings are there on rent? {HOSTILE}"
ANSWER = "Yes: Marmalade v. Toast, 2019. Ask Jane Roe on 555-0100, who wrote it. Anything else?"
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": PROMPT},
    {"role": "assistant", "content": ANSWER},
    {"role": "user", "content": "That does not exist."},
]


@pytest.fixture(scope="module")
def standing(ground: Any) -> dict[str, Any]:
    """A confirmed issue of which the talk up to the answer is published, and a name in it redacted."""
    triager = ground.someone("triager")
    report = ground.file(transcript=TURNS)
    issue = report.placements.get().issue
    decide(issue, "confirm", by=triager)
    name = ANSWER.index("Jane Roe")
    decide(issue, "redact", by=triager, report=report, spans=[("turn:2", name, name + 20)])
    publish(issue, report, triager, ("turn:0", 0, 9), ("turn:1", 0, len(PROMPT)), ("turn:2", 5, 54))
    issue.refresh_from_db()
    return {"issue": issue, "report": report, "triager": triager}


@pytest.fixture
def issue(standing: dict[str, Any]) -> Issue:
    return deepcopy(standing["issue"])  # type: ignore[no-any-return] # of an untyped dict


def publish(issue: Issue, report: Report, by: Any, *spans: tuple[str, int, int]) -> Decision:
    return decide(issue, "excerpt", by=by, report=report, spans=list(spans))


def of_inspect(client: Client, issue: Issue) -> tuple[str, list[dict[str, Any]]]:
    answer = client.get(f"/issues/{issue.number}/export/inspect/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    with ZipFile(BytesIO(answer.content)) as held:
        assert held.namelist() == [f"{issue.number}/task.py", f"{issue.number}/cases.jsonl"]
        task, samples = (held.read(name).decode() for name in held.namelist())
    return task, [json.loads(line) for line in samples.split("\n") if line]


def of_promptfoo(client: Client, issue: Issue) -> dict[str, Any]:
    answer = client.get(f"/issues/{issue.number}/export/promptfoo/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/yaml")
    assert answer["Content-Disposition"] == f'attachment; filename="{issue.number}.promptfoo.yaml"'
    told: dict[str, Any] = json.loads(answer.content)
    return told


def test_a_case_for_inspect_asks_what_was_published_and_looks_for_the_published_answer(
    client: Client, issue: Issue
) -> None:
    _task, (sample,) = of_inspect(client, issue)

    assert sample["id"] == f"{issue.number}-1"
    assert sample["input"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}]
    assert sample["target"] == issue.public_title
    told = sample["metadata"]
    assert (told["issue"], told["kind"], told["prompt_is_whole"]) == (issue.number, "false_information", True)
    assert told["passages"] == [["Marmalade v. Toast, 2019. Ask"]]
    assert [each["name"] for each in told["artifacts"]] == ["acme/chat-7b"]


def test_words_are_values_and_never_code(client: Client, issue: Issue) -> None:
    task, _samples = of_inspect(client, issue)

    assert task == TASK.read_text()  # one and the same for every issue
    compile(task, "task.py", "exec")


def test_no_word_opens_a_template_or_names_a_file_for_promptfoo(client: Client, issue: Issue) -> None:
    told = of_promptfoo(client, issue)

    (test,) = told.pop("tests")
    assert json.loads(test["vars"]["messages"])[-1] == {"role": "user", "content": PROMPT}
    for text in (test["vars"]["messages"], json.dumps(test["assert"]), json.dumps(test["metadata"])):
        assert not re.search(r"\{[{%#]|[}%#]\}", text)
    assert test["assert"] == [{"type": "not-icontains", "value": "Marmalade v. Toast, 2019. Ask"}]
    assert told["prompts"] == [{"raw": "{{ messages }}", "label": issue.number}]
    assert not re.search("[\x7f-\x9f\u2028]", client.get(f"/issues/{issue.number}/export/promptfoo/").content.decode())


def test_hard_words_are_looked_for_as_a_pattern() -> None:
    for words in ("file://etc/passwd.js", "package:x", "{{ 1 }} (a+b)*", "two\nlines", "a / b: {%\u00e9 #}"):
        told = check((words,))
        assert told["type"] == "not-regex"
        assert "{" not in told["value"]
        assert not told["value"].startswith(("file:", "package:"))
        assert re.search(told["value"], f"So: {words}.")
    assert re.search(check(("one", "two"))["value"], "one\nand two")
    assert not re.search(check(("one", "two"))["value"], "two and one")
    assert check(("محكمة النقض",)) == {"type": "not-icontains", "value": "محكمة النقض"}


def test_arabic_stands_as_it_is() -> None:
    case = Rerun("TT-1-1", (("user", "ما حكم {المحكمة}؟"),), (("حكم",),), is_whole=True, language="ar")

    assert "ما حكم" in asked(case)
    assert json.loads(asked(case)) == [{"role": "user", "content": "ما حكم {المحكمة}؟"}]


@pytest.mark.parametrize("form", ["inspect", "promptfoo"])
def test_what_is_not_published_or_redacted_is_in_no_case(
    client: Client, issue: Issue, standing: dict[str, Any], form: str, ground: Any
) -> None:
    address = f"/issues/{issue.number}/export/{form}/"
    before = client.get(address)
    whole = b"".join(unpacked(before.content)).decode()
    for hidden in ("Jane Roe", "555-0100", "Anything else", "does not exist", "I asked for rulings"):
        assert hidden not in whole

    private = ground.file(
        transcript=TURNS, visibility="private", what_happened="A canary sings of it, in a private report."
    )
    held = ground.file(transcript=TURNS, what_happened="A canary sings of it once more, and is held for now.")
    hidden = ground.make_issue("A canary", status="new")
    for row in (private, held):
        Excerpt.objects.create(issue=issue, report=row, part="turn:1", start=0, end=20)
        Excerpt.objects.create(issue=issue, report=row, part="turn:2", start=0, end=20)
        Placement.objects.get_or_create(issue=issue, report=row, defaults={"by": "engine", "method": "test"})
    Report.objects.filter(pk=held.pk).update(held_at=hidden.opened_at)
    after = client.get(address)

    assert (after.content, after["ETag"]) == (before.content, before["ETag"])
    assert client.get(address, headers={"If-None-Match": before["ETag"]}).status_code == 304


def unpacked(told: bytes) -> list[bytes]:
    if not told.startswith(b"PK"):
        return [told]
    with ZipFile(BytesIO(told)) as held:
        return [held.read(name) for name in held.namelist()]


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [("what_happened", 0, 20)],
        [("turn:1", 0, 20)],
        [("turn:2", 0, 20)],
        [("turn:0", 0, 9), ("turn:2", 0, 20)],  # what was asked is not published
        [("turn:1", 0, 20), ("turn:2", ANSWER.index("Jane"), ANSWER.index("Jane") + 10)],  # all of it is redacted
    ],
)
def test_without_a_prompt_and_its_answer_there_is_none_and_none_is_offered(
    client: Client, issue: Issue, standing: dict[str, Any], spans: list[tuple[str, int, int]]
) -> None:
    page = f"/issues/{issue.number}/"
    assert f"{page}export/inspect/" in client.get(page).content.decode()

    publish(issue, standing["report"], standing["triager"], *spans)

    for form in ("inspect", "promptfoo"):
        refused = client.get(f"{page}export/{form}/")
        assert (refused.status_code, refused["Content-Type"]) == (404, "application/json")
        assert "published" in refused.json()["title"]
    assert "/export/inspect/" not in client.get(page).content.decode()


def test_a_part_of_what_was_asked_says_so(client: Client, issue: Issue, standing: dict[str, Any]) -> None:
    publish(issue, standing["report"], standing["triager"], ("turn:1", 0, 13), ("turn:1", 17, 32), ("turn:2", 0, 20))

    _task, (sample,) = of_inspect(client, issue)

    assert sample["input"] == [{"role": "user", "content": "Which rulings … there on rent?"}]
    assert sample["metadata"]["prompt_is_whole"] is False


def test_what_is_blurred_is_in_no_case(client: Client, issue: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(hazard_level=1)

    assert client.get(f"/issues/{issue.number}/export/inspect/").status_code == 404
    assert "/export/inspect/" not in client.get(f"/issues/{issue.number}/?show=1").content.decode()


def test_cases_are_of_one_issue_on_record(client: Client, issue: Issue, ground: Any) -> None:
    for address in ("/issues/export/inspect/", "/issues/TT-2026-99999/export/inspect/"):
        assert client.get(address).status_code == 404
    assert client.post(f"/issues/{issue.number}/export/inspect/").status_code == 405
    into = ground.make_issue("Cites what nobody wrote")
    Issue.objects.filter(pk=issue.pk).update(status="merged", merged_into=into)
    moved = client.get(f"/issues/{issue.number}/export/promptfoo/")
    assert (moved.status_code, moved["Location"]) == (301, f"/issues/{into.number}/export/promptfoo/")


def test_the_task_reads_only_what_lies_beside_it() -> None:
    assert Path(TASK).read_text().count("cases.jsonl") == 3
