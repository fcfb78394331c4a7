"""The database refuses to change or delete what the ledger says, whoever asks, and be it us.

Three things may still happen to an event: it gets its number and commitment, once; its key is emptied when it is
erased, after that; its payload, which is a table apart, is deleted. Whoever owns the tables can take these triggers
away: docs/ledger.md says how a site keeps its own web processes from owning them.
"""

from django.db import migrations

FORBID = """
CREATE FUNCTION ledger_forbids() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The ledger is append-only: % of % is refused.', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION ledger_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.at, NEW.actor, NEW.verb, NEW.subjects) IS NOT DISTINCT FROM
     (OLD.id, OLD.at, OLD.actor, OLD.verb, OLD.subjects)
     AND (OLD.sequence IS NULL
          OR (NEW.sequence, NEW.commit) IS NOT DISTINCT FROM (OLD.sequence, OLD.commit))
     AND (NEW.key = OLD.key OR (NEW.key = ''::bytea AND OLD.sequence IS NOT NULL)) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'The ledger is append-only: event % is not changed.', OLD.id USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION ledger_tile_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.level, NEW.number) = (OLD.id, OLD.level, OLD.number)
     AND substring(NEW.hashes for length(OLD.hashes)) = OLD.hashes THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'The ledger is append-only: tile % of level % only grows.', OLD.number, OLD.level
    USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_event_stays BEFORE UPDATE ON ledger_event
  FOR EACH ROW EXECUTE FUNCTION ledger_event_stays();
CREATE TRIGGER ledger_tile_grows BEFORE UPDATE ON ledger_tile
  FOR EACH ROW EXECUTE FUNCTION ledger_tile_grows();
CREATE TRIGGER ledger_checkpoint_stays BEFORE UPDATE ON ledger_checkpoint
  FOR EACH ROW EXECUTE FUNCTION ledger_forbids();
CREATE TRIGGER ledger_event_kept BEFORE DELETE ON ledger_event FOR EACH ROW EXECUTE FUNCTION ledger_forbids();
CREATE TRIGGER ledger_tile_kept BEFORE DELETE ON ledger_tile FOR EACH ROW EXECUTE FUNCTION ledger_forbids();
CREATE TRIGGER ledger_checkpoint_kept BEFORE DELETE ON ledger_checkpoint
  FOR EACH ROW EXECUTE FUNCTION ledger_forbids();
CREATE TRIGGER ledger_never_emptied BEFORE TRUNCATE ON ledger_event EXECUTE FUNCTION ledger_forbids();
CREATE TRIGGER ledger_never_emptied BEFORE TRUNCATE ON ledger_tile EXECUTE FUNCTION ledger_forbids();
CREATE TRIGGER ledger_never_emptied BEFORE TRUNCATE ON ledger_checkpoint EXECUTE FUNCTION ledger_forbids();
"""
ALLOW = "DROP FUNCTION ledger_forbids, ledger_event_stays, ledger_tile_grows CASCADE"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_numbers_and_tiles")]

    operations = [migrations.RunSQL(FORBID, ALLOW)]
