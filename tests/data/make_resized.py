#!/usr/bin/env python3
"""Makes resized.npz: a picture and what Keras, Pillow and OpenCV make of it, for test_picture_resize.c.

    python3 -m venv venv && venv/bin/pip install pillow opencv-python-headless numpy tensorflow-cpu keras
    venv/bin/python tests/data/make_resized.py

Arrays are called METHOD@HEIGHTxWIDTH, with /crop or /pad behind it for Keras's crop_to_aspect_ratio and
pad_to_aspect_ratio; Keras's floats are rounded to bytes. The pictures that they are made of are source3 and, for
alpha, source4. Where a part of the tools is not installed, what it makes is kept from the file there is.
"""
import pathlib

import numpy

FILE = pathlib.Path(__file__).parent / "resized.npz"
SIZES = [(9, 11), (20, 31), (40, 25), (12, 12), (1, 1), (30, 50), (5, 60), (16, 24)]
KERAS = {"nearest": "nearest", "bilinear": "bilinear", "bicubic": "bicubic", "lanczos3": "lanczos3",
         "lanczos5": "lanczos5", "area": "area"}
PILLOW = {"pil-nearest": 0, "pil-box": 4, "pil-bilinear": 2, "pil-hamming": 5, "pil-bicubic": 3, "pil-lanczos": 1}
OPENCV = {"opencv-nearest": 0, "opencv-bilinear": 1}


def scene(channels):
    """Slopes, stripes that resizing folds, and noise."""
    rng = numpy.random.default_rng(7)
    y, x = numpy.mgrid[0:24, 0:36]
    made = numpy.stack([127 + 90 * numpy.sin(x * (c + 1) / 7) * numpy.cos(y / (c + 3)) + 30 * (x % 3 == c)
                        for c in range(channels)], axis=2)
    return (made + rng.normal(0, 12, made.shape)).clip(0, 255).round().astype("uint8")


def keras_arrays(source):
    import tensorflow
    for name, method in KERAS.items():
        for height, width in SIZES:
            made = tensorflow.image.resize(source, (height, width), method=method).numpy()
            yield f"{name}@{height}x{width}", made
    for name, method in (("antialias", "bilinear"), ("antialias-bicubic", "bicubic"), ("antialias-lanczos3", "lanczos3")):
        for height, width in SIZES:
            made = tensorflow.image.resize(source, (height, width), method=method, antialias=True).numpy()
            yield f"{name}@{height}x{width}", made
    import keras
    for height, width in SIZES:
        for option in ("crop", "pad"):
            layer = keras.layers.Resizing(height, width, **{f"{option}_to_aspect_ratio": True})
            made = numpy.asarray(layer(source[None].astype("float32")))[0]
            yield f"bilinear@{height}x{width}/{option}", made


def pillow_arrays(source3, source4):
    from PIL import Image
    for name, method in PILLOW.items():
        for height, width in SIZES:
            for source, letter in ((source3, ""), (source4, "/alpha")):
                yield f"{name}@{height}x{width}{letter}", numpy.asarray(Image.fromarray(source).resize((width, height), method))


def opencv_arrays(source):
    import cv2
    for name, method in OPENCV.items():
        for height, width in SIZES:
            yield f"{name}@{height}x{width}", cv2.resize(source, (width, height), interpolation=method)


def main():
    made = dict(numpy.load(FILE)) if FILE.exists() else {}
    made["source3"], made["source4"] = scene(3), scene(4)
    for arrays in (lambda: keras_arrays(made["source3"]), lambda: pillow_arrays(made["source3"], made["source4"]),
                   lambda: opencv_arrays(made["source3"])):
        try:
            for name, array in arrays():
                made[name] = array if array.dtype == numpy.uint8 else array.clip(0, 255).round().astype("uint8")
        except ImportError as missing:
            print(f"kept: {missing}")
    numpy.savez_compressed(FILE, **dict(sorted(made.items())))


if __name__ == "__main__":
    main()
