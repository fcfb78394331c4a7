"""The admin site: for accounts and roles, open to whoever policy lets manage them."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.actors import actor_of, turned_away
from accounts.policy import Act, allows


class HouseAdmin(AdminSite):
    """Asks the policy as every page does, and has no sign-in of its own that would pass the second factor by."""

    site_header = site_title = "Telltale"

    def has_permission(self, request: HttpRequest) -> bool:
        return allows(actor_of(request), Act.MANAGE_USERS)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if self.has_permission(request):
            return redirect("admin:index")
        return turned_away(request, Act.MANAGE_USERS, back_to=reverse("admin:index"))
