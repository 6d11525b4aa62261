"""What pyproject.toml cannot say: which folders are packages, and that the log rules are parsed at the build."""

import os
import sys

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = os.path.dirname(os.path.abspath(__file__))


class WithRules(build_py):
    """Puts rules.json beside the rule files: into the wheel, or for an editable install into the checkout."""

    def run(self) -> None:
        super().run()
        sys.path.insert(0, ROOT)
        try:
            from maildoctor.triage import builtin
        finally:
            sys.path.remove(ROOT)
        with open(self._where(), "wb") as file:
            file.write(builtin.made(builtin.rule_files()))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, self._where()]

    def _where(self) -> str:
        if self.editable_mode:
            return os.path.join(ROOT, "checks", "rules.json")
        return os.path.join(self.build_lib, "maildoctor", "checks", "rules.json")


PACKAGES = [
    *find_packages(ROOT, include=["maildoctor", "maildoctor.*"]),
    *(f"maildoctor.{name}" for name in find_packages(ROOT, include=["checks", "checks.*", "fixtures"])),
]
"""A new folder of checks or facts is in the wheel without being named; checks/ and fixtures/ lie beside the package."""

setup(packages=PACKAGES, cmdclass={"build_py": WithRules})
