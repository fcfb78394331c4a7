from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_events_and_checkpoints")]

    operations = [
        migrations.AddField("event", "commit", models.BinaryField(null=True, editable=False)),
        migrations.AddConstraint(
            "event",
            models.CheckConstraint(
                name="event_numbered_with_commitment",
                condition=Q(sequence=None, commit=None) | Q(sequence__isnull=False, commit__isnull=False),
            ),
        ),
        migrations.CreateModel(
            "Tile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("number", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
            ],
        ),
        migrations.AddConstraint("tile", models.UniqueConstraint(fields=["level", "number"], name="tile_once")),
    ]
