"""Pages about the site: what comes with the code, an operator's own in their place, and what cannot be shown."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as known_settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from config.settings import contact
from reports.governance import LONGEST, SHIPPED, SLUGS, Unfit, check_statements, read, rendered, statement

pytestmark = pytest.mark.django_db
LANGUAGES = [code for code, _name in known_settings.LANGUAGES]


@pytest.fixture
def own(tmp_path: Path, settings: Any) -> Path:
    settings.GOVERNANCE_DIR = tmp_path
    return tmp_path


def page(client: Client, address: str, language: str = "en") -> str:
    return client.get(address, headers={"accept-language": language}).content.decode()


def warnings() -> list[str]:
    return [f"{warning.msg}".rpartition("/")[2] for warning in check_statements(None)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", SLUGS)
def test_every_page_comes_in_every_language_with_the_same_parts(slug: str, language: str) -> None:
    found, english = (read(SHIPPED / f"{slug}.{code}.md", slug, code) for code in (language, "en"))

    parts = [re.findall(r"<(h\d|table|tr|li|p)\b", each.html) for each in (found, english)]
    links = [re.findall(r'href="([^"]+)"', each.html) for each in (found, english)]
    assert (parts[0], links[0]) == (parts[1], links[1])
    assert found.title
    assert found.summary


@pytest.mark.parametrize("slug", SLUGS)
def test_links_of_the_pages_lead_somewhere(client: Client, slug: str) -> None:
    for address in re.findall(r'href="([^"]+)"', read(SHIPPED / f"{slug}.en.md", slug, "en").html):
        assert client.get(address).status_code == 200, address


def test_all_pages_are_listed_and_found(client: Client) -> None:
    listed = page(client, "/about/")

    for slug in SLUGS:
        assert f'href="/about/{slug}/"' in listed
        assert client.get(f"/about/{slug}/").status_code == 200
    assert "كيف تُعالَج البلاغات" in page(client, "/about/", "ar")


@pytest.mark.parametrize("slug", ["nothing", "handling.en", "x" * 300, "-", "..%2F..%2Fetc", "%00", "Handling"])
def test_what_is_no_page_is_not_found(client: Client, own: Path, slug: str) -> None:
    assert client.get(f"/about/{slug}/").status_code == 404


def test_what_an_operator_wrote_takes_its_place_in_every_language(client: Client, own: Path) -> None:
    (own / "retention.en.md").write_text("# What we keep\n\nNothing.\n")

    assert "What we keep" in page(client, "/about/retention/")
    spanish = page(client, "/about/retention/", "es")
    assert '<article class="sections" lang="en" dir="ltr">' in spanish
    assert "English" in spanish
    assert "Nada se borra" not in spanish
    assert "Cómo se tratan los informes" in page(client, "/about/handling/", "es")

    (own / "retention.ar.md").write_text("# ما نحفظه\n\nلا شيء.\n")
    assert "ما نحفظه" in page(client, "/about/retention/", "ar")


def test_a_page_in_arabic_only_is_marked_as_such(client: Client, own: Path) -> None:
    (own / "imprint.ar.md").write_text("# الناشر\n\nنحن.\n")

    assert 'lang="ar" dir="rtl"' in page(client, "/about/imprint/")
    assert 'href="/about/imprint/"' in page(client, "/about/")


def test_a_change_is_seen_at_once_and_changes_the_tag(client: Client, own: Path) -> None:
    (own / "imprint.en.md").write_text("# Imprint\n\nOne.\n")
    first = client.get("/about/imprint/")
    assert client.get("/about/imprint/", headers={"if-none-match": first["ETag"]}).status_code == 304

    (own / "imprint.en.md").write_text("# Imprint\n\nAnother.\n")

    again = client.get("/about/imprint/", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 200
    assert "Another." in again.content.decode()


def test_what_cannot_be_shown_is_said_and_what_was_there_is_shown(client: Client, own: Path) -> None:
    (own / "handling.en.md").write_text(" \n")
    (own / "content.en.md").write_bytes("# Größe\n".encode("latin-1"))
    (own / "retention.en.md").write_text("# Long\n\n" + "x" * LONGEST)
    (own / "verify.en.md").write_text("Without a title.\n")
    (own / "security.en.md").mkdir()
    (own / "operator.xx.md").write_text("# Unknown\n")
    (own / "Operator.en.md").write_text("# Large\n")
    (own / "notes.txt").write_text("Not a page.")

    misnamed = "is not called slug.language.md, of small letters, digits and dashes, in one of en, zh-hans, es, ar."
    assert warnings() == [
        f"Operator.en.md {misnamed}",
        "content.en.md is not written in UTF-8.",
        "handling.en.md is empty.",
        f"operator.xx.md {misnamed}",
        f"retention.en.md is longer than {LONGEST} bytes.",
        "security.en.md cannot be read: Is a directory.",
        "verify.en.md has no title: begin it with a line “# Title”.",
    ]
    shipped = {slug: read(SHIPPED / f"{slug}.en.md", slug, "en") for slug in SLUGS}
    assert {slug: statement(slug, "en") for slug in SLUGS} == shipped
    assert client.get("/about/security/").status_code == 200


def test_a_folder_that_is_not_there_is_said(client: Client, tmp_path: Path, settings: Any, capsys: Any) -> None:
    settings.GOVERNANCE_DIR = tmp_path / "missing"

    call_command("check")

    assert "is no folder that can be read" in capsys.readouterr().err
    assert client.get("/about/retention/").status_code == 200


HOSTILE = """# A <b>title</b> & more

