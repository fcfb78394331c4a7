"""One's notices, what one follows, how often e-mail comes, and the way out of it without signing in."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of, needs, open_to_all, person
from accounts.policy import Act
from reports import notices as hearing
from reports.models import Subscription
from reports.models.notice import QUEUE
from reports.pages.asked import came_from, storable
from reports.posting import Reader, reader_of
from reports.wording import followed, topics

PAGE = 50  # notices
PACES = [
    (Subscription.Pace.AT_ONCE.value, gettext_lazy("At once")),
    (Subscription.Pace.DAILY.value, gettext_lazy("Once a day, all together")),
    ("", gettext_lazy("No e-mail: only this page")),
]


@needs(Act.FOLLOW)
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Newest first, all of one thing together."""
    actor, user = actor_of(request), person(request)
    page = Paginator(hearing.listed(actor), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "topics": topics(page.object_list, actor),
        "followed": followed(user, actor),
        "paces": PACES,
        "pace": hearing.pace_of(user),
        "queue": QUEUE,
    }
    return render(request, "reports/notices.html", context)


@needs(Act.FOLLOW)
@require_safe
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """To the thing the notice is about, which is read then. To the list, if that may not be seen (any more)."""
    actor = actor_of(request)
    opened = hearing.listed(actor).filter(pk=pk).first()
    found = topics([opened], actor) if opened else []
    if not found:
        return redirect("notices")
    hearing.mark_read(actor, subject=found[0].subject)
    return redirect(found[0].href)


@needs(Act.FOLLOW)
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark as read what is told of one thing, or everything."""
    hearing.mark_read(actor_of(request), subject=storable(request.POST.get("subject", "")))
    return redirect("notices")


@needs(Act.FOLLOW)
@require_POST
def pace(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("pace")
    if chosen not in {value for value, _label in PACES}:
        raise Http404
    hearing.choose_pace(person(request), chosen)
    return redirect(f"{reverse('notices')}#email")


@needs(Act.FOLLOW)
@require_POST
def follow(request: HttpRequest) -> HttpResponse:
    """Follow or stop following what may be seen. htmx gets the button back, everybody else the page they came from."""
    actor, user = actor_of(request), person(request)
    subject, back_to = storable(request.POST.get("subject", "")), came_from(request, otherwise=reverse("notices"))
    if request.POST.get("stop"):
        hearing.unfollow(user, subject)
    elif hearing.may_follow(actor, subject):
        hearing.follow(user, subject)
    else:
        raise Http404
    if request.headers.get("HX-Request"):
        return render(request, "components/follow.html", {"subject": subject, "back_to": back_to})
    return redirect(back_to)


@csrf_exempt  # a mail program posts here, with no cookie of ours: the signed token says what may be stopped
@open_to_all
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Out of e-mail, without signing in: a page with a button, or one click of a mail program (RFC 8058)."""
    reader = reader_of(token)
    if reader is None:
        raise Http404
    if request.method == "POST":
        everything = bool(request.POST.get("everything"))
        reader.stop(everything=everything)
        return render(request, "reports/unsubscribe.html", {"is_done": True, "is_all": everything, **told_of(reader)})
    return render(request, "reports/unsubscribe.html", {"is_done": False, **told_of(reader)})


def told_of(reader: Reader) -> dict[str, Any]:
    return {"about": reader.about, "is_contact": reader.report_id is not None}
