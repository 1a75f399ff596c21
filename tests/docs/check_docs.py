#!/usr/bin/env python3
"""Runs the commands that the pages of docs/ show and compares what they say with what the pages say.

    check_docs.py --stria PATH [--photographs FOLDER] [--refresh] PAGE...

A block of a page that begins with ```console holds commands and their output, as a terminal shows them, stdout and
stderr together:

    $ stria new lenet5 > lenet5.stria
    $ stria summary lenet5.stria | tail -1
    Multiply-adds: 416,520 for one sample

Lines that begin with "> " go on with the command above them, a here-document for example. A line `...` stands for any
number of lines. A block whose first line has a second word, as ```text net.stria, is written to a file of that name.
A block that begins with ```stria is a whole model text and has to be one: `stria summary` reads it.

A picture that the page shows as pictures/NAME.png has to be written by one of its commands, as NAME.png, and to be the
same within a grey level.

The blocks of a page run in their order in one new folder, in which there is only pictures/, with the tested stria first
in PATH. Any exit status will do, but not the end by a signal. --refresh writes what the commands said into the page and
the pictures into pictures/; outputs that still match, with their `...`, stay as they are.

--photographs names a folder of the user's data into which scripts/sample-pictures put the sample photographs: the
commands find them there, and without it the pages are skipped (status 77)."""

import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import png_pixels

TIMEOUT = 900  # seconds for one command; only a hang takes so long
PICTURE = re.compile(r"!\[[^]]*\]\(pictures/([^)]+\.png)\)")
FENCE = re.compile(r"```(\S*)[ \t]*(\S*)[ \t]*$")


class Command:
    """A command, the lines of the page that show it, and those that show its output."""

    def __init__(self, number, line):
        self.number = number  # of its first line in the page
        self.shown = [line]
        self.output = []

    def text(self):
        return "\n".join(line[2:] for line in self.shown)


def read_page(text):
    """The pieces of a page in their order: ("text", lines), ("file", name, lines), ("model", number, lines) and
    ("commands", before, commands), which put together again are the page."""
    pieces, lines = [("text", [])], text.split("\n")
    at = 0
    while at < len(lines):
        fence = FENCE.match(lines[at])
        if not fence:
            pieces[-1][-1].append(lines[at])
            at += 1
            continue
        end = at + 1
        while end < len(lines) and lines[end] != "```":
            end += 1
        if end == len(lines):
            raise ValueError(f"line {at + 1}: the block has no end")
        body, language, name = lines[at + 1:end], fence.group(1), fence.group(2)
        pieces[-1][-1].append(lines[at])
        if language == "console":
            pieces += [("commands", read_commands(body, at + 2)), ("text", [lines[end]])]
        elif language == "stria":
            pieces += [("model", at + 2, body), ("text", [lines[end]])]
        elif name:
            pieces += [("file", name, body), ("text", [lines[end]])]
        else:
            pieces[-1][-1].extend(body + [lines[end]])
        at = end + 1
    return pieces


def read_commands(lines, number):
    commands = []
    for offset, line in enumerate(lines):
        if line.startswith("$ "):
            commands.append(Command(number + offset, line))
        elif not commands:
            raise ValueError(f"line {number + offset}: output without a command")
        elif line.startswith("> ") and not commands[-1].output:
            commands[-1].shown.append(line)
        else:
            commands[-1].output.append(line)
    return commands


