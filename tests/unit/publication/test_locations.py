"""What people write to say where tree files come from."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.errors import BadSource
from zc.zkdeployment.publication.locations import Location, parse_location, shown


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [
        ("git:///srv/tree.git", "/srv/tree.git", "HEAD"),
        ("git:///srv/tree.git#main", "/srv/tree.git", "main"),
        ("git:///srv/odd#name#main", "/srv/odd#name", "main"),
        ("git://trees#main", "trees", "main"),
        ("git://file:///srv/tree.git#v1.0", "file:///srv/tree.git", "v1.0"),
        ("git://git://host/tree", "git://host/tree", "HEAD"),
        ("git://https://host/tree#feature/x", "https://host/tree", "feature/x"),
        ("git://git@host:team/tree#0123abcd", "git@host:team/tree", "0123abcd"),
        ("git://host:team/tree", "host:team/tree", "HEAD"),
        ("https://host/tree.git", "https://host/tree.git", "HEAD"),
        ("https://me:secret@host/tree.git#v1", "https://me:secret@host/tree.git", "v1"),
        ("ssh://git@host:22/tree", "ssh://git@host:22/tree", "HEAD"),
        ("git@host:team/tree#main", "git@host:team/tree", "main"),
    ],
)
def test_a_git_repository_is_written_as_for_a_checkout_or_as_git_takes_it(
    text: str, url: str, ref: str
) -> None:
    assert parse_location(text) == Location("git", url, ref)


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [
        ("svn://host/trees/trunk", "svn://host/trees/trunk", "HEAD"),
        ("svn+ssh://me@host/trees", "svn+ssh://me@host/trees", "HEAD"),
        ("file:///srv/svn/trees", "file:///srv/svn/trees", "HEAD"),
        ("file:///srv/svn/trees@42", "file:///srv/svn/trees", "42"),
        ("file:///srv/svn/trees@HEAD", "file:///srv/svn/trees", "HEAD"),
        ("file:///srv/svn/a@b", "file:///srv/svn/a@b", "HEAD"),
        ("file:///srv/svn/a@b@", "file:///srv/svn/a@b", "HEAD"),
        ("svn://me@1/trees", "svn://me@1/trees", "HEAD"),
    ],
)
def test_a_subversion_directory_is_a_url(text: str, url: str, ref: str) -> None:
    assert parse_location(text) == Location("svn", url, ref)


@pytest.mark.parametrize("text", [".", "trees", "/srv/my trees", "./a:b", "../x.zk", "a@b"])
def test_all_without_a_scheme_is_a_directory(text: str) -> None:
    assert parse_location(text) == Location("directory", text)


def test_an_option_names_the_ref_that_the_text_leaves_out() -> None:
    assert parse_location("git:///srv/x", ref="v1").ref == "v1"
    assert parse_location("git:///srv/x#v1", ref="v1").ref == "v1"
    assert parse_location("svn://host/x", ref="7").ref == "7"


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("git:///srv/x#v1", "v2"),
        ("git:///srv/x#HEAD", "v2"),
        ("svn://host/x@7", "8"),
        ("svn://host/x", "trunk"),
        ("svn://host/x", "-r1"),
        ("trees", "main"),
        ("git:///srv/x", ""),
        ("git:///srv/x", "--upload-pack=id"),
        ("git:///srv/x", "main~1"),
        ("git:///srv/x", "a b"),
    ],
)
def test_a_ref_that_contradicts_or_is_none_is_refused(text: str, ref: str) -> None:
    with pytest.raises(BadSource, match=re.escape(repr(ref))):
        parse_location(text, ref=ref)


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("", ""),
        (".", ""),
        ("a", "a"),
        ("./a//b/", "a/b"),
        ("a b/ü@1", "a b/ü@1"),
        (":(x)", ":(x)"),
    ],
)
def test_a_path_leads_inside(path: str, inside: str) -> None:
    for text in ("git:///srv/x", "svn://host/x", "trees"):
        assert parse_location(text, path=path).path == inside


@pytest.mark.parametrize(
    "path", ["/etc", "..", "a/../..", "-r", "a/-b", "a\nb", "a\0", "\udcff", "x" * 2001]
)
def test_a_path_that_leads_elsewhere_or_could_be_an_option_is_refused(path: str) -> None:
    with pytest.raises(BadSource, match="is no path inside"):
        parse_location("git:///srv/x", path=path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-x",
        "--config-option=x",
        "ext::sh -c id",
        "git://ext::id#main",
        "git://-u#main",
        "git://ssh://-oProxyCommand=id/x",
        "ssh://-oProxyCommand=id/x",
        "me@-oProxyCommand=id:x",
        "git://ftp://host/x",
        "git://",
        "git://#main",
        "git:///srv/x#",
        "git:///srv/x#-f",
        "git:///srv/x#a..b",
        "git:///srv/a b#main",
        "git://https://host/x?private_token=1",
        "svn://",
        "svn:///x",
        "svn://host/a b",
        "svn://host/x\nhost",
        "svn+ssh://me@-oProxyCommand=id/x",
        "file://host/x",
        "ftp://host/x",
        "HTTPS://host/x.git",
        "host:team/tree",
        "trees\x1b[1m",
        "trees\udcff",
        "git://" + "x" * 2000,
    ],
)
def test_what_is_no_source_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(BadSource, match="is no source of tree files") as refused:
        parse_location(text)

    assert "git://REPOSITORY[#REF]" in str(refused.value)
    assert "svn+ssh://" in str(refused.value)
    assert len(str(refused.value)) < 2500


@pytest.mark.parametrize("text", ["https://host/x", "http://me:secret@host/x.git/y"])
def test_a_web_url_has_to_say_what_it_is(text: str) -> None:
    with pytest.raises(BadSource, match=r"git://https://… or .* ends in \.git") as refused:
        parse_location(text)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "ssh://me:secret@host/x",
        "git://ssh://me:secret@host/x",
        "svn://me:secret@host/x",
        "svn+ssh://me:secret@host/x",
    ],
)
def test_a_password_that_nobody_would_use_is_refused_unseen(text: str) -> None:
    with pytest.raises(BadSource, match="takes a password") as refused:
        parse_location(text)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "harmless"),
    [
        ("https://me:secret@host/x", "https://host/x"),
        ("https://secret@host:8080/x", "https://host:8080/x"),
        ("http://me:secr@et@host/x@y", "http://host/x@y"),
        ("https://me:sec/ret@host/x", "https://host/x"),
        ("git://https://me:sec#ret@host/x#main", "git://https://host/x#main"),
        ("https://host/x?token=secret#main", "https://host/x#main"),
        ("https://host:8080/@scope/x", "https://host:8080/@scope/x"),
        ("ssh://git:secret@host/x", "ssh://git@host/x"),
        ("ssh://git@host:22/x", "ssh://git@host:22/x"),
        ("svn+ssh://me@host/x", "svn+ssh://me@host/x"),
        ("svn://me:secret@host/x", "svn://me@host/x"),
        ("git@host:team/x", "git@host:team/x"),
        ("git://git@host:team/x", "git://git@host:team/x"),
        ("/srv/x", "/srv/x"),
    ],
)
def test_what_is_shown_of_a_url_is_no_secret(url: str, harmless: str) -> None:
    assert shown(url) == harmless


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("git", "/srv/x", "main"), "git:///srv/x#main"),
        (Location("git", "https://me:secret@host/x", "v1", "a/b"), "git://https://host/x#v1:a/b"),
        (Location("svn", "svn://host/x/", "HEAD", "a b"), "svn://host/x/a b"),
        (Location("svn", "svn://host/x", "7"), "svn://host/x@7"),
        (Location("directory", "trees", None, "a"), "trees/a"),
        (Location("directory", "trees"), "trees"),
    ],
)
def test_a_location_reads_as_what_it_is(location: Location, text: str) -> None:
    assert str(location) == text
    assert "secret" not in repr(location)


SCHEMES = ["git://", "svn://", "svn+ssh://", "file:///", "https://", "ssh://", "me@host:", ""]


@given(st.sampled_from(SCHEMES), st.text(), st.none() | st.text(), st.text())
def test_nothing_becomes_an_option_or_a_helper_program(
    scheme: str, rest: str, ref: str | None, path: str
) -> None:
    try:
        location = parse_location(scheme + rest, ref=ref, path=path)
    except BadSource:
        return
    for argument in (location.url, location.ref or "x", location.path):
        assert not argument.startswith("-")
        assert "://-" not in argument
        assert not re.match(r"[a-z]+::", argument)
        assert not re.search(r"[\x00-\x1f\x7f]", argument)
    assert ".." not in location.path.split("/")
    assert not location.path.startswith("/")
