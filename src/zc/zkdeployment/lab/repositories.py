"""Real Subversion and git repositories on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from zc.zkdeployment.lab.packages import run, write_file

#: Files to write, by path, with their contents; ``None`` deletes one.
Files = Mapping[str, str | None]

_GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    **{f"GIT_{who}_NAME": "lab" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "lab@localhost" for who in ("AUTHOR", "COMMITTER")},
}


class SubversionRepository:
    """A repository with a directory ``trunk``; ``url`` is that of the trunk."""

    def __init__(self, directory: Path, name: str = "repository") -> None:
        self._work = directory / f"{name}-work"
        self._root = f"file://{directory / name}"
        self.url = f"{self._root}/trunk"
        directory.mkdir(parents=True, exist_ok=True)
        run("svnadmin", "create", str(directory / name))
        self._svn("mkdir", self.url, "-m", "trunk")
        self._svn("checkout", self.url, str(self._work))

    def commit(self, files: Files) -> int:
        """Change files in the trunk; return the new revision."""
        _change(self._work, files, lambda path: self._svn("delete", path, cwd=self._work))
        self._svn("add", "--force", ".", cwd=self._work)
        self._svn("commit", "-m", "change", cwd=self._work)
        self._svn("update", cwd=self._work)
        return int(run("svn", "info", "--show-item", "revision", str(self._work)))

    def branch(self, name: str) -> str:
        """Copy the trunk; return the URL of the branch."""
        url = f"{self._root}/{name}"
        self._svn("copy", self.url, url, "-m", "branch")
        return url

    def _svn(self, *arguments: str, cwd: Path | None = None) -> str:
        return run("svn", *arguments, "--quiet", "--non-interactive", cwd=cwd)


class GitRepository:
    """A bare repository; ``url`` is what to clone, ``version(ref)`` what a tree says.

    ``work`` is the directory of a clone, which commits are made in.
    """

    def __init__(self, directory: Path, name: str = "repository.git") -> None:
        self.work = directory / f"{name}-work"
        self.url = str(directory / name)
        directory.mkdir(parents=True, exist_ok=True)
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", self.url)
        run("git", "init", "--quiet", "--initial-branch=main", str(self.work))
        self._git("remote", "add", "origin", self.url)

    def version(self, ref: str) -> str:
        """Return the version that checks ``ref`` out."""
        return f"git://{self.url}#{ref}"

    def commit(
        self, files: Files, branch: str = "main", *, amend: bool = False, subject: str = "change"
    ) -> str:
        """Change files on a branch, made from the one used last if it is new; return the commit.

        With ``amend`` the last commit of the branch is replaced.
        """
        if self._git("branch", "--show-current") != branch:
            known = self._git("branch", "--list", branch)
            self._git("checkout", "--quiet", *([] if known else ["-b"]), branch)
        _change(self.work, files, lambda path: self._git("rm", "--quiet", path))
        self._git("add", "--all")
        self._git("commit", "--quiet", "-m", subject, *(["--amend"] if amend else []))
        self._git("push", "--quiet", "--force", "origin", branch)
        return self._git("rev-parse", "HEAD")

    def tag(self, name: str) -> None:
        """Tag the last commit made; an existing tag is moved."""
        self._git("tag", "--force", name)
        self._git("push", "--quiet", "--force", "origin", f"refs/tags/{name}")

    def delete_branch(self, name: str) -> None:
        """Delete a branch, other than the one used last."""
        self._git("branch", "--quiet", "-D", name)
        self._git("push", "--quiet", "origin", f":refs/heads/{name}")

    def _git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.work, env=_GIT_ENVIRONMENT)


def _change(directory: Path, files: Files, delete: Callable[[str], object]) -> None:
    for path, content in files.items():
        if content is None:
            delete(path)
        else:
            write_file(directory / path, content)
