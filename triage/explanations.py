"""The engine's reasons in words. Codes come from triage.grouping; people are shown bands and bars, never scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LEAST_SHARE = 0.03  # of all that was said: what said less is not worth a line
MOST_TURNS = 3  # sentences on what would have changed the answer
CLOSE, NOTHING = 1 / 3, 0.05  # of what had to be reached: a runner-up nearer is close behind, one with less is none
ALMOST, HALFWAY = 0.8, 0.5  # of what had to be reached


@dataclass(frozen=True, slots=True)
class Feature:
    """What a code of the engine means, spoken for or against; ``with_it`` and ``against_it`` as in "without …"."""

    speaks_for: Promise
    speaks_against: Promise
    with_it: Promise
    against_it: Promise


FEATURES: dict[str, Feature] = {
    "words": Feature(
        gettext_lazy("Words in common, rare ones count more"),
        gettext_lazy("Few words in common"),
        gettext_lazy("the words in common"),
        gettext_lazy("so few words in common"),
    ),
    "pieces": Feature(
        gettext_lazy("Words spelt alike, piece by piece"),
        gettext_lazy("Words spelt differently"),
        gettext_lazy("the words spelt alike"),
        gettext_lazy("words spelt so differently"),
    ),
    "title": Feature(
        gettext_lazy("What one summary says stands in the other report"),
        gettext_lazy("Summaries say other things"),
        gettext_lazy("what the summaries share"),
        gettext_lazy("summaries that say other things"),
    ),
    "rare": Feature(
        gettext_lazy("Rare words in common"),
        gettext_lazy("No rare words in common"),
        gettext_lazy("the rare words in common"),
        gettext_lazy("the lack of rare words in common"),
    ),
    "crowd": Feature(
        gettext_lazy("Little else is as much alike"),
        gettext_lazy("Many reports are as much alike"),
        gettext_lazy("so little else as much alike"),
        gettext_lazy("so many reports as much alike"),
    ),
    "meaning": Feature(
        gettext_lazy("The same said in other words"),
        gettext_lazy("Another meaning"),
        gettext_lazy("the same meaning"),
        gettext_lazy("the other meaning"),
    ),
    "quote": Feature(
        gettext_lazy("The same passage quoted"),
        gettext_lazy("No passage in common"),
        gettext_lazy("the same quoted passage"),
        gettext_lazy("the lack of a quoted passage"),
    ),
    "disagreement": Feature(
        gettext_lazy("They quote alike"),
        gettext_lazy("They quote different passages"),
        gettext_lazy("the quotations"),
        gettext_lazy("the different passages quoted"),
    ),
}
UNKNOWN_FEATURE = Feature(
    gettext_lazy("Something else in common"),
    gettext_lazy("Something else that differs"),
    gettext_lazy("something else in common"),
    gettext_lazy("something else that differs"),
)

# As "lexical-1" told it: values in [0, 1], nothing speaks against. How long a bar may grow, for that engine weighed
# words and quotations only; what else agreed or differed is drawn short.
OLDER_SHARES = {"words": 1.0, "quote": 1.0, "title": 0.2}
OLDER_SHARE = 0.1
OLDER_SILENT = {"quote"}  # where nothing means nothing
OLDER_FEATURES: dict[str, tuple[Promise, Promise]] = {
    "title": (gettext_lazy("Summaries alike"), gettext_lazy("Summaries say other things")),
    "kind": (gettext_lazy("Same kind of failure"), gettext_lazy("Another kind of failure")),
    "version": (gettext_lazy("Same version"), gettext_lazy("Another version")),
    "language": (gettext_lazy("Same language"), gettext_lazy("Another language")),
}

# how a report came to an issue without its words being weighed
RULES: dict[str, Promise] = {
    "copy": gettext_lazy("A copy: the same text as an earlier report."),
    "rule": gettext_lazy("The same scanner rule as the other reports."),
    "confirmation": gettext_lazy("Whoever reported it said that it is this issue."),
    "constraint": gettext_lazy("People said that it is the same as a report in this issue."),
    "unknown": gettext_lazy("The reporter does not know which artifact it was, so nothing is joined by itself."),
}
BANDS: dict[str, Promise] = {
    "likely": gettext_lazy("likely"),
    "possible": gettext_lazy("possible"),
}

# (what the engine did, what it would have done without one feature)
TURNS: dict[tuple[str, str], Promise] = {
    ("place", "suggest"): gettext_lazy("Without %(what)s it would only have been suggested."),
    ("place", "open"): gettext_lazy("Without %(what)s it would have opened an issue of its own."),
    ("place", "elsewhere"): gettext_lazy("Without %(what)s another issue would have come first."),
    ("suggest", "place"): gettext_lazy("Without %(what)s the engine would have placed it by itself."),
    ("suggest", "open"): gettext_lazy("Without %(what)s nothing would have been suggested."),
    ("suggest", "elsewhere"): gettext_lazy("Without %(what)s another issue would have come first."),
}


@dataclass(frozen=True, slots=True)
class Reason:
    words: str
    weight: float


def told(reasons: Mapping[str, Any]) -> list[Reason]:
    """The features of a placement or suggestion in words, each with a signed length to draw, strongest first."""
    found = map(_told if is_current(reasons) else _told_by_the_first, reasons.get("features", ()))
    return sorted((reason for reason in found if reason), key=lambda reason: -abs(reason.weight))


def is_current(reasons: Mapping[str, Any]) -> bool:
    """Whether features are signed shares of all that was said, and not as the first method told them."""
    return "turns" in reasons


def rule(reasons: Mapping[str, Any]) -> str:
    """What decided, if it was not the words."""
    return str(RULES.get(reasons.get("by", ""), ""))


def band(name: str) -> str:
    return str(BANDS.get(name, ""))


def verdict(reasons: Mapping[str, Any], *, placed: bool, name: str = "") -> str:
    """The last line below the bars: how sure the engine was, in words; of a suggestion, how far from joining."""
    if placed:
        return _("Sure enough to be placed by the engine")
    if is_current(reasons):
        return _nearly(_share(reasons, "score"))
    if name == "likely":
        return _("Likely, not sure enough to be placed by itself")
    return _("Possible, to be judged by a person")


def is_close_behind(reasons: Mapping[str, Any]) -> bool:
    """Whether the next best issue was nearly as good, measured by what had to be reached."""
    return _share(reasons, "score") - _share(reasons, "runner_up_score") < CLOSE


def came_near(reasons: Mapping[str, Any]) -> bool:
    """Whether there was a next best issue worth its name."""
    return bool(reasons.get("runner_up")) and _share(reasons, "runner_up_score") >= NOTHING


def turns(reasons: Mapping[str, Any], *, placed: bool) -> list[str]:
    """What would have changed the answer, by the strongest of the features it hung on."""
    if not is_current(reasons):
        return []
    did = "place" if placed else "suggest"
    weights = {str(row.get("name", "")): float(row.get("weight", 0)) for row in reasons.get("features", ())}
    hinges = sorted(reasons["turns"].items(), key=lambda turn: -abs(weights.get(turn[0], 0.0)))
    sentences = [
        str(TURNS[did, instead]) % {"what": _what(name, weights.get(name, 0.0))}
        for name, instead in hinges
        if (did, instead) in TURNS and name in FEATURES
    ]
    return sentences[:MOST_TURNS] or [_("Nothing alone would have changed it.")]


def spans(reasons: Mapping[str, Any], side: str) -> Mapping[str, Sequence[Sequence[int]]]:
    """Where the shared words stand in the ``report`` or in the ``nearest``, by field."""
    found: Mapping[str, Sequence[Sequence[int]]] = reasons.get("spans", {}).get(side, {})
    return found


def _nearly(share: float) -> str:
    """How far a suggestion was from being placed, by the share it reached of what it had to."""
    if share >= 1:
        return _("Sure enough, but only a person may place it there")
    if share >= ALMOST:
        return _("Almost sure enough to be placed by itself")
    if share >= HALFWAY:
        return _("More than half way to being placed by itself")
    return _("Far from sure enough to be placed by itself")


def _share(reasons: Mapping[str, Any], name: str) -> float:
    """A score as a share of what had to be reached."""
    return float(reasons.get(name) or 0) / (float(reasons.get("threshold") or 0) or 1.0)


def _what(name: str, weight: float) -> str:
    means = FEATURES[name]
    return str(means.against_it if weight < 0 else means.with_it)


def _told(feature: Mapping[str, Any]) -> Reason | None:
    means = FEATURES.get(str(feature.get("name", "")), UNKNOWN_FEATURE)
    weight = max(-1.0, min(1.0, float(feature.get("weight", 0))))
    if abs(weight) < LEAST_SHARE:
        return None
    return Reason(str(means.speaks_for if weight > 0 else means.speaks_against), weight)


def _told_by_the_first(feature: Mapping[str, Any]) -> Reason | None:
    """A value of 0 speaks against (the column it comes from knows no -0), except where nothing means nothing."""
    name = str(feature.get("name", ""))
    speaks_for, speaks_against = OLDER_FEATURES.get(name) or _both(FEATURES.get(name, UNKNOWN_FEATURE))
    share = OLDER_SHARES.get(name, OLDER_SHARE)
    weight = max(-1.0, min(1.0, float(feature.get("weight", 0))))
    if weight > 0:
        return Reason(str(speaks_for), share * weight)
    if weight == 0 and (name in OLDER_SILENT or name not in {*OLDER_FEATURES, *FEATURES}):
        return None
    return Reason(str(speaks_against), -share * (1 + weight))


def _both(feature: Feature) -> tuple[Promise, Promise]:
    return feature.speaks_for, feature.speaks_against
