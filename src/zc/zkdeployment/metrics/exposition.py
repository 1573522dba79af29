"""Metrics in the text format of Prometheus, which most monitoring systems can read.

Why not by a library: docs/adr/0018-metrics.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

#: What a server says that its answer is.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Characters of the value of a label that are kept.
LONGEST_LABEL = 200

Kind = Literal["gauge", "counter"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One number; ``labels`` tell it from the others of its metric."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; ``text`` says in a sentence what it means. Names are those of this project."""

    name: str
    kind: Kind
    text: str
    samples: tuple[Sample, ...]


def gauge(name: str, text: str, value: float | None) -> Metric:
    """Return a metric of at most one number that may go up and down; of none for ``None``."""
    return Metric(name, "gauge", text, () if value is None else (Sample(value),))


def expose(metrics: Iterable[Metric]) -> str:
    """Return metrics as text, in order; those without any number are left out.

    Of samples whose labels come out the same, once they are cut, the first one counts: whoever
    reads the text would refuse all of it for a second one.
    """
    return "".join(line for metric in metrics if metric.samples for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    help_text = metric.text.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {metric.name} {help_text}\n"
    yield f"# TYPE {metric.name} {metric.kind}\n"
    numbers: dict[str, float] = {}
    for sample in metric.samples:
        labels = ",".join(f'{name}="{_escape(text)}"' for name, text in sample.labels.items())
        numbers.setdefault(f"{{{labels}}}" if labels else "", sample.value)
    for labels, value in numbers.items():
        yield f"{metric.name}{labels} {_number(value)}\n"


def _escape(text: str) -> str:
    # Half a character cannot be written as UTF-8, and one such label would spoil the whole.
    text = text[:LONGEST_LABEL].encode(errors="replace").decode()
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
