"""The pages of one's own sessions: where one is signed in, and ending it there."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import needs, person
from accounts.policy import Act
from accounts.sessions import end_sessions, open_sign_ins


@needs(Act.OWN_ACCOUNT)
@require_safe
def own_sessions(request: HttpRequest) -> HttpResponse:
    context = {"sign_ins": open_sign_ins(person(request)), "this_key": request.session.session_key}
    return render(request, "accounts/sessions.html", context)


@needs(Act.OWN_ACCOUNT)
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """One of one's own; somebody else's is not there. Ending this one signs out."""
    if not end_sessions(person(request), only=pk):
        raise Http404
    is_this = not request.session.exists(request.session.session_key or "")
    if is_this:
        request.session.flush()
    messages.success(request, _("You are signed out.") if is_this else _("You are signed out there."))
    return redirect("own_sessions")


@needs(Act.OWN_ACCOUNT)
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    count = end_sessions(person(request), but=request.session.session_key)
    told = ngettext("You are signed out in one other place.", "You are signed out in %(count)d other places.", count)
    messages.success(request, told % {"count": count} if count else _("You were signed in nowhere else."))
    return redirect("own_sessions")
