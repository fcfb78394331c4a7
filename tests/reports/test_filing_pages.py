"""The form, check answers, the receipt: as a browser without JavaScript goes through them."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from reports.forms import GatedForm
from reports.models import Attachment, Draft, Evidence, Report
from reports.traps import drawn
from reports.vocabulary import Visibility
from tests.answered import FILLED

pytestmark = pytest.mark.django_db
URL, CHECK = "/report/", "/report/check/"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?')
CODE = re.compile(r'id="receipt-code">([^<]+)<')
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


def page(response: Any) -> str:
    text: str = response.content.decode()
    return text


def hidden(response: Any) -> dict[str, str]:
    """What the page sends along, as a browser would."""
    return {name: unescape(value) for name, value in HIDDEN.findall(page(response)) if name != "csrfmiddlewaretoken"}


def fill(client: Client, **changes: Any) -> dict[str, Any]:
    """The form as it was filled in, with what a page that was really asked for sends along."""
    return {**hidden(client.get(URL)), **FILLED, **changes}


def send(client: Client, **changes: Any) -> Any:
    """Fill the form in, look at the answers, send them."""
    checked = client.post(URL, fill(client, **changes), follow=True)
    assert checked.redirect_chain == [(CHECK, 302)], checked.context["form"].errors
    return client.post(CHECK, {**hidden(checked), "step": "send"})


def test_from_the_form_by_check_answers_to_the_code_that_is_shown_once(client: Client) -> None:
    answered = client.post(URL, fill(client, prompt="Line one\r\nline <two>"), follow=True)
    assert answered.redirect_chain == [(CHECK, 302)]
    assert "Nothing has been sent yet." in page(answered)
    assert "line &lt;two&gt;" in page(answered)
    assert not Report.objects.exists()

    sent = client.post(CHECK, {**hidden(answered), "step": "send"})
    report = Report.objects.get()
    assert sent["Location"] == f"/reports/{report.reference}/"
    assert Evidence.objects.get().transcript == [{"role": "user", "content": "Line one\nline <two>"}]

    first, second = client.get(sent["Location"]), client.get(sent["Location"])
    (code,) = CODE.findall(page(first))
    assert CODE.findall(page(second)) == []
    assert code not in page(second)
    assert "Where it stands" in page(second)

    elsewhere = Client()
    assert "Where it stands" not in page(elsewhere.get(sent["Location"]))
    opened = elsewhere.post(sent["Location"], {"code": code.lower()}, follow=True)
    assert "Where it stands" in page(opened)


def test_six_answers_are_enough(client: Client) -> None:
    needed = ("gate", "artifact", "summary", "what_happened", "kind", "consent")

    response = client.post(URL, {name: FILLED[name] for name in needed})

    assert response["Location"] == CHECK


def test_nothing_is_said_of_what_is_known_before_it_is_asked(client: Client) -> None:
    assert 'data-count="0"' not in page(client.get(URL))


def test_going_back_loses_nothing(client: Client) -> None:
    changes = {
        "prompt": "  two\r\nlines",
        "conversation": "It said:\r\n\ttoo much",
        "version": "7 <b>",
        "tries": "5",
        "failures": "3",
        "harm_occurred": "yes",
        "shown_by": "words",
        "contact_email": "not an address",
        "temperature": "0,7",
    }
    client.post(URL, fill(client, **changes))

    back = client.get(URL)

    text = page(back).replace("\r\n", "\n")
    assert "  two\nlines</textarea>" in text
    assert "It said:\n\ttoo much</textarea>" in text
    assert "We could not tell who said what." in text
    assert 'value="7 &lt;b&gt;"' in text
    assert 'value="not an address"' in text
    for name in ("gate_0", "kind_0", "harm_occurred_2", "shown_by_1", "consent"):
        assert re.search(rf'id="id_{name}"[^>]* checked|checked[^>]*id="id_{name}"', text), name
    assert re.search(r"<details open>\s*<summary><h2>For those who know", text)
    assert not Report.objects.exists()


@pytest.mark.parametrize("step", ["check", "send", "", "banana"])
def test_wrong_answers_are_shown_again_with_a_summary(client: Client, nothing_stored: Any, step: str) -> None:
    filled = fill(client, gate="", summary="short", kind="", what_happened="<script>alert(1)</script>", step=step)
    with nothing_stored():
        response = client.post(URL, filled)

    text = page(response)
    assert response.status_code == 422
    assert re.search(r"<title>Error:\s", text)
    summary = text[text.index('id="errors"') : text.index("</ul>", text.index('id="errors"'))]
    targets = re.findall(r'href="#([^"]+)"', summary)
    assert targets == ["id_gate_0", "id_summary", "id_what_happened", "id_kind_0"]
    assert all(f'id="{target}"' in text for target in targets)
    assert "<script>alert" not in text
    assert 'value="short"' in text


def test_wrong_answers_are_saved_once_the_gate_allows_it(client: Client) -> None:
    refused = client.post(URL, fill(client, summary="short", kind=""))

    assert refused.status_code == 422
    assert 'value="short"' in page(client.get(URL))
    assert not Report.objects.exists()


def test_whoever_sends_what_is_not_complete_is_told_what_is_missing(client: Client) -> None:
    client.post(URL, fill(client, summary="short"))

    told = client.get(CHECK, follow=True)

    assert told.redirect_chain[-1][0].startswith(URL)
    assert 'id="errors"' in page(told)


def test_errors_of_what_is_not_shown_are_told_too(client: Client) -> None:
    text = page(client.post(URL, fill(client, once="x" * 301)))

    assert "at most 300 characters" in text


HOSTILE = (
    '\u202e\u2066</textarea><script>alert(1)</script>" onfocus=alert(1) {{ 7|add:7 }} {% debug %} &lt;b&gt; \u0000 قَلم'
)


def test_hostile_text_in_every_field_comes_back_as_text(client: Client) -> None:
    names = set(GatedForm().fields) - {"gate", "confirms"}

    posted = client.post(URL, {"gate": "no", **dict.fromkeys(names, HOSTILE)})
    again = client.get(URL)

    assert (posted.status_code, again.status_code) == (422, 200)
    for response in (posted, again):
        assert "<script>alert" not in page(response)
        assert '" onfocus' not in page(response)
        assert "49" not in re.findall(r"{{.*?}}|onfocus=alert\(1\) (\S+)", page(response))


def test_a_hostile_number_of_an_issue_is_told_and_comes_back_as_text(client: Client) -> None:
    posted = client.post(URL, FILLED | {"confirms": HOSTILE})

    assert posted.status_code == 422
    assert "There is no such issue." in page(posted)
    assert "<script>alert" not in page(posted)
    assert client.get(URL).status_code == 200


# The safety gate


@contextmanager
def untouched() -> Iterator[None]:
    """Fails if a row of any table, or a file of the state folder or of the folder for temporary files, came or went."""

    def rows() -> dict[str, int]:
        return {model.__name__: model._default_manager.count() for model in apps.get_models() if model._meta.managed}

    def files() -> set[Path]:
        return {path for path in settings.FILES_DIR.rglob("*") if path.is_file()}

    before = rows(), files()
    yield
    assert (rows(), files()) == before


def test_yes_stores_nothing_at_all_and_says_whom_to_tell(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("A file of the form was laid on the disk.")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", never)
    picture = SimpleUploadedFile("a.png", PNG + b"\0" * 3_000_000, "image/png")
    with untouched():
        response = client.post(URL, FILLED | {"gate": "yes", "summary": "A canary", "files": picture})

    text = page(response)
    assert response.status_code == 200
    assert "inhope.org" in text
    assert "report.cybertip.org" in text
    assert "canary" not in text
    assert "<a href" not in text[text.index('<ul class="hotlines">') : text.index("</ul>", text.index("hotlines"))]
    assert set(response.cookies) <= {"draft"}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("step", ["check", "save", "", "language_of_page"])
def test_yes_deletes_what_was_begun_with_its_files(
    client: Client, step: str, django_capture_on_commit_callbacks: Any
) -> None:
    client.post(URL, fill(client, files=SimpleUploadedFile("a.png", PNG, "image/png")))
    (file,) = Attachment.objects.all()
    assert (Draft.objects.count(), bool(list(settings.FILES_DIR.rglob(f"{file.name}*")))) == (1, True)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(URL, FILLED | {"gate": "yes", "step": step, "language_of_page": "ar"})

    assert (Draft.objects.count(), Attachment.objects.count()) == (0, 0)
    assert list(settings.FILES_DIR.rglob(f"{file.name}*")) == []
    assert "It invents" not in page(client.get(URL))


def test_one_yes_among_several_answers_is_a_yes(client: Client) -> None:
    with untouched():
        response = client.post(URL, FILLED | {"gate": ["yes", "no"]})

    assert "inhope.org" in page(response)


def test_the_operator_s_hotlines_stand_first(client: Client, settings: Any) -> None:
    settings.SAFETY_HOTLINES = ["Atlantis: <b>1-2-3</b>"]

    text = page(client.post(URL, {"gate": "yes"}))

    assert text.index("Atlantis: &lt;b&gt;1-2-3") < text.index("inhope.org")


def test_nothing_is_kept_before_the_gate_is_answered(client: Client) -> None:
    with untouched():
        response = client.post(URL, FILLED | {"gate": "", "files": SimpleUploadedFile("a.png", PNG, "image/png")})

    assert response.status_code == 422
    assert "It invents a court ruling" in page(response)


# Files, languages, the address


def test_files_lie_beside_the_draft_and_can_be_taken_away(client: Client) -> None:
    files = [SimpleUploadedFile("a.png", PNG, "image/png"), SimpleUploadedFile("b.exe", b"MZ\x90\0" * 9)]

    refused = client.post(URL, fill(client, files=files))
    (file,) = Attachment.objects.all()
    taken_away = client.post(URL, fill(client, remove_file=file.name))

    assert refused.status_code == 422
    assert page(refused).count("The second file: ") == 2  # in the summary and beside the field
    assert taken_away.status_code == 200
    assert "It invents a court ruling" in page(taken_away)
    assert not Attachment.objects.standing().exists()


def test_another_language_loses_nothing_and_is_remembered(client: Client) -> None:
    with untouched():
        response = client.post(URL, FILLED | {"gate": "", "language_of_page": "ar"})

    assert 'dir="rtl"' in page(response)
    assert "It invents a court ruling" in page(response)
    assert 'id="errors"' not in page(response)
    assert 'dir="rtl"' in page(client.get(URL))


def test_a_language_that_is_not_there_is_none(client: Client) -> None:
    assert '<html lang="en"' in page(client.post(URL, FILLED | {"language_of_page": "../x"}))


def test_what_the_language_menu_sends_is_not_what_enter_presses(client: Client) -> None:
    text = page(client.get(URL))
    first = re.findall(r'<button[^>]*form="report"[^>]*>', text)[0]

    assert "name=" not in first


# Who else the issue happened to


def test_the_short_form_of_a_known_issue(client: Client, make_issue: Any) -> None:
    issue = make_issue("It invents a court ruling")

    asked = client.get(URL, {"model": "acme/chat-7b", "confirms": issue.number})
    answers = {**hidden(asked), "gate": "no", "artifact": "acme/chat-7b", "artifact_kind": "model", "consent": "on"}
    checked = client.post(URL, answers | {"tries": "5", "failures": "2"}, follow=True)
    sent = client.post(CHECK, {**hidden(checked), "step": "send"})

    assert "It invents a court ruling" in page(asked)
    assert 'name="summary"' not in page(asked)
    report = Report.objects.get()
    assert sent["Location"] == f"/reports/{report.reference}/"
    assert (report.confirms, report.failures, report.tries) == (issue, 2, 5)


def test_what_was_begun_is_kept_in_the_short_form_and_after_it(client: Client, make_issue: Any) -> None:
    issue = make_issue()
    client.post(URL, fill(client, expected="Only rulings that were made"))

    short = client.get(URL, {"confirms": issue.number})
    assert "Only rulings that were made" in page(short)
    long = client.get(URL, {"confirms": ""})
    assert 'name="shown_by"' in page(long)
    assert "Only rulings that were made" in page(long)


@pytest.mark.parametrize("changes", [{"published_at": None}, {"embargo_until": now() + timedelta(days=1)}])
def test_what_is_not_public_and_what_is_not_there_look_alike(
    client: Client, make_issue: Any, changes: dict[str, Any]
) -> None:
    issue = make_issue(**changes)

    for number in (issue.number, "TT-2026-99999", "banana", "\0"):
        assert client.get(URL, {"confirms": number}).status_code == 404


def test_whoever_comes_back_to_change_a_word_is_not_too_quick(client: Client) -> None:
    first = drawn(now() - timedelta(minutes=5))
    client.post(URL, fill(client, drawn=first, summary="short"))

    send(client)

    assert Report.objects.get().held_at is None


def test_nobody_has_to_choose_who_may_see_it(client: Client) -> None:
    send(client, visibility="", kind="privacy_leak")
    assert Report.objects.get().visibility == Visibility.PRIVATE


def test_an_embargo_and_a_credit_are_kept(client: Client) -> None:
    send(client, visibility="after_embargo", wants_credit="on", credit_name="Ann <b>")

    report = Report.objects.get()
    assert report.embargo_until is not None
    assert report.visibility == Visibility.PUBLIC_AFTER_REVIEW
    assert report.credit.name == "Ann <b>"


# Sent twice


def test_sent_twice_it_is_filed_once(client: Client) -> None:
    checked = client.post(URL, fill(client), follow=True)
    body = {**hidden(checked), "step": "send"}

    first, second = client.post(CHECK, body), client.post(CHECK, body)

    assert first["Location"] == second["Location"]
    assert Report.objects.count() == 1
    assert CODE.findall(page(client.get(second["Location"])))


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_twice_at_once_files_once_and_keeps_the_code(client: Client) -> None:
    """A browser follows the second answer and forgets the first, with whatever cookie came with it."""
    checked = client.post(URL, fill(client), follow=True)
    body = {**hidden(checked), "step": "send"}
    answers: list[str] = []

    def press() -> None:
        browser = Client()
        browser.cookies = client.cookies.copy()  # type: ignore[assignment] # cookies, not headers
        answers.append(browser.post(CHECK, body)["Location"])
        connection.close()

    pressing = [threading.Thread(target=press) for _ in range(2)]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join()

    assert Report.objects.count() == 1
    assert len(set(answers)) == 1
    assert CODE.findall(page(client.get(answers[0])))


@pytest.mark.parametrize(
    ("asked", "artifact", "kind"),
    [
        ({"model": "acme/chat-7b"}, "acme/chat-7b", "model"),
        ({"model": "acme/app", "kind": "system"}, "acme/app", "system"),
        ({"model": '"><script>', "kind": "banana"}, "&quot;&gt;&lt;script&gt;", "model"),
        ({"model": "x" * 10_000}, "x" * 10_000, "model"),
        ({"model": "\x00\u202e"}, "\x00\u202e", "model"),
        ({}, None, "model"),
    ],
)
def test_the_address_fills_in_what_it_is_about(
    client: Client, asked: dict[str, str], artifact: str | None, kind: str
) -> None:
    text = page(client.get(URL, asked))

    assert (f'name="artifact" value="{artifact}"' in text) == (artifact is not None)
    assert re.findall(r'name="artifact_kind" value="([^"]+)"[^>]* checked', text) == [kind]


def test_the_address_fills_in_what_went_wrong(client: Client) -> None:
    assert re.findall(r'name="kind" value="([^"]+)"[^>]* checked', page(client.get(URL, {"kind": "privacy_leak"})))


def test_an_account_files_in_its_name_and_reads_without_the_code(client: Client, someone: Any) -> None:
    user = someone()
    client.force_login(user)

    sent = send(client)

    assert Report.objects.get().reporter == user
    other = Client()
    other.force_login(user)
    assert "Where it stands" in page(other.get(sent["Location"]))


def test_a_form_from_another_site_is_refused(nothing_stored: Any) -> None:
    strict = Client(enforce_csrf_checks=True)

    with nothing_stored():
        response = strict.post(URL, FILLED | {"step": "send"})

    assert response.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"summary=" + b"x" * 1_000_001,
        b"&".join(b"a%d=1" % number for number in range(501)),
    ],
)
def test_too_much_is_refused_in_words(client: Client, nothing_stored: Any, body: bytes) -> None:
    with nothing_stored():
        response = client.post(URL, body, content_type="application/x-www-form-urlencoded")

    assert response.status_code == 400
    assert "<h1" in page(response)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe%00%ff&&&==", "application/x-www-form-urlencoded"),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"--x\r\nnothing", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"", "text/plain"),
        (b"artifact=%ED%A0%80&summary=%00&kind=%F0%9F%98%80&once=", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_asked_again_or_refused(
    client: Client, nothing_stored: Any, body: bytes, content_type: str
) -> None:
    with nothing_stored():
        response = client.post(URL, body, content_type=content_type)

    assert response.status_code in {422, 400}


def test_the_form_asks_no_cookie_of_whoever_only_looks(client: Client) -> None:
    assert "session" not in client.get(URL).cookies


@pytest.mark.parametrize("address", [URL, "/reports/r-0000-0000-0000-0000/"])
def test_nothing_of_it_is_kept_by_anybody_on_the_way(client: Client, address: str) -> None:
    assert "no-store" in client.get(address)["Cache-Control"]


# The receipt page


def test_references_that_are_there_and_that_are_not_look_alike(client: Client, file: Any) -> None:
    there, not_there = f"/reports/{file().reference}/", "/reports/r-0000-0000-0000-0000/"

    def seen(address: str, **posted: str) -> tuple[int, str]:
        response = client.post(address, posted) if posted else client.get(address)
        text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page(response))
        return response.status_code, text.replace(address.split("/")[2], "")

    assert seen(there) == seen(not_there)
    assert seen(there, code="0000-0000") == seen(not_there, code="0000-0000")
    assert seen(there, code="\x00\u202e") == seen(not_there, code="\x00\u202e")


def test_another_s_account_does_not_open_it(client: Client, file: Any, someone: Any) -> None:
    report = file()
    client.force_login(someone("admin"))

    assert "Receipt code" in page(client.get(f"/reports/{report.reference}/"))


def test_closing_it_forgets_it_on_this_device(client: Client) -> None:
    address = send(client)["Location"]
    assert "Where it stands" in page(client.get(address))

    assert client.post(f"{address}close/")["Location"] == "/"

    assert "Where it stands" not in page(client.get(address))
    assert client.post(f"{address}close/").status_code == 404


def test_what_is_private_in_an_issue_is_not_told_by_its_receipt(client: Client, artifact: Any, triager: Any) -> None:
    from triage.decisions import decide
    from triage.matching import match_report

    address = send(client, visibility="private")["Location"]
    report = Report.objects.get()
    match_report(report.pk)
    decide(report.placements.get().issue, "confirm", by=triager)

    text = page(client.get(address))

    assert "Confirmed by a person" in text
    assert "TT-" not in text
