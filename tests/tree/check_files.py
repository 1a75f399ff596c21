"""Habits of the files: an opening comment, no file too long, no paths of somebody's machine, nothing left over, a comment
above each public declaration, one version number."""

import re
import sys

from source_tree import ROOT, c_files, name_of, report, tracked_files, without_comments

LONGEST = 800  # lines
MADE = {"include/stria/build_layers.h", "src/inspect/font_data.c"}  # by a program: a paragraph for each layer kind, a font
PATHS = re.compile(r"(?<![\w.])/(?:work|root|home)/\w")
LEFT_OVER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|^(?:<{7}|>{7}|={7})(?: |$)|^\s*#\s*if 0\b",
                       re.MULTILINE)


def length_faults(name, text):
    lines = text.count("\n")
    return [f"{name}: {lines} lines, more than {LONGEST}"] if lines > LONGEST and name not in MADE else []


def opening_faults(name, text):
    return [] if text.startswith("/*") else [f"{name}: does not open with a comment"]


def left_over_faults(name, text):
    faults = []
    for pattern, what in ((PATHS, "a machine's path"), (LEFT_OVER, "left over")):
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            faults.append(f"{name}:{line}: {what}: '{match.group().strip()}'")
    return faults


def declaration_faults(name, text):
    """A declaration is commented when its paragraph (lines without an empty one between) begins with a comment."""
    faults, line = [], 1
    code = without_comments(text)
    for paragraph in re.split(r"\n[ \t]*\n", text):
        first_code = code.split("\n")[line - 1:line - 1 + paragraph.count("\n") + 1]
        declares = any(re.match(r"\s*STRIA_API\b", code_line) for code_line in first_code)
        if declares and not paragraph.lstrip().startswith("/*"):
            faults.append(f"{name}:{line}: a public declaration without a comment above it")
        line += paragraph.count("\n") + 2
    return faults


def main():
    faults, checked = [], 0
    for path in tracked_files():
        checked += 1
        data = path.read_bytes()
        if b"\0" not in data:  # three bytes of a picture mean nothing
            faults += left_over_faults(name_of(path), data.decode("utf-8", errors="replace"))
    for path in c_files("src", "cli", "include"):
        text = path.read_text(encoding="utf-8")
        faults += length_faults(name_of(path), text)
        faults += opening_faults(name_of(path), text)
    for path in c_files("tests", "examples", "bench"):
        faults += opening_faults(name_of(path), path.read_text(encoding="utf-8"))
    for path in c_files("include"):
        faults += declaration_faults(name_of(path), path.read_text(encoding="utf-8"))

    project = re.search(r"project\(stria VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
    header = re.search(r'#define STRIA_VERSION +"([^"]+)"',
                       (ROOT / "include" / "stria" / "version.h").read_text(encoding="utf-8"))
    if not project or not header or project.group(1) != header.group(1):
        faults.append("CMakeLists.txt and include/stria/version.h disagree about the version")
    report("files", faults, checked)


if __name__ == "__main__":
    sys.exit(main())
