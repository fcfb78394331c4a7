"""The small page for whoever asks too much: when to try again, and what they had written, to be sent once more.

It is drawn from what was sent and nothing else, for it has to cost less than what it refuses.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.actors import actor_of
from accounts.network import network_of
from reports.lanes import TooMany, could_begin, knock

TOO_MANY = 429
OF_THE_PAGE = frozenset({"csrfmiddlewaretoken"})


def refused(request: HttpRequest) -> HttpResponse | None:
    """The page, for whoever is known to be refused; None for everybody else. No query."""
    try:
        knock(actor_of(request), network_of(request))
        if settings.DRAFT_COOKIE_NAME not in request.COOKIES:
            could_begin(network_of(request))
    except TooMany as refusal:
        return too_many(request, refusal)
    return None


def too_many(request: HttpRequest, refusal: TooMany, *, keeps: bool = True) -> HttpResponse:
    """429. What was typed stands in the page, in hidden fields, and is stored nowhere; files have to be chosen anew.

    ``keeps``: but for passwords, which no page says back.
    """
    typed = request.POST.lists() if keeps else []
    kept = [(name, value) for name, values in typed for value in values if name not in OF_THE_PAGE]
    told = {"sentence": refusal.sentence, "kept": kept, "has_files": bool(request.FILES)}
    answer = render(request, "reports/too_many.html", told, status=TOO_MANY)
    for name, value in refusal.headers.items():
        answer[name] = value
    return answer
