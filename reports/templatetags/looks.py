"""What templates ask of text, states and dates. Pure: nothing here reads the database or the settings of a person."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from html import unescape
from itertools import pairwise
from typing import Any

from django import template
from django.contrib.messages import WARNING
from django.contrib.messages.storage.base import Message
from django.forms import BoundField
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import is_aware, localtime
from django.utils.translation import get_language, get_language_info, gettext, gettext_lazy

from reports.vocabulary import AffectedStatus, Dismissal, Resolution, Severity, Status, TurnRole
from reports.workdays import day_in_words

register = template.Library()

Span = Sequence[Any]  # [start, end] in code points, end excluded; a redaction adds what was removed

ACCOUNT = {
    "summary": gettext_lazy("Summary"),
    "what_happened": gettext_lazy("What happened"),
    "expected": gettext_lazy("What should have happened"),
}
LEVELS = {severity.value: level for level, severity in enumerate(Severity)}
ENDINGS = {choice.value: choice.label for choices in (Resolution, Dismissal) for choice in choices}

ZERO_WIDTH_JOINERS = "\u200c\u200d"
BLANK_SIGNS = "\u034f\u115f\u1160\u3164\uffa0\u2800"  # letters, marks and symbols by category, drawn as nothing
PREPENDED_SIGNS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"  # format by category, drawn
HIDDEN_CATEGORIES = ("Cc", "Cf", "Zl", "Zp", "Co", "Cs")


@register.filter
def severity_level(severity: str) -> int:
    """0 (not sure, or unknown) to 4 (critical)."""
    return LEVELS.get(severity, 0)


@register.filter
def severity_word(severity: str) -> str:
    return str(Severity(severity).label if severity in LEVELS else Severity.NOT_SURE.label)


@register.simple_tag
def quiet_severity(severity: str) -> str:
    """The component with its word heard only, for each row of a long list: there are five, in each language."""
    return _quiet_severity(severity, get_language())


@lru_cache(maxsize=256)
def _quiet_severity(severity: str, language: str | None) -> str:
    return render_to_string("components/severity.html", {"severity": severity, "quiet": True})


@register.filter
def state_word(status: str, resolution: str = "") -> str:
    """How it was resolved or why it was dismissed, if that is known; else the status."""
    if status in (Status.RESOLVED, Status.DISMISSED) and resolution in ENDINGS:
        return str(ENDINGS[resolution])
    return str(Status(status).label) if status in Status.values else status


@register.filter
def affected_word(status: str) -> str:
    return str(AffectedStatus(status).label) if status in AffectedStatus.values else status


@register.filter
def role_word(role: str) -> str:
    return str(TurnRole(role).label) if role in TurnRole.values else role


@register.filter
def part_word(part: str, role: str = "") -> str:
    """What a part of a report is called: whose turn it is, or which question it answers."""
    return role_word(role) if role else str(ACCOUNT[part]) if part in ACCOUNT else part


@register.filter
def language_word(code: str) -> str:
    """The language in the reader's own; its code where nobody has named it."""
    if code == "zh":  # Django knows it by its scripts only
        return gettext("Chinese")
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


@register.filter
def rows(related: Any) -> Iterable[Any]:
    """A plain list as it is, a related manager as its rows (prefetched ones cost no query)."""
    found: Iterable[Any] = related.all() if hasattr(related, "all") else related or ()
    return found


@register.filter
def of(mapping: Mapping[str, Any] | None, key: Any) -> Any:
    """What ``mapping`` holds for ``key``, or nothing."""
    return (mapping or {}).get(str(key), "")


@register.filter
def first_input(field: BoundField) -> str:
    """The id to send the focus to: of the input, or of the first of several."""
    return f"{field.auto_id}_0" if field.use_fieldset else field.id_for_label


@register.filter
def notices(messages: Iterable[Message] | None) -> list[Message]:
    """Those that must be read before going on."""
    return [message for message in messages or () if message.level >= WARNING]


@register.filter
def toasts(messages: Iterable[Message] | None) -> list[Message]:
    """Those that say what was done."""
    return [message for message in messages or () if message.level < WARNING]


@register.simple_tag
def when(moment: date | datetime | None, minutes: bool = False) -> str:
    """A <time> with the day in words, and the time of day if asked for."""
    if not moment:
        return ""
    local = localtime(moment) if isinstance(moment, datetime) and is_aware(moment) else moment
    with_minutes = bool(minutes) and isinstance(local, datetime)
    words = day_in_words(local)
    if with_minutes:
        words = gettext("%(day)s, %(time)s") % {"day": words, "time": date_format(local, "H:i")}
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), words)


@register.filter
def day(moment: date | datetime) -> str:
    """The day in words alone, where very many stand on a page; else ``when``."""
    return day_in_words(moment)


