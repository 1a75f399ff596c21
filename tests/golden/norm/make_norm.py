#!/usr/bin/env python3
"""Golden cases of normalisations, activations and merging layers, beside those of make_golden.py.

    python make_norm.py --out .

Activations are taken at their corners (distribution "kinks") and far out ("wide").
"""
import os
import sys
import zlib

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from make_golden import Case, layer, main  # noqa: E402

# Keras 3.15's sparsemax sums cumulated sums where it has to take the last, so that rows do not sum to 1: no case here.
# celu's derivative is 1 at 0, and Keras's sum of two one-sided ones is 2: it has no case at its corner.
CORNERED = ("elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_shrink", "hard_tanh", "leaky_relu",
            "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softplus", "softsign",
            "sparse_plus", "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink")


def lrn(**options):
    """tf.nn.local_response_normalization as a layer, of the class name that the registry knows."""
    def make(dtype):
        import keras
        import tensorflow as tf

        class LRN(keras.layers.Layer):
            def call(self, x):
                # TensorFlow's takes pictures of float32 alone
                picture = tf.reshape(tf.cast(x, "float32"), [-1, 1, 1, x.shape[-1]])
                y = tf.nn.local_response_normalization(picture, **options)
                return tf.cast(tf.reshape(y, tf.shape(x)), x.dtype)

            def get_config(self):
                return {**super().get_config(), **options}

        return LRN(dtype=dtype)
    return make


