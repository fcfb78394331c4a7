"""The key under which the event of filing vouches for a report's words. Reports of before have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0021_who_asks_to_maintain")]

    operations = [
        migrations.AddField(
            model_name="evidence",
            name="words_key",
            field=models.BinaryField(editable=False, null=True),
        )
    ]
