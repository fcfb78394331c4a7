"""Builds the shipped image and runs the shipped compose file for real, where there is neither a daemon nor a registry.

    .venv/bin/python docker/rehearse.py FOLDER [--broker rabbitmq]        as root, on Debian; FOLDER may be used again

The images that others publish are stood in for by ones made of Debian's packages under the same names, so that
Dockerfile and compose.yaml are used as they are: buildah builds, podman runs each service as compose would, all of them
in one network of their own that leads nowhere. A report is filed by way of the proxy, over TLS, until it stands in its
issue; web and worker are killed, and when they are back another one is. Needs debootstrap, buildah, podman, runc,
catatonit and docker-compose (1.29 will do).
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SECRETS = ROOT / "docker" / "secrets"
COMPOSE = ["docker-compose", "-f", str(ROOT / "docker" / "compose.yaml")]
BROKERS = {"redis": "redis://broker:6379/0", "rabbitmq": "amqp://telltale:rehearsed@broker/"}
OURS = ["migrate", "web", "worker", "beat"]
BASE = "docker.io/library/python:3.11-slim-bookworm"
SERVERS = "localhost/rehearsal-servers"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PATIENCE_S = 180
FILE = r"""
import json, ssl, sys, time, urllib.request
told = json.load(sys.stdin)
context = ssl.create_default_context(cadata=told["authority"])
def ask(path, body=None, **headers):
    asked = urllib.request.Request("https://localhost" + path, body and json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, context=context, timeout=20) as answer:
        return answer.status, answer.headers, json.load(answer)
report = {
    "artifact": "acme/chat-7b", "summary": "It invents a court ruling", "kind": "false_information", "consent": True,
    "what_happened": "I asked for rulings on rent and it cited one that was never made, with a date and a judge.",
}
status, headers, receipt = ask("/api/v1/reports/", report, **{"Content-Type": "application/json"})
print("filed:", status, receipt["reference"], "request", headers["X-Request-ID"])
for _ in range(120):
    code = "Receipt " + receipt["receipt"]
    _status, _headers, now = ask(f"/api/v1/reports/{receipt['reference']}/", Authorization=code)
    if now["status"] != "received":
        break
    time.sleep(0.5)
