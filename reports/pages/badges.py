"""A badge for a model card: how many issues of an artifact are open and resolved, as SVG and as PNG.

Drawn in English unless ``?language=`` says otherwise, for it is kept and shown to people who never came here. Counts
are those of everybody's page; the text stands in the file as text, and for who cannot see it in the snippet's ``alt``.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_safe
from PIL import Image, ImageDraw, ImageFont

from accounts.actors import open_to_all
from accounts.policy import ANONYMOUS
from reports.abstracts import abstract_of
from reports.conditional import release, tag_of, unless_known
from reports.models import Artifact
from reports.pages.artifact import of_artifact

LOCKED_UP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
KEPT_S = 300  # seconds a cache on the way may keep it
HEIGHT, PAD, SIZE, RADIUS = 20, 7, 11, 3  # pixels
SCALE = 3  # of the PNG, which is shown smaller than it is
LATIN = frozenset({"en", "es"})  # what the letters that Pillow brings can write
INK, PAPER, QUIET = "#131f26", "#ffffff", "#43525a"


@dataclass(frozen=True, slots=True)
class Badge:
    """Two fields, each as wide as its words."""

    label: str
    told: str

    @property
    def words(self) -> str:
        return f"{self.label}: {self.told}"

    @property
    def label_width(self) -> int:
        return _width(self.label)

    @property
    def told_width(self) -> int:
        return _width(self.told)

    @property
    def label_length(self) -> int:
        """What the words may take: a reader's own letters may be wider than those that were measured."""
        return self.label_width - 2 * PAD

    @property
    def told_length(self) -> int:
        return self.told_width - 2 * PAD

    @property
    def width(self) -> int:
        return self.label_width + self.told_width

    @property
    def told_start(self) -> int:
        return self.label_width + PAD

    @property
    def edge(self) -> int:
        """How far the coloured field reaches from where its rounded corners end."""
        return self.label_width - RADIUS

    @property
    def inside(self) -> int:
        return self.width - 1


def badge_of(tally: Mapping[str, int]) -> Badge:
    is_open = ngettext("%(number)d open", "%(number)d open", tally["open"]) % {"number": tally["open"]}
    resolved = ngettext("%(number)d resolved", "%(number)d resolved", tally["resolved"]) % {"number": tally["resolved"]}
    return Badge(_("issues on record"), _("%(open)s, %(resolved)s") % {"open": is_open, "resolved": resolved})


@open_to_all
@require_safe
@of_artifact
def badge(request: HttpRequest, shown: Artifact, form: str) -> HttpResponse:
    """``form`` is "svg" or "png"."""
    asked = request.GET.get("language", "")
    drawable = dict(settings.LANGUAGES) if form == "svg" else LATIN
    language = asked if asked in drawable else settings.LANGUAGE_CODE
    with override(language):
        drawn = badge_of(abstract_of(shown, ANONYMOUS).told["tally"])
    answer = unless_known(request, tag_of(release(), form, drawn), lambda: DRAWN[form](request, drawn))
    answer.headers.pop("Cache-Control", None)
    patch_cache_control(answer, public=True, max_age=KEPT_S)
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"  # it is made to stand on other people's pages
    return answer


def _as_svg(request: HttpRequest, drawn: Badge) -> HttpResponse:
    answer = render(request, "reports/badge.svg", {"badge": drawn}, content_type="image/svg+xml")
    answer["Content-Security-Policy"] = LOCKED_UP
    return answer


def _as_png(request: HttpRequest, drawn: Badge) -> HttpResponse:
    return HttpResponse(_painted(drawn), content_type="image/png")


DRAWN: dict[str, Callable[[HttpRequest, Badge], HttpResponse]] = {"svg": _as_svg, "png": _as_png}


def _font(scale: int = 1) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    return ImageFont.load_default(SIZE * scale)


@lru_cache(maxsize=512)
def _width(words: str) -> int:
    return round(_font().getlength(words)) + 2 * PAD


@lru_cache(maxsize=256)
def _painted(drawn: Badge) -> bytes:
    picture = Image.new("RGBA", (drawn.width * SCALE, HEIGHT * SCALE), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    edge = drawn.label_width * SCALE
    pen.rounded_rectangle((0, 0, drawn.width * SCALE - 1, HEIGHT * SCALE - 1), RADIUS * SCALE, fill=PAPER)
    pen.rounded_rectangle(
        (0, 0, edge, HEIGHT * SCALE - 1), RADIUS * SCALE, fill=INK, corners=(True, False, False, True)
    )
    for words, start, colour in ((drawn.label, 0, PAPER), (drawn.told, edge, INK)):
        at = (start + PAD * SCALE, HEIGHT * SCALE / 2)
        pen.text(at, words, font=_font(SCALE), fill=colour, anchor="lm")
    pen.rounded_rectangle(
        (0, 0, drawn.width * SCALE - 1, HEIGHT * SCALE - 1), RADIUS * SCALE, outline=QUIET, width=SCALE
    )
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()
