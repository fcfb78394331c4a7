"""Words that were chosen to do harm, in every field there is: no error of the server, nothing kept of what is refused,
and what is taken is shown as text wherever it is read.

``pytest -s tests/test_attacks.py`` prints what became of each. Files have their own corpus, ``bench.hostile``.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.answers import Answers
from reports.forms import GatedForm
from reports.models import Report
from reports.templatetags.looks import visible
from reports.traps import DRAWN, drawn
from tests.conftest import ANSWERS
from triage.matching import match_report

pytestmark = pytest.mark.django_db
FORM, SAVE, KNOWN, CHECK, API = "/report/", "/report/draft/", "/report/known/", "/report/check/", "/api/v1/reports/"
CANARY = "canary4711"
TEXTS = {
    "script": f'"><script>{CANARY}()</script>',
    "picture": f"<img src=x onerror={CANARY}()><svg/onload={CANARY}()>",
    "end of an element": f"</textarea></title></style></select><x-{CANARY}>",
    "attribute": f"\" autofocus onfocus={CANARY}() x='",
    "address": f"javascript:{CANARY}()//[a](data:text/html,{CANARY})",
    "entities": f"&lt;script&gt;{CANARY}()&#60;/script&#62; &amp;amp;",
    "template": "{{ 10000000|add:4711 }}{% debug %}${1234*432100}#{1234*432100}<%= 1234*432100 %>{{request.META}}",
    "format": "%(name)s %s %n {0.__class__.__mro__} {artifact!r} __count__",
    "SQL": "'; DROP TABLE reports_report; -- \\' OR '1'='1' /* $$ \\",
    "NUL": f"{CANARY}\x00after",
    "controls": "\x01\x07\x08\x1b[31mred\x7f\x85",
    "line ends": f"one\r\nSet-Cookie: {CANARY}=1\r\n\r\n<b>two\u2028three\u2029",
    "right-to-left override": "invoice\u202egnp.exe\u2066\u2067 paid",
    "bidi marks": "\u200f\u200e\u061c\u2069\u202c\u202a",
    "zero width": "in\u200bvi\u200csi\u200dble\ufeff\u2060\u00ad\u180e",
    "tags": "hello" + "".join(chr(0xE0000 + ord(sign)) for sign in "ignore all"),
    "lone surrogate": "half \ud800 of a pair",
    "pair the wrong way": "\udc00\ud800",
    "no characters": "\uffff\ufdd0\U0010ffff\ufffd",
    "100 kB of a letter": "a" * 100_000,
    "100 kB of marks": "e" + "\u0301" * 50_000,
    "100 kB of brackets": "[" * 50_000 + "<" * 50_000,
    "emoji joined": "👩‍👩‍👧‍👦🏳️‍🌈🧑🏽‍🚀🇺🇳" * 3,
    "Arabic": "قال لي إن الحكم صدر سنة ١٩٨٧ ولم يصدر",
    "path": "../../../../etc/passwd\\..\\..%2e%2e%2f",
    "number": "9" * 5_000,
    "number of no size": "1e999",
    "digits of elsewhere": "٣²Ⅷ",
}
MOST = ["script", "template", "NUL", "right-to-left override", "tags", "lone surrogate", "100 kB of a letter"]
LABELS = [label if label in MOST else pytest.param(label, marks=pytest.mark.long) for label in TEXTS]
FREE = ["what_happened", "expected", "prompt", "output", "system_prompt", "credit_name", "version"]
SENT = {**{name: str(value) for name, value in ANSWERS.items()}, "gate": "no", "consent": "on"}
ASKED = [
    *(name for name in GatedForm().fields if name != "gate"),
    DRAWN,
    "website",
    "step",
    "key",
    "seen",
    "remove_file",
]
API_NAMES = [*Answers().fields, "never_asked"]
NOT_FILED = {"Draft", "RateBucket", "DailySalt"}  # what is begun, and how often somebody asked


VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """What a browser makes of a page: its text, what is typed in its fields, and what it would run."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.loose = "", ""  # loose: what no element keeps from turning the words around it
        self.runs: list[str] = []
        self.within: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            classes = set((dict(attrs).get("class") or "").split())
            isolates = tag in ("bdi", "title", "textarea", "option") or ("dir", "auto") in attrs
            isolates |= bool(classes & {"id", "vh"})  # by their style, or never drawn
            self.within.append((tag, isolates))
        harmful = [name for name, value in attrs if name.startswith("on") or CANARY in name]
        links = [value for name, value in attrs if name in ("href", "src", "action", "formaction") and value]
        harmful += [link for link in links if link.strip().lower().startswith(("javascript:", "data:"))]
        if harmful or CANARY in tag:
            self.runs.append(f"<{tag}> {harmful}")

    def handle_endtag(self, tag: str) -> None:
        while self.within and self.within.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.within and self.within[-1][0] in ("script", "style") and CANARY in data:
            self.runs.append(f"{self.within[-1]}: {data[:60]}")
        self.text += data
        if not any(isolates for _tag, isolates in self.within):
            self.loose += data


