"""Views of the queue: kept searches, one's own and those that others share."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.policy import Act
from triage import search, views
from triage.models import View
from triage.views import ViewForm


@needs(Act.DECIDE)
@require_safe
def queue_views(request: HttpRequest) -> HttpResponse:
    """All views there are for whoever asks, with what each finds."""
    listed = views.listed(person(request), actor_of(request))
    context = {
        "asked": request.GET.get("q", "")[: search.LONGEST],  # the search one comes from
        "house": [shown for shown in listed if shown.view is None],
        "own": [shown for shown in listed if shown.is_own],
        "shared": [shown for shown in listed if shown.view and not shown.is_own],
    }
    return render(request, "triage/views.html", context)


@needs(Act.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def queue_view_new(request: HttpRequest) -> HttpResponse:
    """Give the search in ``?q=`` a name."""
    return _edited(request, View(owner=person(request), query=request.GET.get("q", "")))


@needs(Act.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def queue_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename, change, share or stop sharing one's own view."""
    return _edited(request, own_view(request, pk))


@needs(Act.DECIDE)
@require_POST
def queue_view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = own_view(request, pk)
    view.delete()
    messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
    return redirect("views")


@needs(Act.DECIDE)
@require_POST
def queue_view_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a view that somebody shares one's own."""
    view = get_object_or_404(views.seen_by(person(request)), pk=pk)
    try:
        copy = views.copied(view, by=person(request))
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
        return redirect("views")
    messages.success(request, _("“%(name)s” is among your own views now.") % {"name": copy.name})
    return redirect("queue_view", copy.pk)


def own_view(request: HttpRequest, pk: int) -> View:
    """Nobody changes what another shares; what another keeps to themselves is not there."""
    view = get_object_or_404(views.seen_by(person(request)), pk=pk)
    if view.owner_id != request.user.pk:
        raise PermissionDenied
    return view


def _edited(request: HttpRequest, view: View) -> HttpResponse:
    form = ViewForm(request.POST or None, instance=view)
    if request.method == "POST" and form.is_valid() and _saved(form):
        messages.success(request, _("The view is kept."))
        return redirect("views")
    status = 422 if form.is_bound else 200
    kept = View.objects.filter(pk=view.pk).first() if view.pk else None  # as it is called until the form is taken
    return render(request, "triage/view.html", {"form": form, "view": kept}, status=status)


def _saved(form: ViewForm) -> bool:
    """Whether it was; not if the same name was given at the same moment from elsewhere."""
    try:
        with transaction.atomic():
            form.save()
    except IntegrityError:
        form.add_error("name", _("You have a view of this name."))
        return False
    return True
