"""Where a model hub says that a repository has changed, as the webhooks of Hugging Face do."""

import json
import re
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.actors import open_to_all
from reports.naming import find_artifact, parse
from reports.vocabulary import ArtifactKind
from triage.rechecks import note_commit

LONGEST_BODY = 256_000  # bytes; what a hub sends of a commit is some 2,000, a comment may be long
LONGEST_NAME = 300
KINDS = {"model": ArtifactKind.MODEL, "dataset": ArtifactKind.DATASET, "space": ArtifactKind.SYSTEM}
REVISION = re.compile(r"[0-9a-f]{7,64}")
RELEASED = re.compile(r"refs/(heads/main|tags/.{1,200})")  # not the branches of those who propose a change


@csrf_exempt  # a server posts here, with no cookie of ours: it knows the secret
@open_to_all
@never_cache
@require_POST
def hub(request: HttpRequest) -> HttpResponse:
    """204 for whatever the hub may say, so that nobody learns here which repositories are watched."""
    if not settings.HUB_WEBHOOK_SECRET:
        raise Http404
    told = request.headers.get("X-Webhook-Secret", "")
    if not constant_time_compare(told.encode(), settings.HUB_WEBHOOK_SECRET.encode()):
        return refused(401, "The secret is wrong or missing.")
    body = request.read(LONGEST_BODY + 1)
    if len(body) > LONGEST_BODY:
        return refused(413, f"The body is longer than {LONGEST_BODY} bytes.")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return refused(400, "The body is not JSON.")
    found = commit_in(said)
    if found is not None:
        kind, name, revision = found
        artifact = find_artifact(kind, *parse(name))
        if artifact is not None and not artifact.is_unknown:
            note_commit(artifact, revision)
    return HttpResponse(status=204)


def refused(status: int, detail: str) -> JsonResponse:
    return JsonResponse({"type": "about:blank", "status": status, "detail": detail}, status=status)


def commit_in(said: Any) -> tuple[str, str, str] | None:
    """Kind, name and revision of what the files of a repository are now; None if the message is about anything else.

    >>> repo = {"type": "model", "name": "acme/chat-7b", "headSha": "0123abc"}
    >>> commit_in({"event": {"action": "update", "scope": "repo.content"}, "repo": repo})
    ('model', 'acme/chat-7b', '0123abc')
    """
    event, repo = _part(said, "event"), _part(said, "repo")
    kind, name = KINDS.get(_word(repo.get("type"))), _word(repo.get("name"))
    if event.get("scope") != "repo.content" or event.get("action") != "update" or kind is None:
        return None
    if not 3 <= len(name) <= LONGEST_NAME or name.count("/") != 1:
        return None
    revision = _revision(said.get("updatedRefs"), repo)
    return (kind.value, name, revision) if REVISION.fullmatch(revision) else None


def _revision(refs: Any, repo: dict[str, Any]) -> str:
    """Of the main branch or a tag that moved, else what the hub calls the head; "" if only other branches moved."""
    if not isinstance(refs, list) or not refs:
        return _word(repo.get("headSha"))
    moved = [_part({"ref": ref}, "ref") for ref in refs[:100]]
    return next((_word(ref.get("newSha")) for ref in moved if RELEASED.fullmatch(_word(ref.get("ref")))), "")


def _part(said: Any, name: str) -> dict[str, Any]:
    part = said.get(name) if isinstance(said, dict) else None
    return part if isinstance(part, dict) else {}


def _word(told: Any) -> str:
    return told if isinstance(told, str) else ""
