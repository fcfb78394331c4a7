"""How well grouping works, for everybody: what was measured, beside the trivial way, and how people here answered."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from reports.conditional import public_page
from reports.models import Placement
from reports.vocabulary import PlacedBy
from triage.acceptance import Acceptance, Share, acceptance
from triage.measurements import Measurement, called, measurements

Figures = Mapping[str, Any]
NEWEST = 100  # placements that tell which method is at work

# What the streams hold, for those that are known here; others are told by their name.
STREAMS = {
    "eclipse": gettext_lazy("Bug reports on a development tool (Eclipse)"),
    "openoffice": gettext_lazy("Bug reports on an office suite (OpenOffice)"),
    "aiid_titles_dev": gettext_lazy("Headlines about AI incidents"),
    "aiid_pairs_dev": gettext_lazy("AI incidents, title and description apart"),
    "avid_garak": gettext_lazy("Scanner reports on six models"),
    "avid_garak_masked": gettext_lazy("Scanner reports, model names blanked"),
    "banking77": gettext_lazy("Questions to a bank, by what they are about"),
    "news": gettext_lazy("News headlines, by event"),
    "tatoeba_dev": gettext_lazy("Sentences and their translations"),
    "xsid_multilingual": gettext_lazy("Requests to an assistant, by what is wanted"),
    "invented": gettext_lazy("Reports invented for this"),
}
LANGUAGES = {
    "ar": gettext_lazy("Arabic"),
    "de": gettext_lazy("German"),
    "en": gettext_lazy("English"),
    "es": gettext_lazy("Spanish"),
    "id": gettext_lazy("Indonesian"),
    "tr": gettext_lazy("Turkish"),
    "zh": gettext_lazy("Chinese"),
}
CHANGES = {
    "typos": gettext_lazy("One word in ten mistyped"),
    "words_lost": gettext_lazy("One word in five lost, the rest shuffled"),
    "foreign_script_before": gettext_lazy("3,000 Chinese characters put before it"),
    "foreign_script_after": gettext_lazy("3,000 Chinese characters put after it"),
    "foreign_language_before": gettext_lazy("3,000 Spanish characters put before it"),
    "foreign_language_after": gettext_lazy("3,000 Spanish characters put after it"),
    "look_alikes_half": gettext_lazy("Half its letters replaced by look-alikes"),
    "look_alikes_all": gettext_lazy("All letters replaced that have a look-alike"),
    "hidden_characters": gettext_lazy("An invisible character between all its letters"),
}
LIMITS = (
    gettext_lazy(
        "There is no public collection of reports about AI that people wrote apart from each other and sorted by "
        "failure. Bug reports stand in for them: they are written the same way, by whoever was annoyed, in a hurry."
    ),
    gettext_lazy(
        "Without an embedder nothing is grouped across languages. Inside a language it works, in any script; the same "
        "failure told in two languages makes two issues until a person brings them together."
    ),
    gettext_lazy(
        "Reports that paraphrase and quote nothing often stay alone, with a suggestion beside them at best. "
        "That is the safer mistake: a report in a wrong issue hides a failure."
    ),
    gettext_lazy(
        "Scanner reports are written from templates and all look alike. They are judged far more strictly, and where "
        "the scanner names its rule that rule decides, not the text."
    ),
    gettext_lazy(
        "The collections are small, a few thousand reports each. A difference of one point between two of the figures "
        "means nothing."
    ),
)


@open_to_all
@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    known = measurements()
    embedder = called(getattr(settings, "EMBEDDER", ""))
    shown = next((run for run in known if run.embedder == embedder), None) or next(iter(known), None)
    told = {"answers": answers_in_words(acceptance()), "limits": [str(limit) for limit in LIMITS]}
    told |= {"site": {"methods": methods_at_work(), "embedder": embedder}}
    if shown:
        told |= told_of(shown) | {"compared": compared(known)}
    return public_page(request, "triage/quality.html", told)


def methods_at_work() -> list[str]:
    """What the engine placed this site's newest reports by. More than one while a method is being changed."""
    newest = Placement.objects.filter(by=PlacedBy.ENGINE).order_by("-pk").values_list("method", flat=True)[:NEWEST]
    return sorted(set(newest))


