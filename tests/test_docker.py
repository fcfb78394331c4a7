"""What is shipped for containers: careful by default, made of words that old and new compose know."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCKER = ROOT / "docker"
RECIPE = (DOCKER / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
OURS = ("migrate", "web", "worker", "beat")
# What compose 1.29 knows of a service, as far as we use it
WORDS = {
    "build",
    "image",
    "env_file",
    "environment",
    "secrets",
    "volumes",
    "tmpfs",
    "read_only",
    "init",
    "cap_drop",
    "cap_add",
    "security_opt",
    "networks",
    "restart",
    "command",
    "depends_on",
    "healthcheck",
    "stop_grace_period",
    "profiles",
    "user",
    "ports",
    "shm_size",
}


def test_the_last_stage_runs_as_nobody_in_particular_and_builds_nothing() -> None:
    last = RECIPE.rpartition("\nFROM ")[2]

    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert not re.search(r"\b(pip install|apt|curl|gcc)\b", last)
    assert "--require-hashes" in RECIPE


@pytest.mark.parametrize("name", OURS)
def test_our_services_can_write_nowhere_but_in_their_volumes(name: str) -> None:
    service = COMPOSE["services"][name]

    assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])
    assert "no-new-privileges:true" in service["security_opt"]
    assert "ports" not in service


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert COMPOSE["services"]["database"]["networks"] == ["inside"]


def test_no_secret_stands_in_a_file_that_is_kept() -> None:
    told = COMPOSE["services"]["web"]["environment"]

    assert "/docker/secrets/" in (ROOT / ".gitignore").read_text()
    assert not re.search(r"://[^/\s]*:[^/\s]*@", told["DATABASE_URL"])
    assert not re.search(r"^#?\w*(PASSWORD|SECRET|EMAIL_URL)=", (DOCKER / "site.env").read_text(), re.MULTILINE)
    assert "./secrets:/run/secrets:ro" in COMPOSE["services"]["web"]["volumes"]
    assert "POSTGRES_PASSWORD" not in COMPOSE["services"]["database"]["environment"]


def test_words_are_those_of_old_and_new_compose() -> None:
    assert {word for service in COMPOSE["services"].values() for word in service} - WORDS - {"<<"} == set()


def test_variables_that_are_shipped_are_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    ours = set(re.findall(r"^#?([A-Z_]+)=", (DOCKER / "site.env").read_text(), re.MULTILINE)) - {"SITE_HOST", "TLS"}
    ours |= set(COMPOSE["services"]["web"]["environment"])
    ours = {name.removesuffix("_FILE") for name in ours}
    ours |= set(re.findall(r"\b([A-Z]+_(?:DIR|ON|FORMAT|LEVEL))=", RECIPE))

    assert {name for name in ours if f"| `{name}` |" not in page} == {"KEY"}  # KEY_FILE is called so itself


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="needs docker-compose")
@pytest.mark.parametrize("profile", ["redis", "rabbitmq"])
def test_compose_reads_it(profile: str) -> None:
    command = ["docker-compose", "-f", str(DOCKER / "compose.yaml"), "--profile", profile, "config", "-q"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})

    assert (done.returncode, done.stderr) == (0, "")


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [Path(sys.prefix) / "bin" / "hadolint", DOCKER / "Dockerfile"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")
