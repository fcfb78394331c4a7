from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_append_only")]

    operations = [migrations.AddIndex("checkpoint", models.Index(fields=["at"], name="checkpoint_at"))]
