"""The program that makes an attached file anew, alone in a process with little of everything.

Started by ``reports.examining`` and never imported by the site: decoding what strangers send is what it is there for,
so it imports nothing of ours, and whatever goes wrong in it ends with it::

    python -I remaking.py FORMAT < the file as it was sent > the file as it may be shown

It reads standard input and writes standard output, both of them files. The last line of standard error is the verdict,
JSON: ``{"format", "width", "height"}`` of what was written, or ``{"refusal"}``. The first line says that it began, so
that a machine where it cannot even start does not refuse the files of everybody.

A picture is decoded, turned upright, scaled down to SIDE and written from its pixels alone: what was hidden in the
file, beside the picture or behind it, is not in what comes out. Text comes out as UTF-8 with its controls drawn.
"""

import ctypes
import gc
import json
import os
import re
import resource
import struct
import sys
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

MEMORY = 1_000_000_000  # bytes of address space
SECONDS = 20  # of processor time
LARGEST = 32_000_000  # bytes it may write
MAX_PIXELS = 40_000_000  # asked once more before decoding: a frame may say that it is larger than its picture
SIDE = 4096  # pixels
PNG_LARGEST = 10_000_000  # bytes; a photograph that would be larger becomes a JPEG
JPEG_QUALITY = 88
DEEPEST = 100  # brackets within brackets of what counts as JSON
NOBODY = 65534
CLONE_NEWNET = 0x40000000  # linux/sched.h
BEGUN = "begun"

OPENED: Mapping[str, Callable[[BytesIO], Image.Image]] = {
    "png": PngImageFile,
    "jpeg": JpegImageFile,
    "gif": GifImageFile,
    "webp": WebPImageFile,
}
# What Pillow raises for pictures that are not what they say (struct and index errors by way of broken metadata)
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, OverflowError, struct.error)
# Controls as the signs that Unicode has for them; tabs and ends of lines stay. Signs of direction are words of some
# languages and stay too: pages mark them where text is shown.
DRAWN = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: 0x2421}
DRAWN |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


class Made(NamedTuple):
    """A file made anew."""

    raw: bytes
    format: str
    width: int | None = None
    height: int | None = None


class Refused(Exception):
    """A file that cannot be made anew; the text is a value of AttachmentRefusal."""


def made_anew(raw: bytes, name: str) -> Made:
    """``raw``, which begins like a file of the format ``name``, made anew. Raises :class:`Refused`."""
    try:
        return picture(raw, name) if name in OPENED else text(raw)
    except MemoryError:
        raise Refused("too_large") from None


# Pictures


def picture(raw: bytes, name: str) -> Made:
    try:
        image = OPENED[name](BytesIO(raw))
        if image.width * image.height > MAX_PIXELS:
            raise Refused("too_many_pixels")
        image.draft("RGB", (SIDE, SIDE))  # a large JPEG is scaled as it is decoded
        image.load()  # of an animation the first frame
        turn = orientation(image)
        pixels = plain(image)
    except BROKEN:
        raise Refused("unreadable") from None
    except Image.DecompressionBombError:
        raise Refused("too_many_pixels") from None
    pixels.thumbnail((SIDE, SIDE))
    return written(turned(pixels, turn), as_photograph=name == "jpeg" or (name == "webp" and pixels.mode == "RGB"))


def orientation(image: Image.Image) -> int:
    """How the camera was held (1 to 8, EXIF 274); 1 where that is not told, or told wrongly."""
    try:
        turn = image.getexif().get(274, 1)
    except BROKEN:
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def plain(image: Image.Image) -> Image.Image:
    """The pixels in one of three modes, and nothing else of the file."""
    has_alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    mode = "RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB"
    source = image.convert("RGBA") if image.mode == "P" and has_alpha else image
    if image.mode.startswith("I"):  # 16 bits a pixel, which a conversion would cut off instead of scaling
        source = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    pixels = source.convert(mode) if source.mode != mode else source  # a copy of 40 million pixels would be 160 MB
    pixels.info = {}
    return pixels


