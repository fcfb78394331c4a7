"""What a file is, by its bytes alone: what it is called and what its sender says of it do not count.

Pure, and decodes no picture: of one only the header is read, for its size in pixels, so that a picture that would
unpack to gigabytes is known before anything unpacks it.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

MAX_PIXELS = 40_000_000  # 160 MB once decoded; cameras of phones make 12 to 50 million
MAX_SEGMENTS = 1_000  # of a JPEG, before its size is told; cameras write a dozen


class Unwanted(StrEnum):
    """Why a file is not taken."""

    EMPTY = "empty"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    PROGRAM = "program"
    OTHER_PICTURE = "other_picture"
    MEDIA = "media"
    MARKUP = "markup"
    UNKNOWN = "unknown"
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too_many_pixels"


class NotTaken(Exception):
    """A file that is not taken; ``reason`` says why."""

    def __init__(self, reason: Unwanted) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Content:
    """What a file is: a value of AttachmentFormat, and the size of a picture in pixels as its header tells it."""

    format: str
    width: int | None = None
    height: int | None = None


# How files begin that people do send, so that they are told what is wrong with it. (offset, bytes, what it is)
UNWANTED_SIGNATURES: tuple[tuple[int, bytes, Unwanted], ...] = (
    (0, b"%PDF-", Unwanted.DOCUMENT),
    (0, b"{\\rtf", Unwanted.DOCUMENT),
    (0, b"%!PS", Unwanted.DOCUMENT),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Unwanted.DOCUMENT),  # Office before 2007
    (0, b"PK\x03\x04", Unwanted.ARCHIVE),  # Office since 2007, too
    (0, b"PK\x05\x06", Unwanted.ARCHIVE),
    (0, b"\x1f\x8b", Unwanted.ARCHIVE),
    (0, b"BZh", Unwanted.ARCHIVE),
    (0, b"\xfd7zXZ\x00", Unwanted.ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", Unwanted.ARCHIVE),
    (0, b"Rar!\x1a\x07", Unwanted.ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", Unwanted.ARCHIVE),
    (257, b"ustar", Unwanted.ARCHIVE),
    (0, b"\x7fELF", Unwanted.PROGRAM),
    (0, b"MZ", Unwanted.PROGRAM),
    (0, b"\xca\xfe\xba\xbe", Unwanted.PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", Unwanted.PROGRAM),
    (0, b"\xce\xfa\xed\xfe", Unwanted.PROGRAM),
    (0, b"\x00asm", Unwanted.PROGRAM),
    (0, b"BM", Unwanted.OTHER_PICTURE),
    (0, b"II*\x00", Unwanted.OTHER_PICTURE),
    (0, b"MM\x00*", Unwanted.OTHER_PICTURE),
    (0, b"\x00\x00\x01\x00", Unwanted.OTHER_PICTURE),
    (0, b"8BPS", Unwanted.OTHER_PICTURE),
    (0, b"\xff\x0a", Unwanted.OTHER_PICTURE),
    (0, b"\x00\x00\x00\x0cjP  ", Unwanted.OTHER_PICTURE),
    (4, b"ftyphei", Unwanted.OTHER_PICTURE),
    (4, b"ftypmif", Unwanted.OTHER_PICTURE),
    (4, b"ftypavi", Unwanted.OTHER_PICTURE),
    (4, b"ftyp", Unwanted.MEDIA),
    (0, b"ID3", Unwanted.MEDIA),
    (0, b"OggS", Unwanted.MEDIA),
    (0, b"fLaC", Unwanted.MEDIA),
    (8, b"WAVE", Unwanted.MEDIA),
    (8, b"AVI ", Unwanted.MEDIA),
    (0, b"\x1a\x45\xdf\xa3", Unwanted.MEDIA),
)

# What browsers take for a page or a drawing when they guess (WHATWG MIME sniffing, 7.1), and SVG.
MARKUP = re.compile(
    r"\s*<(?:!--|\?xml|!doctype|(?:html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg|math)[\s/>])",
    re.IGNORECASE,
)
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def content_of(raw: bytes) -> Content:
    """What ``raw`` is. Raises :class:`NotTaken`."""
    if not raw:
        raise NotTaken(Unwanted.EMPTY)
    for signature, name, size_of in PICTURES:
        if raw.startswith(signature):
            return Content(name, *_within_bounds(size_of(raw)))
    if raw.startswith(b"RIFF") and raw[8:12] == b"WEBP":
        return Content("webp", *_within_bounds(_webp_size(raw)))
    text = _text_of(raw)
    if unwanted := _unwanted(raw, is_text=text is not None):
        raise NotTaken(unwanted)
    if text is None:
        raise NotTaken(Unwanted.UNKNOWN)
    if not text.strip():
        raise NotTaken(Unwanted.EMPTY)
    if MARKUP.match(text):
        raise NotTaken(Unwanted.MARKUP)
    # A worker reads whether it is: one that is not is text, and shown no differently
    return Content("json" if text.lstrip()[0] in "{[" else "text")


def _unwanted(raw: bytes, *, is_text: bool) -> Unwanted | None:
    for offset, signature, what in UNWANTED_SIGNATURES:
        could_be_words = is_text and signature.strip().isalnum()  # "MZ", "ID3": a text may begin so
        if raw.startswith(signature, offset) and not could_be_words:
            return what
    return None


def _text_of(raw: bytes) -> str | None:
    """The file as text, if it is UTF-8, or UTF-16 that says so; None if it is no text."""
    try:
        text = raw.decode("utf-16" if raw.startswith(WIDE_MARKS) else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def _within_bounds(size: tuple[int, int] | None) -> tuple[int, int]:
    if size is None or 0 in size:
        raise NotTaken(Unwanted.DAMAGED)
    if size[0] * size[1] > MAX_PIXELS:
        raise NotTaken(Unwanted.TOO_MANY_PIXELS)
    return size


def _number(raw: bytes, start: int, length: int, order: str = "big") -> int:
    return int.from_bytes(raw[start : start + length], "big" if order == "big" else "little")


def _png_size(raw: bytes) -> tuple[int, int] | None:
    if len(raw) < 33 or raw[8:16] != b"\x00\x00\x00\x0dIHDR":
        return None
    return _number(raw, 16, 4), _number(raw, 20, 4)


def _gif_size(raw: bytes) -> tuple[int, int] | None:
    """That of the screen; a frame may say that it is larger, which the worker asks before it decodes one."""
    return (_number(raw, 6, 2, "little"), _number(raw, 8, 2, "little")) if len(raw) >= 13 else None


def _jpeg_size(raw: bytes) -> tuple[int, int] | None:
    """From the frame's header, found by going from segment to segment."""
    place = 2
    for _ in range(MAX_SEGMENTS):
        while raw[place : place + 2] == b"\xff\xff":  # fill bytes
            place += 1
        marker = raw[place + 1 : place + 2]
        length = _number(raw, place + 2, 2)
        if raw[place : place + 1] != b"\xff" or not marker or marker in b"\xd8\xd9\xda" or length < 2:
            return None
        if 0xC0 <= marker[0] <= 0xCF and marker[0] not in (0xC4, 0xC8, 0xCC):
            header = raw[place + 4 : place + 9]
            return (_number(header, 3, 2), _number(header, 1, 2)) if len(header) == 5 else None
        place += 2 + length
    return None


def _webp_size(raw: bytes) -> tuple[int, int] | None:
    """From the first chunk, of which there are three kinds (RFC 9649)."""
    if len(raw) < 30:
        return None
    match raw[12:16]:
        case b"VP8X":
            return _number(raw, 24, 3, "little") + 1, _number(raw, 27, 3, "little") + 1
        case b"VP8L" if raw[20] == 0x2F:
            bits = _number(raw, 21, 4, "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if raw[23:26] == b"\x9d\x01\x2a":
            return _number(raw, 26, 2, "little") & 0x3FFF, _number(raw, 28, 2, "little") & 0x3FFF
    return None


PICTURES: tuple[tuple[bytes, str, Callable[[bytes], tuple[int, int] | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png", _png_size),
    (b"\xff\xd8\xff", "jpeg", _jpeg_size),
    (b"GIF87a", "gif", _gif_size),
    (b"GIF89a", "gif", _gif_size),
)
