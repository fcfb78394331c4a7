"""Files that somebody might send to do harm, and those that people do send, each made in code.

Every file says what has to become of it: refused when it is taken, refused by the worker, or made anew into something
harmless. ``python -m bench.attachments`` prints what did; tests/reports/test_attachments.py insists on it.
"""

import gzip
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from PIL import Image
from PIL.PngImagePlugin import PngInfo

CANARY = "CANARY-4711"  # stands in metadata and in what hangs on behind, and must stand in nothing that comes out
SCRIPT = f"<script>alert('{CANARY}')</script>"


@dataclass(frozen=True)
class Hostile:
    """``verdict`` is a value of Unwanted ("taken by": at the door), of AttachmentRefusal, or the format made of it."""

    label: str
    make: Callable[[], bytes]
    verdict: str
    name: str = "picture.png"
    claimed: str = "image/png"


# Parts


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    drawn = Image.new(mode, size)
    drawn.putpixel((0, 0), 1 if mode in ("L", "P", "1") else (200, 30, 30, 255)[: len(mode)])
    return drawn


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def png(**options: object) -> bytes:
    return saved(picture(), "PNG", **options)


def jpeg(**options: object) -> bytes:
    return saved(picture(), "JPEG", **options)


def gif() -> bytes:
    return saved(picture("P"), "GIF")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bare_png(width: int, height: int, body: bytes, *, more: bytes = b"", depth: int = 8, colour: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + more + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def bare_jpeg(width: int, height: int) -> bytes:
    whole = jpeg()
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


def bare_gif(width: int, height: int, frame: tuple[int, int]) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return screen + b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x4c\x01\x00;"


def bare_webp(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + (width - 1).to_bytes(3, "little")
    body += (height - 1).to_bytes(3, "little") + b"VP8L" + struct.pack("<I", 4) + b"\x2f\0\0\0"
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def archive(name: str = "inside.txt", text: str = CANARY) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, text)
    return out.getvalue()


def located() -> Image.Exif:
    """Where and by whom it was taken, and that the camera lay on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = exif[0x013B] = CANARY
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    return exif


def described() -> PngInfo:
    told = PngInfo()
    told.add_text("Comment", CANARY)
    told.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{CANARY}</x:xmpmeta>")
    return told


def animated_bomb(frames: int = 400) -> bytes:
    """A small file of many frames, each of six million pixels."""
    one = saved(Image.new("P", (3000, 2000)), "GIF")
    begin, end = one.index(b","), one.rindex(b";")
    return one[:begin] + one[begin:end] * frames + b";"


def noise(size: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(size)


def deep_json(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


PDF = b"%PDF-1.7\n1 0 obj\n<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>\nendobj\n%%EOF"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><text>{CANARY}</text></svg>'.encode()
HTML = f"<!DOCTYPE html><html><body>{SCRIPT}</body></html>".encode()
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)
TEXT = "Ein Wort, 一句话, كلمة, слово.\n".encode()


def hostile() -> Iterator[Hostile]:
    yield from polyglots()
    yield from bombs()
    yield from damaged()
    yield from disguised()
    yield from named()
    yield from texts()
    yield from honest()


def polyglots() -> Iterator[Hostile]:
    yield Hostile("GIF that is a script", lambda: b"GIF89a/*" + noise(40) + b"*/=1;alert(1);//", "too_many_pixels")
    yield Hostile("GIF with a script behind it", lambda: gif() + f"/*{SCRIPT}*/".encode(), "png", "a.gif", "image/gif")
    yield Hostile("PNG with a page behind it", lambda: png() + HTML, "png", "a.html", "text/html")
    yield Hostile("PNG with a page in its text", lambda: png(pnginfo=described()) + HTML, "png")
    yield Hostile("JPEG that is an archive", lambda: jpeg() + archive(), "jpeg", "a.zip", "application/zip")
    yield Hostile("JPEG with a page in its comment", lambda: jpeg(comment=SCRIPT), "jpeg", "a.jpg", "image/jpeg")
    yield Hostile("GIF that is a Java archive", lambda: gif() + archive("A.class"), "png", "a.gif", "image/gif")
    yield Hostile("PDF inside a PNG", lambda: bare_png(1, 1, zlib.compress(b"\0" * 4), more=chunk(b"teXt", PDF)), "png")
    yield Hostile("PDF with a PNG behind it", lambda: PDF + png(), "document")
    yield Hostile("page with a PNG behind it", lambda: HTML + png(), "unknown")
    yield Hostile("archive with a PNG before it, as text", lambda: b"note\n" + archive(), "unknown")


def bombs() -> Iterator[Hostile]:
    yield Hostile(
        "PNG of 50,000 × 50,000", lambda: bare_png(50_000, 50_000, zlib.compress(b"\0" * 1000)), "too_many_pixels"
    )
    yield Hostile(
        "PNG of two thousand million on a side", lambda: bare_png(2**31 - 1, 2**31 - 1, b""), "too_many_pixels"
    )
    yield Hostile("PNG of 0 × 0", lambda: bare_png(0, 0, b""), "damaged")
    yield Hostile(
        "JPEG of 65,500 × 65,500", lambda: bare_jpeg(65_500, 65_500), "too_many_pixels", "a.jpg", "image/jpeg"
    )
    yield Hostile("JPEG of no height", lambda: bare_jpeg(100, 0), "damaged", "a.jpg", "image/jpeg")
    yield Hostile(
        "WebP of 16,000 × 16,000", lambda: bare_webp(16_000, 16_000), "too_many_pixels", "a.webp", "image/webp"
    )
    yield Hostile("GIF of 65,535 × 65,535", lambda: bare_gif(65_535, 65_535, (1, 1)), "too_many_pixels", "a.gif")
    yield Hostile(
        "GIF with a frame larger than it", lambda: bare_gif(1, 1, (65_535, 65_535)), "too_many_pixels", "a.gif"
    )
    yield Hostile("GIF of 400 frames of 6 million pixels", animated_bomb, "png", "a.gif", "image/gif")
    yield Hostile(
        "PNG of packed text, 5 MB",
        lambda: bare_png(
            1, 1, zlib.compress(b"\0" * 4), more=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(5_000_000)))
        ),
        "unreadable",
    )
    yield Hostile(
        "PNG with a colour profile of 5 MB",
        lambda: bare_png(
            1, 1, zlib.compress(b"\0" * 4), more=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(5_000_000)))
        ),
        "unreadable",
    )
    yield Hostile(
        "PNG whose pixels unpack to 20 MB too many", lambda: bare_png(10, 10, zlib.compress(bytes(20_000_000))), "png"
    )
    yield Hostile(
        "40 million pixels, black",
        lambda: bare_png(8000, 5000, zlib.compress(bytes(1001 * 5000)), depth=1, colour=0),
        "png",
    )
    yield Hostile(
        "40 million pixels one can see through", lambda: saved(Image.new("RGBA", (8000, 5000)), "WEBP"), "png", "a.webp"
    )
    yield Hostile("JSON 200,000 deep", lambda: deep_json(200_000), "text", "a.json", "application/json")
    yield Hostile(
        "JSON of a million digits", lambda: b'{"n": ' + b"9" * 1_000_000 + b"}", "text", "a.json", "application/json"
    )
    yield Hostile(
        "JSON of brackets, 50,000", lambda: b"[" + b"[]," * 50_000 + b"1]", "json", "a.json", "application/json"
    )
    yield Hostile("text of one line, 9 MB", lambda: b"a" * 9_000_000, "text", "a.txt", "text/plain")
    yield Hostile(
        "packed text, 1 kB for 1 MB", lambda: gzip.compress(bytes(1_000_000)), "archive", "a.txt", "text/plain"
    )


def damaged() -> Iterator[Hostile]:
    yield Hostile("nothing", lambda: b"", "empty")
    yield Hostile("white space", lambda: b" \n\t\r\n", "empty", "a.txt", "text/plain")
    yield Hostile("a PNG's first 8 bytes", lambda: png()[:8], "damaged")
    yield Hostile("half a PNG", lambda: saved(Image.effect_noise((90, 90), 50), "PNG")[:3000], "unreadable")
    yield Hostile("half a JPEG", lambda: saved(Image.effect_noise((90, 90), 50), "JPEG")[:2000], "unreadable", "a.jpg")
    yield Hostile("a JPEG's first 3 bytes", lambda: b"\xff\xd8\xff", "damaged", "a.jpg", "image/jpeg")
    yield Hostile("half a GIF", lambda: saved(Image.effect_noise((90, 90), 50), "GIF")[:900], "unreadable", "a.gif")
    yield Hostile("half a WebP", lambda: saved(Image.effect_noise((90, 90), 50), "WEBP")[:700], "unreadable", "a.webp")
    yield Hostile("PNG with wrong sums", lambda: png()[:-20] + bytes(20), "unreadable")
    yield Hostile("PNG header and noise", lambda: png()[:33] + noise(4000), "unreadable")
    yield Hostile("noise", lambda: noise(4000), "unknown")


def disguised() -> Iterator[Hostile]:
    yield Hostile("SVG", lambda: SVG, "markup", "a.svg", "image/svg+xml")
    yield Hostile("SVG named PNG", lambda: b'<?xml version="1.0"?>\n' + SVG, "markup")
    yield Hostile("SVG behind a comment and a mark", lambda: "\ufeff \n<!-- PNG -->".encode() + SVG, "markup")
    yield Hostile("SVG in UTF-16", lambda: SVG.decode().encode("utf-16"), "markup")
    yield Hostile("page named TXT", lambda: HTML, "markup", "a.txt", "text/plain")
    yield Hostile(
        "page in small and large letters", lambda: b"\n <ScRiPt >alert(1)</script>", "markup", "a.txt", "text/plain"
    )
    yield Hostile("archive named PNG", archive, "archive")
    yield Hostile("document of an office named TXT", lambda: archive("word/document.xml"), "archive", "a.txt")
    yield Hostile("PDF named JSON", lambda: PDF, "document", "a.json", "application/json")
    yield Hostile("program named JPEG", lambda: ELF, "program", "a.jpg", "image/jpeg")
    yield Hostile("program of Windows", lambda: b"MZ\x90\x00" + bytes(60), "program")
    yield Hostile("BMP", lambda: saved(picture(), "BMP"), "other_picture", "a.bmp", "image/bmp")
    yield Hostile("TIFF named PNG", lambda: saved(picture(), "TIFF"), "other_picture")
    yield Hostile("HEIC named JPEG", lambda: b"\0\0\0\x18ftypheic" + bytes(50), "other_picture", "a.jpg", "image/jpeg")
    yield Hostile("video named GIF", lambda: b"\0\0\0\x18ftypmp42" + bytes(50), "media", "a.gif", "image/gif")


def named() -> Iterator[Hostile]:
    yield Hostile("../ in its name", png, "png", "../../../etc/cron.d/evil")
    yield Hostile("NUL in its name", png, "png", "a.php\x00.png")
    yield Hostile("right-to-left in its name", png, "png", "a\u202egnp.exe")
    yield Hostile("4,000 letters in its name", png, "png", "a" * 4_000 + ".png")
    yield Hostile("markup in its name", lambda: ELF, "program", f'"><img src=x onerror={CANARY}>.png')
    yield Hostile("line ends in its name", png, "png", "a.png\r\nSet-Cookie: b=c")


def texts() -> Iterator[Hostile]:
    yield Hostile("text of many scripts", lambda: TEXT, "text", "a.txt", "text/plain")
    yield Hostile("text with UTF-8's mark", lambda: b"\xef\xbb\xbf" + TEXT, "text", "a.txt", "text/plain")
    yield Hostile("text in UTF-16", lambda: TEXT.decode().encode("utf-16"), "text", "a.txt", "text/plain")
    yield Hostile("text in UTF-16 without its mark", lambda: TEXT.decode().encode("utf-16-le"), "unknown", "a.txt")
    yield Hostile("text in two encodings", lambda: TEXT + "für".encode("latin-1"), "unknown", "a.txt", "text/plain")
    yield Hostile("text with a NUL", lambda: TEXT + b"\0" + TEXT, "unknown", "a.txt", "text/plain")
    yield Hostile(
        "text with controls and turned signs", lambda: b"a\x1b[31mred\x07\x7f \xe2\x80\xae turned", "text", "a.log"
    )
    yield Hostile("text that begins like a model's prompt", lambda: b"<s>[INST] hello [/INST]", "text", "a.txt")
    yield Hostile("JSON", lambda: json.dumps({"a": ["ä", 1, None]}).encode(), "json", "a.json", "application/json")
    yield Hostile("JSON that is none", lambda: b'{"a": NaN, b: }', "text", "a.json", "application/json")
    yield Hostile("JSON of lines", lambda: b'{"a": 1}\n{"a": 2}\n', "text", "a.jsonl", "application/json")


def honest() -> Iterator[Hostile]:
    yield Hostile("PNG with a comment and XMP", lambda: png(pnginfo=described()), "png")
    yield Hostile("JPEG with place, author and side", lambda: jpeg(exif=located(), comment=CANARY), "jpeg", "a.jpg")
    yield Hostile("PNG with place and author", lambda: png(exif=located()), "png")
    yield Hostile("WebP with place and author", lambda: saved(picture(), "WEBP", exif=located()), "jpeg", "a.webp")
    yield Hostile("WebP one can see through", lambda: saved(picture("RGBA"), "WEBP"), "png", "a.webp", "image/webp")
    yield Hostile(
        "GIF of three frames",
        lambda: saved(picture("P"), "GIF", save_all=True, append_images=[picture("P", (40, 30)), picture("P")]),
        "png",
        "a.gif",
    )
    yield Hostile(
        "JPEG of four inks", lambda: saved(Image.new("CMYK", (40, 30)), "JPEG"), "jpeg", "a.jpg", "image/jpeg"
    )
    yield Hostile("PNG of 16 bits", lambda: saved(Image.new("I;16", (40, 30), 30_000), "PNG"), "png")
    yield Hostile("PNG of one bit", lambda: saved(picture("1"), "PNG"), "png")


@cache
def made(label: str) -> bytes:
    """The file of that label, made once in a process."""
    return next(case for case in hostile() if case.label == label).make()
