"""What people did not mean to tell is found, and little else.

The lines in tests/fixtures/secrets.*.jsonl were labelled before the recogniser was written. Every one is invented:
test cards, documentation ranges, identity numbers of places that do not exist, FAKE or EXAMPLE in the keys, whose first
letter is escaped so that no scanner takes the file for a leak. "dev" lines served to write the recogniser; those "held
out" only to measure it. One hand wrote both, so expect somewhat less of the world.

A label counts as found if something of the same kind stands there whose overlap is at least half of both together; one
find answers for one label.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.text.secrets import Kind, Secret, found, masked
from reports.text.secrets.numbers import is_chinese_id, is_iban, is_luhn

FIXTURES = Path(__file__).parents[2] / "fixtures"
LEAST_RECALL, LEAST_PRECISION = 0.95, 0.90  # shares; what the redaction help promises
SIZES = [50_000, pytest.param(200_000, marks=pytest.mark.long)]  # characters of a hostile text


@dataclass(frozen=True)
class Line:
    language: str
    half: str
    text: str
    spans: tuple[Secret, ...]


def read() -> list[Line]:
    rows = [
        json.loads(line)
        for path in sorted(FIXTURES.glob("secrets.*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [
        Line(
            row["language"],
            row["half"],
            row["text"],
            tuple(Secret(Kind(span["kind"]), span["start"], span["end"]) for span in row["spans"]),
        )
        for row in rows
    ]


LINES = read()


def text_of(line: Line, secret: Secret) -> str:
    return line.text[secret.start : secret.end]


def overlap(one: Secret, other: Secret) -> float:
    """Of two spans, as a share of both together."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(0, shared) / (max(one.end, other.end) - min(one.start, other.start))


def hits(line: Line) -> int:
    left, count = found(line.text), 0
    for label in line.spans:
        answer = next((each for each in left if each.kind == label.kind and overlap(each, label) >= 0.5), None)
        if answer:
            left.remove(answer)
            count += 1
    return count


