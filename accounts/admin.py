"""The admin is for accounts and roles. Reports and issues are not edited here: they have desks and a log."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group

from accounts.models import Grant, User

admin.site.unregister(Group)


class GrantInline(admin.TabularInline):  # type: ignore[type-arg] # generic in the stubs only
    model = Grant
    fk_name = "user"
    extra = 0
    fields = ("role", "artifact_id", "granted_at", "ended_at")
    readonly_fields = ("granted_at",)


@admin.register(User)
class PeopleAdmin(UserAdmin):  # type: ignore[type-arg] # generic in the stubs only
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    search_fields = ("email", "name")
    fieldsets = (
        (None, {"fields": ("email", "name", "language", "password")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)
    inlines = (GrantInline,)