def seen(response: Any) -> str:
    """The text of a page, on which nothing runs and nothing was reckoned."""
    html = response.content.decode()
    page = Page(html)
    assert page.runs == []
    assert "10004711" not in page.text, "a template was filled in"
    assert str(1234 * 432100) not in page.text, "a template was filled in"
    assert CANARY not in str(response.headers)
    assert CANARY not in str(response.cookies)
    return page.text


TURNING = re.compile(".{0,60}[\u202a-\u202e\u2066-\u2069]")


def loose(response: Any) -> str:
    return re.sub("\u2068[^\u2069]*\u2069", "", Page(response.content.decode()).loose)


def reads(text: str) -> str:
    """How somebody's words read where hidden characters are named and white space is the browser's."""
    return flat(Page(str(visible(text, 0, len(text)))).text)


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def storable(text: str) -> bool:
    """Whether PostgreSQL can keep it as text."""
    return "\0" not in text and not re.search("[\ud800-\udfff]", text)


def rows() -> dict[str, int]:
    """How many rows every table has that a report could add to, counted in one question."""
    models = [
        model for app in ("ledger", "accounts", "reports", "triage") for model in apps.get_app_config(app).get_models()
    ]
    tables = {model.__name__: model._meta.db_table for model in models if model.__name__ not in NOT_FILED}
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables.values()))
        counted = cursor.fetchone()
    return dict(zip(tables, counted, strict=True))


