"""Home: two doors, what was decided last, and the one thing that was meant by a number or a name."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from accounts.policy import Actor
from reports.conditional import public_page
from reports.filters import LONGEST_SEARCH, NUMBER
from reports.lines import Line
from reports.pages.asked import storable
from reports.record import artifact_called, issues_on_record, survivor_of

LATEST = 6  # rows


@open_to_all
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Two doors. ``?q=`` leads to the one thing that was meant, else to a search of the issues."""
    actor = actor_of(request)
    if asked := storable(request.GET.get("q", "")).strip()[:LONGEST_SEARCH]:
        return redirect(meant(asked, actor) or f"{reverse('issues')}?{urlencode({'q': asked})}")
    latest = [Line.of(issue) for issue in issues_on_record(actor)[:LATEST]]
    return public_page(request, "reports/home.html", {"lines": latest})


def meant(asked: str, actor: Actor) -> str | None:
    """The address of the issue or artifact whose number or name was asked for, if there is just one."""
    if NUMBER.fullmatch(asked):
        found = issues_on_record(actor).filter(number=asked.upper()).first() or survivor_of(asked.upper(), actor)
        return found.get_absolute_url() if found else None
    artifact = artifact_called(asked, actor)
    return artifact.get_absolute_url() if artifact else None