<script>alert(1)</script><style>*{color:red}</style>

[click](javascript:alert(1)) [data](data:text/html,x) [fine](/report/) ![picture](https://example.org/p.png)

## Same

## Same

# Another of the first level

| a | b |
|:--|--:|
| 1 | 2 |

<p style="color:red" onclick="x">raw</p>
"""


def test_an_operators_page_cannot_break_out_of_ours(client: Client, own: Path) -> None:
    (own / "imprint.en.md").write_text(HOSTILE)

    shown = rendered(HOSTILE, "imprint", "en")

    assert shown.title == "A <b>title</b> & more"
    assert not re.search(r"<(script|style|img|p [a-z]|h1)|<[^>]*style=|href=\"(javascript|data):", shown.html)
    assert re.findall(r'<h2 id="([^"]+)"', shown.html) == ["on-same", "on-same-2", "on-another-of-the-first-level"]
    assert "<table>" in shown.html
    body = page(client, "/about/imprint/")
    assert "A &lt;b&gt;title&lt;/b&gt; &amp; more" in body
    assert "<b>title" not in body


@given(st.text(max_size=300))
def test_whatever_stands_in_a_page_is_shown_or_refused(words: str) -> None:
    try:
        shown = rendered(words, "x", "en")
    except Unfit:
        return
    tags = set(re.findall(r"<([a-z0-9]+)", shown.html))
    assert not tags & {"script", "style", "img", "iframe", "h1", "form", "input"}


def test_who_runs_the_site_is_said_or_that_nobody_has(client: Client, settings: Any) -> None:
    nobody = page(client, "/about/operator/")
    assert "has not said who they are" in nobody
    assert "has not said how to reach them" in nobody

    settings.OPERATOR_NAME, settings.OPERATOR_CONTACT = "Harbour <University>", "mailto:records@example.org"

    somebody = page(client, "/about/operator/")
    assert "Harbour &lt;University&gt;" in somebody
    assert '<a href="mailto:records@example.org"><bdi>records@example.org</bdi></a>' in somebody
    assert "has not said" not in somebody


def test_security_txt_is_there_once_somebody_is_named(client: Client, settings: Any) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404

    settings.SECURITY_CONTACT = "mailto:security@example.org"
    answer = client.get("/.well-known/security.txt")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    named = dict(line.split(": ", 1) for line in answer.content.decode().split("\r\n") if line)
    assert list(named) == ["Contact", "Expires", "Canonical", "Policy"]
    assert named["Contact"] == "mailto:security@example.org"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", named["Expires"])
    assert named["Canonical"].endswith("/.well-known/security.txt")
    assert "security@example.org" in page(client, "/about/security/")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("", ""),
        (" a@example.org ", "mailto:a@example.org"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("https://example.org/contact", "https://example.org/contact"),
    ],
)
def test_a_contact_is_an_address_or_a_page(told: str, kept: str) -> None:
    assert contact(told) == kept


@pytest.mark.parametrize(
    "told",
    [
        "nobody",
        "http://example.org",
        "https://",
        "a@b",
        "javascript:x@y.z",
        "a@b.c\nX: y",
        "ä@b.c",
        "a b@c.d",
        '"><@x.y',
    ],
)
def test_any_other_contact_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match="contact"):
        contact(told)


def test_pages_about_the_site_ask_the_database_nothing(client: Client, own: Path) -> None:
    for address in ("/about/", "/about/handling/"):
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        assert len(asked) == 0


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield
