"""Runs the tests where there is no network but loopback: ``python -m bench.silence [ARGUMENTS OF PYTEST]``.

In a network namespace of its own, with no other device than ``lo``. Whatever any program tries to reach beyond it, the
kernel has no route for, and counts. Exits 1 if it counted one, else as pytest does.

For IPv6 there is a route that leads nowhere, so that only what is sent counts: Chromium connects a socket to an address
of its maker each time it looks up a name, sends nothing, and learns from the answer whether there is IPv6 at all.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

INSIDE = "TELLTALE_SILENCE"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # linux/sockios.h, linux/if.h
OURS = "2001:db8::2"  # RFC 3849: of addresses for documentation
SUITE = ("-n", "2", "--dist", "worksteal", "-m", "not long")


def enter() -> None:
    """Become this program again, in there."""
    unshare = shutil.which("unshare")
    if unshare is None:
        sys.exit("There is no unshare here (util-linux).")
    own = ["--net"] if os.geteuid() == 0 else ["--net", "--map-root-user"]
    os.environ[INSIDE] = "1"
    os.execv(unshare, [unshare, *own, sys.executable, "-m", "bench.silence", *sys.argv[1:]])


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(control, SIOCGIFFLAGS, asked))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def lead_nowhere() -> None:
    """IPv6 goes by way of ``lo``, which gives it back, and the kernel counts what it then has no place for."""
    ip = shutil.which("ip")
    if ip is None:
        sys.exit("There is no ip here (iproute2).")
    for words in (f"addr add {OURS}/128 dev lo nodad", f"route add default dev lo src {OURS}"):
        subprocess.run([ip, "-6", *words.split()], check=True)


def without_route() -> int:
    """How often a packet or a connection was meant for somewhere else, by any process of the namespace."""
    names, values = (
        line.split() for line in Path("/proc/self/net/snmp").read_text().splitlines() if line.startswith("Ip:")
    )
    count = int(dict(zip(names, values, strict=True))["OutNoRoutes"])
    for line in Path("/proc/self/net/snmp6").read_text().splitlines():
        count += int(line.split()[1]) if line.startswith("Ip6OutNoRoutes") else 0
    return count


def is_counted() -> bool:
    """Whether the kernel counts an attempt at all: two are made, at addresses for documentation."""
    before = without_route()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.settimeout(1)
        failed = trial.connect_ex(("192.0.2.1", 9))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as trial:
        trial.connect(("2001:db8::1", 9))
        is_quiet = without_route() == before + 1
        trial.send(b"?")
    return failed != 0 and is_quiet and without_route() == before + 2


def main() -> None:
    if INSIDE not in os.environ:
        enter()
    raise_loopback()
    lead_nowhere()
    if not is_counted():
        sys.exit("This kernel does not count what has no route.")
    before = without_route()
    status = subprocess.run([sys.executable, "-m", "pytest", *(sys.argv[1:] or SUITE)], check=False).returncode
    others = without_route() - before
    print(f"attempts to reach anything but loopback: {others}")
    sys.exit(status or bool(others))


if __name__ == "__main__":
    main()