@register.simple_block_tag
def captured(content: str) -> str:
    """The words between the tags, trimmed, to be kept by ``as``: how base.html learns which page it is."""
    return content.strip()


@register.simple_block_tag
def worded(content: str) -> str:
    """What stands between the tags as plain text on one line, to be written in more places than one.

    It is escaped where it is written, as any other text is.
    """
    return " ".join(unescape(strip_tags(content)).split())


@register.simple_tag
def marked(
    text: str | None,
    shared: Sequence[Span] | None = None,
    fault: Sequence[Span] | None = None,
    redacted: Sequence[Span] | None = None,
    asked: Sequence[Span] | None = None,
) -> SafeString:
    """Somebody's words as HTML that can only be read: escaped, spans marked, hidden characters shown.

    Spans may overlap, lie outside the text or be upside down; what they cannot mean is left out.
    Redacted characters are not in the answer at all.
    """
    words = text or ""
    kinds = {"fault": _kept(fault, words), "shared": _kept(shared, words), "asked": _kept(asked, words)}
    return mark_safe("".join(_pieces(words, kinds, _kept(redacted, words))))  # noqa: S308 (every piece below went through format_html)


def _kept(spans: Sequence[Span] | None, text: str) -> list[Span]:
    """The spans that touch the text, cut to it."""
    size = len(text)
    cut = [(max(0, int(span[0])), min(size, int(span[1])), *span[2:]) for span in spans or () if len(span) >= 2]
    return [span for span in cut if span[0] < span[1]]


def _pieces(text: str, kinds: Mapping[str, list[Span]], redacted: list[Span]) -> Iterator[str]:
    """The text cut wherever a span begins or ends, each piece drawn once; the first kind of mark is the innermost."""
    spans = [span for of_kind in (*kinds.values(), redacted) for span in of_kind]
    edges = sorted({0, len(text), *(edge for span in spans for edge in span[:2])})
    last_removed: Span | None = None
    for start, end in pairwise(edges):
        removed = next((span for span in redacted if span[0] <= start < span[1]), None)
        if removed is not None:
            if removed is not last_removed:
                yield _redaction(removed)
            last_removed = removed
            continue
        last_removed = None
        piece = visible(text, start, end)
        for kind, of_kind in kinds.items():
            if any(span[0] <= start < span[1] for span in of_kind):
                piece = format_html('<mark class="{}">{}</mark>', kind, piece)
        yield piece


def _redaction(span: Span) -> str:
    what = span[2] if len(span) > 2 and span[2] else gettext("text")
    return format_html('<span class="redacted">{}</span>', gettext("%(what)s removed") % {"what": what})


def visible(text: str, start: int, end: int) -> str:
    """``text[start:end]`` escaped, with each hidden character (or run of one) as a chip that names it."""
    plain: list[str] = []
    drawn: list[str] = []
    position = start
    while position < end:
        sign = text[position]
        if not is_hidden(text, position):
            plain.append(sign)
            position += 1
            continue
        run = position
        while run < end and text[run] == sign and is_hidden(text, run):
            run += 1
        drawn += [conditional_escape("".join(plain)), _chip(sign, run - position)]
        plain = []
        position = run
    drawn.append(conditional_escape("".join(plain)))
    return format_html_join("", "{}", ((piece,) for piece in drawn))


def is_hidden(text: str, position: int) -> bool:
    """Whether this character steers or hides what is read instead of being read itself.

    Line ends and tabs are layout. A joiner between letters of a script that joins, or between parts of an
    emoji, is spelling; beside Latin letters, digits or an end it is hiding. So is a variation selector without
    anything to vary.
    """
    sign = text[position]
    if sign in "\n\t" or sign in PREPENDED_SIGNS:
        return False
    if sign == "\r":
        return text[position + 1 : position + 2] != "\n"
    if sign in ZERO_WIDTH_JOINERS:
        return not (0 < position < len(text) - 1 and _joins(text[position - 1]) and _joins(text[position + 1]))
    if "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef":
        return not (position and _may_vary(text[position - 1]))
    return sign in BLANK_SIGNS or unicodedata.category(sign) in HIDDEN_CATEGORIES


def _may_vary(before: str) -> bool:
    """Whether a variation selector has something to vary: a sign, a keycap's key or a letter beyond Latin."""
    return before in "0123456789#*" or (ord(before) > 0x7F and unicodedata.category(before) in ("Lo", "So", "Sm", "Po"))


def _joins(neighbour: str) -> bool:
    return ord(neighbour) > 0x2FF and unicodedata.category(neighbour)[0] in "LMS"


def _chip(sign: str, times: int) -> str:
    code = f"U+{ord(sign):04X}" + (f" \N{MULTIPLICATION SIGN}{times}" if times > 1 else "")
    return format_html('<span class="ctrl" title="{}">{}</span>', unicodedata.name(sign, "control"), code)