def told_of(run: Measurement) -> dict[str, Any]:
    """One measurement in plain values, by level."""
    streams = sorted(run.streams, key=lambda figures: (figures["source"], -figures["reports"], figures["name"]))
    whole = [figures for figures in streams if not language_of(figures)]
    spoken = [figures for figures in streams if language_of(figures)]
    return {
        "method": run.method,
        "embedder": run.embedder,
        "measured_on": date.fromisoformat(run.measured_on),
        "reports": counted(sum(figures["reports"] for figures in run.streams)),
        "report_count": sum(figures["reports"] for figures in run.streams),
        "stream_count": len(run.streams),
        "headlines": headlines(whole),
        "levels": [
            {
                "level": level,
                "finding": finding(of_level(whole, level)),
                "placing": placing(of_level(whole, level)),
                "patterns": patterns(of_level(whole, level)),
            }
            for level in ("issue", "theme")
            if of_level(whole, level)
        ],
        "languages": finding(spoken),
        "changes": changes(run.robustness),
        "copies": copies(run.robustness),
    }


def of_level(streams: Iterable[Figures], level: str) -> list[Figures]:
    return [figures for figures in streams if figures["level"] == level]


def headlines(streams: Iterable[Figures]) -> list[dict[str, str]]:
    """Two big numbers, each from the largest stream of people's own words; ``streams`` stand in that order."""
    written = [figures for figures in streams if figures["source"] == "form" and figures["level"] == "issue"]
    told: list[dict[str, str]] = []
    if found := next((figures for figures in written if "recall_10" in figures), None):
        words = _(
            "of reports that had an earlier report of the same failure found it among the ten most alike. "
            "%(what)s; a plain search finds %(plain)s."
        )
        values = {"what": words_of(found), "plain": percent(found["plain_recall_10"])}
        told.append({"number": percent(found["recall_10"]), "words": words % values})
    if placed := next((figures for figures in written if "precision" in figures), None):
        words = _("of what the engine put beside a report belongs there. %(what)s.")
        told.append({"number": percent(placed["precision"]), "words": words % {"what": words_of(placed)}})
    return told


def finding(streams: Iterable[Figures]) -> list[dict[str, Any]]:
    """Rows of "is the earlier report found?"."""
    return [
        {
            "words": words_of(figures),
            "asked": counted(figures["queries"]),
            "asked_count": figures["queries"],
            "first": percent(figures["recall_1"]),
            "ten": percent(figures["recall_10"]),
            "plain_first": percent(figures["plain_recall_1"]),
            "plain_ten": percent(figures["plain_recall_10"]),
            "bar": bar(figures["recall_10"], figures["plain_recall_10"]),
        }
        for figures in streams
        if "recall_10" in figures
    ]


def placing(streams: Iterable[Figures]) -> list[dict[str, Any]]:
    """Rows of "do the right reports stand together?"."""
    return [
        {
            "words": words_of(figures),
            "reports": counted(figures["reports"]),
            "report_count": figures["reports"],
            "right": percent(figures["precision"]),
            "whole": percent(figures["recall"]),
            "both": percent(figures["f1"]),
            "alone_both": percent(figures["alone_f1"]),
            "company": percent(figures["f1_company"]),
            "alone_company": percent(figures["alone_f1_company"]),
            "bar": bar(figures["f1_company"], figures["alone_f1_company"]),
        }
        for figures in streams
        if "precision" in figures
    ]


def patterns(streams: Iterable[Figures]) -> list[dict[str, Any]]:
    """Rows of "does a pattern show early?"."""
    return [
        {
            "words": words_of(figures),
            "patterns": figures["patterns"],
            "found": percent(figures["patterns_found"]),
            "median": figures["median_to_pattern"],
            "right": "" if figures["alert_precision"] is None else percent(figures["alert_precision"]),
            "bar": bar(figures["patterns_found"], 0),
        }
        for figures in streams
        if figures.get("patterns")
    ]


