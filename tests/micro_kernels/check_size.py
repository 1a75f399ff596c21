#!/usr/bin/env python3
"""The shared library with all kernels stays small.

    check_size.py STRIP LIBRARY BYTES"""

import os
import subprocess
import sys
import tempfile


def main():
    strip, library, most = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="stria-size-") as folder:
        stripped = os.path.join(folder, "stripped.so")
        subprocess.run([strip, "-o", stripped, library], check=True)
        size = os.path.getsize(stripped)
    print(f"{os.path.basename(library)}: {size:,} bytes stripped, of {int(most):,}")
    return size > int(most)


if __name__ == "__main__":
    sys.exit(main())
