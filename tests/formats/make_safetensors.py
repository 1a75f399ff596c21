#!/usr/bin/env python3
"""Makes data/*.safetensors with the format's own Python package: files as other tools write them.

    python3 -m venv venv && venv/bin/pip install safetensors numpy
    venv/bin/python tests/formats/make_safetensors.py

The numbers are k/8 for element k of a tensor, which every floating-point type holds exactly; test_model_file.c and
test_safetensors.c know them.
"""
import pathlib

import numpy
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent / "data"
TEXT = "input 2x2x1\nconv2d 2 2 relu\nflatten\ndense 3\n"
SHAPES = {
    "conv2d/kernel": (2, 2, 1, 2),
    "conv2d/bias": (2,),
    "dense/kernel": (2, 3),
    "dense/bias": (3,),
}


def numbers(shape, kind):
    count = int(numpy.prod(shape))
    return (numpy.arange(count) / 8).reshape(shape).astype(kind)


def main():
    FOLDER.mkdir(exist_ok=True)
    metadata = {"format": "stria", "stria.model": TEXT, "stria.classes": '["cat","dog","fish"]', "stria.seed": "7"}
    for kind in ("float32", "float16", "float64"):
        tensors = {name: numbers(shape, kind) for name, shape in SHAPES.items()}
        save_file(tensors, FOLDER / f"other_tool_{kind}.safetensors", metadata)
    every = {kind: numbers((2, 3), kind) for kind in
             ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16",
              "uint8", "bool")}
    every["scalar"] = numpy.array(2.5, "float32")
    every["empty"] = numpy.zeros((0, 4), "float32")
    save_file(every, FOLDER / "every_type.safetensors")


if __name__ == "__main__":
    main()
