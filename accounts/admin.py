"""The admin is for the operator's tables. Accounts and roles have pages of their own, reports and issues desks."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.actors import actor_of
from accounts.policy import Act, allows


class Managed(admin.options.BaseModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Who may open the site may manage what is on it."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return allows(actor_of(request), Act.MANAGE_USERS)

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)
