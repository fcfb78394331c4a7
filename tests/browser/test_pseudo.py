"""In a language of longer words, mirrored and not, nothing is cut off, nothing pushes a page sideways, and no word
stands there that nobody could translate."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.filled import cookies
from tests.browser.pseudo import spoken
from tests.browser.walk import ANYBODY, NARROW, PHONE, SIGNED_IN, WIDE, Site, Way

pytestmark = pytest.mark.django_db(transaction=True)
FEW = ("home", "form", "form-refused", "check-doubted", "receipt-fresh", "issue", "artifact")
# What is not a page's own sentence: names, numbers and times, what people wrote, code, and other languages' own names.
CONTENT = "bdi, time, code, kbd, q, mark, .id, .text, .turn p, .title, [dir=auto], [lang]:not(html), .ctrl, .brand"
CONTENT += ", .statement, .statements p, [dir=ltr], [name=language], label[for^=email]"
# The same in every language: names, formats, the letters of a number, and what somebody asked for.
NAMES = "INCIBE|INHOPE|Internet Watch Foundation|NCMEC CyberTipline|Cybertip"
NAMES += "|Atom|AVID|BibTeX|CSV|JSON|OpenVEX|OSV|TT-|banana"

OFFENDERS = """() => {
  const found = [];
  const named = (element) => {
    const way = [];
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      way.unshift(at.localName + (at.id ? `#${at.id}` : [...at.classList].map((name) => `.${name}`).join("")));
      if (at.id) break;
    }
    return way.slice(-4).join(" > ");
  };
  const isHidden = (element) => element.closest(".vh, .skip") || !element.checkVisibility();
  const rectangles = (element) => isHidden(element) ? [] : [...element.childNodes].flatMap((node) => {
    const words = document.createRange();
    words.selectNodeContents(node);
    return node.nodeType === Node.TEXT_NODE && node.data.trim() ? [...words.getClientRects()] : [];
  });
  if (document.scrollingElement.scrollWidth > innerWidth) {
    const wide = [...document.body.querySelectorAll("*")].filter((element) => {
      const box = element.getBoundingClientRect();
      return !isHidden(element) && (box.right > innerWidth + 1 || box.left < -1);
    });
    found.push(`the page scrolls sideways: ${wide.slice(-1).map(named)}`);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (isHidden(element) || element.clientWidth < 3 || !element.innerText?.trim()) continue; // thinner is for ears
    const style = getComputedStyle(element);
    const isCut = /hidden|clip/.test(style.overflowX) || style.textOverflow === "ellipsis";
    if (isCut && !element.title && element.scrollWidth > element.clientWidth + 1) found.push(`cut: ${named(element)}`);
    if (!element.matches("button, .button, .badge, .state, summary, legend, th")) continue;
    const box = element.getBoundingClientRect();
    const drawn = [...element.querySelectorAll("*"), element].flatMap(rectangles);
    const isOver = drawn.some((part) => part.left < box.left - 1 || part.right > box.right + 1);
    if (isOver) found.push(`over: ${named(element)}`);
  }
  return found;
}"""

# The text of each block without its content and without what is between the marks of this language.
UNTOLD = """([content, names]) => {
  const found = new Set();
  const isBlock = (element) => !/^inline|contents/.test(getComputedStyle(element).display) && !element.matches(".vh");
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || /^(script|style|textarea|svg)$/i.test(node.localName)) return "";
    if (node.matches(content)) return " ";
    return [...node.childNodes].map((inner) => (isApart(inner) ? " " : read(inner))).join("");
  };
  const isApart = (node) => node.nodeType === Node.ELEMENT_NODE && isBlock(node);
  const tell = (element, what, said) => {
    const text = said.replace(new RegExp(names, "g"), "");
    if (/[A-Za-z]{2,}/.test(text)) {
      found.add(`${element.localName}.${element.className} ${what}: ${text.replace(/\\s+/g, " ").trim().slice(0, 90)}`);
    }
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (!isBlock(element) || element.closest(`${content}, script, style, textarea, svg`)) continue;
    if (!element.checkVisibility() && !element.matches("option")) continue;
    let text = read(element), before = "";
    while (text !== before) [before, text] = [text, text.replace(/⟦[^⟦⟧]*⟧/g, " ")];
    tell(element, "", text);
  }
  for (const element of document.body.querySelectorAll("[title], [aria-label], [placeholder], [alt]")) {
    if (element.closest(content)) continue;
    for (const name of ["title", "aria-label", "placeholder", "alt"]) {
      tell(element, name, (element.getAttribute(name) ?? "").replace(/⟦.*⟧/gs, ""));
    }
  }
  return [...found];
}"""


def measured(page: Page, site: Site, ways: dict[str, Way], carried: Any) -> dict[str, list[str]]:
    """What is cut, pushed aside or said in English, by page."""
    wrong = {}
    for name, way in ways.items():
        page.set_viewport_size(WIDE)
        way(page, site)
        is_arabic = page.evaluate("document.documentElement.dir === 'rtl'")  # else the framework's words look as ours
        told = [f"untold: {words}" for words in page.evaluate(UNTOLD, [CONTENT, NAMES])] if is_arabic else []
        for size in (NARROW, PHONE, WIDE):
            page.set_viewport_size(size)
            told += [f"{size['width']} px: {fault}" for fault in page.evaluate(OFFENDERS)]
        if told:
            wrong[name] = told
        page.goto("about:blank")  # so that a form that saves itself as it is left does so before
        page.context.clear_cookies()
        page.context.add_cookies(carried)
    return wrong


def walked(browser: Browser, site: Site, ways: dict[str, Way], user: Any, locale: str) -> dict[str, list[str]]:
    context = browser.new_context(locale=locale, reduced_motion="reduce")
    context.set_default_timeout(60_000)  # a bound for a loaded machine, not a measure
    if user is not None:
        context.add_cookies(cookies(user, site.base))  # type: ignore[arg-type] # a plain dict is one
    wrong = measured(context.new_page(), site, ways, context.cookies())
    context.close()
    return wrong


def test_longer_words_written_from_right_to_left(browser: Browser, filled: Site, tmp_path: Path) -> None:
    with spoken(tmp_path, "ar"):
        assert walked(browser, filled, {name: ANYBODY[name] for name in FEW}, None, "ar") == {}


@pytest.mark.long
@pytest.mark.parametrize("locale", ["ar", "es"])
def test_longer_words_everywhere(browser: Browser, filled: Site, somebody: Any, tmp_path: Path, locale: str) -> None:
    with spoken(tmp_path, locale):
        assert walked(browser, filled, ANYBODY, None, locale) == {}
        assert walked(browser, filled, SIGNED_IN, somebody, locale) == {}
