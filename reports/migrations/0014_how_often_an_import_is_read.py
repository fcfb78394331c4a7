from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0013_an_import_is_a_row"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="readings",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
