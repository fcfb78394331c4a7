"""The engine's reasons in words. Codes come from triage.grouping; people are shown bands and bars, never scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True, slots=True)
class Feature:
    """What a code of the engine means. ``share`` is how long its bar may grow: the engine itself weighs words and
    quotations only, what else agrees or differs is drawn short. ``is_silent`` says that nothing means nothing."""

    speaks_for: Promise
    speaks_against: Promise
    share: float
    is_silent: bool = False


FEATURES: dict[str, Feature] = {
    "words": Feature(gettext_lazy("Words in common, rare ones count more"), gettext_lazy("Few words in common"), 1.0),
    "quote": Feature(
        gettext_lazy("The same passage quoted"), gettext_lazy("No passage in common"), 1.0, is_silent=True
    ),
    "title": Feature(gettext_lazy("Summaries alike"), gettext_lazy("Summaries say other things"), 0.2),
    "kind": Feature(gettext_lazy("Same kind of failure"), gettext_lazy("Another kind of failure"), 0.1),
    "version": Feature(gettext_lazy("Same version"), gettext_lazy("Another version"), 0.1),
    "language": Feature(gettext_lazy("Same language"), gettext_lazy("Another language"), 0.1),
}
UNKNOWN_FEATURE = Feature(
    gettext_lazy("Something else in common"), gettext_lazy("Something else that differs"), 0.1, is_silent=True
)

# how a report came to an issue without its words being weighed
RULES: dict[str, Promise] = {
    "copy": gettext_lazy("A copy: the same text as an earlier report."),
    "rule": gettext_lazy("The same scanner rule as the other reports."),
    "confirmation": gettext_lazy("Whoever reported it said that it is this issue."),
    "unknown": gettext_lazy("The reporter does not know which artifact it was, so nothing is joined by itself."),
}
BANDS: dict[str, Promise] = {
    "likely": gettext_lazy("likely"),
    "possible": gettext_lazy("possible"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    words: str
    weight: float


def told(reasons: Mapping[str, Any]) -> list[Reason]:
    """The features of a placement or suggestion in words, each with a signed length to draw."""
    return [reason for feature in reasons.get("features", ()) if (reason := _told(feature))]


def rule(reasons: Mapping[str, Any]) -> str:
    """What decided, if it was not the words."""
    return str(RULES.get(reasons.get("by", ""), ""))


def band(name: str) -> str:
    return str(BANDS.get(name, ""))


def verdict(reasons: Mapping[str, Any], *, placed: bool, name: str = "") -> str:
    """The last line below the bars: how sure the engine was, in words."""
    if placed:
        return _("Sure enough to be placed by the engine")
    if name == "likely":
        return _("Likely, not sure enough to be placed by itself")
    return _("Possible, to be judged by a person")


def spans(reasons: Mapping[str, Any], side: str) -> Mapping[str, Sequence[Sequence[int]]]:
    """Where the shared words stand in the ``report`` or in the ``nearest``, by field."""
    found: Mapping[str, Sequence[Sequence[int]]] = reasons.get("spans", {}).get(side, {})
    return found


def _told(feature: Mapping[str, Any]) -> Reason | None:
    """A value of 0 speaks against (the column it comes from knows no -0), except where nothing means nothing."""
    means = FEATURES.get(str(feature.get("name", "")), UNKNOWN_FEATURE)
    weight = max(-1.0, min(1.0, float(feature.get("weight", 0))))
    if weight > 0:
        return Reason(str(means.speaks_for), means.share * weight)
    if weight == 0 and means.is_silent:
        return None
    return Reason(str(means.speaks_against), -means.share * (1 + weight))
