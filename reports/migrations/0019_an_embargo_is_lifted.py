import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models

# What was past its end until now was public by the clock of the database: it stays so.
PAST = [
    "UPDATE reports_issue SET embargo_lifted_at = embargo_until WHERE embargo_until <= clock_timestamp()",
    "UPDATE reports_report SET embargo_lifted_at = embargo_until WHERE embargo_until <= clock_timestamp()",
]
# Whoever puts the end of an issue's embargo later means one that holds, whether or not they say so.
EXTENDED = """
CREATE FUNCTION embargo_holds_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.embargo_lifted_at := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER embargo_holds_again BEFORE UPDATE OF embargo_until ON reports_issue FOR EACH ROW
    WHEN (OLD.embargo_lifted_at IS NOT NULL AND NEW.embargo_until > OLD.embargo_until)
    EXECUTE FUNCTION embargo_holds_again()
"""
NOT_EXTENDED = """
DROP TRIGGER embargo_holds_again ON reports_issue;
DROP FUNCTION embargo_holds_again()
"""
# Of a report, also that its embargo was lifted may change what a page tells.
WATCHED = "held_at", "withdrawn_at", "embargo_until", "visibility"


def stirs(columns):
    stood, stands = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return (
        "DROP TRIGGER stir_report_update ON reports_report;"
        "CREATE TRIGGER stir_report_update AFTER UPDATE ON reports_report FOR EACH ROW "
        f"WHEN (({stood}) IS DISTINCT FROM ({stands})) EXECUTE FUNCTION stir_report_update()"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0018_sealed_evidence'),
    ]

    operations = [
        migrations.AddField('issue', 'embargo_lifted_at', models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField('report', 'embargo_lifted_at', models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField('issue', 'embargo_zone', models.CharField(blank=True, db_default='', max_length=64, default='')),
        migrations.AddField('issue', 'publishes_at_end', models.BooleanField(db_default=False, default=False)),
        migrations.AddField('issue', 'parties_told_at', models.DateTimeField(blank=True, null=True)),
        migrations.AddField('contextrule', 'embargo_days', models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddField('contextrule', 'grace_days', models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddField('contextrule', 'fix_days', models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.CreateModel(
            name='Timepiece',
            fields=[
                ('boot', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('offset', models.FloatField(null=True)),
                ('seen', models.FloatField()),
                ('steady_since', models.FloatField()),
                ('swept', models.FloatField()),
                ('swept_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('swept__gte', models.F('steady_since'))), name='timepiece_goes_forward')],
            },
        ),
        migrations.CreateModel(
            name='Stub',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('received_on', models.DateField()),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('artifact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reports.artifact')),
                ('issue', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stubs', to='reports.issue')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('issue', 'artifact'), name='stub_once_per_artifact')],
            },
        ),
        # nothing asks for it any more; the column goes when no process of the version before runs
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField('abstract', 'until_at')]),
        migrations.RunSQL(PAST, migrations.RunSQL.noop),
        migrations.RunSQL(EXTENDED, NOT_EXTENDED),
        migrations.RunSQL(stirs((*WATCHED, "embargo_lifted_at")), stirs(WATCHED)),
        migrations.AddConstraint('issue', models.CheckConstraint(condition=models.Q(('embargo_lifted_at', None), ('embargo_until__isnull', False), _connector='OR'), name='issue_embargo_lifted_was_set')),
        migrations.AddConstraint('report', models.CheckConstraint(condition=models.Q(('embargo_lifted_at', None), ('embargo_until__isnull', False), _connector='OR'), name='report_embargo_lifted_was_set')),
        migrations.AddIndex('issue', models.Index(condition=models.Q(('embargo_lifted_at', None), ('embargo_until__isnull', False)), fields=['embargo_until'], name='issue_embargoed')),
        migrations.AddIndex('report', models.Index(condition=models.Q(('embargo_lifted_at', None), ('embargo_until__isnull', False)), fields=['embargo_until'], name='report_embargoed')),
    ]
