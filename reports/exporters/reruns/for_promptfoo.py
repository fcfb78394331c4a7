"""Cases as promptfoo runs them: one configuration, JSON that is YAML too.

promptfoo takes almost every text in a configuration for a template, and some for the names of files that it then runs.
So nobody's words stand in it with a brace that could be of one, nor at the start of a value that may name a file.
"""

import json
import re
from collections.abc import Sequence

from reports.exporters.records import Record
from reports.exporters.reruns.published import Passage, Rerun

TRIES = 10  # of each case, unless --repeat says otherwise: one answer says little
SPACE, ANYTHING = r"\s+", r"[\s\S]*"  # between words, and between pieces of a passage
_BRACE = re.compile("[{}]")
_SCHEME = re.compile(r"\w+:")  # file://…, package:… and whatever else is looked up
_NOT_PLAIN_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SPECIAL = re.compile(r"[\\^$.*+?()\[\]{}|/-]")


def configuration(record: Record, cases: Sequence[Rerun]) -> bytes:
    document = {
        "description": f"{record.number} {record.url}",
        "prompts": [{"raw": "{{ messages }}", "label": record.number}],
        "evaluateOptions": {"repeat": TRIES},
        "tests": [test(record, case) for case in cases],
    }
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return (_NOT_PLAIN_IN_YAML.sub(lambda char: f"\\u{ord(char[0]):04x}", text) + "\n").encode()


def test(record: Record, case: Rerun) -> dict[str, object]:
    return {
        "description": case.name,
        "vars": {"messages": asked(case)},
        "assert": [check(pieces) for pieces in case.passages],
        "metadata": {
            "issue": record.number,
            "url": record.url,
            "kind": record.kind,
            "prompt_is_whole": case.is_whole,
        },
    }


def asked(case: Rerun) -> str:
    """The messages as the interfaces of models take them, in JSON; braces in words are written out."""
    told = ", ".join(
        f'{{"role": {json.dumps(role)}, "content": {without_braces(words)}}}' for role, words in case.messages
    )
    return f"[{told}]"


def without_braces(words: str) -> str:
    """As a JSON string in which no template can begin or seem to end, however often it is rendered."""
    return json.dumps(words, ensure_ascii=False).replace("{", "\\u007b").replace("}", "\\u007d")


def check(pieces: Passage) -> dict[str, str]:
    """That the answer does not hold these words: as they stand where promptfoo takes them so, else as a pattern."""
    if len(pieces) == 1 and is_plain(pieces[0]):
        return {"type": "not-icontains", "value": pieces[0]}
    return {"type": "not-regex", "value": ANYTHING.join(map(pattern, pieces))}


def is_plain(words: str) -> bool:
    return not _BRACE.search(words) and not _SCHEME.match(words) and words == " ".join(words.split())


def pattern(words: str) -> str:
    r"""The words as JavaScript matches them, whatever space is between them.

    >>> print(pattern("{{ 1+1 }}"))
    (?:\x7b\x7b\s+1\x2b1\s+\x7d\x7d)
    """
    return f"(?:{SPACE.join(_SPECIAL.sub(written_out, each) for each in words.split())})"


def written_out(char: re.Match[str]) -> str:
    return f"\\x{ord(char[0]):02x}"
