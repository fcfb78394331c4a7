"""Home: two doors, what is new on the record, and the one thing that was meant by a number or a name."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from accounts.policy import Actor
from reports.conditional import public_page
from reports.emerging import emerging
from reports.filters import LONGEST_SEARCH, NUMBER
from reports.lines import lines
from reports.models import Artifact
from reports.pages.asked import storable
from reports.record import artifact_called, artifacts_with_pages, issues_on_record, survivor_of

LATEST, RESOLVED, EMERGING, NEWEST = 6, 4, 3, 6  # rows


@open_to_all
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Two doors. ``?q=`` leads to the one thing that was meant, else to a search of the issues."""
    actor = actor_of(request)
    if asked := storable(request.GET.get("q", "")).strip()[:LONGEST_SEARCH]:
        return redirect(meant(asked, actor) or f"{reverse('issues')}?{urlencode({'q': asked})}")
    issues = issues_on_record(actor)
    newest = artifacts_with_pages(actor).filter(confirmed_at__isnull=False).order_by("-confirmed_at", "-pk")
    told = {
        "emerging": emerging(actor, most=EMERGING),
        "lines": lines(issues.open()[:LATEST]),
        "resolved": lines(issues.resolved().order_by("-resolved_at", "-pk")[:RESOLVED]),
        "newest": [NewPage.of(artifact) for artifact in newest[:NEWEST]],
    }
    return public_page(request, "reports/home.html", told)


@dataclass(frozen=True, slots=True)
class NewPage:
    """An artifact whose page is new."""

    name: str
    kind: str
    since: datetime | None
    get_absolute_url: str

    @classmethod
    def of(cls, artifact: Artifact) -> "NewPage":
        return cls(str(artifact), artifact.get_kind_display(), artifact.confirmed_at, artifact.get_absolute_url())


def meant(asked: str, actor: Actor) -> str | None:
    """The address of the issue or artifact whose number or name was asked for, if there is just one."""
    if NUMBER.fullmatch(asked):
        found = issues_on_record(actor).filter(number=asked.upper()).first() or survivor_of(asked.upper(), actor)
        return found.get_absolute_url() if found else None
    artifact = artifact_called(asked, actor)
    return artifact.get_absolute_url() if artifact else None
