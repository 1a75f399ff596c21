#!/usr/bin/env python3
"""Makes data/*.npz and data/*.npy with NumPy: files as people have them.

    python3 -m venv venv && venv/bin/pip install numpy
    venv/bin/python tests/formats/make_npz.py

numpy.savez writes zip64 extra fields into the local headers, with 0xFFFFFFFF where the sizes usually stand. Element k of
an array is k % 100; test_npy.c knows it. Dates in the archives are fixed, so that the files are the same each time.
"""
import pathlib
import time

import numpy

FOLDER = pathlib.Path(__file__).parent / "data"


def numbers(shape, kind):
    count = int(numpy.prod(shape))
    return (numpy.arange(count) % 100).reshape(shape).astype(kind)


def main():
    FOLDER.mkdir(exist_ok=True)
    time.localtime = lambda *_: time.struct_time((1980, 1, 1, 0, 0, 0, 1, 1, 0))
    sets = {
        "x_train": numbers((6, 4, 4), "uint8"),
        "y_train": numbers((6,), "int64"),
        "x_test": numbers((2, 4, 4), "uint8"),
        "y_test": numbers((2,), "int64"),
    }
    numpy.savez(FOLDER / "savez.npz", **sets)
    numpy.savez_compressed(FOLDER / "savez_compressed.npz", **sets)
    numpy.savez_compressed(FOLDER / "zeros.npz", x=numpy.zeros((500, 1000), "uint8"))
    numpy.savez(FOLDER / "objects.npz", x=numpy.array([1, "two", None], dtype=object))
    for version in (1, 2, 3):
        with open(FOLDER / f"version{version}.npy", "wb") as file:
            numpy.lib.format.write_array(file, numbers((2, 3), "<f4"), (version, 0))


if __name__ == "__main__":
    main()