def cases():
    out = []

    def add(name, make, *inputs, **kw):
        out.append(Case(name, make, list(inputs), **kw))

    def add_norm(name, make, shape, **kw):
        """The engine draws shapes and the upstream gradient alike, and a normalisation's gradient along its input is 0."""
        rng = np.random.default_rng(zlib.crc32(name[::-1].encode()))
        add(name, make, (1.5 * rng.standard_normal(shape) + 0.5).astype(np.float32), **kw)

    for name in CORNERED:
        add("kinks_" + name, layer("Activation", activation=name), (3, 9), dist="kinks")
    for name in ("celu", "log_softmax", "glu", "squareplus", "log_sigmoid"):
        add("wide_" + name, layer("Activation", activation=name), (3, 8), dist="wide")
    add("dense_log_softmax", layer("Dense", units=5, activation="log_softmax"), (3, 4))
    add("conv2d_tanh_shrink", layer("Conv2D", filters=3, kernel_size=2, activation="tanh_shrink"), (1, 4, 4, 2))

    add("relu_maximum", layer("ReLU", max_value=3.0), (3, 9), dist="kinks")
    add("relu_maximum_slope", layer("ReLU", max_value=6.0, negative_slope=0.1), (3, 9), dist="kinks")
    add("relu_threshold", layer("ReLU", threshold=1.0), (3, 9), dist="kinks")
    add("relu_all", layer("ReLU", max_value=3.0, negative_slope=0.1, threshold=1.0), (3, 9), dist="kinks")
    add("elu_2", layer("ELU", alpha=2.0), (3, 9), dist="kinks")
    add("leaky_relu_kinks", layer("LeakyReLU", negative_slope=0.5), (3, 9), dist="kinks")
    add("prelu", layer("PReLU"), (3, 4, 5), dist="kinks")
    add("prelu_channels_shared", layer("PReLU", shared_axes=[3]), (2, 3, 4, 3))
    add("softmax_axis_1", layer("Softmax", axis=1), (2, 4, 3))
    add("softmax_axis_2", layer("Softmax", axis=2), (2, 3, 5, 2), dist="wide")

    add_norm("batchnorm_in_training", layer("BatchNormalization", epsilon=0.01), (3, 4, 5, 3), training=True)
    add_norm("batchnorm_plain", layer("BatchNormalization", scale=False, center=False), (6, 5), training=True)
    add_norm("batchnorm_moving", layer("BatchNormalization"), (2, 3, 4, 5))
    add_norm("layernorm_defaults", layer("LayerNormalization"), (2, 3, 4, 7))
    add_norm("groupnorm_two", layer("GroupNormalization", groups=2), (2, 4, 3, 6))
    add_norm("groupnorm_instance", layer("GroupNormalization", groups=-1), (2, 4, 3, 3))
    add_norm("groupnorm_one", layer("GroupNormalization", groups=1, epsilon=0.1), (2, 5, 6))
    add_norm("groupnorm_plain", layer("GroupNormalization", groups=4, scale=False), (2, 3, 3, 8))
    add_norm("layernorm_two_axes", layer("LayerNormalization", axis=[2, 3]), (2, 3, 4, 5))
    add_norm("layernorm_all_axes", layer("LayerNormalization", axis=[1, 2, 3], center=False), (2, 3, 4, 2))
    add_norm("layernorm_wide", layer("LayerNormalization", scale=False), (4, 37))
    add_norm("rmsnorm", layer("RMSNormalization"), (3, 4, 7))
    add_norm("rmsnorm_two_axes", layer("RMSNormalization", axis=[1, 2], epsilon=0.01), (2, 4, 3))
    add_norm("unitnorm", layer("UnitNormalization"), (3, 4, 5))
    add_norm("unitnorm_axis_1", layer("UnitNormalization", axis=1), (2, 4, 3, 2))
    add_norm("unitnorm_axes", layer("UnitNormalization", axis=[1, 2]), (2, 4, 3, 2))

    add_norm("lrn", lrn(), (2, 3, 4, 13))
    add_norm("lrn_alexnet", lrn(depth_radius=2, bias=2, alpha=1e-4, beta=0.75), (2, 3, 3, 9))
    add_norm("lrn_strong", lrn(depth_radius=2, bias=1.5, alpha=0.5, beta=0.75), (2, 4, 67))
    add_norm("lrn_power", lrn(depth_radius=3, alpha=0.2, beta=1.3), (4, 11))
    add_norm("lrn_beyond", lrn(depth_radius=20, bias=0.5), (2, 2, 6))
    add_norm("lrn_alone", lrn(depth_radius=0, beta=1), (2, 2, 5))

    add("normalization_invert", layer("Normalization", mean=[1.0, 2.0], variance=[4.0, 0.25], invert=True), (2, 3, 2))
    add("normalization_scalar", layer("Normalization", mean=120.0, variance=3600.0), (2, 3, 3), dist="image")
    add("normalization_no_spread", layer("Normalization", mean=0.5, variance=0.0), (2, 3, 1))

    add("add_broadcast", layer("Add"), (2, 3, 4, 2), (2, 1, 1, 2), (2, 3, 1, 1))
    add("add_ranks", layer("Add"), (2, 2), (2, 3, 4, 2))
    add("subtract_ranks", layer("Subtract"), (2, 3, 4, 2), (2, 4, 1))
    add("multiply_both", layer("Multiply"), (2, 3, 1, 2), (2, 1, 4, 1))
    add("multiply_three", layer("Multiply"), (2, 3, 4), (2, 4), (2, 1))
    add("average_broadcast", layer("Average"), (2, 3, 4), (2, 1, 4), (2, 3, 1))
    add("maximum_ties", layer("Maximum"), (3, 8), (3, 8), (3, 8), dist="ties")
    add("minimum_ties", layer("Minimum"), (3, 4, 5), (3, 1, 5), dist="ties")

    add("dot", layer("Dot", axes=1), (3, 5), (3, 5))
    add("dot_cosine", layer("Dot", axes=-1, normalize=True), (3, 5), (3, 5))
    add("dot_rows", layer("Dot", axes=-1), (2, 3, 5), (2, 4, 5))
    add("dot_axes", layer("Dot", axes=[1, 2], normalize=True), (2, 5, 3), (2, 4, 5))
    add("dot_vector_first", layer("Dot", axes=[1, 2]), (2, 5), (2, 4, 5))
    add("dot_vector_last", layer("Dot", axes=[2, 1], normalize=True), (2, 4, 5), (2, 5))
    add("dot_volume", layer("Dot", axes=[2, 2], normalize=True), (2, 3, 4, 2), (2, 3, 4))
    add("dot_volumes", layer("Dot", axes=[3, 1]), (2, 3, 2, 4), (2, 4, 2, 3))
    return out


if __name__ == "__main__":
    main(cases)
