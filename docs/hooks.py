"""What mkdocs does with this directory beyond the ordinary; mkdocs.yml names it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from docs.command_pages import command_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from docs import metric_page, schema_page
from zc.zkdeployment.cli import main

_TOP = Path(__file__).parents[1]
_loaded = re.compile(
    r"<(?:script|img|iframe)[^>]*\ssrc=[\"']?(?:https?:)?//|<link[^>]*rel=[\"']?(?:stylesheet|"
    r"preload|icon|preconnect)[\"']?[^>]*href=[\"']?(?:https?:)?//[^>]*>|url\([\"']?https?:"
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the changes, which are outside of the directory."""
    for path, text in _made().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put in the place of a directory, in the navigation, all pages that are in it."""
    _expand(config.nav or [], [*_made(), *_written()])
    return config


def _expand(entries: list[Any], pages: list[str]) -> None:
    for section in (each for each in entries if isinstance(each, dict)):
        for title, below in section.items():
            if isinstance(below, list):
                _expand(below, pages)
            elif below.endswith("/"):
                section[title] = [page for page in pages if page.startswith(below)]


@cache
def _made() -> dict[str, str]:
    changes = (_TOP / "CHANGELOG.md").read_text()
    changes = changes.replace("](docs/", "](")
    return {
        **command_pages(main),
        metric_page.PATH: metric_page.metric_page(),
        schema_page.PATH: schema_page.schema_page(),
        "changes.md": changes,
    }


def _written() -> list[str]:
    docs = _TOP / "docs"
    return sorted(str(path.relative_to(docs)) for path in docs.rglob("*.md"))


def on_post_page(output: str, **_: object) -> str:
    """Refuse a page that a browser could show whole only with a network."""
    if found := _loaded.search(output):
        raise PluginError(f"a page loads something from elsewhere: {found[0]:.200}")
    return output
