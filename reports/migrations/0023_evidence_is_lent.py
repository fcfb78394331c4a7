import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

PURPOSES = [
    ("verify", "Trying again whether it is so"),
    ("safety", "Making models safer"),
    ("study", "A study of many reports"),
    ("oversight", "Oversight or audit"),
    ("other", "Something else"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0022_words_are_vouched_for"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EvidenceRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(choices=PURPOSES, max_length=12)),
                ("plan", models.TextField()),
                ("days", models.PositiveSmallIntegerField()),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.TextField(blank=True)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="evidence_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decider",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "issue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence_requests",
                        to="reports.issue",
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("decided_at", None)), fields=["asked_at"], name="evidence_request_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("decided_at", None)),
                        fields=("issue", "by"),
                        name="evidence_request_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", [code for code, _words in PURPOSES])),
                        name="evidence_request_purpose_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("decider", None)) | ~models.Q(("decider", models.F("by"))),
                        name="evidence_request_never_decided_by_the_asker",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(until=None, ended_at=None)
                        | models.Q(until__isnull=False, decided_at__isnull=False),
                        name="evidence_request_granted_when_decided",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OpenedReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("read_count", models.PositiveIntegerField(default=0)),
                ("last_read_at", models.DateTimeField(blank=True, null=True)),
                ("objected_at", models.DateTimeField(blank=True, null=True)),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="opened", to="reports.report"
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="opened",
                        to="reports.evidencerequest",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("request", "report"), name="opened_report_once")],
            },
        ),
    ]
