#!/usr/bin/env python3
"""Runs the command line against what it should say.

    run.py --stria PATH [--photographs FOLDER] [--refresh] CASE...

A case is a text file. Each command in it is followed by what it writes and how it ends:

    # a comment
    $ stria summary missing.stria        a command for bash; lines that begin with "> " go on with it
    | a line on stdout
    ! a line on stderr
    = 4                                  the exit status; left out when it is 0

Where a run differs from the next, the expected text has placeholders:
    <time>    a duration, "0.12 s", "1 min 05 s"        <number>  a number
    <any>     anything within the line                  <lines>   on a line of its own: any number of lines

The commands of a case run one after the other in one new empty folder, with the folder of the tested stria and
tests/cli/tools first in PATH, and an environment in which nothing of the machine shows. --refresh writes what the
commands said into the case files; lines that still match, with their placeholders, stay as they are.

--photographs names a folder of the user's data into which scripts/sample-pictures put the sample photographs: the
commands find them there, and without it the cases are skipped (status 77)."""

import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 900  # seconds for one command; only a hang takes so long

# What the address sanitizer says when malloc returns NULL, as it does without it.
SANITIZER_NOTE = re.compile(r"==\d+==WARNING: AddressSanitizer failed to allocate [^\n]*\n")

PATTERNS = {
    "<time>": r"(?:\d+(?:\.\d+)?(?:e[-+]\d+)? (?:s|ms|us|ns)|\d+ min \d\d s|\d+ h \d\d min)",
    "<number>": r"[-+]?[\d,]*\d(?:\.\d+)?(?:e[-+]?\d+)?",
    "<any>": r"[^\n]*",
}


class Step:
    """A command with its expected output."""

    def __init__(self, before, command):
        self.before = before    # comments and empty lines above it
        self.command = command  # lines as in the file, without their marks
        self.stdout, self.stderr, self.status = [], [], 0


def read_case(path):
    """The steps of a case, and the lines after the last one."""
    steps, pending = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        mark, text = line[:1], line[2:]
        if mark == "$":
            steps.append(Step(pending, [text]))
            pending = []
        elif mark == ">" and steps:
            steps[-1].command.append(text)
        elif mark == "|" and steps:
            steps[-1].stdout.append(text)
        elif mark == "!" and steps:
            steps[-1].stderr.append(text)
        elif mark == "=" and steps:
            steps[-1].status = int(text)
        elif mark in ("#", ""):
            pending.append(line)
        else:
            sys.exit(f"{path.name}:{number}: no such mark: {line}")
    return steps, pending


def write_case(path, steps, rest):
    lines = []
    for step in steps:
        lines += step.before
        lines += [("$ " if i == 0 else "> ") + text for i, text in enumerate(step.command)]
        lines += [f"| {text}".rstrip() for text in step.stdout] + [f"! {text}".rstrip() for text in step.stderr]
        lines += [f"= {step.status}"] if step.status else []
    path.write_text("\n".join(lines + rest), encoding="utf-8")


def line_pattern(line):
    pieces = re.split(r"(<time>|<number>|<any>)", line)
    return "".join(PATTERNS.get(piece) or re.escape(piece) for piece in pieces)


def matches(expected, actual):
    pattern = "".join(r"(?:[^\n]*\n)*?" if line.strip() == "<lines>" else line_pattern(line) + r"\n"
                      for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


def refreshed(expected, actual):
    """`actual`, with the expected lines that match kept in their places."""
    if matches(expected, actual):
        return expected
    result, at = [], 0
    for line in actual:
        for i in range(at, len(expected)):
            if expected[i].strip() != "<lines>" and re.fullmatch(line_pattern(expected[i]), line):
                line, at = expected[i], i + 1
                break
        result.append(line)
    return result


def environment(stria, folder, photographs):
    kept = {name: value for name, value in os.environ.items()
            if name.endswith("SAN_OPTIONS") or name in ("TMPDIR", "LD_LIBRARY_PATH", "STRIA_CPU")}
    kept["ASAN_OPTIONS"] = kept.get("ASAN_OPTIONS", "") + ":allocator_may_return_null=1"
    path = [str(stria.parent), str(HERE / "tools"), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    if photographs:
        kept["XDG_DATA_HOME"] = str(photographs)
    return {**kept, "PATH": ":".join(path), "HOME": folder, "LANG": "C.UTF-8", "TERM": "dumb"}


def run_step(step, folder, variables):
    """Runs the command; returns (stdout lines, stderr lines, status)."""
    done = subprocess.run(["/bin/bash", "-c", "\n".join(step.command)], cwd=folder, env=variables,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False)

    def lines(data):
        text = SANITIZER_NOTE.sub("", data.decode("utf-8", errors="backslashreplace"))
        return [line.rstrip() for line in text.split("\n")[:-1]] + ([text.split("\n")[-1] + "<no newline>"]
                                                                   if text and not text.endswith("\n") else [])
    return lines(done.stdout), lines(done.stderr), done.returncode


def show_difference(what, expected, actual):
    print(f"  {what}, expected (-) and said (+):")
    for line in list(difflib.unified_diff(expected, actual, lineterm="", n=2))[2:]:  # without the file names
        if not line.startswith("@@"):
            print(f"    {line}")


def run_case(path, stria, photographs, refresh):
    """Runs a case; returns whether all of it was as expected."""
    steps, rest = read_case(path)
    good = True
    with tempfile.TemporaryDirectory(prefix="stria-cli-") as folder:
        variables = environment(stria, folder, photographs)
        work = pathlib.Path(folder, "work")
        work.mkdir()
        for step in steps:
            stdout, stderr, status = run_step(step, work, variables)
            if refresh:
                step.stdout = refreshed(step.stdout, stdout)
                step.stderr = refreshed(step.stderr, stderr)
                step.status = status
                continue
            wrong = []
            if not matches(step.stdout, stdout):
                wrong.append(("stdout", step.stdout, stdout))
            if not matches(step.stderr, stderr):
                wrong.append(("stderr", step.stderr, stderr))
            if status != step.status:
                wrong.append(("exit status", [str(step.status)], [str(status)]))
            if wrong:
                good = False
                print(f"{path.name}: $ " + "\n> ".join(step.command))
                for difference in wrong:
                    show_difference(*difference)
    if refresh:
        write_case(path, steps, rest)
    elif not steps:
        print(f"{path.name}: has no commands")
        good = False
    return good


def main():
    parser = argparse.ArgumentParser(description="Runs the command line against what it should say.")
    parser.add_argument("--stria", required=True, type=pathlib.Path, help="the command to test")
    parser.add_argument("--photographs", type=pathlib.Path, help="where the sample photographs are, stria/pictures/ in it")
    parser.add_argument("--refresh", action="store_true", help="write what the commands say into the cases")
    parser.add_argument("cases", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    stria = options.stria.resolve()
    if not os.access(stria, os.X_OK):
        sys.exit(f"{stria} is no program")
    photographs = options.photographs and options.photographs.resolve()
    if photographs and not (photographs / "stria/pictures").is_dir():
        print(f"skipped: scripts/sample-pictures --textures {options.photographs}/stria/pictures gets the photographs")
        return 77
    bad = [path.name for path in options.cases if not run_case(path, stria, photographs, options.refresh)]
    print(f"{len(options.cases) - len(bad)} of {len(options.cases)} cases as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
