"""Whether a migration only expands: what the code before it goes on working with, and what holds nobody up.

While a site is upgraded, the old code runs on the new tables. So nothing it reads or writes may go, or be asked of it
anew; and nothing may lock a large table while it is read through. What has to go, goes a release later. A migration
holds all its tables from its first statement to its last (config/taking.py), so there is no time for rows in between.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.taking import NAME, locks

ALTER = rf"ALTER TABLE (?:ONLY )?(?:IF EXISTS )?{NAME} "


@dataclass(frozen=True, slots=True)
class Rule:
    """``asks`` is what to do instead."""

    name: str
    pattern: re.Pattern[str]
    asks: str


def rule(name: str, pattern: str, asks: str) -> Rule:
    return Rule(name, re.compile(pattern, re.IGNORECASE | re.DOTALL), asks)


RULES = (
    rule("rename", rf"{ALTER}RENAME ", "Old code knows the old name. Add a column, write both, and drop it later."),
    rule("drop", rf"{ALTER}DROP COLUMN ", "Old code still reads it. Drop it later."),
    rule("drop", rf"DROP TABLE (?:IF EXISTS )?{NAME}", "Old code still reads it. Drop it later."),
    rule(
        "required",
        rf"{ALTER}ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b",
        "Old code does not write it. Let it be null, or give it a db_default.",
    ),
    rule("required", rf"{ALTER}ALTER COLUMN \S+ DROP DEFAULT", "Old code does not write it. Keep it, by db_default."),
    rule("required", rf"{ALTER}ALTER COLUMN \S+ SET NOT NULL", "Old code may write null. Add a check NOT VALID first."),
    rule("rewrite", rf"{ALTER}ALTER COLUMN \S+ TYPE ", "The table may be written anew under a lock. Add a column."),
    rule(
        "rewrite",
        rf"{ALTER}ADD COLUMN .*\b(?:GENERATED ALWAYS AS|DEFAULT (?:clock_timestamp|random|gen_random_uuid|uuidv7))\b",
        "The table is written anew under a lock. Fill the column in portions.",
    ),
    rule(
        "index",
        r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)(?:IF NOT EXISTS )?\S+ ON " + NAME,
        "Nobody can write meanwhile. AddIndexConcurrently, in a migration that is not atomic.",
    ),
    rule("index", rf"{ALTER}ADD CONSTRAINT \S+ (?:UNIQUE|EXCLUDE)", "Make a unique index concurrently first."),
    rule(
        "constraint",
        rf"{ALTER}ADD CONSTRAINT \S+ (?:CHECK|FOREIGN KEY)(?!.*\bNOT VALID\b)",
        "All rows are read under a lock. AddConstraintNotValid, then ValidateConstraint in the next migration.",
    ),
)
# "CANNOT BE WRITTEN AS SQL" is how Django collects what Python does
HELD = rule(
    "held",
    rf"(?:(?:UPDATE|INSERT INTO|DELETE FROM|ALTER TABLE(?= \S+ VALIDATE )) {NAME}|-- .* CANNOT BE WRITTEN AS SQL)",
    "The migration's tables are held meanwhile. Go through rows in one of their own, in portions, not atomic.",
)
MADE = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{NAME}", re.IGNORECASE)


def breaches(statements: Sequence[str], *, allowed: Sequence[str] = (), is_atomic: bool = True) -> Iterator[str]:
    """What is wrong with a migration's SQL, a sentence each; ``allowed`` are names of rules that it answers for."""
    made = {found["table"] for statement in statements if (found := MADE.match(statement))}
    holds = is_atomic and not locks(statements).keys() <= made
    rules = [each for each in (*RULES, *([HELD] if holds else [])) if each.name not in allowed]
    for statement in statements:
        for each in rules:
            if (broken := each.pattern.match(statement)) and broken["table"] not in made:
                yield f"{each.name}: {' '.join(statement.split())[:160]}\n    {each.asks}"
