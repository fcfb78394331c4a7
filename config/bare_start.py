"""Become one program, with less than the caller has.

Run as a script and never imported, because what it does must happen in a process that has a single thread and holds
nothing else (``unshare`` refuses threads; a function run between fork and exec may hang on another thread's lock)::

    python -I -S bare_start.py [--session] [--die-with PID] [--namespace | --uid N] -- PROGRAM [ARGUMENT ...]

``--session`` gives it a session and process group of its own, so that the terminal's Ctrl-C does not reach it.
``--die-with PID`` sends the program SIGTERM when its parent PID ends, however it ends (Linux).
``--namespace`` runs it in a user namespace of its own, where root is seen as NOBODY: the program finds that it is not
root, and yet its files stay the caller's.
``--uid N`` runs it as user and group N, without any other group.
"""

import argparse
import ctypes
import os
import signal
import sys
from pathlib import Path

NOBODY = 65534  # the overflow id of Linux; no account needs to stand behind it
CLONE_NEWUSER = 0x10000000  # linux/sched.h
PR_SET_PDEATHSIG = 1  # linux/prctl.h
CANNOT_START = 126  # what a shell answers for "found, but cannot be run"


def check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def enter_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    check(libc.unshare(CLONE_NEWUSER))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")


def become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def die_with(parent: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0))
    if os.getppid() != parent:  # it ended before the request was made, so no signal will come
        sys.exit(CANNOT_START)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--session", action="store_true")
    parser.add_argument("--die-with", type=int)
    parser.add_argument("--namespace", action="store_true")
    parser.add_argument("--uid", type=int)
    parser.add_argument("program", nargs="+")
    wish = parser.parse_args()
    try:
        if wish.session:
            os.setsid()
        if wish.namespace:
            enter_namespace()
        if wish.uid is not None:
            become(wish.uid)
        if wish.die_with is not None:
            die_with(wish.die_with)
        os.execv(wish.program[0], wish.program)  # noqa: S606 -- to start a program without a shell is the point
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(CANNOT_START)


if __name__ == "__main__":
    main()
