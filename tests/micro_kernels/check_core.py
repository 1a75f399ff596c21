#!/usr/bin/env python3
"""What computes, with all kernels, stays small: code and data of the rooms from base to train, without reading pictures,
inspection and reports.

    check_core.py SIZE FOLDER BYTES        SIZE is binutils' size, FOLDER the build's src"""

import pathlib
import subprocess
import sys

ROOMS = ("base", "tensor", "kernels", "layers", "model", "formats", "train")


def main():
    size, folder, most = sys.argv[1:]
    total = 0
    for room in ROOMS:
        objects = sorted(str(path) for path in pathlib.Path(folder, room).rglob("*.o"))
        rows = subprocess.run([size, *objects], check=True, capture_output=True, text=True).stdout.splitlines()[1:]
        bytes_of_room = sum(int(row.split()[0]) + int(row.split()[1]) for row in rows)
        print(f"{room:8} {bytes_of_room:10,}")
        total += bytes_of_room
    print(f"{total:,} bytes of {int(most):,}")
    return total == 0 or total > int(most)


if __name__ == "__main__":
    sys.exit(main())
