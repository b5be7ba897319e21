"""Launcher: turns into the given command, which dies with its parent: launcher.py PARENT SIGNAL UID:GID|- COMMAND...

A supervisor that is killed outright can stop nothing, so the kernel does it: PR_SET_PDEATHSIG. It belongs to one
process, is kept by exec and cleared by a change of user, so the order below matters; a preexec_fn would run Python
between fork and exec, which is not safe with threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def switch_user(user: str) -> None:
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def die_with(parent: int, signal: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above: no signal will come
        sys.exit(1)


if __name__ == "__main__":
    switch_user(sys.argv[3])
    die_with(int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[4], sys.argv[4:])  # noqa: S606
