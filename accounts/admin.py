"""The admin is for accounts and roles. Reports and issues are not edited here: they have desks and a log."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest

from accounts.actors import actor_of
from accounts.models import Grant, User
from accounts.policy import Act, allows
from ledger.record import record

admin.site.unregister(Group)


class Managed(admin.options.BaseModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Who may open the site may manage what is on it."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return allows(actor_of(request), Act.MANAGE_USERS)

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Accounts are closed and roles ended: what they did stays on record."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class GrantInline(Managed, admin.TabularInline):  # type: ignore[type-arg] # generic in the stubs only
    model = Grant
    fk_name = "user"
    extra = 0
    fields = ("role", "artifact_id", "granted_at", "ended_at")
    readonly_fields = ("granted_at",)


@admin.register(User)
class PeopleAdmin(Managed, UserAdmin):  # type: ignore[type-arg] # generic in the stubs only
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "last_login")
    list_filter = ("is_active", "grants__role")
    search_fields = ("email", "name")
    fieldsets = (
        (None, {"fields": ("email", "name", "language", "password")}),
        ("Access", {"fields": ("is_active",)}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)
    inlines = (GrantInline,)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Roles given and ended stand in the ledger, by whoever did it."""
        with transaction.atomic():
            for grant in formset.save(commit=False):
                is_new = grant.pk is None
                if is_new:
                    grant.granted_by = request.user
                grant.save()
                verb = "grant" if is_new else "end_grant" if grant.ended_at else "change_grant"
                record(verb, grant, grant.user, actor=actor_of(request).pseudonym, role=grant.role)