print("its receipt says:", now["status"])
sys.exit(now["status"] != "grouped")
"""


POWERS = """
id; grep -E 'CapEff|NoNewPrivs' /proc/self/status
for folder in / /app /etc /run/secrets; do touch $folder/x 2>&1; done
for word in pip pip3 gcc cc make; do command -v $word || echo "no $word"; done
"""


class Rehearsal:
    """All that stands in ``folder``, and the containers that run of it."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder = folder
        self.order = ["database", broker, *OURS, "proxy"]
        self.hosts = folder / "hosts"
        self.hosts.write_text("".join(f"127.0.0.1 {host}\n" for host in ("localhost", "database", "broker", "web")))
        self.stores = [
            "--storage-driver",
            "overlay",
            "--root",
            str(folder / "images"),
            "--runroot",
            str(folder / "run"),
        ]
        # There are no timers to set; whoever waits for health asks
        self.podman = ["env", "DISABLE_HC_SYSTEMD=true", "podman", *self.stores]
        self.podman += ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]
        self.podman += ["--events-backend", "file"]
        command = ["env", "RABBITMQ_PASSWORD=rehearsed", *COMPOSE, "--profile", broker, "config"]
        shown = subprocess.run(command, check=True, capture_output=True, text=True)
        self.services: dict[str, dict[str, Any]] = yaml.safe_load(shown.stdout)["services"]
        for name in OURS:  # what an operator writes in site.env
            self.services[name]["environment"]["BROKER_URL"] = BROKERS[broker]

    def buildah(self, *words: str) -> str:
        return said_by(["buildah", *self.stores, *words])

    def has(self, image: str) -> bool:
        return (
            subprocess.run(["buildah", *self.stores, "inspect", image], capture_output=True, check=False).returncode
            == 0
        )

    def make_base(self) -> None:
        """Debian as its packages have it, and on it the images that others would publish."""
        if not self.has("localhost/debian"):
            system = self.folder / "system"
            sources = Path("/etc/apt/sources.list.d/debian.sources").read_text().splitlines()
            mirror = next(line.split()[1] for line in sources if line.startswith("URIs:"))
            run(["debootstrap", "--variant=minbase", "bookworm", str(system), mirror])
            run(["tar", "-C", str(system), "-cf", str(self.folder / "system.tar"), "."])
            shutil.rmtree(system)
            container = self.buildah("from", "scratch")
            self.buildah("add", container, str(self.folder / "system.tar"), "/")
            self.buildah("commit", "--rm", container, "localhost/debian")
        for image, packages in {
            BASE: "python3 python3-venv ca-certificates tzdata",
            SERVERS: "postgresql-15 redis-server rabbitmq-server caddy",
        }.items():
            install = f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {packages}"
            self.build(image, f"FROM localhost/debian\nRUN {install} && rm -rf /var/lib/apt/lists/*\n")
        for name, recipe in {"database": DATABASE, self.order[1]: BROKER, "proxy": PROXY}.items():
            self.build(self.services[name]["image"], recipe)

    def build(self, image: str, recipe: str) -> None:
        file = self.folder / "Dockerfile"
        file.write_text(recipe)
        run(
            [
                "buildah",
                *self.stores,
                "bud",
                "-q",
                "--layers",
                *ISOLATED,
                "-t",
                image,
                "-f",
                str(file),
                str(self.folder),
            ]
        )

    def build_telltale(self) -> None:
        """The shipped Dockerfile, unchanged. The machine's certificates and pip settings are lent to it, not copied."""
        settings = self.folder / "pip.conf"
        settings.write_text("[global]\ncert=/run/certificates.crt\ntimeout=180\n")
        lent = ["-v", f"{settings}:/etc/pip.conf:ro", "-v", f"{CERTIFICATES}:/run/certificates.crt:ro"]
        ignored = ["--ignorefile", str(ROOT / ".dockerignore"), "-f", str(ROOT / "docker" / "Dockerfile")]
        image = self.services["web"]["image"]
        run(
            [
                "buildah",
                *self.stores,
                "bud",
                "--layers",
                *ISOLATED,
                *lent,
                *ignored,
                "-t",
                f"localhost/{image}",
                str(ROOT),
            ]
        )

    def start(self, name: str) -> None:
        """A service as compose would start it; the first brings the network that all are in."""
        service = self.services[name]
        command = [*self.podman, "run", "--name", name, "--pull", "never", *LIMITS, *options_of(service)]
        command += ["--rm"] if name == "migrate" else ["--detach", f"--restart={service['restart']}"]
        # They find each other by name in a file, as there is nobody to ask
        command += ["--network", "none" if name == self.order[0] else f"container:{self.order[0]}"]
        command += ["-v", f"{self.hosts}:/etc/hosts:ro"]
        command += [volume for source in service.get("volumes", []) for volume in ("-v", bound(source))]
        for secret in service.get("secrets", []):
            source = secret if isinstance(secret, str) else secret["source"]
            command += ["-v", f"{SECRETS}/{source}:/run/secrets/{source}:ro"]
        image = service["image"] if "/" in service["image"] else f"localhost/{service['image']}"
        run([*command, image, *map(str, service.get("command") or [])])

    def inside(self, name: str, *words: str, told: str = "") -> str:
        return said_by([*self.podman, "exec", "-i", name, *words], told=told)

    def state(self, name: str) -> dict[str, Any]:
        """What is known of a container."""
        seen: list[dict[str, Any]] = json.loads(said_by([*self.podman, "inspect", name]))
        return seen[0]

    def is_healthy(self, name: str) -> bool:
        """Looks as often as it is asked, for there is no timer; podman then makes up its mind as a daemon would."""
        subprocess.run([*self.podman, "healthcheck", "run", name], capture_output=True, check=False)
        return bool(self.state(name)["State"]["Health"]["Status"] == "healthy")

    def kill(self, name: str) -> None:
        """As a machine does that is out of memory: nobody is asked. Waits until it runs again."""
        before = self.state(name)["State"]["Pid"]
        os.kill(before, signal.SIGKILL)
        wait(f"running again: {name}", lambda: self.state(name)["State"]["Pid"] not in (0, before))
        say(f"{name}: killed, runs again (restarts: {self.state(name)['RestartCount']})")

    def stop(self) -> None:
        for name in reversed(self.order):
            subprocess.run([*self.podman, "rm", "-f", "-v", "-t", "10", name], capture_output=True, check=False)
        run([*self.podman, "volume", "prune", "-f"])  # in stores of our own


DATABASE = rf"""FROM {SERVERS}
RUN printf '%s\n' '#!/bin/sh' 'set -e' 'cd /tmp; PATH=/usr/lib/postgresql/15/bin:$PATH; D=/var/lib/postgresql/data/15' \
  'P="setpriv --reuid=postgres --regid=postgres --clear-groups"' \
  'if [ ! -e $D ]; then install -d -o postgres -m 0700 $D; install -o postgres -m 0400 $POSTGRES_PASSWORD_FILE pw' \
  '$P initdb -D $D -U $POSTGRES_USER --pwfile=pw -A scram-sha-256 $POSTGRES_INITDB_ARGS >/dev/null; rm pw' \
  'echo "host all all all scram-sha-256" >>$D/pg_hba.conf' \
  'echo "CREATE DATABASE $POSTGRES_DB" | $P postgres --single -D $D postgres >/dev/null; fi' \
  'exec $P postgres -D $D -c listen_addresses=127.0.0.1' >/start && chmod 0755 /start
ENTRYPOINT ["/start"]
"""
# A name that holds in a network without names; others' images end where the command begins
BROKER = f"""FROM {SERVERS}
ENV RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_LOGS=- HOME=/var/lib/rabbitmq
CMD ["setpriv", "--reuid=rabbitmq", "--regid=rabbitmq", "--clear-groups", "/usr/lib/rabbitmq/bin/rabbitmq-server"]
"""
PROXY = f"""FROM {SERVERS}
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/config HOME=/root
ENTRYPOINT ["caddy", "run", "--config", "/etc/caddy/Caddyfile"]
"""
ISOLATED = ["--isolation", "chroot", "--pull-never", "--format", "docker"]  # whose images may have a healthcheck
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]


