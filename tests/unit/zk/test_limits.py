"""Trees and their text have limits: what is beyond them is told, and fills no memory."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.codec import check_size, encode
from zc.zk.errors import TreeFormatError, TreeSyntaxError
from zc.zk.limits import MAX_DATA, MAX_LINE, MAX_LINES, MAX_MISTAKES, MAX_PARTS, MAX_PATH
from zc.zk.literals import check_text
from zc.zk.source import parse_source
from zc.zk.tree import Node, format_tree, parse_tree
from zc.zk.values import check_value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/a\n  x = '" + "v" * MAX_LINE + "'", f"line has more than {MAX_LINE} characters"),
        ("/" + "n" * MAX_PATH, f"path has more than {MAX_PATH} characters"),
        ("/a\n /b\n  /" + "n" * (MAX_PATH - 4), f"path has more than {MAX_PATH} characters"),
        ("\n" * MAX_LINES + "/a", f"more than {MAX_LINES} lines"),
        ("/a\n  x = [" + "0," * MAX_PARTS + "]", f"more than {MAX_PARTS} parts"),
        ("/a\n  x = [" + "0," * 3 + "-" * 100_000 + "]", "bad value"),
        ("/a\n  x = f'" + "{a}" * 500_000 + "'", "a value is a quoted string"),
        ("/a\n  x = " + "9" * 100_000, "a value is a quoted string"),
        ("/a\n  x = 0x" + "f" * 100_000, "4300 digits"),
        ("/a\n  " + "k" * 100_000 + " = ", "bad value"),
        ("/a\n  x -> " + "/a " * 100_000, "is not of the form PATH"),
        ("/" + "n" * 4000 + "\n/" + "n" * 4000, "duplicate node"),
    ],
)
def test_what_is_too_large_is_refused_in_a_few_words(text: str, why: str) -> None:
    with pytest.raises(TreeSyntaxError, match=why) as caught:
        parse_tree(text, "site.zk")
    assert len(str(caught.value)) < 1000
    assert str(caught.value).startswith("site.zk:")
    _, mistakes = parse_source(text, "site.zk")
    assert str(mistakes[0]) == str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["/a : \ud800\udc80", "/a\n  \ud800\udc80 = 1", "/a\n  b -> /\ud800\udc80", "/\ud800\udc80"],
)
def test_what_would_be_stored_as_something_else_is_refused(text: str) -> None:
    with pytest.raises(TreeSyntaxError, match="surrogate pair"):
        parse_tree(text)


def test_many_nodes_below_a_long_path_are_refused_before_their_paths_fill_the_memory() -> None:
    below = " " * 4
    text = "".join(f"{' ' * level}/{'n' * 1000}\n" for level in range(4))
    text += "".join(f"{below}/{number}\n" for number in range(40_000))
    with pytest.raises(TreeSyntaxError, match="the paths of all nodes have more than"):
        parse_tree(text)


def test_of_what_is_no_tree_text_at_all_not_every_line_is_told() -> None:
    _, mistakes = parse_source("?\n" * 100_000)
    assert len(mistakes) == MAX_MISTAKES + 1
    assert "the rest is not read" in str(mistakes[-1])


@pytest.mark.parametrize("name", ["n" * MAX_PATH, "n" * 1_000_000])
def test_what_could_not_be_read_again_is_not_written(name: str) -> None:
    with pytest.raises(TreeFormatError, match="the path has more than") as caught:
        format_tree(Node("", {}, {name: Node(name)}))
    assert len(str(caught.value)) < 1000
    with pytest.raises(TreeFormatError, match="more than 400000 parts"):
        format_tree(Node("", {}, {"a": Node("a", {"x": [0] * MAX_PARTS})}))


def test_the_longest_path_is_read_and_written() -> None:
    text = "/" + "n" * (MAX_PATH - 1) + "\n"
    assert format_tree(parse_tree(text)) == text


@pytest.mark.parametrize("character", ["x", "é", "\U0001f600", "\\", '"', "\0"])
def test_a_node_holds_what_zookeeper_takes_and_no_more(character: str) -> None:
    room = MAX_DATA - len(encode({"v": ""}))
    count = room // (len(encode({"v": character})) - len(encode({"v": ""})))
    check_size({"v": character * count})
    with pytest.raises(ValueError, match=f"but a node holds {MAX_DATA}"):
        check_size({"v": character * (count + 1)})
    with pytest.raises(ValueError, match="spread them over several nodes"):
        check_size({f"k{number}": 10**4000 for number in range(300)})
    check_size({f"k{number}": number for number in range(10_000)})
    check_size({"v": [character]})


_pieces = st.sampled_from(
    [
        *("'a'", '"b"', "'''a'b'''", '"""c"d"""', r"r'\d'", "u'x'", "1", "-1", "+1", "- 1", "1.5"),
        *(
            ".5",
            "1.",
            "1.e5",
            "1e-5",
            "0x1F",
            "0o17",
            "0b101",
            "1_000",
            "[",
            "]",
            "{",
            "}",
            "(",
            ")",
        ),
        *(
            ",",
            ":",
            " ",
            "\t",
            "\f",
            "None",
            "True",
            "# c",
            r"'\''",
            "''",
            "00",
            "not",
            "+",
            "-",
            "é",
        ),
        *("b'a'", "f'x'", "...", "1if", "{1}", "1j"),
    ]
)


@given(st.lists(_pieces, max_size=6).map("".join).map(str.strip))
def test_nothing_is_refused_that_python_takes_for_a_value(text: str) -> None:
    try:
        check_value(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError):
        return
    check_text(text)
