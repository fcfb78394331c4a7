import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """The sweep fills it: see ``reports.published.catch_up``."""

    dependencies = [("reports", "0009_filing_that_anybody_can_finish")]

    operations = [
        migrations.CreateModel(
            name="PublicText",
            fields=[
                (
                    "issue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="public_text",
                        serialize=False,
                        to="reports.issue",
                    ),
                ),
                (
                    "family",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="reports.artifact"
                    ),
                ),
                ("title", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("words", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("analyser", models.PositiveSmallIntegerField()),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["words"], name="publictext_words"),
                ],
            },
        ),
    ]
