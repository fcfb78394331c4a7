"""A Telltale site, from Python."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, cast
from urllib.parse import quote

import httpx

from telltale import keeping, uploading
from telltale.batches import batches
from telltale.patience import Patience
from telltale.problem import Problem
from telltale.shapes import (
    Artifact,
    ArtifactKind,
    Bulk,
    BulkResult,
    Form,
    ImportStatus,
    Issue,
    Receipt,
    Reject,
    Standing,
)
from telltale.wire import Wait, Wire

TIMEOUT_S = 30.0
BULK_TIMEOUT_S = 120.0  # for the answer: hundreds of reports are filed one by one
KINDS: tuple[ArtifactKind, ...] = ("model", "system", "dataset")
REPORTS = "/api/v1/reports/"
ISSUES = "/api/v1/issues/"


class Sink(Protocol):
    """What bytes are written to, such as a file."""

    def write(self, content: bytes, /) -> object: ...


class Client:
    """A site, asked as the owner of ``token``, or as nobody in particular.

    Use it in a ``with`` block, or close it. Whatever does not work out raises :class:`Problem`. A request that did not
    reach the site, or that it asks to repeat (429, 503), is tried again as ``patience`` says and never done twice:
    ``on_wait`` is told each time how many seconds are waited, and why.

    ``transport``, ``sleep`` and ``clock`` are for tests.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        patience: Patience | None = None,
        on_wait: Wait | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._wire = Wire(
            url,
            token,
            timeout_s=timeout_s,
            patience=patience or Patience(),
            transport=transport,
            sleep=sleep,
            clock=clock,
            on_wait=on_wait,
        )

    @classmethod
    def logged_in(cls, **options: Any) -> Client:
        """By ``TELLTALE_URL`` and ``TELLTALE_TOKEN``, else as ``telltale login`` kept it. Raises :class:`Problem`."""
        login = keeping.current()
        if login is None:
            raise Problem(0, "No site is known. Run: telltale login URL")
        return cls(login.url, login.token, **options)

    @property
    def url(self) -> str:
        return self._wire.site

    def __repr__(self) -> str:
        return f"<Client of {self.url}>"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()

    # Who is there

    def check(self) -> None:
        """Raises :class:`Problem` unless a Telltale site answers, and takes the token."""
        if "file_a_report" not in self._wire.told("GET", "/api/v1/"):
            raise Problem(200, "What answered there is no Telltale site.")

    # Reports

    def file(self, report: Mapping[str, Any], *, key: str | None = None) -> Receipt:
        """File one report, whose fields are those of the API.

        ``key`` names the request: made again by the same key within a day, nothing is filed twice.
        """
        told = self._wire.told("POST", REPORTS, json=dict(report), headers=_keyed(key))
        return cast(Receipt, told)

    def file_many(self, reports: Iterable[Mapping[str, Any]], *, key: str | None = None) -> Bulk:
        """File any number of reports, in as many requests as that takes; one that is refused keeps none out.

        Give each a ``source`` and a ``source_key``, and all may be filed again at any time. If a later request fails,
        the :class:`Problem` has what became of those before in ``told["so_far"]``, receipts among it.
        """
        bulk: Bulk = {"filed": 0, "already_here": 0, "rejected": 0, "results": []}
        try:
            for start, batch in batches(reports):
                told = self._wire.told(
                    "POST",
                    f"{REPORTS}bulk/",
                    content=batch,
                    headers={**_keyed(f"{key}/{start}" if key else None), "Content-Type": "application/json"},
                    timeout=httpx.Timeout(BULK_TIMEOUT_S, connect=10.0),
                )
                _add(bulk, cast(Bulk, told), start)
        except Problem as problem:
            problem.told["so_far"] = bulk
            raise
        return bulk

    def receipt(self, reference: str, code: str) -> Standing:
        """Where a report stands, for whoever has its receipt code."""
        headers = {"Authorization": f"Receipt {_code(code)}"}
        return cast(Standing, self._wire.told("GET", f"{REPORTS}{_part(reference)}/", headers=headers))

    # The record

    def issues(self, **narrowed: Any) -> Iterator[Issue]:
        """Issues, page after page as they are needed: ``issues(artifact="acme/chat-7b", state="open", q="rent")``."""
        return cast("Iterator[Issue]", self._each(ISSUES, narrowed))

    def issue(self, number: str) -> Issue:
        """An issue by its number; of one that was merged, the one that it became part of."""
        return cast(Issue, self._wire.told("GET", f"{ISSUES}{_part(number)}/"))

    def artifacts(self, kind: ArtifactKind = "model", **narrowed: Any) -> Iterator[Artifact]:
        """Artifacts of a kind, page after page: ``artifacts("dataset", developer="Acme")``."""
        return cast("Iterator[Artifact]", self._each(f"/api/v1/{kind}s/", narrowed))

    def artifact(self, name: str, kind: ArtifactKind | None = None) -> Artifact:
        """An artifact by ORG/NAME, of whatever kind it is if none is named."""
        return cast(Artifact, self._of_kinds(kind, lambda each: f"/api/v1/{each}s/{_named(name)}/").json())

    def card(self, name: str, kind: ArtifactKind | None = None, *, version: str = "", language: str = "") -> str:
        """The block of known limitations for the card of a model or dataset, in Markdown."""
        params = {name: value for name, value in {"version": version, "language": language}.items() if value}
        return self._of_kinds(kind, lambda each: f"/{each}s/{_named(name)}/card.md", params=params).text

    def export(
        self,
        form: Form,
        to: Sink | None = None,
        *,
        issue: str = "",
        artifact: str = "",
        kind: ArtifactKind | None = None,
        **narrowed: Any,
    ) -> bytes:
        """The record in a format: of one issue, of one artifact, or all of it (which ``narrowed`` narrows).

        With ``to`` it is written there as it comes, and nothing is returned.
        """
        if issue:
            path = f"/issues/{_part(issue)}/export/{_part(form)}/"
        elif artifact:
            found = kind or self._kind_of(artifact)
            path = f"/{found}s/{_named(artifact)}/export/{_part(form)}/"
        else:
            path = f"/issues/export/{_part(form)}/"
        with self._wire.opened("GET", path, params=narrowed, is_streamed=True) as answer:
            try:
                if to is None:
                    return answer.read()
                for chunk in answer.iter_bytes():
                    to.write(chunk)
            except httpx.HTTPError as error:
                raise Problem(0, f"{self.url} broke off: {error or type(error).__name__}.") from None
        return b""

    # Files of many reports

    def import_file(
        self,
        path: str | Path,
        format: str,
        *,
        artifact: str = "",
        mapping: Mapping[str, Any] | None = None,
        scorer: str = "",
        fails: str = "",
        threshold: float | None = None,
        dry_run: bool = False,
        wait: bool = True,
        on_progress: uploading.Progress | None = None,
        part_size: int = uploading.PART_MAX,
    ) -> ImportStatus:
        """Hand in a file, and wait until it is filed, unless ``wait`` is False.

        Broken off, the same call goes on where it stopped. ``on_progress`` is told how far it is.
        """
        options = {"artifact": artifact, "mapping": mapping, "scorer": scorer, "fails": fails, "threshold": threshold}
        told = {name: value for name, value in options.items() if value not in (None, "")}
        file = Path(path)
        status = uploading.announced(self._wire, file, format=format, dry_run=dry_run, **told)
        if status["state"] == "uploading":
            uploading.send(self._wire, file, status, on_progress=on_progress, part_size=part_size)
        if not wait:
            return self.import_status(status["id"])
        return uploading.watch(self._wire, status["id"], on_progress=on_progress)

    def imports(self) -> Iterator[ImportStatus]:
        """Your imports, the newest first."""
        return cast("Iterator[ImportStatus]", self._each(uploading.IMPORTS, {}))

    def import_status(self, import_id: int) -> ImportStatus:
        return uploading.status_of(self._wire, import_id)

    def import_rejects(self, import_id: int) -> Iterator[Reject]:
        """What an import did not file, and why, in the order of the file."""
        path = f"{uploading.IMPORTS}{import_id}/rejects/"
        with self._wire.opened("GET", path, is_streamed=True) as answer:
            try:
                for line in answer.iter_lines():
                    yield cast(Reject, json.loads(line))
            except (httpx.HTTPError, ValueError) as error:
                raise Problem(0, f"The rejections could not be read to their end: {error}.") from None

    def cancel_import(self, import_id: int) -> ImportStatus:
        """Stop it. What was filed until then stays."""
        return cast(ImportStatus, self._wire.told("POST", f"{uploading.IMPORTS}{import_id}/cancel/"))

    # Asking

    def _each(self, path: str, narrowed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        params: dict[str, Any] | None = {name: value for name, value in narrowed.items() if value not in (None, "")}
        while True:
            told = self._wire.told("GET", path, params=params)
            results = told.get("results")
            if not isinstance(results, list):
                raise Problem(200, "What answered there is no Telltale site: it sent no list.")
            yield from results
            if not isinstance(told.get("next"), str):
                return
            path, params = self._wire.path_of(told["next"]), None  # the link says all of them

    def _of_kinds(self, kind: ArtifactKind | None, path: Callable[[ArtifactKind], str], **sent: Any) -> httpx.Response:
        """The first answer that is there, of the kind, or of the kinds one after the other."""
        kinds = (kind,) if kind else KINDS
        for each in kinds[:-1]:
            answer = self._wire.answer("GET", path(each), allowed=(404,), **sent)
            if answer.status_code != 404:
                return answer
        return self._wire.answer("GET", path(kinds[-1]), **sent)

    def _kind_of(self, name: str) -> ArtifactKind:
        kind = self.artifact(name).get("kind")
        return next((each for each in KINDS if each == kind), "model")


def _keyed(key: str | None) -> dict[str, str]:
    """Every POST names itself, so that one whose answer was lost can be sent again."""
    if key and not key.isascii():
        raise ValueError("The key of a request is made of ASCII letters and digits.")
    return {"Idempotency-Key": key or str(uuid.uuid4())}


def _code(text: str) -> str:
    """A receipt code as it may stand in a header."""
    told = text.strip()
    if not told.isascii() or not told.replace("-", "").replace(" ", "").isalnum():
        raise ValueError("A receipt code has 24 letters and digits.")
    return told


def _part(text: str) -> str:
    """One step of a path, whatever stands in it.

    >>> _part("TT-2026-00042"), _part("../x?y")
    ('TT-2026-00042', '..%2Fx%3Fy')
    """
    told = quote(text.strip(), safe="")
    if told in ("", ".", ".."):
        raise ValueError(f"“{text}” names nothing.")
    return told


def _named(artifact: str) -> str:
    org, slash, name = artifact.strip().partition("/")
    if not slash:
        raise ValueError(f"An artifact is named ORG/NAME, and “{artifact}” is not that.")
    return f"{_part(org)}/{_part(name)}"


def _add(bulk: Bulk, told: Bulk, start: int) -> None:
    """Count what became of a batch, and say its places as those of the whole."""
    for result in told["results"]:
        at = result["index"]
        placed: BulkResult = {**result, "index": start + at}
        if "errors" in result:
            old, new = f"/reports/{at}", f"/reports/{start + at}"
            placed["errors"] = [
                {**wrong, "pointer": new + wrong["pointer"].removeprefix(old)} for wrong in result["errors"]
            ]
        bulk["results"].append(placed)
    bulk["filed"] += told["filed"]
    bulk["already_here"] += told["already_here"]
    bulk["rejected"] += told["rejected"]