def changes(robustness: Figures) -> list[dict[str, Any]]:
    """Rows of "what does a spoiled text cost?", the text as it was first."""
    shares: Mapping[str, float] = robustness.get("recall_10", {})
    if not shares:
        return []
    clean = shares["clean"]
    told: list[dict[str, Any]] = [
        {"words": _("As it was written"), "ten": percent(clean), "lost": None, "bar": bar(clean, clean)}
    ]
    for name, words in CHANGES.items():
        if name in shares:
            lost = round(100 * clean) - round(100 * shares[name])
            row = {"words": str(words), "ten": percent(shares[name]), "lost": lost, "bar": bar(shares[name], clean)}
            told.append(row)
    return told


def copies(robustness: Figures) -> dict[str, Any]:
    return dict(robustness.get("copies", {}))


def compared(known: Iterable[Measurement]) -> list[dict[str, Any]]:
    """For each embedder that was measured, its figures beside those without one; nothing if there is but one row."""
    runs = list(known)
    without = next((run for run in runs if not run.embedder), None)
    if without is None:
        return []
    before = {figures["name"]: figures for figures in without.streams}
    return [
        {
            "embedder": run.embedder,
            "rows": [
                {
                    "words": words_of(figures),
                    "what": _("found among the ten most alike") if figure == "recall_10" else _("placed, with company"),
                    "without": percent(before[figures["name"]][figure]),
                    "with": percent(figures[figure]),
                }
                for figures in run.streams
                for figure in ("recall_10", "f1_company")
                if figure in figures and figure in before.get(figures["name"], {})
            ],
        }
        for run in runs
        if run.embedder
    ]


def answers_in_words(answers: Acceptance) -> list[dict[str, Any]]:
    """How people on this site answered the engine; what is too little to tell is left out."""
    asked: tuple[tuple[Share | None, Any], ...] = (
        (answers.likely, _("of the suggestions marked “likely” were taken")),
        (answers.possible, _("of the suggestions marked “possible” were taken")),
        (answers.moved, _("of the reports the engine placed were moved elsewhere by people who looked")),
    )
    return [
        {"number": about(share), "words": words, "at_least": counted(share.at_least)} for share, words in asked if share
    ]


def about(share: Share) -> str:
    """Rounded to five points, so nothing and all are not certain."""
    ends = {0: _("almost none"), 100: _("almost all")}
    return ends.get(share.percent) or _("about %(share)s") % {"share": percent(share.percent / 100)}


def words_of(figures: Figures) -> str:
    """What a stream holds, in words where they are known.

    Thinned streams and languages are told by what they were made from.
    """
    name = figures["name"].removesuffix(".thin")
    language = language_of(figures)
    stem = name.removesuffix(f".{language}") if language else name
    words = str(STREAMS.get(stem, stem))
    return _("%(what)s: %(language)s") % {"what": words, "language": LANGUAGES[language]} if language else words


def language_of(figures: Figures) -> str:
    """The language at the end of a stream's name, if it is one of a mixed stream."""
    language = figures["name"].rpartition(".")[2]
    return language if language in LANGUAGES and language != figures["name"] else ""


def counted(number: int) -> str:
    """
    >>> counted(11207)
    '11,207'
    """
    return str(number_format(number, force_grouping=True))


def percent(share: float) -> str:
    """
    >>> percent(0.8406)
    '84%'
    """
    return _("%(number)s%%") % {"number": round(100 * share)}


def bar(share: float, beside: float) -> dict[str, str]:
    """Where a bar of a hundred ends, and where the mark of the trivial way stands. Text, as SVG wants it."""
    return {"width": f"{100 * share:.1f}", "mark": f"{100 * beside:.1f}"}
