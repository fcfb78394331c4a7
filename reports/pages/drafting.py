"""A draft is saved as somebody writes, and deleted when they say so."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from accounts.actors import needs
from accounts.policy import Act
from reports.drafts import TooLong, TooManyBegun, carries_draft, discard, keep, notes_of
from reports.filing import filed_before
from reports.pages.asked import storable
from reports.pages.filing import still_there
from reports.vocabulary import Channel

NO_CONTENT, FORBIDDEN, TOO_LARGE, TOO_MANY = 204, 403, 413, 429


@csrf_exempt  # of the middleware only, which would read the body before anybody could say that it is too long
@needs(Act.FILE)
@carries_draft
@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """Save the answers as they stand. 204; or 413 if they are too long, and what was saved before still stands."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return HttpResponse(status=TOO_LARGE)
    return saved(request)


@csrf_protect
def saved(request: HttpRequest) -> HttpResponse:
    """Nothing is kept before the safety gate has been answered with no; nor anything that was, after a yes."""
    gate = request.POST.getlist("gate")
    if "yes" in gate:
        discard(request)
    if gate != ["no"]:
        return HttpResponse(status=FORBIDDEN)
    answers, came_at = still_there(request), timezone.now()
    try:
        with transaction.atomic():
            if was_sent(answers, came_at):
                discard(request)
            else:
                keep(request, answers, notes={**notes_of(request), "gate": "no"})
    except TooLong:
        return HttpResponse(status=TOO_LARGE)
    except TooManyBegun:
        return HttpResponse(status=TOO_MANY)
    return HttpResponse(status=NO_CONTENT)


def was_sent(answers: Mapping[str, str], came_at: datetime) -> bool:
    """Whether this was sent while it was on its way to be saved. What somebody has written since is kept."""
    report = filed_before(Channel.FORM, storable(answers.get("once", "")))
    if report is None or not hasattr(report, "evidence"):
        return False
    if came_at < report.filed_at:
        return True
    told = ((answers.get(part, ""), getattr(report.evidence, part)) for part in ("summary", "what_happened"))
    return all(typed.split() == kept.split() for typed, kept in told)


@needs(Act.FILE)
@carries_draft
@require_POST
def drop(request: HttpRequest) -> HttpResponse:
    """Delete the draft, and begin again, with what the address says that it is about."""
    discard(request)
    messages.success(request, _("What you had written was deleted."))
    return redirect("{}?{}".format(reverse("report"), request.GET.urlencode()).rstrip("?"))
