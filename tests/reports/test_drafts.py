"""What somebody has begun: sealed, found by its own browser only, and gone when it should be."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from reports import drafts
from reports.drafts import KEPT, forget_drafts
from reports.models import Attachment, Draft, Report

pytestmark = pytest.mark.django_db
SAVE, DISCARD, FORM = "/report/draft/", "/report/discard/", "/report/"
SECRET = "marigold-teapot"
BEGUN = {
    "gate": "no",
    "summary": f"It says {SECRET}",
    "what_happened": "one\r\ntwo \u200fשלום 👍",
    "artifact": "acme/chat-7b",
}


def shown(client: Client) -> dict[str, Any]:
    """What stands in the form."""
    form = client.get(FORM).context["form"]
    return {name: form[name].value() for name in ("summary", "what_happened", "artifact")}


def save(client: Client, **changes: str) -> Any:
    return client.post(SAVE, {**BEGUN, **changes})


def test_what_was_saved_stands_in_the_form_again_and_in_no_other_browser(client: Client) -> None:
    assert save(client).status_code == 204

    assert shown(client) == {name: BEGUN[name] for name in ("summary", "what_happened", "artifact")}
    assert shown(Client())["summary"] in (None, "")


def test_its_cookie_is_for_this_site_alone_and_for_seven_days(client: Client, settings: Any) -> None:
    cookie = save(client).cookies["draft"]

    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 7 * 24 * 3600)
    assert (cookie["path"], cookie["domain"], cookie["secure"]) == ("/", "", "")
    assert len(cookie.value) >= 22  # 128 bits

    settings.DRAFT_COOKIE_NAME, settings.IS_HTTPS = "__Host-draft", True
    assert save(Client()).cookies["__Host-draft"]["secure"] is True


def test_no_word_of_it_and_not_its_cookie_stands_in_the_table(client: Client) -> None:
    cookie = save(client).cookies["draft"].value

    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(digest, 'escape') || encode(sealed, 'escape') || d::text FROM reports_draft d")
        (row,) = cursor.fetchone()
    assert SECRET not in row
    assert cookie not in row
    assert "acme" not in row


def test_the_last_save_stands_whichever_tab_it_came_from(client: Client) -> None:
    save(client, summary="From the first tab")
    save(client, summary="From the second tab")

    assert shown(client)["summary"] == "From the second tab"
    assert Draft.objects.count() == 1


def test_after_seven_days_it_is_none_and_the_sweep_deletes_it_with_its_files(client: Client) -> None:
    save(client)
    draft = Draft.objects.get()
    Attachment.objects.create(draft=draft, name="x", format="png", size=1)
    kept = Client()
    save(kept)
    Draft.objects.filter(pk=draft.pk).update(saved_at=timezone.now() - KEPT)

    assert shown(client)["summary"] in (None, "")
    assert forget_drafts() == 1
    assert not Attachment.objects.exists()
    assert shown(kept)["summary"] == BEGUN["summary"]


def test_saving_again_begins_the_seven_days_anew(client: Client) -> None:
    save(client)
    Draft.objects.update(saved_at=timezone.now() - KEPT + timedelta(minutes=1))

    save(client)

    assert Draft.objects.get().saved_at > timezone.now() - timedelta(minutes=1)


@pytest.mark.parametrize("cookie", ["", "x", "x" * 5000, "\xff", "../../etc", "%00"])
def test_a_cookie_that_was_made_up_opens_nothing(client: Client, cookie: str) -> None:
    save(Client())
    client.cookies["draft"] = cookie

    assert shown(client)["summary"] in (None, "")
    assert save(client).status_code == 204
    assert client.cookies["draft"].value != cookie
    assert Draft.objects.count() == 2


def test_a_draft_sealed_with_another_key_is_none_and_a_new_one_is_begun(client: Client, settings: Any) -> None:
    save(client)
    settings.DRAFT_KEY = bytes(32)

    assert shown(client)["summary"] in (None, "")
    assert save(client).status_code == 204
    assert shown(client)["summary"] == BEGUN["summary"]


def test_bytes_that_were_changed_in_the_table_are_no_draft(client: Client) -> None:
    save(client)
    draft = Draft.objects.get()
    Draft.objects.update(sealed=bytes(draft.sealed)[:-4] + b"AAAA")

    assert shown(client)["summary"] in (None, "")


@pytest.mark.parametrize("gate", ["yes", "", "maybe"])
def test_nothing_is_kept_before_the_safety_gate_is_answered_with_no(client: Client, gate: str) -> None:
    assert save(client, gate=gate).status_code == 403
    assert not Draft.objects.exists()

    save(client)
    save(client, gate=gate)
    assert Draft.objects.exists() == (gate != "yes")


def test_what_is_too_long_is_refused_and_what_was_saved_stands(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    save(client)

    assert save(client, what_happened="x" * 1_000_001).status_code == 413
    monkeypatch.setattr(drafts, "MOST_BYTES", 1_000)
    assert save(client, what_happened="长" * 334).status_code == 413

    assert shown(client)["what_happened"] == BEGUN["what_happened"]


def test_as_much_as_a_report_may_hold_is_kept_to_the_letter(client: Client) -> None:
    told = "长" * 300_000

    assert save(client, conversation=told).status_code == 204

    assert client.get(FORM).context["form"]["conversation"].value() == told


def test_a_save_from_another_site_is_refused(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(SAVE, BEGUN).status_code == 403
    assert strict.post(DISCARD).status_code == 403
    assert not Draft.objects.exists()


def test_two_saves_of_one_page_that_has_no_cookie_yet_are_one_draft(client: Client) -> None:
    save(Client(), once="seen by this page alone", summary="The first")
    save(client, once="seen by this page alone")

    assert Draft.objects.count() == 1
    assert shown(client)["summary"] == BEGUN["summary"]


def test_what_was_sent_while_it_was_on_its_way_to_be_saved_is_not_kept(client: Client, file: Any) -> None:
    sent = file(grouped=False)
    Report.objects.filter(pk=sent.pk).update(source="form", source_key="sent")
    told = {"summary": sent.evidence.summary, "what_happened": sent.evidence.what_happened}

    assert save(client, once="sent", **told).status_code == 204
    assert not Draft.objects.exists()
    assert save(client, once="sent", **told | {"summary": "Something else since"}).status_code == 204
    assert Draft.objects.count() == 1


def test_discarding_it_empties_the_form_and_takes_the_cookie_away(client: Client) -> None:
    save(client)
    other = Client()
    save(other)

    answer = client.post(DISCARD, follow=True)

    assert answer.redirect_chain == [(FORM, 302)]
    assert "What you had written was deleted." in answer.content.decode()
    assert SECRET not in answer.content.decode()
    assert client.cookies["draft"].value == ""
    assert Draft.objects.count() == 1
    assert Client().post(DISCARD).status_code == 302


def test_a_link_to_another_model_leaves_a_draft_as_it_is_and_says_so(client: Client) -> None:
    save(client)
    same, other = (client.get(FORM, {"model": model}) for model in ("Acme/Chat-7b", "acme/other"))

    assert "You have begun a report about" not in same.content.decode()
    assert "You have begun a report about <bdi>acme/chat-7b</bdi>." in other.content.decode()
    assert other.context["form"]["artifact"].value() == "acme/chat-7b"

    anew = client.post(f"{DISCARD}?model=acme/other", follow=True)
    assert anew.context["form"]["artifact"].value() == "acme/other"
    assert SECRET not in anew.content.decode()


def test_saved_by_a_button_it_says_until_when(client: Client) -> None:
    answer = client.post(FORM, {**BEGUN, "step": "save"}, follow=True)

    text = answer.content.decode()
    assert answer.redirect_chain == [(FORM, 302)]
    assert "Saved. Come back to this page in this browser before" in text
    assert SECRET in text


def test_saving_by_a_button_before_the_gate_loses_no_word(client: Client) -> None:
    answer = client.post(FORM, {**BEGUN, "gate": "", "step": "save"})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert SECRET in text
    assert text.count("Answer this first; until then nothing is kept.") == 2  # in the list above, and beside it
    assert text.count('class="error-text"') == 1
    assert not Draft.objects.exists()


def test_notes_stay_beside_answers_that_are_saved_anew(rf: Any) -> None:
    request = rf.post(SAVE)
    drafts.keep(request, {"a": "1"}, notes={"left": ["x"]})
    drafts.keep(request, {"a": "2"})

    again = rf.get(FORM)
    again.COOKIES = request.COOKIES
    assert (drafts.fields_of(again), drafts.notes_of(again)) == ({"a": "2"}, {"left": ["x"]})
    assert Draft.objects.count() == 1
    assert json.dumps(drafts.fields_of(rf.get(FORM))) == "{}"


def test_nothing_of_a_draft_is_logged(client: Client, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    save(client)
    save(client, what_happened=SECRET + "x" * 1_000_001)
    client.post("/report/check/", {"step": "send"})
    client.post(DISCARD)

    printed = capfd.readouterr()
    assert SECRET not in caplog.text + printed.out + printed.err


@pytest.mark.parametrize("method", ["get", "put"])
def test_drafts_are_saved_and_deleted_by_post_only(client: Client, method: str) -> None:
    assert [getattr(client, method)(address).status_code for address in (SAVE, DISCARD)] == [405, 405]
