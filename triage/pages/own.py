"""Your desk: which languages you read, and whether the keys are on."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.actors import needs, person
from accounts.models import User
from accounts.policy import Act
from reports.models import DailyCount
from reports.pages.asked import came_from
from reports.templatetags.looks import language_word

NO_LANGUAGE = ("", "und")


class DeskForm(forms.Form):
    reads = forms.MultipleChoiceField(
        label=gettext_lazy("Languages you read"),
        help_text=gettext_lazy("“Give me 10” gives you reports in these. With none ticked it gives you any."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    uses_keys = forms.BooleanField(label=gettext_lazy("Keys on the desk"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"reads": user.reads, "uses_keys": user.uses_keys}
        known = sorted({*languages(), *user.reads}, key=language_word)
        self.fields["reads"].choices = [(code, language_word(code)) for code in known]  # type: ignore[attr-defined] # a ChoiceField


def languages() -> set[str]:
    """Those of the site, and those that reports have come in."""
    spoken = set(DailyCount.objects.exclude(language__in=NO_LANGUAGE).values_list("language", flat=True).distinct())
    return spoken | {code.partition("-")[0] for code, _name in settings.LANGUAGES}


@needs(Act.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """The form; the desk's own switch posts ``keys`` alone, "on" or "off"."""
    user = person(request)
    if request.POST.get("keys") in ("on", "off"):
        user.uses_keys = request.POST["keys"] == "on"
        user.save(update_fields=["uses_keys"])
        messages.success(request, _("Keys are on.") if user.uses_keys else _("Keys are off."))
        return redirect(came_from(request, otherwise=reverse("queue")))
    form = DeskForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        user.reads, user.uses_keys = form.cleaned_data["reads"], form.cleaned_data["uses_keys"]
        user.save(update_fields=["reads", "uses_keys"])
        messages.success(request, _("Saved."))
        return redirect("own_desk")
    return render(request, "triage/own.html", {"form": form}, status=422 if form.errors else 200)
