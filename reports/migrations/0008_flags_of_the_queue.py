from django.db import migrations, models


class Migration(migrations.Migration):
    """What few issues are, and what few reports are, found without reading all of them."""

    dependencies = [("reports", "0007_who_follows")]

    operations = [
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                fields=["id"], name="issue_snoozed", condition=models.Q(("snoozed_at__isnull", False))
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                fields=["id"], name="issue_growing", condition=models.Q(("growth_flagged_at__isnull", False))
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(fields=["id"], name="issue_disputed", condition=models.Q(("is_disputed", True))),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["id"], name="report_held", condition=models.Q(("held_at__isnull", False))),
        ),
    ]
