"""Whatever is sent to the desks is answered: no parameter, field or number in an address is an error of the server.

In the short run each address or field meets NUL and one other of the values, in turn; all of them meet all of the
values in the long run.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.standing import anew

pytestmark = pytest.mark.django_db

HUGE = str(10**20)  # beyond any number of the database
HOSTILE = {"NUL": "\x00", "beyond numbers": HUGE, "digits of elsewhere": "٣²", "5,000 letters": "a" * 5_000}
ASKED = [
    "q",
    "page",
    "issue",
    "report",
    "next",
    "state",
    "view",
    "show",
    "other",
    "way",
    "stays",
    "proposal",
    "kept",
    "r",
]
ASKED += ["to", "step", "relation", "all", "query", "watermark", "expected", "verb", "mine"]
OF_ISSUE = ["triage_issue", "publication", "workbench_merge", "workbench_split", "reproductions", "maintain_issue"]
OF_ARTIFACT = ["artifact_desk", "artifact_merge", "artifact_lineage"]
LISTS = ["queue", "notices", "themes", "artifact_desks", "bulk", "views", "queue_view_new", "maintain", "issues"]


@pytest.fixture
def desk(someone: Callable[..., Any], artifact: Any) -> Client:
    """Somebody who holds every role of the desks."""
    client = Client()
    client.force_login(someone("moderator", "triager", "maintainer", artifact_id=artifact.pk))
    return client


@pytest.fixture(scope="module")
def standing(ground: Any) -> dict[str, Any]:
    """An issue whose maintainers were told, with more reports than a page lists."""
    from reports.models import Placement

    issue = ground.make_issue()
    issue.affected.update(notified_at=issue.confirmed_at)
    for at in range(27):
        report = ground.file(grouped=False, summary=f"Report of number {at}")
        Placement.objects.create(report=report, issue=issue, by="person")
    return {"artifact": ground.artifact, "told": issue}


artifact, told = anew("artifact"), anew("told")


def in_turn(at: int) -> list[str]:
    """NUL, which no database keeps, and one of the others."""
    nul, *others = HOSTILE
    return [nul, others[at % len(others)]]


def each(at: int) -> list[str]:
    return list(HOSTILE)


Labels = Callable[[int], list[str]]
meeting = pytest.mark.parametrize("labels", [in_turn, pytest.param(each, marks=pytest.mark.long)])


@meeting
def test_pages_answer_whatever_is_asked(desk: Client, told: Any, artifact: Any, labels: Labels) -> None:
    addresses = [
        *map(reverse, LISTS),
        *(reverse(name, args=[told.pk]) for name in OF_ISSUE),
        *(reverse(name, args=[artifact.pk]) for name in OF_ARTIFACT),
    ]

    asked = [(address, ASKED) for address in addresses]
    asked += [(address, ["report"]) for address in addresses[len(LISTS) : len(LISTS) + len(OF_ISSUE)]]

    codes = {}
    for at, (address, names) in enumerate(asked):
        for label in labels(at):
            sent = dict.fromkeys(names, HOSTILE[label])
            codes[address, len(names), label] = desk.get(address, sent).status_code

    assert {sent: code for sent, code in codes.items() if code not in (200, 302, 404, 422)} == {}


@meeting
def test_what_is_sent_beside_the_forms_is_answered(desk: Client, told: Any, artifact: Any, labels: Labels) -> None:
    report = told.placements.first().report
    ticked = {"issue": told.pk, "verb": "look"}
    matched = {"all": "1", "query": "is:confirmed", "watermark": told.pk, "expected": "1", "verb": "look"}
    sent: list[tuple[str, Mapping[str, Any], list[str]]] = [
        (reverse("triage_decide", args=[told.pk]), {"verb": "wake"}, ["revision", "next", "here", "issue"]),
        (reverse("publication", args=[told.pk]), {"verb": "evidence", "report": report.pk}, ["quoted", "words"]),
        (reverse("bulk_start"), ticked, ["issue", "key", "typed", "note", "never_asked"]),
        (reverse("bulk_start"), matched, ["query", "watermark", "expected", "verb", "key"]),
        (reverse("workbench_merge", args=[told.pk]), {"other": told.pk}, ["other", "target", "target_revision"]),
        (reverse("workbench_split", args=[told.pk]), {}, ["reports", "proposal", "revision"]),
        (reverse("artifact_decide", args=[artifact.pk]), {"verb": "add_alias", "name": "Chat"}, ["shown", "name"]),
        (reverse("artifact_decide", args=[artifact.pk]), {"verb": "end_alias"}, ["alias", "step"]),
        (reverse("artifact_decide", args=[artifact.pk]), {"verb": "merge_artifact"}, ["other", "way"]),
        (reverse("reveal", args=[report.reference]), {"issue": told.pk}, ["issue", "open", "desk"]),
        (reverse("maintain_reveal", args=[told.pk]), {}, ["report"]),
        (reverse("maintain_take_back", args=[told.pk]), {}, ["reproduction"]),
        (reverse("maintain_acknowledge", args=[told.pk]), {}, ["artifact"]),
        (reverse("notices_read"), {}, ["subject"]),
        (reverse("notices_pace"), {}, ["pace"]),
        (reverse("follow"), {}, ["subject", "next"]),
        (reverse("follow"), {"stop": "1"}, ["subject"]),
        (reverse("own_desk"), {"keys": "on"}, ["next", "reads"]),
        (reverse("undo_last"), {}, ["issue", "next", "here"]),
    ]

    fields = [(address, good, name) for address, good, names in sent for name in names]

    codes = {}
    for at, (address, good, name) in enumerate(fields):
        for label in labels(at):
            with transaction.atomic():
                codes[address, name, label] = desk.post(address, {**good, name: HOSTILE[label]}).status_code
                transaction.set_rollback(True)

    assert {sent: code for sent, code in codes.items() if code not in (200, 302, 404, 409, 422)} == {}


def test_settings_that_no_database_keeps_are_refused(desk: Client, told: Any, artifact: Any) -> None:
    tried = {"artifact": artifact.pk, "version": "2026-05", "tries": "3", "failures": "1"}

    for settings in (
        r'{"system": "\ud800"}',
        r'{"system": "\u0000"}',
        r'{"\udfff": 1}',
        '{"seed": 1e999}',
        "[" * 5_000,
    ):
        sent = {**tried, "settings": settings}
        codes = [
            desk.post(reverse(page, args=[told.pk]), sent).status_code
            for page in ("reproductions", "maintain_reproduce")
        ]
        assert codes == [422, 422], settings


def test_numbers_beyond_the_database_are_not_there(desk: Client) -> None:
    names = [*OF_ISSUE, *OF_ARTIFACT, "bulk_progress", "queue_view", "theme", "publication_preview"]
    posts = "triage_decide claim release triage_undo bulk_cancel bulk_resume bulk_undo queue_view_copy artifact_decide"
    posts += (
        " queue_view_delete confirm_artifact maintain_acknowledge maintain_answer maintain_reproduce maintain_reveal"
    )

    codes = {name: desk.get(reverse(name, args=[HUGE])).status_code for name in names}
    codes |= {name: desk.post(reverse(name, args=[HUGE]), {"verb": "confirm"}).status_code for name in posts.split()}
    codes["artifact_undo"] = desk.post(reverse("artifact_undo", args=[HUGE, HUGE])).status_code

    assert set(codes.values()) == {404}, codes
    assert desk.get(reverse("notice", args=[HUGE])).status_code == 302
