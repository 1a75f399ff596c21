"""Every public header compiles alone under strict flags, as C99, C11 and C++; every internal one as C11.

usage: check_headers.py C_COMPILER DEFINITION..."""

import os
import shutil
import subprocess
import sys
import tempfile

from source_tree import ROOT, name_of, report

STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion", "-Wundef", "-fsyntax-only"]


def compile_text(command, suffix, text):
    with tempfile.NamedTemporaryFile("w", suffix=suffix) as file:
        file.write(text)
        file.flush()
        done = subprocess.run([*command, file.name], capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})
    return done.stdout + done.stderr if done.returncode else ""


def main():
    c_compiler, definitions = sys.argv[1], [f"-D{definition}" for definition in sys.argv[2:]]
    faults, checked = [], 0
    # The standard library of C++ is not needed, only its language.
    cxx = next((found for found in map(shutil.which, ("c++", "g++", "clang++")) if found), None)
    if not cxx:
        print("there is no C++ compiler; Debian: apt-get install g++")
        sys.exit(1)
    public = [("C99", [c_compiler, "-std=c99"], ".c"), ("C11", [c_compiler, "-std=c11"], ".c"),
              ("C++11", [cxx, "-std=c++11"], ".cpp"), ("C++17", [cxx, "-std=c++17"], ".cpp")]
    for header in sorted((ROOT / "include" / "stria").glob("*.h")):
        line = f"#include <stria/{header.name}>\n"
        # Twice, for the guard; a declaration of its own, as an empty file is not strict C.
        text = line + line + "int after_the_header(void);\n"
        for language, command, suffix in public:
            checked += 1
            said = compile_text([*command, *STRICT, f"-I{ROOT}/include"], suffix, text)
            if said:
                faults.append(f"{name_of(header)} does not compile alone as {language}:\n{said}")
    for header in sorted((ROOT / "src").rglob("*.h")):
        if "simd" in header.parts:  # these are compiled with one instruction set's flags
            continue
        checked += 1
        text = f'#include "{header.relative_to(ROOT / "src")}"\nint after_the_header(void);\n'
        command = [c_compiler, "-std=c11", *definitions, "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra",
                   "-Werror", "-fsyntax-only", f"-I{ROOT}/include", f"-I{ROOT}/src"]
        said = compile_text(command, ".c", text)
        if said:
            faults.append(f"{name_of(header)} does not compile alone:\n{said}")
    report("headers compiled alone", faults, checked)


if __name__ == "__main__":
    main()
