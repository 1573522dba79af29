"""How problems in tree files are printed: for people and editors, for programs, for CI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from zc.zkdeployment.tree.problems import RULES, Place, Problem, severity_of

_SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def as_document(files: int, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return what ``--format json`` prints."""
    return {"files": files, "problems": [asdict(problem) for problem in problems]}


def as_sarif(problems: Sequence[Problem]) -> dict[str, Any]:
    """Return a log in the Static Analysis Results Interchange Format, version 2.1.0."""
    from importlib.metadata import version  # takes longer than checking a small file

    rules = [
        {
            "id": rule,
            "shortDescription": {"text": text},
            "defaultConfiguration": {"level": severity_of(rule)},
        }
        for rule, text in RULES.items()
    ]
    driver = {
        "name": "zkdeploy validate",
        "version": version("zc.zkdeployment"),
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(problem: Problem) -> dict[str, Any]:
    place, *others = problem.places
    result = {
        "ruleId": problem.rule,
        "ruleIndex": list(RULES).index(problem.rule),
        "level": problem.severity,
        "message": {"text": problem.message},
        "locations": [_location(place)],
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": other.node or "in the list of hosts"}}
            | _location(other)
            for number, other in enumerate(others, 1)
        ]
    return result


def _location(place: Place) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.file)}}
    if place.line is not None:
        physical["region"] = {"startLine": place.line, "startColumn": place.column}
    location: dict[str, Any] = {"physicalLocation": physical}
    if place.node:
        location["logicalLocations"] = [{"fullyQualifiedName": place.node}]
    return location


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
