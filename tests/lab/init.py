"""The first process of a lab host: makes its file systems and devices, then keeps its logs until its parent goes away.

Run by `host.py` under unshare(1) as process 1 of a new pid namespace, with mount, net, uts and ipc namespaces of its
own. It ends when its standard input does, and the kernel then ends all others of the namespace.
"""

import os
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import time

DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
LOGS = {2: "mail.log", 4: "auth.log", 10: "auth.log"}
"""Syslog facility to file, as Debian's rsyslog sorts them."""


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def build(scratch: str, layers: str, binds: list[str]) -> str:
    """The root of the host, on a tmpfs that only this mount namespace sees."""
    mount("-t", "tmpfs", "-o", "mode=755", "lab", scratch)
    root, upper, workdir = (os.path.join(scratch, part) for part in ("root", "upper", "work"))
    for folder in (root, upper, workdir):
        os.mkdir(folder, 0o755)
    mount("-t", "overlay", "-o", f"lowerdir={layers},upperdir={upper},workdir={workdir}", "lab", root)
    mount("-t", "proc", "proc", f"{root}/proc")
    mount("-t", "tmpfs", "-o", "mode=755", "dev", f"{root}/dev")
    for name, (major, minor) in DEVICES.items():
        os.mknod(f"{root}/dev/{name}", 0o666 | stat.S_IFCHR, os.makedev(major, minor))
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{root}/dev/{name}")
    for bind in binds:
        outside, inside = bind.split("=")
        mount("--bind", outside, root + inside)
        mount("-o", "remount,bind,ro", root + inside)
    return root


def network() -> None:
    """Loopback alone. A route, but no address, lets a client come from where no server takes it for its own host."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "route", "add", "local", "198.51.100.0/24", "dev", "lo"], check=True)


def keep_logs(log: socket.socket, name: str) -> None:
    """What is written to /dev/log goes to /var/log in the traditional format, until standard input ends."""
    while True:
        ready, _, _ = select.select([log, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        text = log.recv(65536).decode("utf-8", "replace").rstrip("\n\0")
        parts = re.fullmatch(r"<(\d+)>(\w{3} [ \d]\d \d\d:\d\d:\d\d )?(.*)", text, re.S)
        if not parts:
            continue
        line = f"{parts[2] or time.strftime('%b %e %H:%M:%S ')}{name} {parts[3]}\n"
        with open(f"/var/log/{LOGS.get(int(parts[1]) >> 3, 'syslog')}", "a") as file:
            file.write(line)


def main() -> None:
    scratch, layers, name, *binds = sys.argv[1:]
    os.umask(0)  # devices and the log socket are for all
    root = build(scratch, layers, binds)
    network()
    socket.sethostname(name)
    os.chroot(root)
    os.chdir("/")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the orphans of daemons are ours to bury
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/dev/log")
    os.umask(0o022)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    keep_logs(log, name.partition(".")[0])


if __name__ == "__main__":
    main()
