"""The shared library shows what include/stria declares, all of it and nothing else, and the library has no variables.

usage: check_symbols.py NM LIBSTRIA.SO LIBSTRIA.A"""

import re
import subprocess
import sys

from source_tree import ROOT, report, without_comments

DECLARED = re.compile(r"\bSTRIA_API\b[^;{]*?\b(stria_\w+)\s*[(;\[]")


def declared_names(text):
    return set(DECLARED.findall(re.sub(r"^\s*#.*$", "", without_comments(text), flags=re.MULTILINE)))


def exported_names(listing):
    """From nm -D --defined-only: names, versions dropped."""
    return {line.split()[-1].split("@")[0] for line in listing.splitlines() if line.strip()}


def variables(listing):
    """From nm --format=sysv: (member, name) of what stands in writable sections. Constant tables of pointers are
    written once by the loader and read-only afterwards: .data.rel.ro."""
    found, member = [], "?"
    for line in listing.splitlines():
        heading = re.match(r"Symbols from (?:.*\[)?([^\]]+?)\]?:$", line)
        if heading:
            member = heading.group(1)
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 7 and re.match(r"\.(data|bss|tbss|tdata)(\.|$)|\*COM\*", fields[6]) \
                and not fields[6].startswith(".data.rel.ro"):
            found.append((member, fields[0]))
    return found


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    nm, shared, static = sys.argv[1:]
    declared = set()
    for header in sorted((ROOT / "include" / "stria").glob("*.h")):
        declared |= declared_names(header.read_text(encoding="utf-8"))
    exported = exported_names(run(nm, "-D", "--defined-only", shared))
    faults = [f"{name} is exported but does not start with stria_"
              for name in sorted(exported) if not name.startswith("stria_")]
    faults += [f"{name} is exported but not declared in include/stria"
               for name in sorted(exported - declared) if name.startswith("stria_")]
    faults += [f"{name} is declared in include/stria but not in the library" for name in sorted(declared - exported)]
    faults += [f"{name} in {member} is a global variable" for member, name in
               variables(run(nm, "--format=sysv", "--defined-only", static))]
    report("exported symbols", faults, len(exported))


if __name__ == "__main__":
    main()
