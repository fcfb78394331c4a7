"""A large file of a form, put on the disk as it comes: of no page but the one that takes imports.

The handler goes before the form is read::

    request.upload_handlers = [OnDisk(request)]

``file`` becomes a :class:`Stowed`, which lies in quarantine under a random name and is the page's to keep or drop; what
nobody keeps is swept away with all that no row wants. ``mapping`` is small and held in memory; any other file is
skipped.
"""

import hashlib
from io import BytesIO
from typing import IO, Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from reports import quarantine
from reports.quarantine import Room

FILE, MAPPING = "file", "mapping"
MAPPING_MAX = 64_000  # bytes
FAR_BEYOND = 2  # times IMPORT_LIMIT: up to there a body is read, so that its sender can be told what was wrong
log = structlog.get_logger()


class Stowed(UploadedFile):  # type: ignore[type-arg] # generic in the stubs only
    """A file that lies in quarantine under ``stowed``; "" if it was too large or could not be kept."""

    def __init__(self, stowed: str, sha256: str, size: int, name: str | None, *, is_cut: bool) -> None:
        super().__init__(file=BytesIO(), name=name, size=size)
        self.stowed, self.sha256, self.is_cut = stowed, sha256, is_cut


class OnDisk(FileUploadHandler):
    """Writes ``file`` to quarantine, no more of it than IMPORT_LIMIT, and counts and digests on the way."""

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],
        content_length: int,
        boundary: Any,  # bytes, whatever the stubs of Django say
        encoding: str | None = None,
    ) -> "tuple[QueryDict, MultiValueDict[str, UploadedFile[Any]]] | None":
        if content_length > settings.IMPORT_LIMIT * FAR_BEYOND:
            raise RequestDataTooBig("The body is many times larger than an import can be.")
        self.taken: set[str | None] = set()
        return None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.field_name not in (FILE, MAPPING) or self.field_name in self.taken:
            raise SkipFile
        self.taken.add(self.field_name)
        self.size, self.digest, self.held = 0, hashlib.sha256(), BytesIO()
        self.stowed = ""
        if self.field_name == FILE:
            self._open()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.size += len(raw_data)
        if self.field_name == MAPPING:
            if self.size <= MAPPING_MAX:
                self.held.write(raw_data)
            return
        if not self.stowed:
            return
        if self.size > settings.IMPORT_LIMIT:
            self._give_up()
            return
        self.digest.update(raw_data)
        try:
            self.written.write(raw_data)
        except OSError as failure:
            self._lose(failure)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        if self.field_name == MAPPING:
            self.held.seek(0)
            about = (self.field_name, self.file_name, self.content_type, self.size, self.charset)
            return InMemoryUploadedFile(self.held, *about)
        if self.stowed:
            try:
                self.laying.__exit__(None, None, None)
            except OSError as failure:
                self._lose(failure)
        is_cut = self.size > settings.IMPORT_LIMIT
        return Stowed(self.stowed, self.digest.hexdigest(), self.size, self.file_name, is_cut=is_cut)

    def upload_interrupted(self) -> None:
        """The line broke: what came is of no use."""
        if getattr(self, "stowed", ""):
            self._give_up()

    def _open(self) -> None:
        name = quarantine.new_name()
        try:
            self.laying = quarantine.laying(Room.IMPORTS, name)
            self.written = self.laying.__enter__()
        except OSError as failure:
            log.error("imports.not_kept", error=type(failure).__name__)
            return
        self.stowed = name

    def _lose(self, failure: OSError) -> None:
        log.error("imports.not_kept", error=type(failure).__name__)
        self._give_up()

    def _give_up(self) -> None:
        name, self.stowed = self.stowed, ""
        self.written.close()
        quarantine.drop(name, Room.IMPORTS)
