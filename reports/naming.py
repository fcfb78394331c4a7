"""From the name a reporter typed to the artifact it means, which is made if nobody has named it before."""

import re
import unicodedata
from urllib.parse import unquote, urlsplit

from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Lower

from reports.models import Artifact, Report, Version
from reports.models.artifact import UNKNOWN, UNLISTED

ORG_LENGTH, NAME_LENGTH = 96, 160
# Written out, because every report asks both, and having them put together anew took longer than all else in filing it
BY_FULL_NAME = """
SELECT meant.* FROM reports_artifact named
JOIN reports_artifact meant ON meant.id = coalesce(named.merged_into_id, named.id)
WHERE named.kind = %s AND lower(named.org) = lower(%s) AND lower(named.name) = lower(%s)
"""
WITH_VERSION = """
SELECT meant.id, meant.kind, meant.org, meant.name, meant.family_id, version.id, version.name
FROM reports_artifact named
JOIN reports_artifact meant ON meant.id = coalesce(named.merged_into_id, named.id)
LEFT JOIN reports_version version ON version.artifact_id = meant.id AND lower(version.name) = lower(%s)
WHERE named.kind = %s AND lower(named.org) = lower(%s) AND lower(named.name) = lower(%s)
"""
BY_BARE_NAME = """
SELECT * FROM reports_artifact WHERE id IN (
    SELECT coalesce(merged_into_id, id) FROM reports_artifact WHERE kind = %s AND lower(name) = lower(%s)
) LIMIT 2
"""
BY_ALIAS = """
SELECT * FROM reports_artifact WHERE id IN (
    SELECT coalesce(named.merged_into_id, named.id)
    FROM reports_alias a JOIN reports_artifact named ON named.id = a.artifact_id
    WHERE named.kind = %s AND lower(a.name) IN (lower(%s), lower(%s))
) LIMIT 2
"""
VERSION_BY_NAME = "SELECT * FROM reports_version WHERE artifact_id = %s AND lower(name) = lower(%s)"


def tidy(part: str) -> str:
    """One part of a name as it can stand in a URL: no controls, no slashes, no spaces."""
    shown = "".join(char for char in unicodedata.normalize("NFC", part) if unicodedata.category(char)[0] != "C")
    return re.sub(r"[\s/\\?#%]+", "-", shown.strip()).strip("-.")


def parse(name: str) -> tuple[str, str]:
    """``(org, name)`` of what was typed: "org/name", a bare name (org ""), or the address of a hub's page.

    >>> parse("acme/chat-7b"), parse("Chat 7B"), parse("https://hub.example/acme/chat-7b/")
    (('acme', 'chat-7b'), ('', 'Chat-7B'), ('acme', 'chat-7b'))
    """
    text = path_of(name.strip())
    org, slash, rest = text.partition("/")
    return (tidy(org)[:ORG_LENGTH], tidy(rest)[:NAME_LENGTH]) if slash else ("", tidy(org)[:NAME_LENGTH])


def path_of(text: str) -> str:
    """Of a web address the first two parts of its path, which is how hubs name what they hold, else its host."""
    if not text.lower().startswith(("http://", "https://")):
        return text
    try:
        address = urlsplit(text)
    except ValueError:  # "http://[" opens an address of IPv6 that never ends
        return ""
    return "/".join([part for part in unquote(address.path).split("/") if part][:2]) or address.hostname or ""


def find_artifact(kind: str, org: str, name: str) -> Artifact | None:
    """The artifact of that name or alias, following merges; a bare name counts if it can only mean one artifact.

    Nothing is merged into what was merged itself, so one step leads there. An alias may be written with spaces.
    """
    if org:
        found = list(Artifact.objects.raw(BY_FULL_NAME, [kind, org, name]))
    else:
        found = list(Artifact.objects.raw(BY_BARE_NAME, [kind, name]))
    if len(found) != 1:
        full = f"{org}/{name}" if org else name
        found = list(Artifact.objects.raw(BY_ALIAS, [kind, full, full.replace("-", " ")]))
    return found[0] if len(found) == 1 else None


def artifact_named(kind: str, typed: str, *, developer: str = "", deployer: str = "") -> Artifact:
    """The artifact that ``typed`` means; a new one, waiting for a triager, if nobody has named it before."""
    org, name = parse(typed)
    if not org and name.lower() == UNKNOWN:
        return _made(kind="model", org="", name=UNKNOWN)
    if found := find_artifact(kind, org, name):
        return found
    org = org or tidy(developer)[:ORG_LENGTH].lower() or UNLISTED
    return _made(kind=kind, org=org, name=name, developer=developer, deployer=deployer)


def artifact_and_version(kind: str, typed: str, version: str, **whose: str) -> tuple[Artifact, Version | None]:
    """What a report is about, as :func:`artifact_named` and :func:`version_named` find or make it.

    Most name both as they are known, which one question tells. Of these two rows only their names are read.
    """
    org, name = parse(typed)
    found = _known(kind, org, name, tidy_version(version)) if org else None
    if found is None:
        artifact = artifact_named(kind, typed, **whose)
        return artifact, version_named(artifact, version)
    artifact, known = found
    return artifact, known or version_named(artifact, version)


def _known(kind: str, org: str, name: str, version: str) -> tuple[Artifact, Version | None] | None:
    with connection.cursor() as cursor:
        cursor.execute(WITH_VERSION, [version, kind, org, name])
        row = cursor.fetchone()
    if row is None:
        return None
    artifact = Artifact.from_db(connection.alias, ["id", "kind", "org", "name", "family_id"], row[:5])
    known = row[5] is not None
    return artifact, Version.from_db(connection.alias, ["id", "name"], row[5:]) if known else None


def _made(*, kind: str, org: str, name: str, **told: str) -> Artifact:
    with transaction.atomic():
        artifact, is_new = Artifact.objects.called(kind, org, name).get_or_create(
            defaults={"kind": kind, "org": org, "name": name, **told}
        )
        if is_new:
            Artifact.objects.filter(pk=artifact.pk).update(family_id=F("pk"))
            artifact.family_id = artifact.pk
    return artifact


def tidy_version(typed: str) -> str:
    return " ".join(typed.split())[:120]


def version_named(artifact: Artifact, typed: str) -> Version | None:
    """The version of that name; a new one without a place in the order if nobody has named it before."""
    name = tidy_version(typed)
    if not name or artifact.is_unknown:
        return None
    for version in Version.objects.raw(VERSION_BY_NAME, [artifact.pk, name]):
        return version
    known = Version.objects.alias(low=Lower("name")).filter(artifact=artifact, low=Lower(Value(name)))
    version, _ = known.get_or_create(defaults={"artifact": artifact, "name": name})
    return version


def follow_merge(report: Report) -> None:
    """A report on an artifact that was merged is about the one it was merged into, on its version of that name."""
    survivor = report.artifact.merged_into
    if survivor is not None:
        version = version_named(survivor, report.version.name) if report.version else None
        Report.objects.filter(pk=report.pk).update(artifact=survivor, version=version)
