"""What was decided about an artifact, in words, the newest first, with what can be taken back."""

from collections.abc import Mapping

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from reports.models import Artifact
from reports.vocabulary import Relation
from triage.catalogue import FACTS, Change
from triage.happening import Happening
from triage.models import Decision
from triage.moves import Verb

MOST = 50  # older ones are in the ledger
SAID: Mapping[str, Promise] = {
    Change.CONFIRM: gettext_lazy("%(artifact)s confirmed as an artifact with a page of its own"),
    Change.DESCRIBE: gettext_lazy("Described anew: %(facts)s"),
    Change.ADD_ALIAS: gettext_lazy("Also called %(name)s"),
    Change.END_ALIAS: gettext_lazy("No longer called %(name)s"),
    Change.ADD_VERSION: gettext_lazy("Version %(name)s added"),
    Change.CHANGE_VERSION: gettext_lazy("Version %(name)s changed"),
    Change.DROP_VERSION: gettext_lazy("Version %(name)s deleted"),
    Change.ADD_STEP: gettext_lazy("Recorded: %(relation)s %(name)s"),
    Change.END_STEP: gettext_lazy("No longer recorded: %(relation)s %(name)s"),
    Change.MERGE: gettext_lazy("%(name)s merged into %(artifact)s"),
}
ORDERED: Mapping[str, Promise] = {
    "newer": gettext_lazy("Version %(name)s moved: it is newer"),
    "older": gettext_lazy("Version %(name)s moved: it is older"),
    "in": gettext_lazy("Version %(name)s given a place in the order"),
    "out": gettext_lazy("Version %(name)s taken out of the order"),
}
CALLED: Mapping[str, Promise] = {
    "title": pgettext_lazy("of an artifact", "title"),
    "developer": gettext_lazy("developer"),
    "deployer": gettext_lazy("deployer"),
    "access": gettext_lazy("access"),
    "intended_use": gettext_lazy("intended use"),
    "known_limitations": gettext_lazy("known limitations"),
    "data_collection": gettext_lazy("data collection"),
    "card_url": gettext_lazy("address of its card"),
}


def annals_of(artifact: Artifact) -> list[Happening]:
    """Of the artifact and of those that were merged into it."""
    about = Decision.objects.filter(Q(artifact=artifact) | Q(artifact__merged_into=artifact))
    about = about.select_related("decider", "artifact", "undoes__artifact", "undone_by")
    return [told(decision) for decision in about.order_by("-decided_at", "-pk")[:MOST]]


def told(decision: Decision) -> Happening:
    return Happening.of(decision, in_words(decision))


def in_words(decision: Decision) -> str:
    if decision.verb == Verb.UNDO and decision.undoes:
        return _("Undone: %(what)s") % {"what": in_words(decision.undoes)}
    goal = decision.after
    if decision.verb == Change.ORDER_VERSIONS:
        return str(ORDERED[goal["to"]]) % {"name": goal["name"]}
    relation = Relation(goal["relation"]).label if "relation" in goal else ""
    return str(SAID[decision.verb]) % {
        "artifact": decision.artifact,
        "name": goal.get("name", ""),
        "relation": relation,
        "facts": ", ".join(str(CALLED[name]) for name in _facts_in(decision)),
    }


def _facts_in(decision: Decision) -> list[str]:
    rows = decision.after.get("rows", {})
    changed = rows.get(f"artifact:{decision.artifact_id}") or {}
    return [name for name in FACTS if name in changed]
