"""The triage app. It listens to what `reports` says and rings for the work that follows."""

from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "triage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from reports.signals import report_filed  # noqa: PLC0415 -- models are loaded only now
        from triage.bell import bell  # noqa: PLC0415
        from triage.tasks import match_report  # noqa: PLC0415

        def ring(sender: object, report_id: int, **_: object) -> None:
            bell.ring(match_report, report_id)

        report_filed.connect(ring, dispatch_uid="triage.ring", weak=False)
