"""The page of all JSON schemas, made from what ``zkdeploy schema`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator

from zc.zkdeployment.cli.schema import schema_names, schema_text

PATH = "reference/schemas.md"


def schema_page() -> str:
    """Return the Markdown of the page; a search does not look into it, or it found little else."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield from ("---", "search:", "  exclude: true", "---", "# JSON schemas", "")
    yield from ("What `zkdeploy schema` prints. How to read them: [JSON](json.md).", "")
    for name in schema_names():
        text = schema_text(name)
        yield from (f"## {name}", "", f"{json.loads(text)['title']}.", "")
        yield from ("```json", text.rstrip("\n"), "```", "")
