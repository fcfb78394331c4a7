"""Make the virtual environment and bring it to a lock. Runs on a bare python3, so the standard library only.

uv does it in seconds; where uv cannot be had, pip does the same from the same hashes.
"""

import subprocess
import sys
import venv
from pathlib import Path

UV = "uv==0.13.9"


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main(folder: str, lock: str) -> int:
    where = Path(folder)
    python = where / "bin" / "python"
    if not python.exists():
        say("Making the environment…")
        venv.create(where, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    has_uv = (where / "bin" / "uv").exists() or not subprocess.call([*pip, UV], stderr=subprocess.DEVNULL)
    say(f"Installing {lock}…")
    # Compiled here once: with PYTHONDONTWRITEBYTECODE set, every process would compile it all again, for seconds each.
    # The lock names all there is to install, and leaves out on purpose what a package asks for and we do without.
    whole = ["--require-hashes", "--no-deps"]
    sync = [str(where / "bin" / "uv"), "pip", "install", "-q", *whole, "--compile-bytecode"]
    sync += ["--python", str(python), "-r", lock]
    if has_uv and not subprocess.call(sync):
        return 0
    return subprocess.call([*pip, *whole, "-r", lock])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
