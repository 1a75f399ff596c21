"""The files of the tree and C text without comments, for the checks in this folder."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked_files():
    """Paths of all tracked files, from git, or in an unpacked archive all files outside build folders."""
    if (ROOT / ".git").exists():
        names = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True).stdout
        paths = [ROOT / name for name in names.decode().split("\0") if name]
        return sorted(path for path in paths if path.is_file() and not path.is_symlink())
    skipped = {"build", "__pycache__"}
    return sorted(path for path in ROOT.rglob("*")
                  if path.is_file() and not skipped & set(path.relative_to(ROOT).parts))


def c_files(*folders):
    """The .c and .h files of these folders, with whatever is not tracked yet."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.[ch]"))


def name_of(path):
    path = pathlib.Path(path)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def without_comments(text, keep_strings=False):
    """The text with comments (and what strings hold) blanked; lines keep their numbers."""
    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token if keep_strings else token[0] + token[-1]
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


def report(title, faults, checked):
    """Prints the faults and ends the program; a check that looked at nothing fails."""
    for fault in faults:
        print(fault)
    print(f"{title}: {checked} checked, {len(faults)} faults")
    sys.exit(1 if faults or checked == 0 else 0)
