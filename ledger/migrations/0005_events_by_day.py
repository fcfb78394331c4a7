from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Nobody waits for an index that is made beside what goes on. If its making was broken off, which leaves an index
    that nothing uses, the next try begins anew."""

    atomic = False

    dependencies = [("ledger", "0004_checkpoints_by_day")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS event_at", migrations.RunSQL.noop),
        AddIndexConcurrently("event", models.Index(fields=["at"], name="event_at")),
    ]
