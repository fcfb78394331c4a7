"""What an artifact is, and what it is called."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from reports.models import Alias, Artifact
from reports.naming import find_artifact, parse
from triage.catalogue.acts import Change, lock_artifacts, open_artifact, recorded, stand_apart, still_there
from triage.catalogue.shown import FACTS, still_as_shown
from triage.decisions import may_decide
from triage.models import Decision
from triage.trail import Trail

ON_THE_WEB = URLValidator(schemes=["https"])


class NameTaken(ValidationError):
    """The name is another artifact's already: ``artifact`` is which."""

    def __init__(self, artifact: Artifact) -> None:
        super().__init__(_("This name means %(artifact)s already.") % {"artifact": artifact}, code="taken")
        self.artifact = artifact


def confirm_artifact(
    artifact: Artifact, *, by: User, note: str = "", shown: str = "", at: datetime | None = None
) -> Decision:
    """Give an artifact its page. Raises ValidationError if it has one, or never can."""
    may_decide(by)
    with transaction.atomic():
        locked = lock_artifacts([artifact.pk])[artifact.pk]
        if locked.is_unknown or locked.merged_into_id:
            raise ValidationError(_("This artifact can have no page of its own."))
        if locked.confirmed_at:
            raise ValidationError(_("This artifact is confirmed already."), code="status")
        stand_apart([locked], by)
        still_as_shown(shown, "facts", locked)
        trail = Trail()
        trail.change(locked, confirmed_at=at or timezone.now())
        return recorded(Change.CONFIRM, locked, trail, by=by, note=note, at=at)


def describe(artifact: Artifact, *, by: User, note: str = "", shown: str = "", **facts: str) -> Decision:
    """Set what is told of it: any of ``FACTS``."""
    may_decide(by)
    if unknown := facts.keys() - set(FACTS):
        raise TypeError(f"an artifact has no {', '.join(sorted(unknown))}")
    with transaction.atomic():
        locked = open_artifact(artifact, "facts", shown)
        trail = Trail()
        probe = Artifact(**facts)
        probe.clean_fields(exclude={field.name for field in Artifact._meta.fields} - facts.keys())
        if facts.get("card_url"):
            ON_THE_WEB(facts["card_url"])
        trail.change(locked, **{name: value.strip() for name, value in facts.items()})
        if not trail.after:
            raise ValidationError(_("Nothing is different from what stands."), code="unchanged")
        return recorded(Change.DESCRIBE, locked, trail, by=by, note=note)


def add_alias(artifact: Artifact, name: str, *, by: User, note: str = "", shown: str = "") -> Decision:
    """Another name that filing and searching find it by. Raises :class:`NameTaken` if it is another's."""
    may_decide(by)
    name = " ".join(name.split())
    with transaction.atomic():
        locked = open_artifact(artifact, "names", shown)
        name = findable(locked, name)
        trail = Trail()
        trail.add(Alias(artifact=locked, name=name))
        return recorded(Change.ADD_ALIAS, locked, trail, by=by, note=note, name=name)


def end_alias(alias: Alias, *, by: User, note: str = "", shown: str = "") -> Decision:
    """From now on the name means nothing, unless an artifact is called so."""
    may_decide(by)
    with transaction.atomic():
        locked = open_artifact(alias.artifact, "names", shown)
        stood = still_there(Alias, alias.pk, locked)
        trail = Trail()
        trail.remove_all([stood])
        return recorded(Change.END_ALIAS, locked, trail, by=by, note=note, name=stood.name)


def findable(artifact: Artifact, name: str) -> str:
    """The name as filing would find it. Raises ValidationError if it is no name, its own, or another's."""
    if not name or len(name) > 200 or "\x00" in name:
        raise ValidationError(_("Write a name of 1 to 200 characters."), code="name")
    org, bare = parse(name)
    if not bare:
        raise ValidationError(_("Write a name of 1 to 200 characters."), code="name")
    looked_up = f"{org}/{bare}" if org else bare
    if looked_up.replace("-", " ").lower() != name.lower():
        name = looked_up  # as it is typed nobody would find it
    own = {str(artifact).lower(), *(alias.name.lower() for alias in artifact.aliases.all())}
    if own & {name.lower(), looked_up.lower()}:
        raise ValidationError(_("It is called that already."), code="own")
    meant = find_artifact(artifact.kind, org, bare)
    if meant is not None and meant.pk != artifact.pk:
        raise NameTaken(meant)
    elsewhere = Alias.objects.alias(low=Lower("name")).filter(low=name.lower(), artifact__kind=artifact.kind)
    for alias in elsewhere.exclude(artifact=artifact).select_related("artifact__merged_into"):
        raise NameTaken(alias.artifact.merged_into or alias.artifact)
    return name
