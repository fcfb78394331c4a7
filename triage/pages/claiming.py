"""Claiming an issue, or ten, and giving them back."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.actors import actor_of, needs, person
from accounts.policy import Act
from reports.models import Issue
from triage import claims
from triage.pages.desk import query
from triage.queue import waiting_issues

MINE = "claimed:me"


@needs(Act.DECIDE)
@require_POST
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an issue, unless somebody else has it; a script is answered with the mark that the page shows."""
    issue = get_object_or_404(Issue.objects.visible_to(actor_of(request)), pk=pk)
    made = claims.claim(issue, person(request))
    return _marked(request, issue, claims.lease_of(made, person(request), at=timezone.now()) if made else None)


@needs(Act.DECIDE)
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    issue = get_object_or_404(Issue.objects.visible_to(actor_of(request)), pk=pk)
    claims.release(issue, person(request))
    return _marked(request, issue, claims.leases([pk], person(request), at=timezone.now()).get(pk))


@needs(Act.DECIDE)
@require_POST
def give_ten(request: HttpRequest) -> HttpResponse:
    """Ten for this person alone, and the list of what they hold."""
    held = claims.claim_ten(waiting_issues(), person(request))
    if held:
        said = ngettext("%(count)d issue is yours for now.", "%(count)d issues are yours for now.", held)
        messages.success(request, said % {"count": held})
    else:
        messages.info(request, _("Nothing is waiting that nobody has."))
    return redirect(f"{reverse('queue')}?{urlencode({'q': MINE})}" if held else reverse("queue"))


@needs(Act.DECIDE)
@require_POST
def release_all(request: HttpRequest) -> HttpResponse:
    claims.release_all(person(request))
    return redirect("queue")


def _marked(request: HttpRequest, issue: Issue, lease: claims.Lease | None) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined] # of its middleware
        return render(request, "triage/claim.html", {"issue": issue, "lease": lease, "query": query(request)})
    return redirect(f"{reverse('triage_issue', args=[issue.pk])}{query(request)}")
