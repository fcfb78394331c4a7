"""A tool's result on the exported cases of an issue, recorded as somebody's try: once, however often it comes."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from reports.importers.results import Result
from reports.models import Alias, Artifact, Issue, Reproduction
from triage import decisions
from triage.moves import Verb


def record(issue: Issue, result: Result, *, by: User, artifact: str = "", version: str = "") -> Reproduction:
    """Record it through the move ``reproduce``. ``artifact`` and ``version`` stand in for what the result says.

    Raises :class:`~triage.moves.answering.TriedAlready` if it is recorded, ValidationError with a sentence if it cannot
    be, and PermissionDenied if ``by`` may not decide.
    """
    named = version or result.version
    if not named:
        raise ValidationError(_("The result does not say which version was tried: say it yourself."))
    decision = decisions.decide(
        issue,
        Verb.REPRODUCE,
        by=by,
        artifact=_meant(issue, artifact or result.target),
        version=named,
        tries=result.tries,
        failures=result.failures,
        settings=dict(result.settings),
        evidence=result.evidence(),
        run=result.run,
    )
    return Reproduction.objects.get(run=result.run, ended_at=None, issue=decision.issue)


def chosen(results: Sequence[Result], artifact: str) -> Result:
    """The one that is meant, of a file that may hold several models' results."""
    if len(results) == 1:
        return results[0]
    of_it = [each for each in results if each.target.casefold() == artifact.casefold()]
    if len(of_it) != 1:
        models = ", ".join(each.target or "?" for each in results)
        raise ValidationError(_("It holds results of several models: %(models)s. Say which.") % {"models": models})
    return of_it[0]


def _meant(issue: Issue, typed: str) -> Artifact:
    """The artifact of the issue that is called so, by any of its names."""
    artifacts = [row.artifact for row in issue.affected.select_related("artifact") if not row.artifact.is_unknown]
    also = set(Alias.objects.filter(artifact__in=artifacts, name__iexact=typed).values_list("artifact", flat=True))
    found = [each for each in artifacts if str(each).casefold() == typed.casefold() or each.pk in also]
    if len(found) != 1:
        names = ", ".join(map(str, artifacts))
        told = {"artifact": typed or "?", "names": names}
        raise ValidationError(_("The result is of %(artifact)s, and the issue names %(names)s. Say which.") % told)
    return found[0]
