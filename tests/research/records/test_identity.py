"""What a run was made with: commit and changes of a checkout or a worktree."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from research.records.identity import commit, is_dirty

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture()
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "file.py").write_text("x = 1\n")
    git(folder, "add", "file.py")
    git(folder, "commit", "-qm", "first")
    return folder


def test_a_checkout_and_its_worktree_know_their_own_commit(checkout: Path, tmp_path: Path) -> None:
    first = git(checkout, "rev-parse", "HEAD")
    worktree = tmp_path / "worktree"
    git(checkout, "worktree", "add", "-q", "-b", "other", str(worktree))
    (worktree / "file.py").write_text("x = 2\n")
    assert is_dirty(worktree) is True and is_dirty(checkout) is False
    git(worktree, "commit", "-qam", "second")
    assert commit(checkout) == first != commit(worktree) == git(worktree, "rev-parse", "HEAD")
    assert is_dirty(worktree) is False


def test_files_that_git_does_not_track_are_no_change(checkout: Path) -> None:
    (checkout / "notes.txt").write_text("mine\n")
    assert is_dirty(checkout) is False


def test_outside_of_a_checkout_nothing_is_known(tmp_path: Path) -> None:
    assert commit(tmp_path) is None and is_dirty(tmp_path) is None
