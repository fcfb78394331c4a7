"""The documents say what is: their links lead somewhere, and what they name is there."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

ROOT = Path(__file__).parent.parent
APPS = ("config", "triage", "reports", "accounts", "ledger")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("client/*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
DOTTED = re.compile(rf"`((?:{'|'.join(APPS)})(?:\.\w+)+)(?:\([^`]*\))?`")
PATH = re.compile(rf"`((?:{'|'.join([*APPS, 'templates', 'static', 'tests', 'bench', 'docs'])})/[\w./-]*)`")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


def code_in(document: Path) -> str:
    """What stands in code blocks and between backticks."""
    return "\n".join(CODE.findall(document.read_text()))


def anchors_in(document: Path) -> set[str]:
    """The anchors that headings are given where Markdown is shown."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(document: Path, heading: str) -> str:
    """What stands between a heading of the second level and the next."""
    return document.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = [
        (target, anchor, document.parent / target if target else document)
        for target, anchor in LINK.findall(document.read_text())
    ]

    broken = [target for target, _, path in links if not path.exists()]
    unmarked = [f"{target}#{anchor}" for target, anchor, path in links if anchor and anchor not in anchors_in(path)]

    assert (broken, unmarked) == ([], [])


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_make_targets_that_are_named_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    wanted = set(re.findall(r"\bmake ([a-z][a-z-]*)", code_in(document)))

    assert wanted <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_commands_that_are_named_exist(document: Path) -> None:
    wanted = set(re.findall(r"manage\.py ([a-z][a-z_]*)", code_in(document)))

    assert wanted <= set(get_commands())


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_files_that_are_named_exist(document: Path) -> None:
    missing = [path for path in PATH.findall(document.read_text()) if not (ROOT / path).exists()]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_modules_and_functions_that_are_named_exist(document: Path) -> None:
    missing = [name for name in DOTTED.findall(document.read_text()) if not is_ours(name)]

    assert missing == []


def is_ours(name: str) -> bool:
    """Whether a dotted name is a module of ours, or leads to something in one."""
    parts = name.split(".")
    length = 1
    while length < len(parts) and find_spec(".".join(parts[: length + 1])):
        length += 1
        if not hasattr(import_module(".".join(parts[:length])), "__path__"):
            break
    found: object = import_module(".".join(parts[:length]))
    for part in parts[length:]:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def test_the_map_names_every_table_of_ours_and_no_other() -> None:
    rows = section(ROOT / "docs/architecture.md", "Tables").splitlines()
    cells = [row.split("|")[2] for row in rows if row.startswith("| ") and not row.startswith("| app ")]

    on_the_map = sorted(name.strip() for cell in cells for name in cell.split(","))

    assert on_the_map == sorted(model.__name__ for app in APPS for model in apps.get_app_config(app).get_models())


def test_variables_of_the_readme_are_read() -> None:
    names = re.findall(r"^\| `([A-Z_]+)` \|", section(ROOT / "README.md", "Variables"), re.MULTILINE)
    readers = [ROOT / "Makefile", *ROOT.glob("config/**/*.py")]
    code = "\n".join(path.read_text() for path in readers)

    assert names
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []


def test_decisions_are_numbered_and_say_all_four_things() -> None:
    numbers = [int(decision.name[:4]) for decision in DECISIONS]
    headings = {decision.name: re.findall(r"^## (.+)$", decision.read_text(), re.MULTILINE) for decision in DECISIONS}

    assert numbers == list(range(1, len(DECISIONS) + 1))
    assert all("**Status**: " in decision.read_text() for decision in DECISIONS)
    assert {
        name for name, found in headings.items() if not {"Context", "Decision", "Consequences"} <= set(found)
    } == set()


def test_words_not_used_are_not_names_of_ours() -> None:
    unused = set(re.findall(r"[a-z]+", section(ROOT / "docs/glossary.md", "Not used").strip().splitlines()[0]))

    wrong = [name for name in names_of_ours() if unused & words_of(name)]

    assert {"ticket", "bug", "item", "util"} <= unused
    assert wrong == []


def names_of_ours() -> Iterator[str]:
    """Every module of the five apps, and every class in one."""
    for app in APPS:
        for path in ROOT.glob(f"{app}/**/*.py"):
            yield path.stem if path.stem != "__init__" else path.parent.name
            yield from (node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef))


def words_of(name: str) -> set[str]:
    """The words of a name, each as it stands and without the s of a plural.

    >>> sorted(words_of("IssueManager") | words_of("list_items"))
    ['issue', 'item', 'items', 'list', 'manager']
    """
    words = {word.lower() for word in WORD.findall(name)}
    return words | {word.removesuffix("s") for word in words}
