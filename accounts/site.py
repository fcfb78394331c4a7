"""The admin site: for the operator's tables, open to whoever policy lets manage the site."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.actors import actor_of, turned_away
from accounts.policy import Act, allows


class HouseAdmin(AdminSite):
    """Asks the policy as every page does, and has no sign-in of its own that would pass the second factor by."""

    site_header = site_title = "Telltale"
    apps_shown = frozenset({"reports"})  # which register what is the operator's, and nothing that anybody filed

    def register(self, model_or_iterable: type[Model] | Iterable[type[Model]], *args: Any, **options: Any) -> None:
        """Libraries offer addresses, second factors and sign-ins: whoever edited those could sign in as anybody."""
        offered = [model_or_iterable] if isinstance(model_or_iterable, type) else [*model_or_iterable]
        super().register([model for model in offered if model._meta.app_label in self.apps_shown], *args, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return allows(actor_of(request), Act.MANAGE_USERS)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if self.has_permission(request):
            return redirect("admin:index")
        return turned_away(request, Act.MANAGE_USERS, back_to=reverse("admin:index"))
