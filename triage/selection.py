"""What a bulk is about: issues ticked one by one, or all that a search finds. Never everything by accident."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policy import Actor
from reports.models import Affected, Issue, Placement
from reports.vocabulary import Status
from triage import search
from triage.claims import standing_claims
from triage.moves import MOVES, Verb
from triage.moves.scene import answers_for

MOST = 5_000  # issues of one bulk: what is skipped stands in one row, which is written again with each


class MatchedOtherwise(ValidationError):
    """The search finds another number of issues than it did when somebody looked: ``now`` instead of ``then``."""

    def __init__(self, *, then: int, now: int) -> None:
        super().__init__(
            _("%(then)d issues matched when you looked, and %(now)d match now. Nothing was changed."),
            code="changed",
            params={"then": then, "now": now},
        )
        self.then, self.now = then, now


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for. ``ticked`` maps issues to the revision their page showed (None: it showed none).

    ``is_all`` means what ``query`` finds among the issues up to ``watermark``, the last there was when somebody
    looked, and there had to be ``expected`` of them. Either is None where nobody has looked yet.
    """

    ticked: Mapping[int, int | None] = field(default_factory=dict)
    is_all: bool = False
    query: str = ""
    watermark: int | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What that comes to now: issues in the order they are taken, each with the revision it must still have."""

    revisions: Mapping[int, int]
    watermark: int
    missing: int = 0  # ticked, and not there for whoever asks


def chosen(selection: Selection, actor: Actor) -> Chosen:
    """Look again. Raises MatchedOtherwise, or ValidationError if there is nothing, or too much, to be done."""
    found = _all(selection, actor) if selection.is_all else _ticked(selection, actor)
    if not found.revisions:
        raise ValidationError(_("No issue was chosen."), code="none")
    if len(found.revisions) > MOST:
        sentence = _("That is more than %(most)d issues. Narrow the search.")
        raise ValidationError(sentence, code="too_many", params={"most": MOST})
    return found


def _ticked(selection: Selection, actor: Actor) -> Chosen:
    there = dict(Issue.objects.visible_to(actor).filter(pk__in=selection.ticked).values_list("pk", "revision"))
    shown = {pk: revision for pk, revision in selection.ticked.items() if pk in there}
    revisions = {pk: there[pk] if revision is None else revision for pk, revision in shown.items()}
    return Chosen(revisions, max(there, default=0), missing=len(selection.ticked) - len(there))


def _all(selection: Selection, actor: Actor) -> Chosen:
    watermark = selection.watermark
    if watermark is None:
        watermark = Issue.objects.aggregate(last=Max("pk"))["last"] or 0
    query = search.parse(selection.query)
    if query.errors:
        raise ValidationError([sentence for _word, sentence in query.errors])
    found = search.found(query, actor).filter(pk__lte=watermark).order_by("pk")
    revisions = dict(found.values_list("pk", "revision")[: MOST + 1])
    now = len(revisions) if len(revisions) <= MOST else found.count()
    if selection.expected is not None and now != selection.expected:
        raise MatchedOtherwise(then=selection.expected, now=now)
    return Chosen(revisions, watermark)


def foreseen(verb: str, found: Chosen, *, by: User, actor: Actor) -> dict[int, str]:
    """Which issues would be left alone as things stand, and why; in as many queries however many they are.

    The forms and the moves themselves may find more reasons when it comes to each.
    """
    move = MOVES[Verb(verb)]
    told: dict[int, str] = {}
    ids = list(found.revisions)
    for pk, status, revision in Issue.objects.filter(pk__in=ids).values_list("pk", "status", "revision"):
        if status not in move.start:
            told[pk] = str(move.refusals[Status(status)])
        elif revision != found.revisions[pk]:
            told[pk] = _("It was changed since the list was shown.")
    if move.apart:
        for pk in own(ids, by=by):
            told.setdefault(pk, _("You filed a report in it or answer for its artifact: somebody else has to decide."))
    for pk, who in claimed(ids, by=by).items():
        told.setdefault(pk, looked_at(who))
    return told


def own(issue_ids: Collection[int], *, by: User) -> set[int]:
    """The issues that ``by`` has a part in, set by set what ``triage.moves.scene.stand_apart`` asks of one."""
    reported = Placement.objects.active().filter(issue__in=issue_ids, report__reporter=by)
    answered = Affected.objects.filter(issue__in=issue_ids, artifact__in=answers_for(by))
    return {*reported.values_list("issue_id", flat=True), *answered.values_list("issue_id", flat=True)}


def claimed(issue_ids: Iterable[int], *, by: User) -> dict[int, User]:
    """The issues that somebody else is looking at."""
    claims = standing_claims().filter(issue__in=list(issue_ids)).exclude(user=by)
    return {claim.issue_id: claim.user for claim in claims.select_related("user")}


def looked_at(who: User) -> str:
    return _("%(who)s is looking at it.") % {"who": who}
