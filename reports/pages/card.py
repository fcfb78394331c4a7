"""The block for a model or data card: a page to copy it from, and the two files to keep a card in step with.

One and the same for everybody: a card is published elsewhere. Files are in English unless ``?language=`` says
otherwise; the page is in its reader's language, and so is the block on it.
"""

import shlex
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language, override
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from accounts.policy import ANONYMOUS
from reports.cards import Known, in_json, in_markdown, known_of
from reports.conditional import public_page, release, tag_of, unless_known
from reports.models import Artifact
from reports.pages.artifact import of_artifact
from reports.pages.asked import storable
from reports.record import versions_of
from reports.text.marked import with_block
from reports.vocabulary import ArtifactKind

LONGEST = 120  # characters of a version
FILES = {"card_block": "known-limitations.md", "known_limitations": "known-limitations.json"}


@open_to_all
@require_safe
@of_artifact
def artifact_card(request: HttpRequest, shown: Artifact) -> HttpResponse:
    version, known = asked_of(request, shown)
    language = get_language() or settings.LANGUAGE_CODE
    told = {
        "name": str(shown),
        "kinds_url": reverse("artifacts", args=[f"{shown.kind}s"]),
        "href": shown.get_absolute_url(),
        "is_data": shown.kind == ArtifactKind.DATASET,
        "version": version,
        "releases": releases(shown, version),
        "markdown": block(shown, known, version),  # "block" is taken in a template: it is what {% block %} is in
        "count": len(known.limitations),
        "elsewhere": known.elsewhere,
        "command": command(shown, version, language),
        "files": [
            {"name": file, "href": address_of(page, shown, version=version, language=language)}
            for page, file in FILES.items()
        ],
    }
    fetched = f"{settings.SITE_URL}{address_of('known_limitations', shown, version=version)}"
    return public_page(
        request, "reports/card.html", told, fetch=f"curl -fsSo known-limitations.json {shlex.quote(fetched)}"
    )


@open_to_all
@require_safe
@of_artifact
def card_block(request: HttpRequest, shown: Artifact) -> HttpResponse:
    """The block with its marks, as it stands in a card."""
    version, known = asked_of(request, shown)
    with override(language_asked(request)):
        told = block(shown, known, version)
    return file_of(request, told, lambda: HttpResponse(f"{told}\n", content_type="text/markdown; charset=utf-8"))


@open_to_all
@require_safe
@of_artifact
def known_limitations(request: HttpRequest, shown: Artifact) -> HttpResponse:
    """The same for machines."""
    version, known = asked_of(request, shown)
    told = in_json(shown, known, version=version)
    return file_of(request, told, lambda: JsonResponse(told, json_dumps_params={"ensure_ascii": False}))


def file_of(request: HttpRequest, told: object, make: Any) -> HttpResponse:
    answer: HttpResponse = unless_known(request, tag_of(release(), told), make)
    return answer


def asked_of(request: HttpRequest, artifact: Artifact) -> tuple[str, Known]:
    """The release that ``?version=`` names, as it is spelt here, and what is known of it; "" for all of them.

    A release nobody here has heard of is answered like any: with what may concern it, under the name that was asked.
    """
    asked = storable(request.GET.get("version", "")).strip()[:LONGEST]
    version = next(
        (each.name for each in versions_of(artifact, ANONYMOUS) if each.name.lower() == asked.lower()), asked
    )
    return version, known_of(artifact, version=version)


def block(artifact: Artifact, known: Known, version: str) -> str:
    return with_block("\n", in_markdown(artifact, known, version=version)).strip()


def releases(artifact: Artifact, version: str) -> list[dict[str, Any]]:
    """Links to narrow the block by, the newest release first."""
    here = reverse("artifact_card", args=[f"{artifact.kind}s", artifact.org, artifact.name])
    named = [each.name for each in versions_of(artifact, ANONYMOUS) if not each.is_alias]
    return [
        {"words": name, "href": f"{here}?{urlencode({'version': name})}" if name else here, "is_here": name == version}
        for name in ["", *named]
    ]


def command(artifact: Artifact, version: str, language: str) -> str:
    """What keeps a card in step, where this site runs."""
    words = ["python manage.py card README.md", f"--artifact {shlex.quote(str(artifact))}"]
    if artifact.kind != ArtifactKind.MODEL:
        words.append(f"--kind {artifact.kind}")
    if version:
        words.append(f"--release {shlex.quote(version)}")
    if language != settings.LANGUAGE_CODE:
        words.append(f"--language {language}")
    return " ".join(words)


def address_of(page: str, artifact: Artifact, *, version: str = "", language: str = "") -> str:
    address = reverse(page, args=[f"{artifact.kind}s", artifact.org, artifact.name])
    asked = {"version": version, "language": "" if language == settings.LANGUAGE_CODE else language}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{address}?{query}" if query and page != "artifact_card" else address


def language_asked(request: HttpRequest) -> str:
    asked = request.GET.get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
