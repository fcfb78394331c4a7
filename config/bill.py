"""The bill of materials: every library of a lock file with its version and digests, as CycloneDX (JSON, 1.6).

``python -m config.bill requirements.lock``; ``make sbom`` writes it to a file. The same lock makes the same bytes.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

LOCKED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ;\\]+)(?P<rest>(?:.*\\\n)*.*)", re.MULTILINE)
DIGEST = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill(lock: str) -> dict[str, Any]:
    """Of a wheel for each platform one digest: the component has whichever was installed."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "telltale", "bom-ref": "telltale"}},
        "components": [component(found) for found in LOCKED.finditer(lock)],
    }


def component(found: re.Match[str]) -> dict[str, Any]:
    purl = f"pkg:pypi/{found['name']}@{found['version']}"
    digests = DIGEST.findall(found["rest"])
    return {
        "type": "library",
        "bom-ref": purl,
        "name": found["name"],
        "version": found["version"],
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bill(Path(sys.argv[1]).read_text()), indent=1) + "\n")
