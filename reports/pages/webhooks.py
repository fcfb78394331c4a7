"""One's own webhooks: named, chosen for, tried out, given another secret, switched off, and what was delivered."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.policy import Act
from reports.models import Delivery, Endpoint, Notice, Try
from reports.models.notice import QUEUE
from reports.webhooks import endpoints
from reports.webhooks.sending import LONGEST_URL, Outcome, address_of
from reports.wording import followed, topics

PAGE = 25  # deliveries
ALL, CHOSEN = "all", "chosen"


class ChoosingForm(forms.Form):
    """What a webhook hears of: all that its account is told of, or some of what the account follows."""

    hears = forms.ChoiceField(
        label=gettext_lazy("What should it hear of?"),
        choices=[
            (ALL, gettext_lazy("All that I am told of")),
            (CHOSEN, gettext_lazy("Only what I choose here")),
        ],
        widget=forms.RadioSelect,
        initial=ALL,
    )
    subjects = forms.MultipleChoiceField(
        label=gettext_lazy("Of what you follow"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor = actor_of(request)
        offered = [(topic.subject, topic.title) for topic in followed(person(request), actor)]
        if actor.is_triager:
            offered.append((QUEUE, _("What comes to the desk")))
        self.fields["subjects"].choices = offered  # type: ignore[attr-defined] # a ChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("hears") == CHOSEN and not cleaned.get("subjects") and not self.errors.get("subjects"):
            self.add_error("subjects", _("Choose at least one thing, or let it hear of all."))
        return cleaned

    @property
    def chosen(self) -> list[str] | None:
        """As ``reports.webhooks.endpoints`` takes it."""
        return self.cleaned_data["subjects"] if self.cleaned_data["hears"] == CHOSEN else None


class EndpointForm(ChoosingForm):
    url = forms.CharField(
        label=gettext_lazy("Where should we call?"),
        help_text=gettext_lazy("An address of yours that begins with https:// and that everybody can reach."),
        max_length=LONGEST_URL,
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )
    field_order = ["url", "hears", "subjects"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        address_of(url)
        return url


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery of the log. ``words`` and ``href`` are empty where it tells of what may not be seen any more."""

    delivery: Delivery
    words: str
    title: str
    href: str
    tries: list[tuple[Try, str]]


@needs(Act.FOLLOW)
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """The list, and a form to name another; POST names it and tells its secret this once."""
    own = Endpoint.objects.visible_to(actor_of(request))
    is_full = own.count() >= endpoints.ENDPOINTS_AT_MOST
    form = EndpointForm(request.POST if request.method == "POST" else None, request=request)
    if request.method == "POST" and not settings.WEBHOOKS:
        messages.error(request, _("This site calls out to nobody, so there is nothing to set up."))
        return redirect("webhooks")
    if form.is_valid():
        try:
            endpoint, secret = endpoints.named(person(request), form.cleaned_data["url"], subjects=form.chosen)
        except ValidationError as refusal:
            form.add_error("url", refusal)
        else:
            return _told_once(request, endpoint, secret)
    context = {
        "form": form,
        "endpoints": own,
        "is_on": settings.WEBHOOKS,
        "is_full": is_full,
        "most": endpoints.ENDPOINTS_AT_MOST,
    }
    return render(request, "reports/webhooks.html", context, status=422 if form.errors else 200)


@needs(Act.FOLLOW)
@require_safe
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    return _shown(request, _own(request, pk))


@needs(Act.FOLLOW)
@require_POST
def webhook_choose(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint, form = _own(request, pk), ChoosingForm(request.POST, request=request)
    if not form.is_valid():
        return _shown(request, endpoint, form)
    endpoints.choose(endpoint, form.chosen)
    messages.success(request, _("From now on it hears of that."))
    return redirect("webhook", pk)


@needs(Act.FOLLOW)
@require_POST
def webhook_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Another secret, told this once."""
    endpoint = _own(request, pk)
    secret = endpoints.rotate(endpoint, at=timezone.now())
    return _told_once(request, _own(request, pk), secret)


@needs(Act.FOLLOW)
@require_POST
def webhook_test(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = _own(request, pk)
    try:
        endpoints.try_out(endpoint)
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        messages.success(request, _("A test is on its way. Look at this page again in half a minute."))
    return redirect("webhook", pk)


@needs(Act.FOLLOW)
@require_POST
def webhook_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Off, or on again."""
    endpoint = _own(request, pk)
    if request.POST.get("on"):
        endpoints.enable(endpoint)
        messages.success(request, _("It is switched on. What was given up meanwhile can be sent again from the log."))
    else:
        endpoints.disable(endpoint, Endpoint.Why.OWNER, at=timezone.now())
        messages.success(request, _("It is switched off. Nothing is sent there."))
    return redirect("webhook", pk)


@needs(Act.FOLLOW)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks whether it is meant; POST deletes it, and its log."""
    endpoint = _own(request, pk)
    if request.method == "POST":
        endpoints.remove(endpoint)
        messages.success(request, _("The webhook was deleted."))
        return redirect("webhooks")
    return render(request, "reports/webhook_delete.html", {"endpoint": endpoint})


@needs(Act.FOLLOW)
@require_POST
def webhook_replay(request: HttpRequest, pk: int, delivery: int) -> HttpResponse:
    """One message of the log once more."""
    endpoint = _own(request, pk)
    found = get_object_or_404(Delivery.objects.filter(endpoint=endpoint), pk=delivery)
    try:
        endpoints.replay(found, at=timezone.now())
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        messages.success(request, _("It is sent again. Look at this page again in half a minute."))
    return redirect("webhook", pk)


def _own(request: HttpRequest, pk: int) -> Endpoint:
    return get_object_or_404(Endpoint.objects.visible_to(actor_of(request)), pk=pk)


def _told_once(request: HttpRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
    return render(request, "reports/webhook_secret.html", {"endpoint": endpoint, "secret": secret})


def _shown(request: HttpRequest, endpoint: Endpoint, form: ChoosingForm | None = None) -> HttpResponse:
    page = Paginator(endpoint.deliveries.all(), PAGE).get_page(request.GET.get("page"))
    initial = {"hears": ALL if endpoint.hears_all else CHOSEN, "subjects": sorted(endpoints.chosen_by(endpoint))}
    now = timezone.now()
    context = {
        "endpoint": endpoint,
        "form": form or ChoosingForm(request=request, initial=initial),
        "page": page,
        "lines": _lines(request, list(page.object_list)),
        "former_until": endpoint.former_until if endpoint.former_until and endpoint.former_until > now else None,
        "is_on": settings.WEBHOOKS,
    }
    return render(request, "reports/webhook.html", context, status=422 if form else 200)


def _lines(request: HttpRequest, deliveries: list[Delivery]) -> list[Line]:
    """The log in words. What is told of a thing is told as its reader may see it now."""
    actor = actor_of(request)
    noticed = [each.notice_id for each in deliveries if each.notice_id]
    said: dict[int | None, tuple[str, str, str]] = {}
    for topic in topics(Notice.objects.visible_to(actor).filter(pk__in=noticed), actor):
        said |= {line.pk: (line.words, topic.title, topic.href) for line in topic.lines}
    tried: dict[int, list[tuple[Try, str]]] = {each.pk: [] for each in deliveries}
    for each in Try.objects.filter(delivery__in=deliveries):
        tried[each.delivery_id].append((each, str(Outcome(each.outcome).label)))
    said[None] = (_("A test"), "", "")
    return [Line(each, *said.get(each.notice_id, ("", "", "")), tried[each.pk]) for each in deliveries]
