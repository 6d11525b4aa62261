"""The JSON report keeps to its schema, and the schema is strict."""

import copy
import json
import os
from typing import Any

import jsonschema
import pytest

import maildoctor
from maildoctor.render.json import document, render
from tests.reports import FAULTY, REPORTS


def _schema(name: str) -> dict[str, Any]:
    with open(os.path.join(os.path.dirname(maildoctor.__file__), name), encoding="utf-8") as file:
        read: dict[str, Any] = json.load(file)
    return read


SCHEMA = _schema("report.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
GUIDE = _schema("guide.schema.json")


@pytest.mark.parametrize("schema", [SCHEMA, GUIDE], ids=["report", "guide"])
def test_the_schema_is_a_schema(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_keeps_to_it(name: str) -> None:
    VALIDATOR.validate(json.loads(render(REPORTS[name])))


def test_keys_stand_in_the_order_of_the_schema() -> None:
    said = document(FAULTY)
    assert list(said) == SCHEMA["required"]
    assert list(said["findings"][0]) == SCHEMA["$defs"]["finding"]["required"]
    assert list(said["summary"]) == SCHEMA["properties"]["summary"]["required"]


def test_the_summary_counts() -> None:
    assert document(FAULTY)["summary"] == {
        "causes": 1,
        "errors": 1,
        "warnings": 1,
        "info": 0,
        "passed": 1,
        "not_judged": 2,
        "not_applicable": 1,
    }


@pytest.mark.parametrize("schema", [SCHEMA, GUIDE], ids=["report", "guide"])
def test_every_object_is_closed_and_all_it_knows_is_required(schema: dict[str, Any]) -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "properties" in node and node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert sorted(node["required"]) == sorted(node["properties"])
            for value in node.values():
                walk(value)

    walk(schema)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("extra",), 1),
        (("schema",), "maildoctor/2"),
        (("started",), "yesterday"),
        (("target", "kind"), "moon"),
        (("summary", "passed"), -1),
        (("findings", 0, "severity"), "fatal"),
        (("findings", 0, "rank"), 0),
        (("findings", 0, "labels"), {"n": 1}),
        (("findings", 0, "fix", 0, "safety"), "sure"),
        (("outcomes", 0, "outcome"), "maybe"),
        (("outcomes", 0, "code"), "link1"),
        (("log", "lines"), None),
    ],
)
def test_what_it_refuses(path: tuple[str | int, ...], value: object) -> None:
    bad: Any = copy.deepcopy(document(FAULTY))
    place = bad
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(bad)
