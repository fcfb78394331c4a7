"""What this site did, in numbers, for everybody and the same for everybody: a page and its JSON twin."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from babel import Locale
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext, to_locale
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from reports.conditional import public_page, release, tag_of, unless_known
from reports.models import Signal
from reports.promptness import Promptness, Spread
from reports.suppression import LEAST, Folded
from reports.transparency import TABLES, Figures, Quarter, Told, developers, figures
from reports.vocabulary import Channel, Dismissal, PlacedBy, Resolution
from reports.workdays import day_in_words

Row = dict[str, Any]
SCHEMA_VERSION = 1

# How a signal ended, or that it has not.
ENDS: Mapping[str, Promise] = {
    Signal.State.NEW: gettext_lazy("Not looked at yet"),
    Signal.State.IN_REVIEW: gettext_lazy("Being looked at"),
    Signal.State.CONFIRMED: gettext_lazy("Confirmed"),
    Signal.State.REFUTED: gettext_lazy("Refuted"),
    Signal.State.KNOWN: gettext_lazy("Known already"),
    Signal.State.INSUFFICIENT: gettext_lazy("Too little to go on"),
}


@open_to_all
@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    today = datetime.now(UTC).date()
    shown = _asked(request, today)
    told = {
        "period": period_in_words(shown),
        "running": shown.is_running and shown.quarter is not None,
        "counted_to": shown.counted_to,
        "sections": sections(shown),
        "each": each_quarter(shown),
        "developers": [promptness(name, each) for name, each in developers(today).items()],
        "two_person": settings.TWO_PERSON,
        "least": LEAST,
    }
    return public_page(request, "reports/transparency.html", told, **around(shown))


@open_to_all
@require_safe
def transparency_twin(request: HttpRequest) -> HttpResponse:
    today = datetime.now(UTC).date()
    told = as_json(_asked(request, today), developers(today))
    return unless_known(request, tag_of(release(), told), lambda: JsonResponse(told))


def _asked(request: HttpRequest, today: date) -> Figures:
    found = figures(request.GET.get("period", ""), today=today)
    if found is None:
        raise Http404
    return found


def address(quarter: Quarter | None, name: str = "transparency") -> str:
    return reverse(name) + (f"?period={quarter}" if quarter else "")


def around(shown: Figures) -> dict[str, Any]:
    """Where one can go from here."""
    tabs = [{"words": _("All so far"), "href": address(None), "is_here": shown.quarter is None}]
    newest = [*reversed(shown.quarters)]
    tabs += [{"words": in_words(each), "href": address(each), "is_here": each == shown.quarter} for each in newest[:4]]
    if shown.quarter and shown.quarter not in newest[:4]:
        tabs.append({"words": in_words(shown.quarter), "href": address(shown.quarter), "is_here": True})
    before, after = neighbours(shown)
    return {
        "canonical": settings.SITE_URL + address(shown.quarter),
        "tabs": tabs,
        "twin": address(shown.quarter, "transparency_twin"),
        "before": {"words": in_words(before), "href": address(before)} if before else None,
        "after": {"words": in_words(after), "href": address(after)} if after else None,
    }


def neighbours(shown: Figures) -> tuple[Quarter | None, Quarter | None]:
    if shown.quarter is None:
        return None, None
    at = shown.quarters.index(shown.quarter)
    before = shown.quarters[at - 1] if at else None
    return before, shown.quarters[at + 1] if at + 1 < len(shown.quarters) else None


def in_words(quarter: Quarter) -> str:
    return _("%(year)s, quarter %(number)s") % {"year": quarter.year, "number": quarter.number}


def period_in_words(shown: Figures) -> str:
    """Which days are counted."""
    if shown.quarter is None:
        return _("All so far, up to %(day)s") % {"day": day_in_words(shown.counted_to)}
    if shown.counted_to < shown.quarter.first:
        return _("%(quarter)s, which began today") % {"quarter": in_words(shown.quarter)}
    days = {"first": day_in_words(shown.quarter.first), "last": day_in_words(shown.counted_to)}
    return _("%(first)s to %(last)s") % days


def sections(shown: Figures) -> list[Row]:
    """What the page says: each a heading, how to read it, its rows, and tables of what these are divided by."""
    told = [of_reports(shown), of_placing(shown), of_issues(shown), of_decisions(shown), of_what_is_kept_back(shown)]
    return told if shown.flows.signals.count is None else [*told, of_signals(shown)]


def section(name: str, heading: str, how: str, rows: list[Row], *tables: Row | None) -> Row:
    return {"id": name, "heading": heading, "how": how, "rows": rows, "tables": [each for each in tables if each]}


def of_reports(shown: Figures) -> Row:
    flows = shown.flows
    return section(
        "reports",
        _("Reports"),
        _("What people and programs filed. A held report has no effect before somebody has looked at it."),
        [
            row(_("Received"), flows.received),
            row(_("Of these held when they came"), flows.held),
            row(_("Decisions to release what was held"), flows.released),
            row(_("Withdrawn by who filed them"), flows.withdrawn),
        ],
        table(shown, "channel", _("Received, by the way they came"), channel_in_words),
        table(shown, "language", _("Received, by language"), language_in_words),
    )


def of_placing(shown: Figures) -> Row:
    return section(
        "placing",
        _("Which reports belong together"),
        _("Each time a report was put into an issue: by the engine, by a person, or because its reporter said so."),
        [row(_("Reports put into an issue"), shown.flows.placed)],
        table(shown, "placed", _("Put into an issue, by whom"), placer_in_words),
    )


def of_issues(shown: Figures) -> Row:
    flows = shown.flows
    return section(
        "issues",
        _("Issues"),
        _(
            "Published and resolved: issues that have a page today. The rest is counted from the log of decisions, as "
            "declined issues have no page."
        ),
        [
            exact(_("Published"), shown.published),
            row(_("Published by a decision of its own, where confirming did not publish"), flows.published_apart),
            exact(_("Resolved"), sum(shown.resolved.values())),
            row(_("Declined"), flows.declined),
            row(_("Merged into another"), flows.merged),
            row(_("Taken off the record"), flows.taken_off),
        ],
        resolutions(shown),
        table(shown, "dismiss", _("Declined, by reason"), dismissal_in_words),
    )


def of_decisions(shown: Figures) -> Row:
    return section(
        "decisions",
        _("Decisions and their undoing"),
        _("Every decision of a person can be undone, and leaves a line in the log either way."),
        [row(_("Decisions of people"), shown.flows.decisions), row(_("Undone"), shown.flows.undone)],
    )


def of_what_is_kept_back(shown: Figures) -> Row:
    flows = shown.flows
    return section(
        "sensitive",
        _("What is kept from view"),
        _(
            "Harmful or redacted words and attached files are not shown to staff or developers until they ask. Each "
            "time they do is put on record."
        ),
        [
            row(_("Times words were asked for"), flows.revealed),
            row(_("Times files were asked for"), flows.revealed_files),
            row(_("Redactions decided on"), flows.redacted),
            row(_("Reports whose words were erased"), flows.erased),
            row(_("Accounts closed by their owners"), flows.accounts_closed),
        ],
    )


def of_signals(shown: Figures) -> Row:
    return section(
        "signals",
        _("Early warnings"),
        _("Signals that more reports came than expected, in the quarter they opened in, and how they ended."),
        [row(pgettext("signals that were", "Opened"), shown.flows.signals)],
        table(shown, "signal", _("Opened, by how they ended"), end_in_words),
    )


def row(words: str, told: Told) -> Row:
    return {"words": words, "value": value(told), "few": told.count is None}


def exact(words: str, count: int) -> Row:
    return {"words": words, "value": counted(count), "few": False}


def value(told: Told) -> str:
    if told.count is None:
        return _("too few to tell")
    return counted(told.count) if told.is_all else _("%(number)s or more") % {"number": counted(told.count)}


def counted(number: int) -> str:
    return str(number_format(number, force_grouping=True))


def table(shown: Figures, what: str, caption: str, words: Callable[[str], str]) -> Row | None:
    """A table of an ended quarter, the largest first; None where there is none."""
    told = shown.tables.get(what)
    if told is None or told.total is None:
        return None
    by_size = sorted(told.cells.items(), key=lambda cell: (-cell[1], cell[0]))
    rows = [exact(words(name), count) for name, count in by_size]
    if told.rest is not None:
        rows.append(exact(_("All others together") if rows else _("All together"), told.rest))
    return {"caption": caption, "rows": rows}


def resolutions(shown: Figures) -> Row | None:
    rows = [exact(str(Resolution(name).label), count) for name, count in shown.resolved.items() if count]
    return {"caption": _("Resolved, by how"), "rows": rows} if rows else None


def channel_in_words(name: str) -> str:
    return str(Channel(name).label)


def placer_in_words(name: str) -> str:
    return str(PlacedBy(name).label)


def dismissal_in_words(name: str) -> str:
    return str(Dismissal(name).label) if name in Dismissal.values else _("No reason on record")


def end_in_words(name: str) -> str:
    return str(ENDS[name])


def language_in_words(name: str) -> str:
    """Its name in the language of the page; the tag itself if nobody knows it."""
    if name == "und":
        return _("Not known")
    known = Locale.parse(to_locale(get_language() or settings.LANGUAGE_CODE)).languages
    return str(known.get(name, name))


def each_quarter(shown: Figures) -> list[Row]:
    """Of the whole: a row for each quarter, the newest first."""
    return [
        {
            "words": in_words(quarter),
            "href": address(quarter),
            "received": value(received),
            "published": counted(published),
            "resolved": counted(resolved),
        }
        for quarter, received, published, resolved in shown.each
    ]


def promptness(name: str, each: Promptness) -> Row:
    return {
        "developer": name,
        "told": counted(each.told),
        "answered": spread_in_words(each.answered),
        "resolved": spread_in_words(each.resolved),
        "silent": counted(each.silent),
        "longest": days_in_words(each.longest) if each.longest is not None else "",
    }


def spread_in_words(days: Spread) -> str:
    """The middle one, and within which nine in ten were; "" where they are too few."""
    if days.median is None or days.p90 is None:
        return ""
    return _("%(median)s; nine in ten within %(most)s") % {
        "median": days_in_words(days.median),
        "most": days_in_words(days.p90),
    }


def days_in_words(days: int) -> str:
    return ngettext("%(number)s day", "%(number)s days", days) % {"number": counted(days)}


def as_json(shown: Figures, prompt: Mapping[str, Promptness]) -> dict[str, Any]:
    """The twin of the page: reports/schemas/transparency.json says what each name means."""
    before, after = neighbours(shown)
    flows = shown.flows
    return {
        "schema_version": SCHEMA_VERSION,
        "url": settings.SITE_URL + address(shown.quarter),
        "period": str(shown.quarter) if shown.quarter else "all",
        "from": shown.quarter.first.isoformat() if shown.quarter else None,
        "counted_to": shown.counted_to.isoformat(),
        "is_running": shown.is_running,
        "previous": str(before) if before else None,
        "next": str(after) if after else None,
        "periods": [str(each) for each in shown.quarters],
        "least": LEAST,
        "two_person_rule": settings.TWO_PERSON,
        "counts": {name: _plain(getattr(flows, name)) for name in type(flows).__dataclass_fields__},
        "tables": {what: _plain_table(shown.tables.get(what)) for what in TABLES},
        "issues_published": shown.published,
        "issues_resolved": shown.resolved,
        "developers": [_plain_promptness(name, each) for name, each in prompt.items()],
    }


def _plain(told: Told) -> dict[str, Any]:
    return {"count": told.count, "is_all": told.is_all}


def _plain_promptness(name: str, each: Promptness) -> dict[str, Any]:
    return {
        "developer": name,
        "told": each.told,
        "first_answer": _plain_spread(each.answered),
        "resolution": _plain_spread(each.resolved),
        "silent": each.silent,
        "longest_silence_days": each.longest,
    }


def _plain_spread(days: Spread) -> dict[str, int | None]:
    return {"count": days.count, "median_days": days.median, "p90_days": days.p90}


def _plain_table(told: Folded[str] | None) -> dict[str, Any] | None:
    if told is None or told.total is None:
        return None
    return {"cells": told.cells, "others": told.rest, "total": told.total}
