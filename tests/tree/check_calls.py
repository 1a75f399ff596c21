"""What the library must not do: print, exit, abort, touch the host's locale, signals and random numbers, or go to memory
and files past its tables."""

import re
import sys

from source_tree import c_files, name_of, report, without_comments

FORBIDDEN = {
    "printf": "prints", "fprintf": "prints", "vprintf": "prints", "vfprintf": "prints", "dprintf": "prints",
    "puts": "prints", "fputs": "prints", "putchar": "prints", "perror": "prints", "sprintf": "has no bound",
    "vsprintf": "has no bound", "strcpy": "has no bound", "strcat": "has no bound", "gets": "has no bound",
    "exit": "ends the program", "_exit": "ends the program", "_Exit": "ends the program",
    "quick_exit": "ends the program", "abort": "ends the program", "atexit": "stays after the library",
    "setlocale": "changes the host's locale", "signal": "changes the host's signals",
    "sigaction": "changes the host's signals", "sigprocmask": "changes the host's signals",
    "srand": "changes the host's random numbers",
    "srandom": "changes the host's random numbers", "rand": "draws from the host's random numbers",
    "random": "draws from the host's random numbers", "strtok": "keeps state", "strerror": "depends on the locale",
    "setenv": "changes the host's environment", "putenv": "changes the host's environment",
    "system": "starts a program", "popen": "starts a program", "fork": "starts a process",
    "alloca": "has no bound",
}

# Calls that have a home; None: they have none.
HOMES = {
    "malloc": "src/base/memory.c", "free": "src/base/memory.c", "posix_memalign": "src/base/memory.c",
    "calloc": None, "realloc": None, "aligned_alloc": None, "strdup": None, "strndup": None,
    "open": "src/base/system.c", "fopen": None, "fdopen": None, "freopen": None, "rename": "src/base/system.c",
    "unlink": "src/base/system.c", "remove": None, "stat": "src/base/system.c", "mkdir": None, "opendir": "src/base/system.c",
    "mmap": None, "clock_gettime": "src/base/system.c", "time": "src/base/system.c", "clock": None,
    "gettimeofday": None, "getenv": "src/kernels/context.c",
    "fesetround": "src/base/float_state.c", "fesetenv": "src/base/float_state.c",
    "feholdexcept": "src/base/float_state.c", "feraiseexcept": None, "feenableexcept": None,
    "_mm_setcsr": "src/base/float_state.c", "strtod": "src/base/text.c", "strtof": None, "atof": None, "sscanf": None, "uselocale": "src/base/format.c",
}

# A name, a parenthesis, and no `.` or `->` before: io->read is ours.
CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)\s*\(")
STREAM = re.compile(r"\b(stdout|stderr|stdin)\b")


def faults_of(name, text):
    faults = []
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        if re.match(r"\s*#\s*(include|define\s+\w+$)", line):
            continue
        for called in CALL.findall(line):
            where = f"{name}:{number}: {called}()"
            if called in FORBIDDEN:
                faults.append(f"{where} {FORBIDDEN[called]}")
            elif called in HOMES and HOMES[called] != name:
                home = f"belongs in {HOMES[called]}" if HOMES[called] else "goes past the context's tables"
                faults.append(f"{where} {home}")
            elif called == "assert" and name.startswith("src/formats/"):
                faults.append(f"{where}: readers meet bytes of strangers and report what is wrong")
        for stream in STREAM.findall(line):
            faults.append(f"{name}:{number}: uses {stream}")
    return faults


def main():
    faults, checked = [], 0
    for path in c_files("src"):
        checked += 1
        faults += faults_of(name_of(path), path.read_text(encoding="utf-8"))
    report("files with their calls", faults, checked)


if __name__ == "__main__":
    sys.exit(main())