def shares(lines: Iterable[Line]) -> tuple[float, float]:
    """Recall and precision."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts += Counter(hit=hits(line), labelled=len(line.spans), found=len(found(line.text)))
    return counts["hit"] / counts["labelled"], counts["hit"] / counts["found"]


# The lines


def test_there_are_as_many_lines_as_promised_and_a_third_holds_nothing() -> None:
    counts = Counter(line.language for line in LINES)
    empty = Counter(line.language for line in LINES if not line.spans)

    assert counts["en"] >= 300
    assert counts["zh"] >= 150
    assert all(0.3 <= empty[language] / counts[language] <= 0.45 for language in counts)


def test_every_label_stands_on_words_and_proves_itself() -> None:
    proofs = {Kind.CARD: is_luhn, Kind.IBAN: lambda text: is_iban(text.upper()), Kind.CN_ID: is_chinese_id}
    for line in LINES:
        for label in line.spans:
            text = text_of(line, label)
            plain = text.translate({code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)})
            digits = plain.replace(" ", "").replace("-", "")
            is_old = label.kind is Kind.CN_ID and len(digits) == 15

            assert text == text.strip() != ""
            assert is_old or proofs.get(label.kind, bool)(digits), line.text


# What was promised


@pytest.mark.parametrize("half", ["dev", "held out"])
@pytest.mark.parametrize("languages", ["en", "zh", "es ar", "en zh es ar"])
def test_nearly_all_is_found_and_little_else(half: str, languages: str) -> None:
    recall, precision = shares(line for line in LINES if line.half == half and line.language in languages.split())

    assert recall >= LEAST_RECALL
    assert precision >= LEAST_PRECISION


@pytest.mark.parametrize("kind", Kind)
def test_no_kind_hides_behind_the_others(kind: Kind) -> None:
    labelled = [label for line in LINES for label in line.spans if label.kind is kind]
    seen = sum(
        any(each.kind is kind and overlap(each, label) >= 0.5 for each in found(line.text))
        for line in LINES
        for label in line.spans
        if label.kind is kind
    )

    assert seen / len(labelled) >= 0.9


def test_a_masked_text_holds_nothing_more_to_mask() -> None:
    left = [line.text for line in LINES if found(masked(line.text, found(line.text)))]

    assert left == []


# Marks


def test_a_mark_names_the_kind_and_the_rest_stays() -> None:
    text = "👩🏽‍💻 write to sam@example.com, card 4111 1111 1111 1111!"

    assert masked(text, found(text)) == "👩🏽‍💻 write to [email], card [card]!"


def test_marks_may_come_in_any_order_and_overlap() -> None:
    chosen = [Secret(Kind.PHONE, 4, 6), Secret(Kind.IP, 0, 3), Secret(Kind.CARD, 2, 5)]

    assert masked("0123456789", chosen) == "[ip]3[phone]6789"


def test_nothing_chosen_changes_nothing() -> None:
    assert masked("sam@example.com", []) == "sam@example.com"


def test_a_key_is_masked_to_its_end_however_long() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "FAKE" * 5_000 + "\n-----END PRIVATE KEY-----"
    bearer = "sk-" + "FAKE0example" * 1_000

    assert masked(f"a {key} z {bearer} end", found(f"a {key} z {bearer} end")) == "a [token] z [token] end"


# Offsets

ODD = st.text(st.sampled_from("😀👩🏽\u200d💻e\u0301ن\u0651\u200e\u2066\U0001f1ea ！。あ"), max_size=12)


@given(ODD, ODD)
def test_offsets_are_those_of_the_text_as_it_was_written(before: str, after: str) -> None:
    text = f"{before} sam@example.com {after}"

    (secret,) = found(text)

    assert text[secret.start : secret.end] == "sam@example.com"


def test_invisible_marks_inside_a_number_are_masked_with_it() -> None:
    text = "رقمي \u2066+٩٦٦ ٥٠\u200e ٠٠٠ ٠٠١٢\u2069 هنا"

    (secret,) = found(text)

    assert text[secret.start : secret.end] == "+٩٦٦ ٥٠\u200e ٠٠٠ ٠٠١٢"


# Checksums

DIGITS = st.text("0123456789", min_size=14, max_size=14)


def luhn_digit(number: str) -> str:
    return next(digit for digit in "0123456789" if is_luhn(number + digit))


@given(DIGITS, st.integers(0, 15), st.integers(1, 9))
def test_a_card_with_one_digit_wrong_is_none(middle: str, place: int, error: int) -> None:
    number = f"4{middle}" + luhn_digit(f"4{middle}")
    wrong = number[:place] + str((int(number[place]) + error) % 10) + number[place + 1 :]

    assert [secret.kind for secret in found(f"it is {number}")] == [Kind.CARD]
    assert not is_luhn(wrong)
    assert Kind.CARD not in {secret.kind for secret in found(f"it is {wrong}")}


@given(st.text("0123456789", min_size=18, max_size=18), st.integers(4, 21), st.integers(1, 9))
def test_an_account_with_one_digit_wrong_is_none(inner: str, place: int, error: int) -> None:
    checks = 98 - int(f"{inner}131400") % 97  # DE00, turned to the end
    account = f"DE{checks:02}{inner}"
    wrong = account[:place] + str((int(account[place]) + error) % 10) + account[place + 1 :]

    assert [secret.kind for secret in found(f"pay {account}")] == [Kind.IBAN]
    assert not is_iban(wrong)
    assert Kind.IBAN not in {secret.kind for secret in found(f"pay {wrong}")}


@given(st.dates(date(1850, 1, 1), date(2099, 12, 31)), st.integers(0, 999), st.integers(0, 10))
def test_an_identity_number_has_one_right_check_character(day: date, running: int, place: int) -> None:
    front = f"119901{day:%Y%m%d}{running:03}"
    right = [check for check in "0123456789X" if is_chinese_id(front + check)]
    check = "0123456789X"[place]

    assert len(right) == 1
    assert (Kind.CN_ID in {secret.kind for secret in found(f"号码{front}{check}")}) == (check in right)


def test_an_identity_number_needs_a_province_and_a_day() -> None:
    assert not is_chinese_id("990101194912310021")
    assert not any(is_chinese_id(f"11990119901301001{check}") for check in "0123456789X")


# Hostile text

SEEDS = """
a 1 1_ 1- 12_ ( + +1 0 01_ 010- @ a@ a. a.b@ a@b. a@a password password: password:_ password_is_ password_for_a_ token=
key sk- sk-a1B2 eyJ eyJaaaaa. eyJaaaaa.eyJaaa :// a:// a://b: a://b:c a: 1: f: :: 2001: 2001:db8:: 1. 1.1.1. GB82 GB82_
GB 4111_ 41111111111111111 data:a;base64, data: ?key= &key=a bearer_ call_ call_1_ 电话 电话1 手机_1- ， １ ٠ 😀 a_dot_
' " a_at_b_dot_ a_(at)_b. 密码 密码是 x_dot_x_dot_x_at_ 1/1/ 192.168.1.1_ +86_ 123456789: 00_ authorization:_basic_
-----BEGIN_PRIVATE_KEY----- -----BEGIN_PRIVATE_KEY-----AAAAAAAAAAAAAAAA_
"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [seed.replace("_", " ") for seed in SEEDS.split()] + ["\u200b", "\n", "e\u0301"])
def test_time_grows_with_the_length_not_with_its_square(seed: str, size: int) -> None:
    text = (seed * (size // len(seed) + 1))[:size]
    started = time.process_time()

    found(text)

    # Seconds; 200,000 took under one when written, and a quadratic search takes minutes
    assert time.process_time() - started < size / 40_000


WORDS = "1380,4111 ,GB82,a@b.co,password: ,sk-,身份证,ip ,2001:db8::,-----BEGIN PRIVATE KEY-----,eyJ,token=,a1B2c3D4"
PIECES = st.sampled_from([*"0123456789+-() .,:/@=\"'&?\n😀٠１：。XxİſK\u200e", *WORDS.split(","), "data:a/b;base64,"])


@settings(deadline=None)
@given(st.text() | st.lists(PIECES, max_size=60).map("".join))
def test_any_text_is_safe_and_spans_stand_in_order_and_apart(text: str) -> None:
    secrets = found(text)

    assert all(0 <= secret.start < secret.end <= len(text) for secret in secrets)
    assert all(one.end <= other.start for one, other in pairwise(secrets))
    assert len(masked(text, secrets)) == len(text) + sum(
        len(secret.kind.mark) - (secret.end - secret.start) for secret in secrets
    )


# Known traps, one of a kind


@pytest.mark.parametrize(
    "text",
    [
        "tokenizers==0.23.3 and transformers==4.44.2.1",
        '["pwd",false,10,"import os"]',
        "password = getpass.getpass()",
        "password: string;",
        "the next token 2024-08-06T12:30:45Z",
        "the model has 13015864320 parameters",
        "the model has 1.76e12 parameters and 15 900 002 020 tokens",
        "call graph 0x7fff5fbff8c0, ring buffer 1048576000",
        "Call me on 2026-03-14 12:30:45",
        "0.4111111111111111",
        "data:image/png;base64,AKIAIOSFODNN7EXAMPLE/13800138000",
        "a::b Foo::Bar abcd::ef01",
        "foo@bar.py and npm i left-pad@1.0.0-beta.rc",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert found(text) == []
