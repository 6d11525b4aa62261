"""Recordings of lab hosts for `fixtures/`: a host.toml with all that the host said, and expected.txt with its roots."""

import json
import shutil
from pathlib import Path

from tests.lab.faults import BY_ID
from tests.lab.host import LabHost
from tests.lab.roots import PROJECT

RECORDED = {
    "demo": ("bookworm", "etc-mail-group-writable"),
    "healthy-bookworm": ("bookworm", ""),
    "healthy-trixie": ("trixie", ""),
    "healthy-bullseye-root": ("bullseye", ""),
    "plugin-undefined-symbol": ("bookworm", "plugin-undefined-symbol"),
    "user-without-realm": ("bookworm", "user-without-realm"),
    "cf-older-than-mc": ("bookworm", "cf-older-than-mc"),
    "authinfo-stale": ("bookworm", "authinfo-stale"),
    "host-name-unqualified": ("bookworm", "host-name-unqualified"),
}
"""Folder of `fixtures/`: release, fault. A release whose Python is too old for the doctor is recorded from outside."""


def record(name: str) -> str:
    """Make `fixtures/NAME` anew; the names of its root findings."""
    release, fault = RECORDED[name]
    target = PROJECT / "fixtures" / name
    with LabHost(release, BY_ID.get(fault)) as host:
        inside = host.release.python != ""
        seen = "/root/seen" if inside else str(host.root / "root/seen")
        tell = host.doctor if inside else host.doctor_outside
        reported = tell("check", "--json", "--record", seen)
        report = json.loads(reported.out)
        recording = (host.root / "root/seen/host.toml").read_text(encoding="utf-8")
    target.mkdir(exist_ok=True)
    # from outside the root's path is that of a process that is gone; any name does
    Path(target / "host.toml").write_text(recording.replace(str(host.root), "/mnt/root"), encoding="utf-8")
    roots = [f for f in report["findings"] if f["explained_by"] is None]
    lines = [f"{f['severity']} {f['code']} {f['fingerprint']}" for f in roots]
    Path(target / "expected.txt").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    shutil.rmtree(target / "__pycache__", ignore_errors=True)
    return f"{name}: {', '.join(lines) or 'silent'}"
