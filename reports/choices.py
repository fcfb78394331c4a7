"""The answers that the form offers to choose from, in the words of somebody who met it."""

from typing import Any

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from reports.vocabulary import ArtifactKind, Kind, Visibility

# What each kind looks like.
KIND_LABELS = {
    Kind.FALSE_INFORMATION: (_("Said something false as if it were true"), _("A court ruling that was never made")),
    Kind.UNFAIR_OR_STEREOTYPED: (
        _("Was unfair or used a stereotype"),
        _("Graded the same text lower under another name"),
    ),
    Kind.TOXIC_OR_HATEFUL: (_("Was hateful or abusive"), _("Insulted the person asking")),
    Kind.DANGEROUS_INSTRUCTIONS: (_("Gave dangerous instructions"), _("Private unless you say otherwise")),
    Kind.PRIVACY_LEAK: (_("Gave away something private"), _("A real person’s address")),
    Kind.REFUSES_HARMLESS: (_("Refused something harmless"), _("Would not explain a medicine leaflet")),
    Kind.IGNORES_INSTRUCTIONS: (_("Ignored clear instructions"), _("Changed a text it was told to leave alone")),
    Kind.UNSAFE_ACTION: (_("Did something unsafe on its own"), _("Deleted files, sent a message")),
    Kind.JAILBREAK_OR_INJECTION: (_("Let itself be tricked"), _("A web page gave it new orders")),
    Kind.QUALITY_REGRESSION: (_("Got worse after an update"), _("It could do this last month")),
    Kind.LANGUAGE_OR_ACCESS: (_("Works badly in my language or with my aids"), _("A screen reader cannot follow it")),
    Kind.OTHER: (_("Something else"), _("Say it in your own words")),
}
ARTIFACT_KINDS = [
    (ArtifactKind.MODEL.value, _("A model")),
    (ArtifactKind.SYSTEM.value, _("A product or service")),
    (ArtifactKind.DATASET.value, _("A dataset")),
]
AFTER_EMBARGO = "after_embargo"  # the form's word for: public after review, and nothing of it before the embargo ends
VISIBILITIES = {
    Visibility.PUBLIC_AFTER_REVIEW.value: (
        _("Public after review"),
        _("A person checks it first. The conversation is shown only in parts, by decision."),
    ),
    Visibility.PUBLIC_WITHOUT_TRANSCRIPT.value: (_("Public, without the conversation"), _("Only the facts of it.")),
    AFTER_EMBARGO: (
        format_lazy(_("Public once the developer has had {days} days"), days=settings.EMBARGO_DAYS),
        _("For security flaws. Nothing of it is shown before that, and a person still checks it first."),
    ),
    Visibility.PRIVATE.value: (_("Private"), _("Only those who triage reports here read it.")),
}
SHOWN_BY = [
    ("paste", _("I paste it")),
    ("words", _("I write down what I asked and what it answered")),
    ("none", _("I cannot share it")),
]
GATE = [("no", _("No")), ("yes", _("Yes"))]

# Each in its own words: whoever writes in a language knows its name in it. As many as reports.text.language can tell.
LANGUAGES = [
    ("en", "English"),
    ("zh", "中文"),
    ("es", "Español"),
    ("ar", "العربية"),
    ("bn", "বাংলা"),
    ("de", "Deutsch"),
    ("el", "Ελληνικά"),
    ("fa", "فارسی"),
    ("fr", "Français"),
    ("he", "עברית"),
    ("hi", "हिन्दी"),
    ("id", "Bahasa Indonesia"),
    ("it", "Italiano"),
    ("ja", "日本語"),
    ("ko", "한국어"),
    ("nl", "Nederlands"),
    ("pt", "Português"),
    ("ru", "Русский"),
    ("ta", "தமிழ்"),
    ("th", "ไทย"),
    ("tr", "Türkçe"),
    ("uk", "Українська"),
    ("ur", "اردو"),
]


def optional(choices: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [("", _("No answer")), *choices]
