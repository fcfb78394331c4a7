"""Numbers that prove themselves: cards, accounts and Chinese identity numbers by checksums, Chinese mobiles by form."""

import re
from collections.abc import Iterator
from datetime import date

_START, _END = r"(?<![A-Za-z0-9_])(?<!\d[.-])", r"(?![A-Za-z0-9_])(?![.-]\d)"

# Card: issuers by how a number begins, with the lengths they give out (ISO/IEC 7812, issuers' own tables).
_CARD = re.compile(
    rf"{_START}(?:\d{{14,19}}|\d{{4}}([ -])\d{{4}}\1\d{{4}}\1\d{{4}}(?:\1\d{{1,3}})?|\d{{4}}([ -])\d{{6}}\2\d{{4,5}}"
    rf"|\d{{4}}([ -])\d{{4}}\3\d{{4}}\3\d{{2}}){_END}",
    re.ASCII,
)
_ISSUED = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|220[0-4]\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}|(?:60|81|82)\d{14}"
    r"|(?:50|5[6-8]|6[37])\d{14,17}"
)

# Length of a bank account by country (IBAN registry, ISO 13616).
_LENGTHS = """
NO15 BE16 DK18 FI18 FO18 GL18 NL18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 XK20 CH21 HR21 LI21 LV21 BG22 BH22
CR22 DE22 GB22 GE22 IE22 ME22 RS22 VA22 AE23 GI23 IL23 IQ23 OM23 SO23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24
SE24 SK24 TN24 VG24 PT25 ST25 IS26 TR26 BI27 DJ27 FR27 GR27 IT27 MC27 MR27 SM27 AL28 AZ28 BY28 CY28 DO28 GT28
HN28 HU28 LB28 NI28 PL28 SV28 BR29 EG29 PS29 QA29 UA29 JO30 KW30 MN20 MU30 YE30 SC31 LC32 MT31 RU33 SD18 LY25
FK18
"""
_LENGTH = {code[:2]: int(code[2:]) for code in _LENGTHS.split()}
_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})\d{2}", re.ASCII)
_REST = {each: re.compile(rf"(?:[ -]?[A-Za-z0-9]){{{each - 4}}}(?![A-Za-z0-9])") for each in set(_LENGTH.values())}

# Chinese identity number (GB 11643): province, day of birth, a running number, from 18 digits on a check character.
_ID = re.compile(rf"{_START}\d{{6}}[ -]?\d{{8}}[ -]?\d{{3}}[\dXx]{_END}", re.ASCII)
_OLD_ID = re.compile(rf"{_START}\d{{15}}{_END}", re.ASCII)
_OLD_ID_BEFORE = re.compile(r"(?:身份|证件|证号|\bID\b)[^\n]{0,16}\Z", re.ASCII)
_PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"

_MOBILE = re.compile(
    rf"(?<![A-Za-z0-9_+.])(?<!\d-)(?:\(?(?:\+|00)?86\)?[ -]{{0,2}})?1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}{_END}", re.ASCII
)
_COUNTED_AFTER = re.compile(r" ?(?:[*×÷^=%]|元|个|位|次|字节|param|token|byte|sample|step|rows|users)", re.IGNORECASE)
_COUNTED_BEFORE = re.compile(
    r"(?:订单|单号|编号|学号|运单|时间戳|order|invoice|tracking|seed|timestamp)[^\d\n]{0,12}\Z", re.I
)


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Where payment cards stand: of an issuer, as long as that issuer's are, and true to Luhn's checksum."""
    for found in _CARD.finditer(text):
        number = re.sub("[ -]", "", found[0])
        if _ISSUED.fullmatch(number) and is_luhn(number):
            yield found.span()


def is_luhn(number: str) -> bool:
    """Whether the last digit is the one that Luhn's formula asks for (ISO/IEC 7812-1, annex B).

    >>> is_luhn("4111111111111111"), is_luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) << (place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Where international bank accounts stand: as long as their country's are, and true to their checksum."""
    for found in _IBAN.finditer(text):
        length = _LENGTH.get(found[1].upper())
        rest = _REST[length].match(text, found.end()) if length else None
        if rest and is_iban(re.sub("[ -]", "", found[0] + rest[0])):
            yield found.start(), rest.end()


def is_iban(account: str) -> bool:
    """Whether the remainder of ISO 7064 MOD 97-10 is one.

    >>> is_iban("GB82WEST12345698765432"), is_iban("GB82WEST12345698765433")
    (True, False)
    """
    turned = account[4:] + account[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def chinese_ids(text: str) -> Iterator[tuple[int, int]]:
    """Where Chinese identity numbers stand. The old ones prove little, so words must say what they are."""
    for found in _ID.finditer(text):
        if is_chinese_id(re.sub("[ -]", "", found[0])):
            yield found.span()
    for found in _OLD_ID.finditer(text):
        number, before = found[0], text[max(0, found.start() - 24) : found.start()]
        if _PROVINCE.match(number) and _is_day(f"19{number[6:12]}") and _OLD_ID_BEFORE.search(before):
            yield found.span()


def is_chinese_id(number: str) -> bool:
    """Whether 18 characters name a province and a day, and end in the right check character (ISO 7064 MOD 11-2).

    >>> is_chinese_id("11010519491231002X"), is_chinese_id("110105194912310021")
    (True, False)
    """
    check = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True)) % 11
    return bool(_PROVINCE.match(number)) and _is_day(number[6:14]) and _CHECKS[check] == number[17].upper()


def _is_day(digits: str) -> bool:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return 1850 <= day.year < 2100


def chinese_mobiles(text: str) -> Iterator[tuple[int, int]]:
    """Where mobile numbers of the mainland stand: eleven digits, grouped 3-4-4 or not at all."""
    for found in _MOBILE.finditer(text):
        if not is_counted(text, *found.span()):
            yield found.span()


def is_counted(text: str, start: int, end: int) -> bool:
    """Whether the words around a number say that it counts something, or names an order or a moment."""
    before = text[max(0, start - 24) : start]
    return bool(_COUNTED_AFTER.match(text, end) or _COUNTED_BEFORE.search(before))
