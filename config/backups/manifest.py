"""What a backup says of itself: versions, what every table and file comes to, whose key opens it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

NAME = "manifest.json"
DATABASE = "database.dump"
FILES = "files"
KEY = "telltale.key"
ERASURES = "erasures.log"
FORMAT = 1
AT_ONCE = 1 << 20  # bytes


class Unfit(Exception):
    """A folder that is no backup, or is not whole any more; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One file: its name in the folder, its bytes, and their SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a table comes to: its rows, and a digest that does not depend on their order."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    made_at: str
    version: str
    postgres: int  # major
    migrations: Sequence[str]  # as app.name
    key: str  # a fingerprint: it tells two keys apart, and nothing of either
    ledger: int  # numbered events
    tables: dict[str, Told]
    files: Sequence[Kept]
    missing: Sequence[str] = field(default_factory=list)  # files that rows name, and that were not there
    format: int = FORMAT

    @property
    def count_of_files(self) -> int:
        """Those that people sent."""
        return sum(kept.name.startswith(f"{FILES}/") for kept in self.files)

    def write(self, folder: Path) -> None:
        (folder / NAME).write_text(json.dumps(asdict(self), indent=1) + "\n")


def read(folder: Path) -> Manifest:
    """Raises Unfit."""
    try:
        told = json.loads((folder / NAME).read_text())
        if told["format"] != FORMAT:
            raise Unfit(f"{folder} has format {told['format']}, and this Telltale reads format {FORMAT}.")
        told["tables"] = {name: Told(**table) for name, table in told["tables"].items()}
        told["files"] = [Kept(**file) for file in told["files"]]
        return Manifest(**told)
    except FileNotFoundError:
        raise Unfit(f"{folder} is no finished backup: it has no {NAME}.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unfit(f"{folder / NAME} cannot be read: {error}") from None


def check(folder: Path, manifest: Manifest) -> None:
    """Whether every file is there as it was. Raises Unfit, naming the first that is not."""
    for kept in manifest.files:
        path = folder / kept.name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Unfit(f"{kept.name} lies outside {folder}.")
        if not path.is_file():
            raise Unfit(f"{path} is missing.")
        if (path.stat().st_size, sha256(path)) != (kept.size, kept.sha256):
            raise Unfit(f"{path} is not what was backed up.")


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(AT_ONCE):
            digest.update(part)
    return digest.hexdigest()
