#!/usr/bin/env python3
"""Makes crop.npy beside it, [2,70,120,3] bytes: the middle of the sample photographs as Keras's CenterCrop cuts it from
what Pillow decodes.

    python3 make_crop.py FOLDER      where scripts/sample-pictures put temple.jpg and flower.jpg

Made with Pillow 13.0 and Keras 3.15; decoders of JPEG may differ by a grey level."""

import pathlib
import sys

import keras
import numpy
from PIL import Image

pictures = numpy.stack([numpy.asarray(Image.open(pathlib.Path(sys.argv[1], name))) for name in ("temple.jpg", "flower.jpg")])
crop = numpy.asarray(keras.layers.CenterCrop(70, 120)(pictures.astype("float32"))).astype("uint8")
numpy.save(pathlib.Path(__file__).with_name("crop.npy"), crop)
