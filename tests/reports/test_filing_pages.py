"""The form, check answers, the receipt: as a browser without JavaScript goes through them."""

import re
import threading
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from reports.models import Evidence, Report

pytestmark = pytest.mark.django_db
URL = "/report/"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?')
FILLED = {
    "artifact": "acme/chat-7b",
    "artifact_kind": "model",
    "summary": "It invents a court ruling",
    "what_happened": "I asked for rulings on rent and it cited one that was never made.",
    "kind": "false_information",
    "severity": "not_sure",
    "visibility": "public_after_review",
    "consent": "on",
}
CODE = re.compile(r'id="receipt-code">([^<]+)<')


def page(response: Any) -> str:
    text: str = response.content.decode()
    return text


def hidden(response: Any) -> dict[str, str]:
    """What the page sends along, as a browser would."""
    return {name: unescape(value) for name, value in HIDDEN.findall(page(response)) if name != "csrfmiddlewaretoken"}


def fill(client: Client, **changes: str) -> dict[str, str]:
    """The form as it was filled in, with the token of a page that was really asked for."""
    asked = client.get(URL)
    return FILLED | {"once": re.findall(r'name="once" value="([^"]+)"', page(asked))[0]} | changes


def test_from_the_form_by_check_answers_to_the_code_that_is_shown_once(client: Client) -> None:
    shown = client.post(URL, fill(client, prompt="Line one\r\nline <two>", step="check"))
    assert shown.status_code == 200
    assert "Nothing has been sent yet." in page(shown)
    assert "Line one<br>line &lt;two&gt;" in page(shown)
    assert not Report.objects.exists()

    sent = client.post(URL, {**hidden(shown), "step": "send"})
    report = Report.objects.get()
    assert sent["Location"] == f"/reports/{report.reference}/"
    assert Evidence.objects.get().transcript == [{"role": "user", "content": "Line one\nline <two>"}]

    first, second = client.get(sent["Location"]), client.get(sent["Location"])
    (code,) = CODE.findall(page(first))
    assert CODE.findall(page(second)) == []
    assert code not in page(second)
    assert "It is being compared" in page(second)

    elsewhere = Client()
    assert "Where it stands" not in page(elsewhere.get(sent["Location"]))
    opened = elsewhere.post(sent["Location"], {"code": code.lower()}, follow=True)
    assert "Where it stands" in page(opened)


def test_going_back_loses_nothing(client: Client) -> None:
    changes = {"prompt": "  two\r\nlines", "version": "7 <b>", "tries": "5", "failures": "3", "harm_occurred": "yes"}
    shown = client.post(URL, fill(client, **changes))

    back = client.post(URL, {**hidden(shown), "step": "change"})

    text = page(back)
    assert back.status_code == 200
    assert "  two\nlines</textarea>" in text.replace("\r\n", "\n")
    assert 'value="7 &lt;b&gt;"' in text
    for name in ("kind_0", "harm_occurred_2", "consent"):
        assert re.search(rf'id="id_{name}"[^>]* checked|checked[^>]*id="id_{name}"', text), name
    assert not Report.objects.exists()


@pytest.mark.parametrize("step", ["check", "send", "", "banana"])
def test_wrong_answers_are_shown_again_with_a_summary(client: Client, nothing_stored: Any, step: str) -> None:
    filled = fill(client, summary="short", kind="", what_happened="<script>alert(1)</script>", step=step)
    with nothing_stored():
        response = client.post(URL, filled)

    text = page(response)
    assert response.status_code == 200
    assert re.search(r"<title>Error:\s", text)
    summary = text[text.index('id="errors"') : text.index("</ul>", text.index('id="errors"'))]
    targets = re.findall(r'href="#([^"]+)"', summary)
    assert targets == ["id_summary", "id_what_happened", "id_kind_0"]
    assert all(f'id="{target}"' in text for target in targets)
    assert "<script>alert" not in text
    assert 'value="short"' in text


def test_errors_of_what_is_not_shown_are_told_too(client: Client) -> None:
    text = page(client.post(URL, fill(client, once="x" * 301)))

    assert "at most 300 characters" in text


def test_sent_twice_it_is_filed_once(client: Client) -> None:
    filled = fill(client, step="send")

    first, second = client.post(URL, filled), client.post(URL, filled)

    assert first["Location"] == second["Location"]
    assert Report.objects.count() == 1
    assert CODE.findall(page(client.get(second["Location"])))


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_twice_at_once_files_once_and_keeps_the_code(client: Client) -> None:
    """A browser follows the second answer and forgets the first, with whatever cookie came with it."""
    shown = client.post(URL, fill(client))
    body = {**hidden(shown), "step": "send"}
    answers: list[str] = []

    def press() -> None:
        browser = Client()
        browser.cookies = client.cookies.copy()  # type: ignore[assignment] # cookies, not headers
        answers.append(browser.post(URL, body)["Location"])
        connection.close()

    pressing = [threading.Thread(target=press) for _ in range(2)]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join()

    assert Report.objects.count() == 1
    assert len(set(answers)) == 1
    assert CODE.findall(page(client.get(answers[0])))


def test_sent_again_from_another_browser_asks_for_the_code(client: Client) -> None:
    filled = fill(client, step="send")
    sent = client.post(URL, filled)

    again = Client().post(URL, filled, follow=True)

    assert again.redirect_chain == [(sent["Location"], 302)]
    assert "Receipt code" in page(again)
    assert CODE.findall(page(again)) == []


@pytest.mark.parametrize(
    ("asked", "artifact", "kind"),
    [
        ({"model": "acme/chat-7b"}, "acme/chat-7b", "model"),
        ({"model": "acme/app", "kind": "system"}, "acme/app", "system"),
        ({"model": '"><script>', "kind": "banana"}, "&quot;&gt;&lt;script&gt;", ""),
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
    assert re.findall(r'<option value="([^"]+)" selected>', text)[:1] == ([kind] if kind else ["not_sure"])


def test_an_account_files_in_its_name_and_reads_without_the_code(client: Client, someone: Any) -> None:
    user = someone()
    client.force_login(user)

    sent = client.post(URL, fill(client, step="send"))

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

    assert response.status_code in {200, 400}


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
    address = client.post(URL, fill(client, step="send"))["Location"]
    assert "Where it stands" in page(client.get(address))

    assert client.post(f"{address}close/")["Location"] == "/"

    assert "Where it stands" not in page(client.get(address))
    assert client.post(f"{address}close/").status_code == 404


def test_what_is_private_in_an_issue_is_not_told_by_its_receipt(client: Client, artifact: Any, triager: Any) -> None:
    from triage.decisions import decide
    from triage.matching import match_report

    address = client.post(URL, fill(client, visibility="private", step="send"))["Location"]
    report = Report.objects.get()
    match_report(report.pk)
    decide(report.placements.get().issue, "confirm", by=triager)

    text = page(client.get(address))

    assert "Confirmed by a person" in text
    assert "TT-" not in text
