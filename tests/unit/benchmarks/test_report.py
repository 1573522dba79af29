"""What the benchmark says of itself: amounts, rows and the document."""

from __future__ import annotations

from datetime import date

import pytest
from benchmarks.figures import Amount, Figure, Findings, Table, number
from benchmarks.parts import PARTS
from benchmarks.report import DOCUMENT, markdown, rows, with_findings

DAY = date(2026, 2, 3)
EMPTY = "# Head\n\n<!-- measured: begin -->\n<!-- measured: end -->\n\nTail\n"
ORDER = ("one", "two", "three")


def findings(value: float) -> Findings:
    return Findings([Figure("work", [Amount(value, "ms", most=3)])])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (4, "4"),
        (100_000, "100,000"),
        (0.0834, "0.0834"),
        (2.499, "2.50"),
        (26.02, "26.0"),
        (1234.5, "1,234"),
        (0.5, "0.500"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("amount", "goal", "reached"),
    [
        (Amount(3, "ms", most=3), "≤ 3 ms", True),
        (Amount(3.01, "ms", most=3), "≤ 3 ms", False),
        (Amount(80, "times as fast", least=80), "≥ 80 times as fast", True),
        (Amount(79, "times as fast", least=80), "≥ 80 times as fast", False),
        (Amount(9, "ms", most=8, what="p50"), "p50 ≤ 8 ms", False),
    ],
)
def test_an_amount_says_what_was_to_be_reached(amount: Amount, goal: str, reached: bool) -> None:
    assert (amount.goal, amount.reached) == (goal, reached)


def test_a_figure_is_reached_when_all_of_it_is() -> None:
    good, bad, free = Amount(1, "ms", most=2), Amount(9, "requests", most=4), Amount(1, "MiB")
    assert Figure("", [good, free]).reached is True
    assert Figure("", [good, bad]).reached is False
    assert Figure("", [free]).reached is None
    assert Figure("", [good, bad], "as said").measured == "1 ms; 9 requests; as said"
    assert Figure("", [good, bad, free]).goal == "≤ 2 ms, ≤ 4 requests"


def test_what_was_not_measured_says_why() -> None:
    [row] = rows("part", Findings([Figure("work", [], "not measured: it is not there")]), DAY)
    assert row == ("`part`", "work", "", "not measured: it is not there", "", "", "2026-02-03")


def test_a_table_stays_one_whatever_its_cells_hold() -> None:
    table = Table("", ["a", "b"], [["x|y", "z"]])
    assert markdown(table) == "| a | b |\n| --- | --- |\n| x\\|y | z |\n"


def test_the_document_gets_the_rows_in_order_and_the_rest_of_it_stays() -> None:
    found = {"two": findings(2), "one": findings(4)}
    document = with_findings(EMPTY, found, ORDER, "2 cores", DAY)
    assert document.startswith(
        "# Head\n\n<!-- measured: begin -->\n\nMeasured by `script/bench` on 2 cores.\n\n"
    )
    assert document.endswith(
        "| `one` | work | ≤ 3 ms | 4 ms | **no** |  | 2026-02-03 |\n"
        "| `two` | work | ≤ 3 ms | 2 ms | yes |  | 2026-02-03 |\n"
        "\n<!-- measured: end -->\n\nTail\n"
    )


def test_a_part_that_is_measured_again_replaces_its_own_rows_and_tables_only() -> None:
    more = Findings(findings(1).figures, [Table("By size", ["size"], [["10 `x`"]])])
    first = with_findings(EMPTY, {"one": more, "two": more}, ORDER, "here", DAY)
    both = {"one": more, "two": findings(2)}
    again = with_findings(first, {"two": findings(2)}, ORDER, "here", DAY)
    assert again == with_findings(EMPTY, both, ORDER, "here", DAY)
    assert "### one\n\nBy size:\n\n| size |" in again
    assert "### two" not in again
    assert with_findings(again, {}, ORDER, "here", DAY) == again


def test_a_part_that_is_no_more_goes() -> None:
    first = with_findings(EMPTY, {"one": findings(1), "two": findings(2)}, ORDER, "here", DAY)
    assert "`one`" not in with_findings(first, {"two": findings(2)}, ("two",), "here", DAY)


def test_figures_of_two_machines_do_not_mix() -> None:
    first = with_findings(EMPTY, {"one": findings(1), "two": findings(2)}, ORDER, "here", DAY)
    with pytest.raises(ValueError, match="one were measured on another machine"):
        with_findings(first, {"two": findings(2)}, ORDER, "there", DAY)
    found = {"one": findings(1), "two": findings(2)}
    assert " on there.\n" in with_findings(first, found, ORDER, "there", DAY)


def test_a_document_without_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match="measured: begin"):
        with_findings("# Something else\n", {}, ORDER, "here", DAY)


def test_the_document_of_the_project_takes_what_is_found() -> None:
    document = DOCUMENT.read_text()
    found = {part: findings(1) for part in PARTS}
    assert f"| `{next(iter(PARTS))}` | work |" in with_findings(
        document, found, tuple(PARTS), "here", DAY
    )