def matches(expected, actual):
    pattern = "".join(r"(?:[^\n]*\n)*?" if line == "..." else re.escape(line + "\n") for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


def environment(stria, folder, photographs):
    kept = {name: value for name, value in os.environ.items()
            if name.endswith("SAN_OPTIONS") or name in ("TMPDIR", "LD_LIBRARY_PATH", "STRIA_CPU")}
    if photographs:
        kept["XDG_DATA_HOME"] = str(photographs)
    path = ":".join([str(stria.parent), "/usr/local/bin", "/usr/bin", "/bin"])
    return {**kept, "PATH": path, "HOME": folder, "LANG": "C.UTF-8", "TERM": "dumb"}


def run(command, folder, variables):
    """What the command writes, in lines without spaces at their ends, and its exit status."""
    done = subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=variables, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)
    text = done.stdout.decode("utf-8", errors="backslashreplace")
    lines = [line.rstrip() for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines, done.returncode


def check_commands(name, commands, folder, variables, refresh):
    """Runs the commands of a block; returns how many said something else than the page."""
    wrong = 0
    for command in commands:
        output, status = run(command.text(), folder, variables)
        expected = command.output
        if status < 0 or status > 128:
            print(f"{name}:{command.number}: $ {command.text()}\n  ended with status {status}")
            wrong += 1
        if matches(expected, output):
            continue
        if refresh:
            command.output = output
            continue
        wrong += 1
        print(f"{name}:{command.number}: $ {command.text()}\n  the page (-) and the command (+):")
        for line in list(difflib.unified_diff(expected, output, lineterm="", n=2))[2:]:
            if not line.startswith("@@"):
                print(f"    {line}")
    return wrong


def check_model(name, number, lines, folder, variables):
    """Has a whole model text read; returns 1 when it has mistakes."""
    model = pathlib.Path(folder, "model.stria")
    model.write_text("\n".join(lines) + "\n", encoding="utf-8")
    output, status = run(f"stria summary {model}", folder, variables)
    model.unlink()
    if status == 0:
        return 0
    print(f"{name}:{number}: this is no model text:")
    for line in output:
        print(f"    {line}")
    return 1


def check_pictures(path, text, work, refresh):
    """Compares the pictures that a page shows with those that its commands wrote; returns (how many, how many wrong)."""
    names = PICTURE.findall(text)
    wrong = 0
    for name in names:
        made, shown = work / name, path.parent / "pictures" / name
        if not made.exists():
            print(f"{path.name}: no command of the page writes {name}")
            wrong += 1
        elif refresh:
            shutil.copyfile(made, shown)
        elif not shown.exists() or png_pixels.difference(made.read_bytes(), shown.read_bytes()) > 1:
            print(f"{path.name}: pictures/{name} is another picture than the commands make")
            wrong += 1
    return len(names), wrong


def check_page(path, stria, photographs=None, refresh=False):
    """Runs the commands of a page; returns (how many there are, with its pictures, how many were wrong)."""
    text = path.read_text(encoding="utf-8")
    pieces = read_page(text)
    count = wrong = 0
    with tempfile.TemporaryDirectory(prefix="stria-docs-") as folder:
        variables = environment(stria, folder, photographs)
        work = pathlib.Path(folder, "work")
        work.mkdir()
        (work / "pictures").symlink_to(path.resolve().parent / "pictures")
        for piece in pieces:
            if piece[0] == "file":
                (work / piece[1]).write_text("\n".join(piece[2]) + "\n", encoding="utf-8")
            elif piece[0] == "model":
                count += 1
                wrong += check_model(path.name, piece[1], piece[2], folder, variables)
            elif piece[0] == "commands":
                count += len(piece[1])
                wrong += check_commands(path.name, piece[1], work, variables, refresh)
        pictures, other = check_pictures(path, text, work, refresh)
        count, wrong = count + pictures, wrong + other
    if refresh:
        path.write_text("\n".join(line for piece in pieces for line in lines_of(piece)), encoding="utf-8")
    return count, wrong


def lines_of(piece):
    if piece[0] != "commands":
        return piece[-1]
    return [line for command in piece[1] for line in command.shown + command.output]


def main():
    parser = argparse.ArgumentParser(description="Runs the commands that the pages of docs/ show.")
    parser.add_argument("--stria", required=True, type=pathlib.Path, help="the command to test")
    parser.add_argument("--photographs", type=pathlib.Path, help="where the sample photographs are, stria/pictures/ in it")
    parser.add_argument("--refresh", action="store_true", help="write what the commands say into the pages")
    parser.add_argument("pages", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    stria = options.stria.resolve()
    if not os.access(stria, os.X_OK):
        sys.exit(f"{stria} is no program")
    photographs = options.photographs and options.photographs.resolve()
    if photographs and not (photographs / "stria/pictures").is_dir():
        print(f"skipped: scripts/sample-pictures --textures {options.photographs}/stria/pictures gets the photographs")
        return 77
    bad = False
    for page in options.pages:
        try:
            count, wrong = check_page(page, stria, photographs, options.refresh)
        except ValueError as fault:
            sys.exit(f"{page.name}: {fault}")
        print(f"{page.name}: {count - wrong} of {count} commands as the page says")
        bad = bad or wrong > 0 or count == 0
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
