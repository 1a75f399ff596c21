#!/usr/bin/env python3
"""Keras's cases for pooling, borders, other sizes and embeddings, beyond those of make_golden.py, whose engine this is.

Run it in a virtual environment that has `tensorflow-cpu` and `keras`:

    python make_shape.py --out .

Picked for their traps: ties of maxima, bins of unequal sizes, averages beside the border, half-pixel centres, antialiasing,
proportions kept by cropping and by padding, centres of pictures that are too small."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import numpy as np
from make_golden import Case, layer, main


def ramp(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def cases():
    out = []

    def add(name, cls, *inputs, grad=True, dist="normal", training=False, weights=None, **config):
        out.append(Case(name, layer(cls, **config), list(inputs), grad=grad, dist=dist, training=training,
                        weights=weights))

    # windows
    add("avgpool1d_counts_real_inputs", "AveragePooling1D", np.arange(1, 6, dtype=np.float32).reshape(1, 5, 1),
        pool_size=3, strides=1, padding="same")
    add("maxpool1d_ties", "MaxPooling1D", (2, 9, 3), dist="ties", pool_size=3, strides=2, padding="same")
    add("maxpool2d_ties", "MaxPooling2D", (2, 7, 6, 3), dist="ties", pool_size=3, strides=2)
    add("maxpool3d_same", "MaxPooling3D", (1, 5, 4, 6, 2), pool_size=(3, 2, 2), strides=(2, 2, 1), padding="same")
    add("avgpool3d_same", "AveragePooling3D", (1, 5, 4, 6, 2), pool_size=(3, 2, 2), strides=(2, 2, 1), padding="same")

    # all positions
    add("global_max_1d_ties", "GlobalMaxPooling1D", (2, 7, 3), dist="ties")
    add("global_max_2d_ties", "GlobalMaxPooling2D", (2, 3, 4, 3), dist="ties", keepdims=True)
    add("global_max_3d_ties", "GlobalMaxPooling3D", (2, 2, 3, 2, 3), dist="ties")
    add("global_max_nan", "GlobalMaxPooling1D", np.array([1, np.nan, 3, 3], np.float32).reshape(1, 4, 1))
    add("global_max_infinite", "GlobalMaxPooling1D", np.full((1, 2, 1), -np.inf, np.float32))

    # bins
    add("adaptive_avg_1d", "AdaptiveAveragePooling1D", (2, 7, 3), output_size=3)
    add("adaptive_avg_1d_more", "AdaptiveAveragePooling1D", (1, 3, 2), output_size=5)
    add("adaptive_avg_2d", "AdaptiveAveragePooling2D", (2, 10, 7, 2), output_size=(7, 3))
    add("adaptive_avg_3d", "AdaptiveAveragePooling3D", (1, 5, 4, 7, 2), output_size=(2, 4, 3))
    add("adaptive_max_1d", "AdaptiveMaxPooling1D", (2, 10, 3), output_size=7)
    add("adaptive_max_1d_ties", "AdaptiveMaxPooling1D", (2, 7, 3), dist="ties", output_size=3)
    add("adaptive_max_2d", "AdaptiveMaxPooling2D", (2, 10, 7, 2), output_size=(7, 3))
    add("adaptive_max_2d_ties", "AdaptiveMaxPooling2D", (2, 5, 7, 2), dist="ties", output_size=(2, 3))
    add("adaptive_max_3d", "AdaptiveMaxPooling3D", (1, 5, 4, 7, 2), output_size=(2, 3, 3))

    # borders and order
    add("zeropad1d_one_number", "ZeroPadding1D", (2, 3, 2), padding=2)
    add("zeropad2d_two_numbers", "ZeroPadding2D", (2, 3, 4, 20), padding=(1, 2))
    add("zeropad3d_pairs", "ZeroPadding3D", (1, 2, 3, 2, 3), padding=((0, 1), (2, 0), (1, 1)))
    add("crop2d_two_numbers", "Cropping2D", (2, 5, 6, 3), cropping=(1, 2))
    add("crop3d_pairs", "Cropping3D", (1, 4, 3, 5, 2), cropping=((1, 0), (0, 1), (2, 2)))
    add("permute_last_two", "Permute", (2, 3, 18, 17), dims=(1, 3, 2))
    add("permute_four", "Permute", (1, 2, 3, 4, 5), dims=(4, 2, 3, 1))
    add("reshape_to_picture", "Reshape", (2, 24), target_shape=(2, -1, 3))

    # other sizes
    add("upsample2d_bilinear_line", "UpSampling2D", ramp(1, 1, 3, 1), size=2, interpolation="bilinear")
    add("upsample2d_bilinear_2x3", "UpSampling2D", (1, 4, 3, 5), size=(2, 3), interpolation="bilinear")
    add("upsample2d_bicubic", "UpSampling2D", (1, 4, 5, 2), size=(2, 3), interpolation="bicubic")
    add("upsample2d_lanczos3", "UpSampling2D", (1, 4, 5, 2), size=2, interpolation="lanczos3")
    add("upsample2d_nearest_wide", "UpSampling2D", (1, 2, 3, 20), size=(3, 2))
    add("resizing_4_to_2_nearest", "Resizing", ramp(1, 1, 4, 1), height=1, width=2, interpolation="nearest")
    for name in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area"):
        add("resizing_8_to_3_" + name, "Resizing", ramp(1, 1, 8, 1), grad=name != "area", height=1, width=3,
            interpolation=name)
        add("resizing_uneven_" + name, "Resizing", (1, 7, 5, 2), grad=name != "area", height=4, width=11,
            interpolation=name)
    for name in ("bilinear", "bicubic", "lanczos3", "lanczos5"):
        add("resizing_8_to_3_antialias_" + name, "Resizing", ramp(1, 1, 8, 1), height=1, width=3, interpolation=name,
            antialias=True)
        add("resizing_uneven_antialias_" + name, "Resizing", (1, 11, 9, 3), height=4, width=13, interpolation=name,
            antialias=True)
    for how in ("crop", "pad"):
        for shape in ((1, 4, 6, 1), (1, 6, 4, 2), (2, 5, 7, 3), (1, 9, 3, 1)):
            add("resizing_%s_%dx%d" % (how, shape[1], shape[2]), "Resizing", shape, height=3, width=2, fill_value=9.0,
                **{how + "_to_aspect_ratio": True})
    add("resizing_pad_antialias", "Resizing", (1, 5, 13, 2), height=4, width=3, pad_to_aspect_ratio=True, antialias=True,
        fill_value=-3.5)
    add("center_crop_odd", "CenterCrop", (2, 8, 7, 3), height=3, width=4)
    add("center_crop_lower", "CenterCrop", (2, 5, 4, 3), height=6, width=3)
    add("center_crop_narrower", "CenterCrop", (1, 9, 4, 2), height=3, width=6)
    add("center_crop_smaller", "CenterCrop", (1, 3, 2, 2), height=7, width=5)

    # embeddings
    add("embedding", "Embedding", np.array([[0, 4, 2, 4], [1, 1, 3, 0]], np.float32), input_dim=5, output_dim=3)
    add("embedding_2d", "Embedding", np.array([[[0, 2], [1, 2]]], np.float32), input_dim=3, output_dim=17)
    return out


if __name__ == "__main__":
    main(cases)
