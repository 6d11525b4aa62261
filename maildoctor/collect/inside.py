"""Where the commands of a report are to be run, for a target that is not this machine as it runs."""

import re
import shlex
from collections.abc import Sequence

_PROCESS = re.compile(r"pid ([1-9][0-9]{0,9})")
_CONTAINER = re.compile(r"(?:(podman|docker):)?([A-Za-z0-9][A-Za-z0-9_.-]*)")
_ASKED = re.compile(r"(podman|docker) inspect ")
IN_A_BUILD = "# the Dockerfile (RUN, COPY), then build the image again"


def run_in(kind: str, name: str, commands: Sequence[str]) -> str:
    """The command that opens a shell in a target of this kind and name, by what was run to find it; a remark where no
    command does; empty for a host."""
    if kind == "root":
        if name == "/":
            return ""
        return f"chroot {shlex.quote(name)} /bin/sh" if name.startswith("/") else IN_A_BUILD
    if kind == "container":
        if (process := _PROCESS.fullmatch(name)) is not None:
            return f"nsenter -t {process[1]} -a -r -w /bin/sh"
        if (container := _CONTAINER.fullmatch(name)) is not None:
            asked = [match[1] for command in commands if (match := _ASKED.match(command))]
            engines = [container[1]] if container[1] else list(dict.fromkeys(asked))
            return " || ".join(f"{engine} exec -it {container[2]} /bin/sh" for engine in engines)
    return ""
