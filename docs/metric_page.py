"""The page of all metrics, made from the modules that make them: it cannot be out of date."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

from zc.zkdeployment.metrics import agent_metrics, fleet_metrics

PATH = "reference/metrics.md"

_MAKERS = {"gauge", "Metric"}
_SECTIONS = (
    (
        "Of an agent",
        "Each agent has these, where the [settings](configuration.md) `metrics-port` or"
        " `metrics-file` say so.",
        agent_metrics,
    ),
    (
        "Of the fleet",
        "`zkdeploy web` has these at `/metrics`.",
        fleet_metrics,
    ),
)


def metric_page() -> str:
    """Return the Markdown of the page."""
    lines = [
        "# Metrics",
        "",
        "What does a monitoring system find? In the text format of Prometheus:",
    ]
    for title, where, module in _SECTIONS:
        lines += ["", f"## {title}", "", where, "", "| Metric | | |", "|---|---|---|"]
        lines += (f"| `{name}` | {kind} | {text} |" for name, kind, text in metrics_of(module))
    return "\n".join((*lines, ""))


def metrics_of(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the kind and the meaning of each metric that a module makes, in order."""
    tree = ast.parse(inspect.getsource(module))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: call.lineno):
        if isinstance(call.func, ast.Name) and call.func.id in _MAKERS:
            name, *others = (_text(argument, module) for argument in call.args)
            if name:
                kind, text = others[:2] if call.func.id == "Metric" else ("gauge", others[0])
                yield name, kind, text


def _text(node: ast.expr, module: ModuleType) -> str:
    """Return the text that an expression stands for, empty if it is none."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, module) for part in parts)
        case ast.FormattedValue(value=ast.Name(id=name)):
            return str(getattr(module, name))
        case _:
            return ""
