"""One move on many issues: started once, made a few at a time by a task, stopped between two, undone as a whole.

Each issue is a transaction of its own, which also writes how far the bulk has come: a crash loses nothing, and nothing
is done twice. The issues go through the same forms and the same :func:`triage.decisions.decide` as one alone.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from time import monotonic

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from accounts.actors import actor_for
from accounts.models import Role, User
from accounts.policy import ANONYMOUS, Act, Actor, allows
from reports.models import Issue
from triage import decisions
from triage.forms import FORMS, MoveForm
from triage.models import Bulk, Decision
from triage.moves import Verb
from triage.selection import Selection, chosen, claimed, looked_at

CHUNK_S = 5.0  # of a run: a worker has few threads, and whoever files a report meanwhile waits behind it
LEFT_BEHIND = timedelta(seconds=20)  # nobody came by for so long: nobody rang, or the worker is gone
# The moves that make sense on many issues at once, and what of their forms can be said of one issue only.
MANY: Mapping[str, frozenset[str]] = {
    "confirm": frozenset({"public_title", "public_summary"}),
    "dismiss": frozenset(),
    "assign": frozenset(),
    "snooze": frozenset(),
    "wake": frozenset(),
    "prioritise": frozenset(),
    "classify": frozenset(),
    "merge": frozenset({"proposal", "target_revision"}),
    "look": frozenset(),
    "release": frozenset({"report"}),
}
log = structlog.get_logger()

Typed = Mapping[str, list[str]]


def verbs() -> list[Verb]:
    return [Verb(verb) for verb in MANY if verb in FORMS]


def form_for(verb: str, typed: Typed | None, *, issue: Issue, actor: Actor, revision: int | None = None) -> MoveForm:
    """The form of a move, less what can be said of one issue only; empty where nothing was ``typed`` yet."""
    filled = None
    if typed is not None:
        filled = MultiValueDict({**typed, "revision": [] if revision is None else [str(revision)]})
    form = FORMS[verb](filled, issue=issue, actor=actor)
    for name in MANY[verb]:
        form.fields.pop(name, None)
    for field in form.fields.values() if typed is None else ():
        field.initial = None  # what stands in one issue says nothing of the others
    return form


def start(verb: str, typed: Typed, *, selection: Selection, by: User, key: str = "") -> Bulk:
    """Write down what is to be done; ring for ``triage.tasks.run_bulk`` when it is committed.

    ``key`` names the page the button stood on: pressed twice, it starts one bulk. Raises what
    :func:`triage.selection.chosen` does.
    """
    decisions.may_decide(by)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=by.pk)  # the second press waits here, and finds the first
        if made := started(by, key):
            return made
        found = chosen(selection, actor_for(by))
        return Bulk.objects.create(
            by=by,
            verb=Verb(verb),
            told={
                "form": {name: list(values) for name, values in typed.items()},
                "revisions": list(found.revisions.values()),
                "language": translation.get_language() or "",
                "key": key,
            },
            query=selection.query if selection.is_all else "",
            watermark=found.watermark,
            expected=len(found.revisions),
            issue_ids=list(found.revisions),
        )


def started(by: User, key: str) -> Bulk | None:
    """What the page of that key has started already."""
    return Bulk.objects.filter(by=by, told__key=key).first() if key else None


def carry_on(bulk_id: int, *, seconds: float = CHUNK_S) -> bool:
    """Decide on as many issues as fit into ``seconds``, one at least. Whether some are left for another run."""
    bulk = Bulk.objects.filter(pk=bulk_id, ended_at=None).first()
    if bulk is None:
        return False
    until = monotonic() + seconds
    with translation.override(bulk.told.get("language") or None):  # whoever started it reads why some were skipped
        while take_next(bulk):
            if monotonic() >= until:
                return True
    return False


def take_next(bulk: Bulk) -> bool:
    """Take one issue further. Whether another is left, and nobody else at work.

    ``bulk`` is read for what never changes; how far it has come stands in the row.
    """
    with transaction.atomic():
        held = Bulk.objects.select_for_update(skip_locked=True).defer("issue_ids", "told")
        row = held.filter(pk=bulk.pk, ended_at=None).first()
        if row is None:
            return False
        row.seen_at = timezone.now()
        at = row.done + len(row.skipped)
        by = User.objects.filter(pk=bulk.by_id or 0, is_active=True).first()
        actor = actor_for(by) if by else ANONYMOUS
        if by is None or not allows(actor, Act.DECIDE):
            _stop(row, "role" if by else "account")
            return False
        try:
            _act(bulk, at, by, actor)
        except ValidationError as refusal:
            row.skipped[str(bulk.issue_ids[at])] = _why(refusal)
        else:
            row.done += 1
        if is_last := at + 1 == len(bulk.issue_ids):
            row.ended_at = row.seen_at
        row.save(update_fields=["done", "skipped", "seen_at", "ended_at"])
        return not is_last


def cancel(bulk: Bulk, *, by: User) -> Bulk:
    """Stop between two issues. What was done stands, and can be undone."""
    with transaction.atomic():
        row = _steered(bulk, by)
        if row.ended_at:
            raise ValidationError(_("It has ended already."), code="status")
        _end(row, is_cancelled=True)
    return row


def resume(bulk: Bulk, *, by: User) -> Bulk:
    """Go on with what was cancelled."""
    with transaction.atomic():
        row = _steered(bulk, by)
        if row.cancelled_at is None:
            raise ValidationError(_("It was not cancelled."), code="status")
        if Bulk.objects.filter(undoes=row).exists():
            raise ValidationError(_("It was undone."), code="status")
        told = {name: value for name, value in row.told.items() if name != "stopped"}
        row.told, row.cancelled_at, row.ended_at, row.seen_at = told, None, None, timezone.now()
        row.save(update_fields=["told", "cancelled_at", "ended_at", "seen_at"])
    return row


def take_back(bulk: Bulk, *, by: User) -> Bulk:
    """Undo all that a bulk did, as a bulk of its own, the newest decision first. One that still runs is cancelled."""
    with transaction.atomic():
        row = _steered(bulk, by)  # holds up the task: what is decided by now is all there will be
        if row.undoes_id:
            raise ValidationError(_("An undo cannot be undone: decide again."))
        if Bulk.objects.filter(undoes=row).exists():
            raise ValidationError(_("That has been undone already."), code="status")
        if row.ended_at is None:
            _end(row, is_cancelled=True)
        made = Decision.objects.filter(bulk=row).order_by("-pk")
        issue_ids = list(made.values_list("issue_id", flat=True))
        if not issue_ids:
            raise ValidationError(_("Nothing was done that could be undone."))
        return Bulk.objects.create(
            by=by,
            verb=Verb.UNDO,
            told={"language": translation.get_language() or ""},
            watermark=row.watermark,
            expected=len(issue_ids),
            issue_ids=issue_ids,
            undoes=row,
        )


def may_steer(bulk: Bulk, actor: Actor) -> bool:
    """Cancel, resume and undo are for whoever started it, and for moderators."""
    is_own = bulk.by_id is not None and bulk.by_id == actor.user_id
    return allows(actor, Act.DECIDE) and (is_own or Role.MODERATOR in actor.roles)


def left_behind() -> Iterator[int]:
    """Bulks that nobody serves: the sweep rings for them."""
    late = timezone.now() - LEFT_BEHIND
    idle = Q(seen_at__lt=late) | Q(seen_at=None, made_at__lt=late)
    yield from Bulk.objects.filter(idle, ended_at=None).order_by("pk").values_list("pk", flat=True)


def recent_bulks() -> "models.QuerySet[Bulk]":
    """The newest first, without the long lists."""
    long = [which + name for which in ("", "undone_by__", "undoes__") for name in ("issue_ids", "told", "skipped")]
    return Bulk.objects.select_related("by", "undone_by", "undoes").defer(*long).order_by("-pk")


def _act(bulk: Bulk, at: int, by: User, actor: Actor) -> None:
    """One decision, or its undo. Raises ValidationError with the sentence that says why there was none."""
    issue = Issue.objects.visible_to(actor).filter(pk=bulk.issue_ids[at]).first()
    if issue is None:
        raise ValidationError(_("It is not there any more."))
    try:
        with transaction.atomic():
            if bulk.undoes_id:
                _undo(bulk, issue, by)
            else:
                _decide(bulk, at, issue, by, actor)
    except (IntegrityError, DataError) as failure:  # one that the database refuses must not hold up the others for ever
        log.exception("bulk.refused_by_the_database", bulk=bulk.pk, issue=issue.pk)
        raise ValidationError(_("It could not be done. The log says why.")) from failure


def _decide(bulk: Bulk, at: int, issue: Issue, by: User, actor: Actor) -> None:
    if who := claimed([issue.pk], by=by).get(issue.pk):
        raise ValidationError(looked_at(who))
    form = form_for(bulk.verb, bulk.told["form"], issue=issue, actor=actor, revision=bulk.told["revisions"][at])
    if not form.is_valid():
        raise ValidationError(form.sentences)
    decisions.decide(issue, bulk.verb, by=by, bulk=bulk, **{**form.told(), "revision": bulk.told["revisions"][at]})


def _undo(bulk: Bulk, issue: Issue, by: User) -> None:
    made = Decision.objects.filter(bulk=bulk.undoes_id, issue=issue).select_related("issue", "artifact").get()
    decisions.undo(made, by=by, bulk=bulk)


def _why(refusal: ValidationError) -> str:
    """The sentence, and who was faster with what if that was it."""
    sentence = " ".join(refusal.messages)
    if not (since := getattr(refusal, "since", [])):
        return sentence
    return f"{sentence} ({Verb(since[0].verb).label}, {since[0].decider})"


def _stop(row: Bulk, reason: str) -> None:
    row.told = {**row.told, "stopped": reason}
    row.save(update_fields=["told"])
    _end(row, is_cancelled=True)


def _end(row: Bulk, *, is_cancelled: bool) -> None:
    row.ended_at = timezone.now()
    row.cancelled_at = row.ended_at if is_cancelled else None
    row.save(update_fields=["ended_at", "cancelled_at"])


def _steered(bulk: Bulk, by: User) -> Bulk:
    """The row, held; raises PermissionDenied for whoever may not."""
    row = Bulk.objects.select_for_update(of=["self"]).get(pk=bulk.pk)
    if not may_steer(row, actor_for(by)):
        raise PermissionDenied
    return row
