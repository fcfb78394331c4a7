"""Check your answers: all of them, what may be private, what is promised; sent once, and only what was shown."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reports.drafts import KEPT
from reports.models import Attachment, Draft, Evidence, Report
from reports.promises import promises
from reports.traps import drawn
from tests.answered import FILLED

pytestmark = pytest.mark.django_db
FORM, CHECK, SAVE = "/report/", "/report/check/", "/report/draft/"
MAIL, PHONE = "sam@example.com", "+1 212 555 0142"
HIDDEN = re.compile(r'name="(once|seen)" value="([^"]*)"')


@pytest.fixture
def begin(client: Client) -> Callable[..., Any]:
    """Saves a draft and shows it to be checked: ``begin(summary="…") -> response``."""

    def begun(**changes: str) -> Any:
        before = drawn(timezone.now() - timedelta(minutes=2))
        assert client.post(SAVE, {**FILLED, "drawn": before, **changes}).status_code == 204
        return client.get(CHECK)

    return begun


def page(response: Any) -> str:
    return unescape(response.content.decode())


def body(response: Any, **changes: str) -> dict[str, str]:
    return {**dict(HIDDEN.findall(response.content.decode())), "step": "send", **changes}


def step(client: Client, name: str, **posted: str) -> Any:
    return client.post(CHECK, {"step": name, **posted}, follow=True)


def keys(response: Any) -> dict[str, str]:
    return {find.kind.value: find.key for find in response.context["masking"].open}


# What is shown


def test_each_answer_stands_beside_its_question_with_a_way_to_its_very_field(client: Client, begin: Any) -> None:
    shown = begin(version="2026-05", harm_occurred="yes", may_contact="on", contact_email=MAIL, credit_name="Sam")

    rows = {str(row.question): (row.answer, row.href) for row in shown.context["rows"]}
    assert rows["Version"] == ("2026-05", "/report/#id_version")
    assert rows["What kind of failure was it?"] == ("Said something false as if it were true", "/report/#id_kind_0")
    assert rows["Your e-mail address"] == (MAIL, "/report/#id_contact_email")
    assert rows["Who may see it?"] == ("Public after review", "/report/#id_visibility_0")
    assert "The name to thank" not in rows  # written, but not ticked, so it is not sent
    asked = client.get(FORM).content.decode()
    assert all(f'id="{href.partition("#")[2]}"' in asked for _answer, href in rows.values())


def test_the_conversation_stands_in_turns(begin: Any) -> None:
    shown = begin(shown_by="paste", conversation="User: 2+2?\r\nAssistant: 5")

    assert page(shown).count('class="turn ') == 2
    assert shown.context["turns_href"] == "/report/#id_conversation"


def test_what_is_not_shared_is_neither_shown_nor_searched(begin: Any) -> None:
    shown = begin(shown_by="none", conversation=f"User: {MAIL}\nAssistant: ok")

    assert "You do not send a conversation." in page(shown)
    assert MAIL not in page(shown)


def test_hostile_words_are_shown_as_words(begin: Any) -> None:
    told = '<script>alert(1)</script> "><img src=x> \u202eevil {{ form }} %s & mail <b>sam@example.com</b>'
    shown = begin(summary=told[:100], what_happened=told, shown_by="words", prompt=told)

    text = shown.content.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "\u202e" not in text  # a chip names it


def test_every_form_of_it_carries_its_token(client: Client, begin: Any) -> None:
    begin(what_happened=f"It told me to write to {MAIL} or to call {PHONE}.")
    text = step(client, "mask", key=keys(client.get(CHECK))["email"]).content.decode()

    main = text[text.index("<main") : text.index("</main>")]
    assert main.count("<form") == main.count('name="csrfmiddlewaretoken"') == 6


def test_without_a_draft_there_is_nothing_to_check(client: Client, nothing_stored: Any) -> None:
    with nothing_stored():
        answer = client.get(CHECK, follow=True)

    assert answer.redirect_chain == [(FORM, 302)]
    assert "There is nothing to check yet" in page(answer)
    assert "has its receipt" not in page(answer)


def test_a_draft_with_errors_leads_back_to_them(client: Client, begin: Any) -> None:
    begin(summary="short", consent="")

    answer = client.get(CHECK, follow=True)

    assert answer.redirect_chain == [("/report/?again=1", 302)]
    assert set(answer.context["form"].errors) == {"summary", "consent"}


# The language


def test_the_guess_is_named_and_can_be_corrected(client: Client, begin: Any) -> None:
    shown = begin(
        summary="El modelo inventa una sentencia", what_happened="Le pregunté por el alquiler y citó una que no existe."
    )
    assert "We guessed this language" in page(shown)
    assert '<option value="es" lang="es" selected>Español' in page(shown)

    again = step(client, "language", language="pt")
    assert '<option value="pt" lang="pt" selected>' in page(again)
    assert "You chose this language" in page(again)
    assert '<option value="pt" lang="pt" selected>' in page(step(client, "language", language="xx"))

    client.post(CHECK, body(client.get(CHECK)))
    assert Report.objects.get().language == "pt"


# Masks


def test_a_secret_is_masked_by_one_press_in_every_answer_it_stands_in(client: Client, begin: Any) -> None:
    shown = begin(
        what_happened=f"It told me to write to {MAIL}.\r\nI did not call {PHONE}.",
        shown_by="paste",
        conversation=f"User: who?\r\nAssistant: {MAIL}",
    )
    assert set(keys(shown)) == {"email", "phone"}
    assert "An e-mail address" in page(shown)

    masked = step(client, "mask", key=keys(shown)["email"])
    assert masked.redirect_chain == [(CHECK + "#masks", 302)]
    assert set(keys(masked)) == {"phone"}
    assert client.post(CHECK, body(masked)).status_code == 302

    evidence = Evidence.objects.get()
    assert evidence.what_happened == f"It told me to write to [email].\nI did not call {PHONE}."
    assert evidence.transcript[1]["content"] == "[email]"


def test_nothing_is_masked_that_nobody_pressed_for(client: Client, begin: Any) -> None:
    shown = begin(what_happened=f"It told me to write to {MAIL} and I did so.")
    assert "1 thing that may be private is not masked." in page(shown)

    client.post(CHECK, body(shown))

    assert MAIL in Evidence.objects.get().what_happened


def test_all_are_masked_at_once_and_one_is_put_back(client: Client, begin: Any) -> None:
    shown = begin(what_happened=f"It told me to write to {MAIL} or to call {PHONE}.")
    found = keys(shown)

    masked = step(client, "mask_all")
    assert keys(masked) == {}
    assert "to write to [email] or to call [phone]." in page(masked)

    back = step(client, "unmask", key=found["email"])
    assert f"to write to {MAIL} or to call [phone]." in page(back)
    assert keys(back) == {}  # whoever puts it back has looked at it


def test_what_is_left_as_it_is_is_not_asked_about_again(client: Client, begin: Any) -> None:
    shown = begin(what_happened=f"It told me to write to {MAIL} or to call {PHONE}.")

    left = step(client, "leave", key=keys(shown)["email"])
    assert set(keys(left)) == {"phone"}
    client.post(SAVE, {**FILLED, "what_happened": f"Once more: {MAIL}, and now {PHONE} too."})
    assert set(keys(client.get(CHECK))) == {"phone"}

    assert keys(step(client, "leave_all")) == {}


@pytest.mark.parametrize("name", ["mask", "leave", "unmask", "mask_all", "leave_all", "banana", ""])
def test_a_step_with_a_key_that_is_none_changes_no_word(client: Client, begin: Any, name: str) -> None:
    begin()

    for key in ("", "x" * 5_000, "<script>", "\0"):
        answer = step(client, name, key=key)

        assert answer.status_code == 200
        assert answer.context["masking"].fields["what_happened"] == FILLED["what_happened"]


@pytest.mark.parametrize("name", ["mask_all", "leave_all", "language", "send", "unmask"])
def test_a_step_without_a_draft_stores_nothing(client: Client, nothing_stored: Any, name: str) -> None:
    with nothing_stored():
        answer = client.post(CHECK, {"step": name, "key": "x", "language": "en", "once": "a\0b" + "x" * 500})

    assert answer.status_code == 302


# Sending


def test_sent_it_is_filed_and_the_draft_is_gone(client: Client, begin: Any) -> None:
    shown = begin()
    Attachment.objects.create(draft=Draft.objects.get(), name="picture", format="png", size=1)

    sent = client.post(CHECK, body(shown))

    report = Report.objects.get()
    assert sent["Location"] == f"/reports/{report.reference}/"
    assert not Draft.objects.exists()
    assert client.cookies["draft"].value == ""
    assert Attachment.objects.get().report == report
    assert not report.held_at

    back = page(client.get(CHECK, follow=True))
    assert f'What was sent has its receipt. <a href="/reports/{report.reference}/">' in back


def test_sent_twice_or_reloaded_it_is_one_report_and_one_receipt(client: Client, begin: Any) -> None:
    posted = body(begin())

    answers = [client.post(CHECK, posted)["Location"] for _press in range(3)]

    assert answers == [f"/reports/{Report.objects.get().reference}/"] * 3
    assert 'id="receipt-code"' in client.get(answers[0]).content.decode()


def test_the_key_of_a_report_opens_its_receipt_to_nobody(client: Client, begin: Any) -> None:
    posted = body(begin())
    client.post(CHECK, posted)

    other = Client().post(CHECK, posted, follow=True)

    assert 'id="receipt-code"' not in other.content.decode()
    assert FILLED["summary"] not in page(other)


def test_what_another_tab_changed_meanwhile_is_shown_before_it_is_sent(client: Client, begin: Any) -> None:
    posted = body(begin())
    client.post(SAVE, {**FILLED, "summary": "Something that nobody has looked at"})

    answer = client.post(CHECK, posted, follow=True)

    assert not Report.objects.exists()
    assert "Your answers have changed since they were shown." in page(answer)
    assert "Something that nobody has looked at" in page(answer)


def test_a_tab_that_saves_after_the_report_was_sent_loses_nothing(client: Client, begin: Any) -> None:
    shown = begin()
    once = dict(HIDDEN.findall(shown.content.decode()))["once"]
    client.post(CHECK, body(shown))
    again = begin(once=once, summary="Another thing that it did")

    answer = client.post(CHECK, body(again), follow=True)

    assert Report.objects.count() == 1
    assert "still here as a draft" in page(answer)
    assert client.post(CHECK, body(client.get(CHECK))).status_code == 302
    assert Report.objects.count() == 2


@pytest.mark.parametrize(
    "posted",
    [{"step": "send"}, {**FILLED, "step": "send"}, {"step": "send", "seen": "x", "once": "y"}],
)
def test_nothing_is_filed_that_was_not_checked(client: Client, nothing_stored: Any, posted: dict[str, str]) -> None:
    with nothing_stored():
        assert client.post(CHECK, posted)["Location"] == FORM
    client.post(SAVE, FILLED)
    with nothing_stored():
        assert client.post(CHECK, posted)["Location"] == CHECK


def test_without_consent_nothing_is_filed(client: Client, begin: Any) -> None:
    begin(consent="")

    assert client.post(CHECK, {"step": "send"})["Location"] == "/report/?again=1"
    assert not Report.objects.exists()


def test_a_draft_that_rested_for_days_is_not_taken_for_a_machine_s(client: Client, begin: Any) -> None:
    begin()
    Draft.objects.update(saved_at=timezone.now() - KEPT + timedelta(hours=1))

    client.post(CHECK, body(client.get(CHECK)))

    assert not Report.objects.get().held_at


@pytest.mark.parametrize("how", ["filled", "unsigned", "at once"])
def test_a_form_filled_in_as_no_person_does_is_held(client: Client, begin: Any, how: str) -> None:
    changes = {"filled": {"website": "https://spam.example"}, "unsigned": {"drawn": ""}, "at once": {"drawn": drawn()}}
    shown = begin(**changes[how])

    client.post(CHECK, body(shown))

    assert Report.objects.get().held_for == "trap"


def test_too_many_at_once_is_said_and_the_draft_stays(client: Client, begin: Any, settings: Any) -> None:
    settings.LIMIT_NETWORK_HOUR = 1
    client.post(CHECK, body(begin()))
    shown = begin(summary="A second one at once")

    answer = client.post(CHECK, body(shown))

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert Draft.objects.count() == 1


# What is promised


def told(**answers: Any) -> str:
    lines = promises({"kind": "other", **answers}, has_account=False, draft_days=7)
    return " ".join(str(sentence) for line in lines for sentence in line.sentences)


def test_what_is_promised_follows_the_answers() -> None:
    day = (timezone.now() + timedelta(days=90)).isoformat()

    assert "Nothing that you write is published." in told(visibility="private")
    assert "Nothing of the conversation is shown." in told(visibility="public_without_transcript")
    assert "published only by a further decision" in told(kind="privacy_leak")
    assert "Nothing of it before" in told(embargo_until=day)
    assert "e-mail" not in told()
    assert "kept encrypted" in told(contact_email=MAIL)
    assert "network address is not stored" in told()


def test_how_long_it_is_kept_follows_the_settings(settings: Any) -> None:
    assert "erased by itself 24 months after you last wrote" in told()
    assert "deleted 90 days after the issue is closed" in told(contact_email=MAIL)
    assert "ask that it be erased" in told()

    settings.RETAIN_EVIDENCE_MONTHS = settings.RETAIN_CONTACT_DAYS = 0
    assert "kept until it is erased" in told()
    assert "after the issue is closed" not in told(contact_email=MAIL)


def test_no_more_is_asked_of_the_database_for_a_long_conversation(
    client: Client, begin: Any, django_assert_num_queries: Any
) -> None:
    begin(shown_by="paste", conversation="User: a\nAssistant: b")
    with django_assert_num_queries(7):  # the draft, its files, the session in two, known issues in three
        client.get(CHECK)
    turns = [{"role": role, "content": MAIL} for _turn in range(50) for role in ("user", "assistant")]
    begin(shown_by="paste", conversation=json.dumps(turns))
    with django_assert_num_queries(7):
        client.get(CHECK)
