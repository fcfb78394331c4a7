"""The reports app."""

from django.apps import AppConfig

from reports import governance  # noqa: F401 -- registers the check of what an operator wrote


class ReportsConfig(AppConfig):
    name = "reports"
    default_auto_field = "django.db.models.BigAutoField"
