"""How files that are sent with a form are read: into memory, within bounds, and never onto the disk.

The upload handler of the whole site: no page has to name it, nor to do anything before or after it reads its form. What
a file or all of them together have beyond the limits is thrown away as it comes, and the file is handed on empty and
marked, so that the page can say which one it was and the answers beside it are not lost. A body that is far beyond what
anybody could mean is refused unread.

Memory and not temporary files, for two reasons. Until the safety gate has been asked nothing may be stored, and a
temporary file is stored. And the bound is small: FILES_LIMIT (20 MB) for each of the few requests that a process serves
at a time.
"""

from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

FAR_BEYOND = 5  # times FILES_LIMIT: up to there a body is read, so that its sender can be told which file was too large


class CutFile(InMemoryUploadedFile):
    """A file that was too large: its size as far as it was read, and none of its bytes."""


def is_cut(file: "UploadedFile[Any]") -> bool:
    return isinstance(file, CutFile)


class InMemory(FileUploadHandler):
    """Holds files in memory, no more of one than FILE_LIMIT and no more of all than FILES_LIMIT."""

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],
        content_length: int,
        boundary: Any,  # bytes, whatever the stubs of Django say
        encoding: str | None = None,
    ) -> "tuple[QueryDict, MultiValueDict[str, UploadedFile[Any]]] | None":
        if content_length > settings.FILES_LIMIT * FAR_BEYOND:
            raise RequestDataTooBig("The body is many times larger than a report can be.")
        self.together = 0
        return None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.held: BytesIO | None = BytesIO()
        self.size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.size += len(raw_data)
        if self.held is None:
            return
        self.held.write(raw_data)
        if self.size > settings.FILE_LIMIT or self.together + self.size > settings.FILES_LIMIT:
            self.held = None

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        about = (self.field_name, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra)
        if self.held is None:
            return CutFile(BytesIO(), *about)
        self.together += file_size
        self.held.seek(0)
        return InMemoryUploadedFile(self.held, *about)
