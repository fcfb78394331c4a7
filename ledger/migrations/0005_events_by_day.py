from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # nobody waits for an index that is made beside what goes on

    dependencies = [("ledger", "0004_checkpoints_by_day")]

    operations = [AddIndexConcurrently("event", models.Index(fields=["at"], name="event_at"))]
