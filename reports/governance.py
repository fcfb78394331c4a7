"""What a site says of its own rules, in Markdown: pages that come with the code, and an operator's own in their place.

A page is a file ``slug.language.md``; its first heading of the first level is its title. Files of ``GOVERNANCE_DIR``
take the place of those in ``SHIPPED``, or add to them. Where an operator wrote a page in one language only, that is
shown to everybody: what came with the code in others may say something else.

An operator means no harm, but a page of theirs must not break out of ours: no HTML, no images, no styles.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import nh3
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

SHIPPED = Path(__file__).parent / "statements"
# In the order in which they are listed; an operator's further pages follow by name.
SLUGS = ("handling", "content", "operator", "retention", "verify", "security")
NAME = re.compile(r"(?P<slug>[a-z0-9][a-z0-9-]{0,39})\.(?P<language>[a-z-]+)\.md")
LONGEST = 60_000  # bytes of a file; a public page has 50 kB of HTML, and few say as much in rules
KEPT = 200  # pages, as they were read
SUMMARY = 300  # characters

TAGS = {
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "ul",
    "ol",
    "li",
    "a",
    "em",
    "strong",
    "code",
    "pre",
    "blockquote",
    "hr",
    "br",
}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, **{f"h{level}": {"id"} for level in range(2, 7)}}
SCHEMES = {"http", "https", "mailto"}


class Unfit(Exception):
    """A file that is no page, with the sentence that says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One page in one language. ``summary`` is its first paragraph, as plain text."""

    slug: str
    language: str
    title: str
    summary: str
    html: str


def statement(slug: str, language: str) -> Statement | None:
    """The page of that name in ``language``, or in the language there is; None if there is none."""
    for folder in folders():
        found = {each.language: each for each in _pages(folder, slug)}
        if found:
            wanted = [language, settings.LANGUAGE_CODE, *(code for code, _name in settings.LANGUAGES)]
            return next(found[code] for code in wanted if code in found)
    return None


def statements(language: str) -> list[Statement]:
    """Every page there is, in the order of ``SLUGS``, then by name."""
    added = {name.group("slug") for folder in folders() for name in _names(folder)} - set(SLUGS)
    found = [statement(slug, language) for slug in [*SLUGS, *sorted(added)]]
    return [each for each in found if each is not None]


def folders() -> list[Path]:
    """Where pages lie, an operator's first."""
    return [*filter(None, [settings.GOVERNANCE_DIR]), SHIPPED]


def _names(folder: Path) -> list[re.Match[str]]:
    """The names of pages in it, of languages that this site speaks."""
    known = {code for code, _name in settings.LANGUAGES}
    found = [NAME.fullmatch(path.name) for path in _listed(folder)]
    return [name for name in found if name and name.group("language") in known]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _pages(folder: Path, slug: str) -> Iterator[Statement]:
    """What can be read of a page; the check tells of what cannot."""
    for code, _name in settings.LANGUAGES:
        path = folder / f"{slug}.{code}.md"
        try:
            yield read(path, slug, code)
        except (Unfit, FileNotFoundError, NotADirectoryError):
            continue


def read(path: Path, slug: str, language: str) -> Statement:
    """Raises Unfit if it is no page, FileNotFoundError if it is not there."""
    try:
        known = path.stat()
        if known.st_size > LONGEST:
            raise Unfit(f"is longer than {LONGEST} bytes")
        return _read(path, slug, language, known.st_mtime_ns, known.st_size)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise Unfit(f"cannot be read: {error.strerror}") from error


@lru_cache(maxsize=KEPT)
def _read(path: Path, slug: str, language: str, _changed_ns: int, _size: int) -> Statement:
    """As it was when it was last changed."""
    try:
        words = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unfit("is not written in UTF-8") from error
    if "\x00" in words:
        raise Unfit("holds what is no text")
    if not words.strip():
        raise Unfit("is empty")
    return rendered(words, slug, language)


def rendered(words: str, slug: str, language: str) -> Statement:
    """Raises Unfit if it has no title."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = markdown.parse(words)
    title = _title(tokens)
    if not title:
        raise Unfit("has no title: begin it with a line “# Title”")
    _name_headings(tokens)
    html = nh3.clean(
        markdown.renderer.render(tokens, markdown.options, {}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener",
    )
    return Statement(slug, language, title, _first_paragraph(tokens), html)


def _title(tokens: list[Token]) -> str:
    """The first heading of the first level, which is taken out: the page shows it itself."""
    at = next((at for at, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h1"), None)
    if at is None:
        return ""
    title = _plain(tokens[at + 1])
    del tokens[at : at + 3]
    return title


def _name_headings(tokens: list[Token]) -> None:
    """An id for each heading, so that it can be linked to; apart from those of the page around it."""
    given: dict[str, int] = {}
    for token, inside in pairwise(tokens):
        if token.type in ("heading_open", "heading_close") and token.tag == "h1":
            token.tag = "h2"  # the page has one of the first level
        if token.type == "heading_open":
            name = f"on-{slugify(_plain(inside), allow_unicode=True)}"
            given[name] = given.get(name, 0) + 1
            token.attrSet("id", name if given[name] == 1 else f"{name}-{given[name]}")


def _first_paragraph(tokens: list[Token]) -> str:
    at = next((at for at, token in enumerate(tokens) if token.type == "paragraph_open"), None)
    words = "" if at is None else _plain(tokens[at + 1])
    return words if len(words) <= SUMMARY else f"{words[: SUMMARY - 1]}…"


def _plain(inline: Token) -> str:
    spoken = (" " if token.type in ("softbreak", "hardbreak") else token.content for token in inline.children or [])
    return "".join(spoken).strip()


@register()
def check_statements(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Says what of an operator's folder is not shown, and why."""
    folder: Path | None = settings.GOVERNANCE_DIR
    if folder is None:
        return []
    if not folder.is_dir():
        return [_warning(folder, "is no folder that can be read")]
    return [_warning(path, why) for path in _listed(folder) if (why := _why_not(path))]


def _why_not(path: Path) -> str:
    if path.suffix != ".md":
        return ""  # a folder may hold more, such as what it is made from
    name = NAME.fullmatch(path.name)
    if not name or name.group("language") not in dict(settings.LANGUAGES):
        languages = ", ".join(code for code, _name in settings.LANGUAGES)
        return f"is not called slug.language.md, of small letters, digits and dashes, in one of {languages}"
    try:
        read(path, name.group("slug"), name.group("language"))
    except Unfit as refusal:
        return str(refusal)
    except OSError:
        return "is not there any more"
    return ""


def _warning(path: Path, why: str) -> CheckMessage:
    return Warning(
        f"{path} {why}.",
        hint="What comes with Telltale is shown instead, if there is such a page. See docs/governance.md.",
        id="reports.W001",
    )
