"""The triage app. It listens to what `reports` says and rings for the work that follows."""

from celery.signals import worker_ready
from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "triage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from reports.models import Report  # noqa: PLC0415 -- models are loaded only now
        from reports.signals import (  # noqa: PLC0415
            attachments_taken,
            import_waits,
            report_changed,
            report_erasing,
            report_filed,
        )
        from reports.text.quoting import Said  # noqa: PLC0415
        from triage import forgetting  # noqa: PLC0415
        from triage.bell import bell  # noqa: PLC0415
        from triage.counting import recount_around  # noqa: PLC0415
        from triage.presence import live_as  # noqa: PLC0415
        from triage.tasks import examine_attachment, match_report, run_import  # noqa: PLC0415

        def appear(**_: object) -> None:
            live_as("worker")

        def ring(sender: object, report_id: int, **_: object) -> None:
            bell.ring(match_report, report_id)

        def count(sender: object, report_id: int, verb: str, **_: object) -> None:
            if verb == "adopt":  # its voice is its keeper's now
                recount_around(report_id)
            if verb == "erase":  # its voice may be another; and whoever had read it before may have written since
                forgetting.forget_terms(report_id)
                recount_around(report_id)

        def ring_for_files(sender: object, attachment_ids: list[int], **_: object) -> None:
            for attachment_id in attachment_ids:
                bell.ring(examine_attachment, attachment_id)

        def ring_for_import(sender: object, import_id: int, **_: object) -> None:
            bell.ring(run_import, import_id)

        def forget(sender: object, report: Report, said: Said | None, **_: object) -> None:
            if said is None:
                forgetting.make_way(report)
            else:
                forgetting.forget(report, said)

        worker_ready.connect(appear, dispatch_uid="triage.appear", weak=False)
        report_filed.connect(ring, dispatch_uid="triage.ring", weak=False)
        report_changed.connect(count, dispatch_uid="triage.count", weak=False)
        attachments_taken.connect(ring_for_files, dispatch_uid="triage.ring_for_files", weak=False)
        import_waits.connect(ring_for_import, dispatch_uid="triage.ring_for_import", weak=False)
        report_erasing.connect(forget, dispatch_uid="triage.forget", weak=False)
