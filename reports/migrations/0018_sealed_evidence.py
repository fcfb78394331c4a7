import django.db.models.deletion
from django.db import migrations, models

# Words that are not sealed stay in the columns they were in; the models read them by another name.
RENAMED = (
    ("evidence", "summary", models.TextField(blank=True, db_column="summary")),
    ("evidence", "what_happened", models.TextField(blank=True, db_column="what_happened")),
    ("evidence", "expected", models.TextField(blank=True, db_column="expected")),
    ("evidence", "transcript", models.JSONField(blank=True, db_column="transcript", default=list)),
    ("message", "text", models.TextField(blank=True, db_column="text")),
    ("translation", "text", models.TextField(blank=True, db_column="text")),
)


class Migration(migrations.Migration):
    dependencies = [("reports", "0017_a_result_is_recorded_once")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                step
                for model, name, field in RENAMED
                for step in (
                    migrations.RenameField(model, name, f"plain_{name}"),
                    migrations.AlterField(model, f"plain_{name}", field),
                )
            ]
        ),
        migrations.CreateModel(
            name="EvidenceKey",
            fields=[
                (
                    "report",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="evidence_key",
                        serialize=False,
                        to="reports.report",
                    ),
                ),
                ("wrapped", models.BinaryField()),
                ("version", models.PositiveSmallIntegerField(db_index=True)),
            ],
        ),
        migrations.AddField("evidence", "sealed_summary", models.BinaryField(editable=False, null=True)),
        migrations.AddField("evidence", "sealed_words", models.BinaryField(editable=False, null=True)),
        migrations.AddField("message", "sealed_text", models.BinaryField(editable=False, null=True)),
        migrations.AddField("translation", "sealed_text", models.BinaryField(editable=False, null=True)),
        migrations.AddField("attachment", "is_sealed", models.BooleanField(db_default=False, default=False)),
        migrations.AddField("attachment", "awaits_sealing", models.BooleanField(db_default=False, default=False)),
        migrations.AddIndex(
            "attachment",
            models.Index(
                fields=["id"],
                name="attachment_to_seal",
                condition=models.Q(awaits_sealing=True, removed_at=None),
            ),
        ),
        migrations.AddConstraint(
            "evidence",
            models.CheckConstraint(
                name="evidence_sealed_or_plain",
                condition=models.Q(sealed_words=None, sealed_summary=None)
                | models.Q(
                    sealed_words__isnull=False,
                    sealed_summary__isnull=False,
                    plain_summary="",
                    plain_what_happened="",
                    plain_expected="",
                    plain_transcript=[],
                ),
            ),
        ),
    ]
