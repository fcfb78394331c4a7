"""The artifact desk through its URLs: what it shows, what its buttons do, and what it says when they cannot."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reports.models import Alias, Artifact, Lineage, Report, Version
from reports.naming import artifact_named
from triage.catalogue import add_alias, describe, merge_artifact
from triage.models import Decision

File = Callable[..., Report]
pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


@pytest.fixture
def waiting(file: File) -> Artifact:
    made: Artifact = file(artifact="acme/chat7b", version="2026-05", summary="Deletes the wrong folder").artifact
    return made


def page(desk: Client, artifact: Artifact) -> str:
    return desk.get(reverse("artifact_desk", args=[artifact.pk])).content.decode()


def press(desk: Client, artifact: Artifact, verb: str, **told: Any) -> Any:
    """As a browser would: with what the page showed."""
    shown = re.search(rf'value="{verb}"><input type="hidden" name="shown" value="([^"]*)"', page(desk, artifact))
    told.setdefault("shown", shown[1] if shown else "")
    return desk.post(reverse("artifact_decide", args=[artifact.pk]), {"verb": verb, **told}, follow=True)


# The list


def test_what_waits_comes_first_the_most_reported_before(
    desk: Client, waiting: Artifact, artifact: Artifact, file: File
) -> None:
    for number in range(2):
        file(artifact="new-lab/busy", summary=f"Another problem {number}")
    artifact_named("model", "unknown")

    rows = list(desk.get("/triage/artifacts/").context["page"])

    assert [(str(row), row.report_count, row.issue_count) for row in rows] == [
        ("new-lab/busy", 2, 1),
        ("acme/chat7b", 1, 1),
    ]


def test_a_search_looks_among_all_by_any_name(
    desk: Client, waiting: Artifact, artifact: Artifact, triager: Any
) -> None:
    add_alias(artifact, "C-Seven", by=triager)
    found = {
        typed: [str(row) for row in desk.get("/triage/artifacts/", {"q": typed}).context["page"]]
        for typed in ("acme", "c-seven", "acme/chat7", "nobody", "\x00")
    }

    assert found["acme"] == ["acme/chat7b", "acme/chat-7b"]
    assert (found["c-seven"], found["acme/chat7"], found["nobody"]) == (["acme/chat-7b"], ["acme/chat7b"], [])
    assert "Nothing is called so." in desk.get("/triage/artifacts/?q=nobody").content.decode()


def test_empty_states_say_so(desk: Client, artifact: Artifact) -> None:
    assert "Nothing waits to be confirmed." in desk.get("/triage/artifacts/").content.decode()
    text = page(desk, artifact)
    assert "Nobody has decided anything about it yet." in text
    assert "It has no other name." in text


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_long(
    desk: Client, file: File, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        file(artifact=f"new-lab/model-{number}", summary=f"Another problem {number}")
    desk.get("/triage/artifacts/")

    with django_assert_num_queries(9):
        desk.get("/triage/artifacts/")


@pytest.mark.parametrize("count", [1, 3])
def test_a_desk_costs_the_same_however_much_there_is(
    desk: Client, artifact: Artifact, triager: Any, file: File, django_assert_num_queries: Any, count: int
) -> None:
    Version.objects.all().delete()
    for number in range(count):
        add_alias(artifact, f"C{number} model", by=triager)
        Version.objects.create(artifact=artifact, name=f"v{number}", position=number)
        parent = artifact_named("dataset", f"acme/data-{number}")
        Lineage.objects.create(child=artifact, parent=parent, relation="trained_on")
        Artifact.objects.filter(pk=artifact_named("model", f"acme/old-{number}").pk).update(merged_into=artifact)
    address = reverse("artifact_desk", args=[artifact.pk])
    desk.get(address)

    with django_assert_num_queries(23):
        desk.get(address)


# Acts and their undo


def test_confirming_from_the_desk_and_undoing_from_toast_and_history(desk: Client, waiting: Artifact) -> None:
    response = press(desk, waiting, "confirm_artifact")

    decision = Decision.objects.get()
    taken_back = reverse("artifact_undo", args=[waiting.pk, decision.pk])
    assert response.content.decode().count(taken_back) == 2
    assert "confirmed as an artifact with a page of its own" in response.content.decode()
    assert Client().get(waiting.get_absolute_url()).status_code == 200

    response = desk.post(taken_back, follow=True)

    assert "Undone." in response.content.decode()
    assert Client().get(waiting.get_absolute_url()).status_code == 404
    assert desk.post(taken_back).status_code == 422


def test_what_is_told_stands_on_the_desk(desk: Client, artifact: Artifact) -> None:
    response = press(
        desk, artifact, "describe_artifact", title="محادثة", access="open", card_url="https://acme.example/"
    )

    text = response.content.decode()
    assert "محادثة" in text
    assert 'href="https://acme.example/"' in text
    assert "Described anew: title, developer, access, address of its card" in text


def test_errors_stand_beside_their_field_with_what_was_typed(desk: Client, artifact: Artifact) -> None:
    response = press(desk, artifact, "describe_artifact", title="Chat", card_url="http://acme.example/<b>")

    text = response.content.decode()
    assert response.status_code == 422
    assert 'id="describe_artifact_card_url_error"' in text
    assert 'value="http://acme.example/&lt;b&gt;"' in text
    assert not Decision.objects.exists()


def test_a_stale_page_is_told_what_changed_and_by_whom(desk: Client, artifact: Artifact, someone: Any) -> None:
    shown = re.search(
        r'value="describe_artifact"><input type="hidden" name="shown" value="([^"]*)"', page(desk, artifact)
    )
    assert shown
    describe(artifact, by=someone("moderator"), title="Chat 7B")

    response = press(desk, artifact, "describe_artifact", title="Mine", developer="Acme", shown=shown[1])

    text = response.content.decode()
    assert response.status_code == 409
    assert "What changed meanwhile" in text
    assert "moderator@example.org" in text
    assert 'value="Mine"' in text
    artifact.refresh_from_db()
    assert artifact.title == "Chat 7B"

    again = re.search(r'value="describe_artifact"><input type="hidden" name="shown" value="([^"]*)"', text)
    assert again
    press(desk, artifact, "describe_artifact", title="Mine", developer="Acme", shown=again[1])
    artifact.refresh_from_db()
    assert artifact.title == "Mine"


def test_a_name_that_is_another_s_leads_there(desk: Client, artifact: Artifact, waiting: Artifact) -> None:
    response = press(desk, artifact, "add_alias", name="acme/chat7b")

    text = response.content.decode()
    assert response.status_code == 422
    assert 'id="add_alias_name_error"' in text
    assert reverse("artifact_desk", args=[waiting.pk]) in text
    assert not Alias.objects.exists()


def test_names_are_added_and_ended(desk: Client, artifact: Artifact) -> None:
    press(desk, artifact, "add_alias", name="C-Seven")
    alias = Alias.objects.get()
    response = press(desk, artifact, "end_alias", alias=alias.pk)

    assert not Alias.objects.exists()
    assert "No longer called C-Seven" in response.content.decode()
    assert press(desk, artifact, "end_alias", alias=alias.pk).status_code == 409


def test_versions_are_added_ordered_changed_and_deleted_by_buttons(desk: Client, artifact: Artifact) -> None:
    press(desk, artifact, "add_version", name="2026-07", released_on="2026-07-01")
    version = artifact.versions.get(name="2026-07")
    press(desk, artifact, "order_versions", version=version.pk, to="older")
    press(desk, artifact, "change_version", version=version.pk, name="2026-07b", released_on="2026-07-02")

    assert [each.name for each in artifact.versions.order_by("position")] == ["2026-05", "2026-07b", "2026-06"]
    response = press(desk, artifact, "change_version", version=version.pk, name="2026-05")
    assert response.status_code == 422
    assert f'id="change_version_{version.pk}_name_error"' in response.content.decode()

    press(desk, artifact, "drop_version", version=version.pk)
    assert not artifact.versions.filter(pk=version.pk).exists()


def test_a_date_that_is_none_is_an_error_of_its_field(desk: Client, artifact: Artifact) -> None:
    response = press(desk, artifact, "add_version", name="x", released_on="soon")

    assert response.status_code == 422
    assert 'id="add_version_released_on_error"' in response.content.decode()


# Lineage and merging, looked at before they are done


def test_lineage_is_looked_at_then_added_then_removed(
    desk: Client, artifact: Artifact, waiting: Artifact, file: File
) -> None:
    file(summary="It invents a court ruling")
    address = reverse("artifact_lineage", args=[artifact.pk])

    text = desk.get(address, {"relation": "fine_tuned_from", "other": "acme/chat7b"}).content.decode()
    assert "to the family of" in text
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', text.split("What would move")[1]))
    assert desk.post(reverse("artifact_decide", args=[artifact.pk]), form).status_code == 302
    artifact.refresh_from_db()
    assert artifact.family == waiting

    text = desk.get(address, {"step": Lineage.objects.get().pk}).content.decode()
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', text.split("What would move")[1]))
    desk.post(reverse("artifact_decide", args=[artifact.pk]), form)
    artifact.refresh_from_db()
    assert artifact.family == artifact
    assert [decision.verb for decision in Decision.objects.order_by("pk")] == ["add_lineage", "end_lineage"]


NOWHERE = ["http://[", "http://a]b/c", "//ex℀mple/x", "/models/%00/b/", "/triage/artifacts/999999999999/"]


@pytest.mark.parametrize("other", ["acme/chat-7b", "nobody/knows", "", "\x00", *NOWHERE])
def test_lineage_that_cannot_be_is_an_error_of_the_field(desk: Client, artifact: Artifact, other: str) -> None:
    response = desk.get(reverse("artifact_lineage", args=[artifact.pk]), {"relation": "built_on", "other": other})

    assert response.status_code == 422
    assert 'id="id_other_error"' in response.content.decode()


def test_an_address_is_understood_as_browsers_copy_it(desk: Client, waiting: Artifact) -> None:
    artifact_named("model", "دار/مرفأ")

    shown = desk.get(
        reverse("artifact_merge", args=[waiting.pk]),
        {"other": "https://telltale.example/models/%D8%AF%D8%A7%D8%B1/%D9%85%D8%B1%D9%81%D8%A3/?page=2"},
    )

    assert str(shown.context["other"]) == "دار/مرفأ"


def test_a_merge_is_looked_at_then_done_and_its_page_redirects_for_ever(
    desk: Client, artifact: Artifact, waiting: Artifact, file: File, someone: Any
) -> None:
    someone("maintainer", artifact_id=waiting.pk)
    address = reverse("artifact_merge", args=[waiting.pk])

    text = desk.get(address, {"other": "/models/acme/chat-7b/", "way": "in"}).content.decode()
    assert "1 maintainer does not come along" in text
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', text.split("What moves")[1]))
    response = desk.post(reverse("artifact_decide", args=[waiting.pk]), form, follow=True)

    assert response.redirect_chain[-1][0] == reverse("artifact_desk", args=[artifact.pk])
    assert "acme/chat7b merged into acme/chat-7b" in response.content.decode()
    public = Client()
    assert public.get("/models/acme/chat7b/").status_code == 301
    assert public.get("/models/acme/chat7b/")["Location"] == "/models/acme/chat-7b/"
    assert public.get("/api/v1/models/acme/chat7b/").status_code == 301
    assert public.get("/api/v1/models/acme/chat7b/")["Location"] == "/api/v1/models/acme/chat-7b/"
    assert desk.get(reverse("artifact_desk", args=[waiting.pk]))["Location"] == reverse(
        "artifact_desk", args=[artifact.pk]
    )
    assert file(artifact="acme/chat7b", summary="Under the old name").artifact == artifact

    desk.post(reverse("artifact_undo", args=[artifact.pk, Decision.objects.get().pk]))

    waiting.refresh_from_db()
    assert waiting.merged_into is None


def test_a_merge_the_wrong_way_round_says_so(desk: Client, artifact: Artifact, waiting: Artifact) -> None:
    response = desk.get(reverse("artifact_merge", args=[artifact.pk]), {"other": "acme/chat7b", "way": "in"})

    assert response.status_code == 422
    assert "Merge them the other way round" in response.content.decode()


def test_names_spelt_alike_are_pointed_out(desk: Client, artifact: Artifact, waiting: Artifact) -> None:
    text = page(desk, waiting)

    assert "Spelt almost alike" in text
    assert reverse("artifact_merge", args=[waiting.pk]) in text


# Who, and bad input


def test_whoever_answers_for_it_is_told_that_another_must_decide(waiting: Artifact, someone: Any) -> None:
    client = Client()
    client.force_login(someone("triager", "maintainer", artifact_id=waiting.pk))

    response = press(client, waiting, "confirm_artifact")

    assert response.status_code == 422
    assert "somebody else has to decide" in response.content.decode()


@pytest.mark.parametrize(
    "verb", ["", "confirm", "drop table", "merge_artifact", "order_versions", "end_lineage", "add_alias"]
)
def test_presses_that_say_nothing_change_nothing(
    desk: Client, artifact: Artifact, verb: str, nothing_stored: Any
) -> None:
    with nothing_stored():
        response = desk.post(reverse("artifact_decide", args=[artifact.pk]), {"verb": verb, "version": "x", "to": "up"})

    assert response.status_code in (409, 422)


@pytest.mark.parametrize("pk", [0, 2**63, 10**30])
def test_what_is_not_there_is_not_found(desk: Client, pk: int) -> None:
    assert desk.get(f"/triage/artifacts/{pk}/").status_code == 404


def test_unknown_has_no_desk_and_hostile_names_are_only_read(desk: Client, artifact: Artifact) -> None:
    assert desk.get(reverse("artifact_desk", args=[artifact_named("model", "unknown").pk])).status_code == 404

    press(desk, artifact, "add_alias", name="<script>alert(1)</script>")

    assert "<script>alert" not in page(desk, artifact)


def test_another_s_decision_is_not_undone_from_here(
    desk: Client, artifact: Artifact, waiting: Artifact, triager: Any
) -> None:
    decision = describe(waiting, by=triager, title="Chat")

    assert desk.post(reverse("artifact_undo", args=[artifact.pk, decision.pk])).status_code == 404


def test_the_survivor_s_history_tells_of_both(
    desk: Client, artifact: Artifact, waiting: Artifact, triager: Any
) -> None:
    describe(waiting, by=triager, title="Chat")
    merge_artifact(waiting, artifact, by=triager, note="Same weights.")

    text = page(desk, artifact)

    assert "acme/chat7b merged into acme/chat-7b" in text
    assert "Same weights." in text
    assert "Described anew: title" in text
