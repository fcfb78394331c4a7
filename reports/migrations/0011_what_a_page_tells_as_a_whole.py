import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

STIR = """
CREATE FUNCTION reports_stir(about bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH RECURSIVE younger (id) AS (
        SELECT unnest(about) UNION
        SELECT l.child_id FROM younger y JOIN reports_lineage l ON l.parent_id = y.id
    )
    INSERT INTO reports_stir (artifact_id, act)
    SELECT id, pg_current_xact_id()::text::bigint FROM younger WHERE id IS NOT NULL
    ON CONFLICT DO NOTHING
$$
"""
# What each row stirs: by table, when it is looked at, and the artifacts. What their descendants inherit is stirred too.
JUDGED = "({row}.status <> 'under_investigation' OR {row}.resolution <> '' OR {row}.stated_at IS NOT NULL)"
PARENTS = "ARRAY(SELECT parent_id FROM reports_lineage WHERE child_id = NEW.id)"
RULES = [
    (
        "issue",
        [("UPDATE", "OLD.published_at IS NOT NULL OR NEW.published_at IS NOT NULL")],
        "ARRAY(SELECT artifact_id FROM reports_affected WHERE issue_id = NEW.id)",
    ),
    (
        "affected",
        [
            ("INSERT", JUDGED.format(row="NEW")),
            ("UPDATE", f"{JUDGED.format(row='OLD')} OR {JUDGED.format(row='NEW')}"),
            ("DELETE", JUDGED.format(row="OLD")),
        ],
        "ARRAY[{row}.artifact_id]",
    ),
    (
        "report",
        [
            (
                "UPDATE",
                "(OLD.held_at, OLD.withdrawn_at, OLD.embargo_until, OLD.visibility) IS DISTINCT FROM "
                "(NEW.held_at, NEW.withdrawn_at, NEW.embargo_until, NEW.visibility)",
            )
        ],
        "ARRAY(SELECT a.artifact_id FROM reports_placement p JOIN reports_affected a ON a.issue_id = p.issue_id "
        "WHERE p.report_id = NEW.id)",
    ),
    (
        "answer",
        [
            ("INSERT", "NEW.accepted_at IS NOT NULL"),
            ("UPDATE", "OLD.accepted_at IS NOT NULL OR NEW.accepted_at IS NOT NULL"),
            ("DELETE", "OLD.accepted_at IS NOT NULL"),
        ],
        "ARRAY[{row}.artifact_id]",
    ),
    ("artifact", [("UPDATE", "true")], f"NEW.id || {PARENTS}"),
    ("alias", [(act, "true") for act in ("INSERT", "UPDATE", "DELETE")], "ARRAY[{row}.artifact_id]"),
    ("version", [(act, "true") for act in ("INSERT", "UPDATE", "DELETE")], "ARRAY[{row}.artifact_id]"),
    ("lineage", [(act, "true") for act in ("INSERT", "UPDATE", "DELETE")], "ARRAY[{row}.child_id, {row}.parent_id]"),
]


def statements():
    """Creating and dropping each rule: (forwards, backwards)."""
    yield STIR, "DROP FUNCTION reports_stir(bigint[])"
    for table, acts, about in RULES:
        for act, when in acts:
            name = f"stir_{table}_{act.lower()}"
            # who moves to another artifact stirs both
            rows = ["OLD", "NEW"] if act == "UPDATE" else ["OLD" if act == "DELETE" else "NEW"]
            stirs = " ".join(f"PERFORM reports_stir({each});" for each in dict.fromkeys(about.format(row=row) for row in rows))
            yield (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {stirs} RETURN NULL; END $$",
                f"DROP FUNCTION {name}()",
            )
            yield (
                f"CREATE TRIGGER {name} AFTER {act} ON reports_{table} FOR EACH ROW WHEN ({when}) "
                f"EXECUTE FUNCTION {name}()",
                f"DROP TRIGGER {name} ON reports_{table}",
            )


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0010_what_the_public_can_search'),
    ]

    operations = [
        migrations.CreateModel(
            name='Abstract',
            fields=[
                ('artifact', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='abstract', serialize=False, to='reports.artifact')),
                ('serial', models.PositiveIntegerField(default=0)),
                ('stamp', models.CharField(max_length=64)),
                ('told', models.JSONField()),
                ('day', models.DateField()),
                ('modified_at', models.DateTimeField(null=True)),
                ('until_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Stir',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.BigIntegerField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('artifact', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='reports.artifact')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('artifact'), models.F('act'), name='stir_once')],
            },
        ),
        *[migrations.RunSQL(forwards, backwards) for forwards, backwards in statements()],
    ]