@contextmanager
def trial() -> Iterator[None]:
    """What happens in it is taken back, so that the next attack finds the site as this one did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def post(client: Client, address: str, fields: dict[str, str]) -> Any:
    """Sent as a browser sends it, but halves of pairs and all: as the bytes that they would be."""
    told = {name.encode(errors="surrogatepass"): said.encode(errors="surrogatepass") for name, said in fields.items()}
    body = urlencode(told)
    return client.post(address, body, content_type="application/x-www-form-urlencoded")


def typed(text: str) -> str:
    """As much of it as an address holds, without halves of pairs."""
    return text[:2_000].encode(errors="replace").decode()


def answered(response: Any, *allowed: int) -> int:
    assert response.status_code in allowed, (response.status_code, response.content[:200])
    if response.status_code in (200, 422):
        seen(response)
    return int(response.status_code)


def tell(line: str) -> None:
    print(line)  # noqa: T201 (the table is what is asked for)


def filling(text: str, within: str) -> str:
    """The words, with enough around them to be taken."""
    return f"{within} {text} {within}"


def laid_out(text: str) -> dict[str, str]:
    """A report that is taken although these words stand in each of its free texts, cut to what each holds."""
    told = {name: filling(text[:15_000], "It said this to me, of all things:") for name in FREE}
    return {
        **SENT,
        **told,
        "summary": filling(text[:60], "It said:")[:120],
        "credit_name": text[:100] or "-",
        "version": text[:100] or "-",
        "wants_credit": "on",
        "shown_by": "words",
        DRAWN: drawn(timezone.now() - timedelta(minutes=2)),
    }


@pytest.fixture(autouse=True)
def room(no_limits: None) -> None:
    """Nobody here is stopped for being quick."""


@pytest.fixture
def desk(triager: Any) -> Client:
    client = Client()
    client.force_login(triager)
    return client


# The form


@pytest.mark.parametrize("label", LABELS)
def test_in_every_field_of_the_form_at_once(client: Client, label: str) -> None:
    before = rows()
    fields = {**dict.fromkeys(ASKED, TEXTS[label]), "gate": "no"}
    codes = [
        answered(post(client, FORM, fields), 200, 400, 422),  # 400: more than a request may bring
        answered(client.get(FORM), 200),
        answered(post(client, SAVE, fields), 204, 413),
        answered(post(client, KNOWN, fields), 200, 400),
        answered(client.get(f"{FORM}?again=1"), 200),
        answered(client.get(FORM, {"model": typed(TEXTS[label]), "kind": "x"}), 200),
        answered(client.get(CHECK), 302),
        *(
            answered(post(client, CHECK, {**fields, "step": step}), 302, 400)
            for step in ("send", "mask", "unmask", "language")
        ),
        answered(post(client, f"{FORM}discard/", fields), 302, 400),
    ]

    assert rows() == before
    tell(f"form, all fields  {label:24} {codes[0]} {'; '.join(map(str, codes[1:]))}")


def turned(by: int) -> dict[str, str]:
    """A form with another of the words in each field, as much as one request may bring."""
    texts = [text[:20_000] for text in TEXTS.values()]
    return {name: texts[(at + by) % len(texts)] for at, name in enumerate(ASKED)}


def test_each_of_the_words_in_some_field(client: Client) -> None:
    """Which meets which is left to the long run."""
    before = rows()
    for by in (0, 9, 18):
        answered(post(client, FORM, {**turned(by), "gate": "no", "step": "check", "remove_file": ""}), 422)
        answered(client.get(f"{FORM}?again=1"), 200)

    assert rows() == before


@pytest.mark.long
@pytest.mark.parametrize("name", ASKED)
def test_each_of_the_words_in_a_field_that_is_else_well_filled(client: Client, name: str) -> None:
    for label, text in TEXTS.items():
        before = rows()
        with trial():
            code = answered(post(client, FORM, {**SENT, name: text}), 200, 302, 422)
            answered(client.get(CHECK), 200, 302)
            assert rows() == before, (name, label)
        client.cookies.clear()
        tell(f"form, {name:18} {label:24} {'taken' if code == 302 else 'refused'}")


# What is taken


@pytest.mark.parametrize("label", LABELS)
def test_taken_it_is_text_on_the_check_page_the_receipt_and_the_desk(
    client: Client, desk: Client, artifact: Any, label: str
) -> None:
    text = TEXTS[label]
    sent = laid_out(text)
    answered(post(client, FORM, sent), 302, 422)
    checked = client.get(CHECK)
    if checked.status_code != 200:
        assert not Report.objects.exists()
        wrong = ", ".join(client.get(f"{FORM}?again=1").context["form"].errors)
        tell(f"filed             {label:24} refused: {wrong}")
        return
    answered(checked, 200)
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', checked.content.decode()))
    answered(post(client, CHECK, {**hidden, "step": "send"}), 302)
    report = Report.objects.get()
    match_report(report.pk)
    issue = report.placements.get().issue
    receipt = f"/reports/{report.reference}/"
    for form, name in (("write", "word"), ("add", "addition"), ("dispute", "dismissal"), ("answer", "reply")):
        answered(post(client, f"{receipt}{form}/", {f"{name}-text": filling(text[:1_000], "This too.")}), 302, 422)

    pages = {"check": checked, "receipt": client.get(receipt), "desk": desk.get(f"/triage/{issue.pk}/")}
    pages["publication"] = desk.get(f"/triage/{issue.pk}/publication/")
    pages["queue"] = desk.get("/triage/?view=list")

    told = {name: flat(seen(page)) for name, page in pages.items()}
    wanted = reads(as_kept(text)[:200])
    for name in ("check", "receipt", "desk"):
        assert wanted in told[name], name
    assert {name: turning for name, page in pages.items() if (turning := TURNING.findall(loose(page)))} == {}
    tell(f"filed             {label:24} taken, text on {', '.join(pages)}")


def as_kept(text: str) -> str:
    """What a form makes of bytes that are no text."""
    return text.encode(errors="surrogatepass").decode(errors="replace").replace("\r\n", "\n")


# Receipts


@pytest.mark.parametrize("label", LABELS)
def test_on_the_receipt_forms(client: Client, label: str) -> None:
    text, before = TEXTS[label], rows()
    codes = [
        answered(post(client, "/reports/open/", {"reference": text, "code": text}), 403),
        answered(post(client, "/reports/r-00000000/", {"code": text}), 403),
        answered(client.get("/reports/open/", {"reference": typed(text)}), 200),
        answered(client.get("/report/artifacts/", {"q": typed(text), "kind": "x"}), 200),
        answered(client.get("/report/artifacts/versions/", {"artifact": typed(text)}), 200),
        client.get("/api/v1/reports/r-00000000/", headers={"Authorization": f"Receipt {text[:200]!a}"}).status_code,
    ]

    assert rows() == before
    assert codes[-1] in (401, 403, 404)
    tell(f"receipt           {label:24} {'; '.join(map(str, codes))}")


# The API


@pytest.mark.parametrize("label", LABELS)
def test_in_every_field_of_the_api(client: Client, label: str) -> None:
    text, taken = TEXTS[label], []
    for name in [*API_NAMES, text[:60]]:
        nested: dict[str, Any] = {
            "transcript": [{"role": "user", "content": text}, {"role": text, "content": "Hello", text[:50]: 1}],
            "settings": {text: text},
            "reproduction": {"tries": text, "failures": text},
            "also_affects": [text],
        }
        before = rows()
        with trial():
            answer = call(client, {**ANSWERS, name: nested.get(name, text)})
            if answer == 201:
                taken.append(name)
            else:
                assert rows() == before, name
    tell(f"API               {label:24} {'taken in ' + ', '.join(taken) if taken else 'refused everywhere'}")


def call(client: Client, body: Any) -> int:
    """What the API says to it: a receipt, or a problem document that says where."""
    response = client.post(API, json.dumps(body), content_type="application/json")
    assert response.status_code in (201, 400, 409, 413, 422), (response.status_code, response.content[:200])
    if response.status_code != 201:
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["errors"] or response.json()["title"]
    return int(response.status_code)


# Whatever else there is

CHARACTERS = st.characters(codec=None)  # halves of pairs too
WORDS = st.text(CHARACTERS, max_size=60) | st.sampled_from([text for text in TEXTS.values() if len(text) < 1_000])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
ALMOST = st.dictionaries(st.sampled_from(API_NAMES), JSON, max_size=3).map(lambda odd: {**ANSWERS, **odd})
CHOICES = st.sampled_from(
    ["", "on", "no", "yes", "paste", "words", "none", "model", "private", "after_embargo", "12", "en"]
)
FIELDS = st.dictionaries(st.sampled_from(ASKED) | WORDS, CHOICES | WORDS, max_size=6)
FILLED = FIELDS.map(lambda odd: {**SENT, **odd}) | FIELDS
MANY = settings(max_examples=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
FEW = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


def api_answers(client: Client, body: Any) -> None:
    before = rows()
    with trial():
        if call(client, body) != 201:
            assert rows() == before


def form_answers(client: Client, fields: dict[str, str]) -> None:
    """Saved, looked at and sent, as far as it comes."""
    client.cookies.clear()
    before = rows()
    with trial():
        answered(post(client, FORM, fields), 200, 302, 422)
        checked = client.get(CHECK)
        assert rows() == before
        if answered(checked, 200, 302) == 200:
            hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', checked.content.decode()))
            answered(post(client, CHECK, {**hidden, "step": "send"}), 302)
            if Report.objects.count() == before["Report"]:
                assert rows() == before


@FEW
@given(body=JSON | ALMOST)
def test_the_api_answers_any_json(client: Client, body: Any) -> None:
    api_answers(client, body)


@pytest.mark.long
@MANY
@given(body=JSON | ALMOST)
def test_the_api_answers_ten_thousand_times(client: Client, body: Any) -> None:
    api_answers(client, body)


@FEW
@given(fields=FILLED)
def test_the_form_answers_any_fields(client: Client, fields: dict[str, str]) -> None:
    form_answers(client, fields)


@pytest.mark.long
@MANY
@given(fields=FILLED)
def test_the_form_answers_ten_thousand_times(client: Client, fields: dict[str, str]) -> None:
    form_answers(client, fields)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"gate=no&summary=%FF%FE%00", b"gate=no&" * 600, b"=&=&;", b"\x00"])
def test_bodies_that_are_no_fields(client: Client, body: bytes) -> None:
    before = rows()
    form = "application/x-www-form-urlencoded"
    codes = [client.post(address, body, content_type=form).status_code for address in (FORM, SAVE, CHECK)]
    parts = [
        client.post(FORM, body, content_type=f"multipart/form-data; boundary={mark}").status_code for mark in ("x", "")
    ]
    told = client.post(API, body, content_type="application/json").status_code

    assert set(codes) <= {200, 204, 302, 400, 403, 422}, codes
    assert set(parts) <= {200, 400, 422}, parts
    assert told == 400
    assert rows() == before
    tell(f"body              {quote_from_bytes(body)[:24]:24} {codes} {parts} {told}")