def options_of(service: Mapping[str, Any]) -> list[str]:
    """What the compose file asks for, in podman's words."""
    options = [f"--env={name}={value}" for name, value in (service.get("environment") or {}).items()]
    options += [f"--tmpfs={folder}" for folder in service.get("tmpfs", [])]
    options += [f"--cap-drop={name}" for name in service.get("cap_drop", [])]
    options += [f"--cap-add={name}" for name in service.get("cap_add", [])]
    options += ["--security-opt=no-new-privileges"] * bool(service.get("security_opt"))
    options += ["--read-only"] * bool(service.get("read_only")) + ["--init"] * bool(service.get("init"))
    options += [f"--user={service['user']}"] if "user" in service else []
    options += [f"--shm-size={service['shm_size']}"] if "shm_size" in service else []
    if check := service.get("healthcheck"):
        disabled = check.get("disable") or check["test"] == ["NONE"]
        options += ["--no-healthcheck"] if disabled else [f"--health-cmd={' '.join(check['test'])}"]
        options += [f"--health-{word}={check[word]}" for word in ("interval", "timeout", "retries") if word in check]
    return options


def bound(volume: str) -> str:
    source, _colon, rest = volume.partition(":")
    return f"{source}:{rest}" if source.startswith("/") else f"rehearsal-{source}:{rest}"


def run(command: list[str]) -> None:
    subprocess.run(command, check=True)


def said_by(command: list[str], *, told: str = "") -> str:
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[-6:])}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def wait(what: str, ask: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ask():
        if time.monotonic() > deadline:
            raise SystemExit(f"Not {what} within {PATIENCE_S} s.")
        time.sleep(1)


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False).returncode == 0


def look_over() -> None:
    """What can be said of the files without building anything."""
    run([str(Path(sys.executable).parent / "hadolint"), str(ROOT / "docker" / "Dockerfile")])
    say("hadolint: nothing to say")
    for broker in BROKERS:
        run([*COMPOSE, "--profile", broker, "config", "-q"])
        say(f"docker-compose config, profile {broker}: nothing to say")


def play(rehearsal: Rehearsal) -> None:
    """All services, in the order of what depends on what; a report; a fault; a report."""
    for name in rehearsal.order:
        say(f"{name}: {rehearsal.services[name]['image']}")
        rehearsal.start(name)
        if name in ("database", "web"):
            stay(rehearsal, name)
    authority = "/data/caddy/pki/authorities/local/root.crt"
    wait(
        "there: the proxy's certificate",
        lambda: bool(rehearsal.inside("proxy", "sh", "-c", f"cat {authority} || true")),
    )
    told = json.dumps({"authority": rehearsal.inside("proxy", "cat", authority)})
    say(rehearsal.inside("web", "python", "-c", FILE, told=told))
    for name in ("web", "worker"):
        rehearsal.kill(name)
    stay(rehearsal, "web")
    say(rehearsal.inside("web", "python", "-c", FILE, told=told))
    look_around(rehearsal)


def stay(rehearsal: Rehearsal, name: str) -> None:
    wait(f"healthy: {name}", partial(rehearsal.is_healthy, name))
    say(f"{name}: {rehearsal.state(name)['State']['Health']['Status']}")


def look_around(rehearsal: Rehearsal) -> None:
    """What somebody has in hands who broke into web, and what the doctor says of the whole."""
    for name in ("web", "worker", "beat"):
        say(f"who runs {name}: " + rehearsal.inside(name, "sh", "-c", POWERS))
    for role in ("admin", "triager"):
        said = rehearsal.inside("web", "python", "manage.py", "grant", role, f"{role}@example.org")
        say(said.splitlines()[0])  # the next one opens the door
    say(rehearsal.inside("web", "python", "manage.py", "doctor"))


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--broker", choices=BROKERS, default="redis")
    parser.add_argument("--keep", action="store_true", help="leave the containers running")
    wish = parser.parse_args()
    folder = wish.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    run([str(ROOT / "docker" / "make_secrets.sh")])
    look_over()
    rehearsal = Rehearsal(folder, wish.broker)
    rehearsal.make_base()
    rehearsal.build_telltale()
    rehearsal.stop()
    try:
        play(rehearsal)
        say(f"Rehearsed with {wish.broker}: built, started, filed, grouped, killed, filed, grouped.")
    finally:
        if not wish.keep:
            rehearsal.stop()


if __name__ == "__main__":
    main()
