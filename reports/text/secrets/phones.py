"""Telephone numbers, but for Chinese mobiles: as written abroad, as written at home, or where words announce them."""

import re
from collections.abc import Iterator

from reports.text.secrets.numbers import is_counted

_START, _END = r"(?<![A-Za-z0-9_+])(?<!\d[.,:-])", r"(?:(?=x\d)|(?![A-Za-z0-9_]))(?![.,:-]\d)"
_ABROAD = re.compile(rf"{_START}\(?(?:\+|00 ?)([1-9](?:[ .()/-]{{0,3}}\d){{7,14}}){_END}", re.ASCII)
_NORTH_AMERICAN = re.compile(
    rf"{_START}(?:\+?1[ .-]{{0,2}})?(?:\([2-9]\d\d\)[ .-]?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{{4}}{_END}", re.ASCII
)
_TRUNK = re.compile(
    rf"{_START}(?:(?:\(0[1-9]\d{{0,3}}\)[ -]?|0[1-9]\d{{0,3}}[ /-]{{1,3}})\d{{2,8}}(?:[ -]\d{{2,6}}){{0,4}}"
    rf"|0[567]\d{{8,9}}){_END}",
    re.ASCII,
)
_DAY = re.compile(r"(?:\d\d?[./ -]\d\d?[./ -](?:19|20)\d\d|(?:19|20)\d\d[./-]\d\d?[./-]\d\d?)(?!\d)")

_WORDS = (
    r"(?:\b(?:(?:tele)?phone|ph|tel|tlf|tfno|mobile|mob|cell|call|dial|sms|whatsapp|fax|landline|my number"
    r"|(?:reach|ring|text) (?:me|him|her|us|them)|teléfono|móvil|celular|ll[aá]ma(?:me|r)?)"
    r"|电话|手机|座机|传真|致电|拨打|هاتف|جوال|موبايل|واتساب|رقمي|اتصل)"
)
_ANNOUNCED = re.compile(
    rf"{_WORDS}(?![a-z]*s\b)[^\d\n+]{{0,20}}?(?<![A-Za-z0-9_+])(\(?\d(?:[ .()/-]{{0,3}}\d){{6,12}}){_END}", re.I | re.A
)

_CODES = """
1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90
91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239
240 241 242 243 244 245 246 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291
297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389
420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677
678 679 680 681 682 683 685 686 687 688 689 690 691 692 850 852 853 855 856 880 886 960 961 962 963 964 965 966 967 968
970 971 972 973 974 975 976 977 992 993 994 995 996 998
"""
_CALLING_CODES = frozenset(_CODES.split())
# Free to call: helplines and services, which a report has good reason to name.
_FREE = re.compile(r"1?8(?:00|33|44|55|66|77|88)\d{7}|0800\d+|0808\d+|[48]00\d{7}|900\d{6}|116\d{3}")


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Where telephone numbers stand that somebody may be called by."""
    for pattern, group in ((_NORTH_AMERICAN, 0), (_ABROAD, 0), (_TRUNK, 0), (_ANNOUNCED, 1)):
        for found in pattern.finditer(text):
            digits = re.sub(r"\D", "", found[group])
            if _is_fit(pattern, digits) and not _is_else(text, *found.span(group)):
                yield found.span(group)


def _is_fit(pattern: re.Pattern[str], digits: str) -> bool:
    if _FREE.fullmatch(digits):
        return False
    if pattern is _ABROAD:
        return _is_abroad(digits.removeprefix("00"))
    return 9 <= len(digits) <= 12 if pattern is _TRUNK else True


def _is_abroad(digits: str) -> bool:
    """Whether the digits begin with a calling code and are as many as those behind it have."""
    if digits.startswith("1"):
        return len(digits) == 11 and digits[1] not in "01" and digits[4] not in "01" and not _FREE.fullmatch(digits)
    return 9 <= len(digits) <= 15 and any(digits[:length] in _CALLING_CODES for length in (1, 2, 3))


def _is_else(text: str, start: int, end: int) -> bool:
    return bool(_DAY.match(text, start)) or is_counted(text, start, end)
