"""Dependencies go one way: a room includes itself and the rooms above it, the command only public headers.

    base -> tensor -> kernels -> layers -> model -> formats -> data -> train -> inspect, deploy, detect, dist

Every library of others' stands behind one file."""

import re
import sys

from source_tree import ROOT, c_files, name_of, report, without_comments

ROOMS = ["base", "tensor", "kernels", "layers", "model", "formats", "data", "train"]
LAST_ROOMS = {"inspect", "deploy", "detect", "dist"}  # may use all rooms above, not one another
# The room that implements each public header, or the first part of it: the arrays of data.h are of formats.
PUBLIC = {"export": "base", "error": "base", "version": "base", "context": "base", "shape": "tensor",
          "bench": "kernels", "layers": "layers", "model": "model", "plan": "model", "build": "model",
          "build_layers": "model", "explain": "model", "lint": "model", "figure": "inspect",
          "attribution": "inspect", "pixel": "inspect", "report": "inspect", "stimulus": "inspect",
          "data": "formats", "picture": "data", "sheet": "inspect", "inspect": "inspect",
          "examine": "data", "gallery": "inspect",
          "train": "train"}
LIBRARIES = {"png.h", "jpeglib.h", "webp/decode.h", "zlib.h", "zip.h", "jansson.h"}
MADE = {"model/zoo_texts.h"}  # by the build
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes_of(text):
    return [(quote == '"', path) for quote, path in INCLUDE.findall(without_comments(text, keep_strings=True))]


def may_use(room, other):
    if room == other:
        return True
    if room in LAST_ROOMS:
        return other in ROOMS
    return other in ROOMS and room in ROOMS and ROOMS.index(other) < ROOMS.index(room)


def faults_of(name, text):
    """Faults in one file, by its path from the root."""
    parts = name.split("/")
    area, room = parts[0], parts[1] if len(parts) > 2 else ""
    faults = []
    for quoted, path in includes_of(text):
        other = None
        if path == "stria/stria.h":
            if area == "src":
                faults.append(f"{name}: includes <{path}>: rooms include the public headers they need")
        elif path.startswith("stria/"):
            other = PUBLIC.get(path[len("stria/"):-len(".h")])
            if other is None:
                faults.append(f"{name}: <{path}> has no room in {__file__}")
        elif quoted and area == "src":
            other = path.split("/")[0]
            if "/" not in path or not ((ROOT / "src" / path).is_file() or path in MADE):
                faults.append(f"{name}: \"{path}\" is not named by its room, as \"room/file.h\"")
                continue
        elif quoted and area == "cli":
            if "/" in path or not (ROOT / "cli" / path).is_file():
                faults.append(f"{name}: \"{path}\" is not one of the command's own files")
        elif quoted:
            faults.append(f"{name}: \"{path}\": public headers and examples include with <>")
        if other and area == "src" and not may_use(room, other):
            faults.append(f"{name}: room {room} must not use {path}, which is of room {other}")
        if other and area == "include" and not may_use(PUBLIC.get(parts[-1][:-2], "train"), other):
            faults.append(f"{name}: must not use {path}, which is of the later room {other}")
    return faults


def main():
    faults, checked, users = [], 0, {}
    for path in c_files("src", "cli", "include", "examples"):
        name, text = name_of(path), path.read_text(encoding="utf-8")
        checked += 1
        if name != "include/stria/stria.h":
            faults += faults_of(name, text)
        for _, included in includes_of(text):
            if included in LIBRARIES:
                users.setdefault((name.split("/")[0], included), []).append(name)
    for (area, library), names in sorted(users.items()):
        if len(names) > 1:
            faults.append(f"<{library}> stands behind more than one file of {area}: {', '.join(names)}")
        if area not in ("src", "cli"):
            faults.append(f"{names[0]}: includes <{library}>")
    headers = {path.name for path in (ROOT / "include" / "stria").glob("*.h")}
    pulled_in = {path.split("/")[-1] for _, path in
                 includes_of((ROOT / "include" / "stria" / "stria.h").read_text(encoding="utf-8"))}
    for missing in sorted(headers - pulled_in - {"stria.h", "export.h"}):  # export.h is no part of what users read
        faults.append(f"include/stria/stria.h: does not include <stria/{missing}>")
    report("files with their includes", faults, checked)


if __name__ == "__main__":
    sys.exit(main())