def turned(pixels: Image.Image, turn: int) -> Image.Image:
    if turn == 1:
        return pixels
    exif = Image.Exif()
    exif[274] = turn
    pixels.info["exif"] = exif.tobytes()
    upright = ImageOps.exif_transpose(pixels)
    upright.info = {}
    return upright


def written(pixels: Image.Image, *, as_photograph: bool) -> Made:
    """As PNG, which loses nothing; as JPEG what came as one, and what would be very large."""
    out = BytesIO()
    if not as_photograph:
        pixels.save(out, "PNG")
        if out.tell() <= PNG_LARGEST:
            return Made(out.getvalue(), "png", *pixels.size)
        out = BytesIO()
    if pixels.mode == "RGBA":
        paper = Image.new("RGB", pixels.size, "white")
        paper.paste(pixels, mask=pixels.getchannel("A"))
        pixels = paper
    pixels.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return Made(out.getvalue(), "jpeg", *pixels.size)


# Text


def text(raw: bytes) -> Made:
    """UTF-8, or UTF-16 that says so, as UTF-8; JSON if it is and keeps within bounds, and then as it was sent."""
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        words = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("unreadable") from None
    words = words.replace("\r\n", "\n").replace("\r", "\n")
    is_json = words.lstrip()[:1] in ("{", "[") and reads_as_json(words)
    return Made(words.translate(DRAWN).encode(), "json" if is_json else "text")


def reads_as_json(words: str) -> bool:
    """Whether a reader of JSON that is strict and careful would take it."""
    if depth(words) > DEEPEST:
        return False
    try:
        json.loads(words, parse_constant=refuse_constant)
    except (ValueError, RecursionError, MemoryError):
        return False
    return True


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def depth(words: str) -> int:
    """How deep its brackets stand within each other, without those in strings."""
    without_strings = re.sub(r'"(?:[^"\\]|\\.)*+"', "", words, flags=re.DOTALL)
    level = deepest = 0
    for sign in re.sub(r"[^\[\]{}]+", "", without_strings):
        level += 1 if sign in "[{" else -1
        deepest = max(deepest, level)
        if deepest > DEEPEST:
            break
    return deepest


# The process


def warm_up() -> None:
    """Make one of everything anew. What Pillow and Python load when it is first needed, they load now: started by root,
    the process may open no file of root's any more once it is confined."""
    held = Image.Exif()
    held[274] = 6
    for name in OPENED:
        for mode in ("RGB", "RGBA", "P") if name != "jpeg" else ("RGB", "L", "CMYK"):
            sample, other, out = Image.new(mode, (2, 3)), Image.new(mode, (2, 3), 1), BytesIO()
            sample.save(out, name, exif=held, save_all=name != "jpeg", append_images=[other])
            made_anew(out.getvalue(), name)
    for words in (b"{}", "a".encode("utf-16"), b"\xef\xbb\xbfa"):
        made_anew(words, "json")


def confine() -> None:
    """Give away what the work does not need. Where the machine does not know one of these, the others still hold."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).unshare(CLONE_NEWNET)  # as root only; nothing here would ask the network anyway
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def peak_kb() -> int:
    """The most memory it held, in kB; 0 where the machine does not tell."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) if found else 0


def say(verdict: Mapping[str, Any] | str) -> None:
    sys.stderr.write((verdict if isinstance(verdict, str) else json.dumps(verdict)) + "\n")
    sys.stderr.flush()


def main(name: str) -> None:
    warm_up()
    confine()
    gc.disable()  # it would go through millions of lists again and again, and the process ends soon
    say(BEGUN)
    try:
        made = made_anew(sys.stdin.buffer.read(), name)
    except Refused as refusal:
        say({"refusal": str(refusal), "peak_kb": peak_kb()})
        return
    sys.stdout.buffer.write(made.raw)
    sys.stdout.buffer.flush()
    say({"format": made.format, "width": made.width, "height": made.height, "peak_kb": peak_kb()})


if __name__ == "__main__":
    main(sys.argv[1])
