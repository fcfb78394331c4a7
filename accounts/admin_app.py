"""The admin of Django, with a site of our own."""

from django.contrib.admin.apps import AdminConfig


class HouseAdminConfig(AdminConfig):
    default_site = "accounts.site.HouseAdmin"
