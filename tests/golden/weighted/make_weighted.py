#!/usr/bin/env python3
"""More golden cases of the layers that multiply by a kernel, by the engine of ../make_golden.py.

    python make_weighted.py --out .

Three things that Stria has and Keras has not are built from Keras's own: explicit padding (zeros put around the
input, or outputs left out at the sides), flip_kernel (the kernel turned round before Keras's convolution) and
table_conv2d (a dense kernel with zeros where the table has no pair).

It also writes lengths.txt: for small sizes n, windows k, strides s, dilations d and output paddings p (-1: none), the
length that Keras's Conv1DTranspose gives and how many outputs it leaves out in front, found from what it computes (-1
where all is 0); 0 and 0 where Keras refuses.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import make_golden
from make_golden import Case, layer

import numpy as np


def padded(cls, before_after, **kw):
    """Keras's layer on an input with zeros around it; for transposed ones with its result cut at the sides."""
    def make(dtype):
        import keras
        import tensorflow as tf
        base = getattr(keras.layers, cls)
        sides = [[0, 0]] + [list(p) for p in before_after] + [[0, 0]]

        def call(self, x):
            if "Transpose" not in cls:
                return base.call(self, tf.pad(x, sides))
            self.activation, activation = keras.activations.linear, self.activation
            y = base.call(self, x)
            self.activation = activation
            return activation(y[tuple(slice(b, y.shape[i] - a) for i, (b, a) in enumerate(sides))])

        def get_config(self):
            return {**base.get_config(self), "padding": [n for p in before_after for n in p]}
        return type(cls, (base,), {"call": call, "get_config": get_config})(dtype=dtype, **kw)
    return make


def flipped(cls, **kw):
    """Keras's layer with its kernel turned round."""
    def make(dtype):
        import keras
        base = getattr(keras.layers, cls)

        def call(self, x):
            kernel = keras.ops.flip(self.kernel, axis=tuple(range(self.rank)))
            y = keras.ops.conv(x, kernel, strides=list(self.strides), padding=self.padding)
            return self.activation(y + keras.ops.convert_to_tensor(self.bias))

        def get_config(self):
            return {**base.get_config(self), "flip_kernel": True}
        return type(cls, (base,), {"call": call, "get_config": get_config})(dtype=dtype, **kw)
    return make


def table(connections, size, activation="linear", **kw):
    """LeNet-5's layer C3: weights for the pairs of channel and filter in a table."""
    def make(dtype):
        import keras
        import tensorflow as tf
        lists = [[int(c) for c in one.split(".")] for one in connections.split(",")]
        pairs = [(c, k) for k, one in enumerate(lists) for c in one]

        class TableConv2D(keras.layers.Layer):
            def build(self, shape):
                self.kernel = self.add_weight(name="kernel", shape=(*size, len(pairs)))
                self.bias = self.add_weight(name="bias", shape=(len(lists),))
                self.place = np.zeros((len(pairs), shape[-1], len(lists)))
                for i, (c, k) in enumerate(pairs):
                    self.place[i, c, k] = 1

            def call(self, x):
                dense = tf.einsum("uvp,pck->uvck", tf.convert_to_tensor(self.kernel),
                                  tf.constant(self.place, x.dtype))
                y = tf.nn.conv2d(x, dense, 1, kw.get("padding", "valid").upper())
                return keras.activations.get(activation)(y + tf.convert_to_tensor(self.bias))

            def get_config(self):
                return {"connections": connections, "kernel_size": list(size), "activation": activation, **kw}
        return TableConv2D(dtype=dtype)
    return make


def weighted_cases():
    out = []
    L = layer
    add = lambda name, make, *inputs, **kw: out.append(Case(name, make, list(inputs), **kw))

    # one axis
    add("conv1d_causal_s2", L("Conv1D", filters=3, kernel_size=3, padding="causal", strides=2), (2, 10, 2))
    add("conv1d_causal_s3_k4", L("Conv1D", filters=2, kernel_size=4, padding="causal", strides=3), (1, 11, 3))
    add("conv1d_causal_long", L("Conv1D", filters=2, kernel_size=5, padding="causal", dilation_rate=3), (1, 7, 2))
    add("conv1d_causal_groups", L("Conv1D", filters=4, kernel_size=3, padding="causal", groups=2), (2, 6, 4), jit=True)
    add("conv1d_groups", L("Conv1D", filters=6, kernel_size=3, groups=3, padding="same"), (2, 7, 6), jit=True)
    add("conv1d_wide", L("Conv1D", filters=40, kernel_size=5, padding="same", activation="relu"), (1, 33, 20))
    count = np.arange(1, 6, dtype=np.float32).reshape(1, 5, 1)
    ones = lambda k: [np.ones((k, 1, 1), np.float32)]
    for k in (2, 4):            # [3,5,7,9,5] and [6,10,14,12,9]
        add("conv1d_same_k%d_ones" % k, L("Conv1D", filters=1, kernel_size=k, padding="same", use_bias=False), count,
            weights=ones(k))
    six = np.arange(1, 7, dtype=np.float32).reshape(1, 6, 1)    # [6,12,11]
    add("conv1d_same_k3_s2_ones", L("Conv1D", filters=1, kernel_size=3, strides=2, padding="same", use_bias=False), six,
        weights=ones(3))

    # two and three
    add("conv2d_same_k8", L("Conv2D", filters=2, kernel_size=8, padding="same"), (1, 7, 9, 1))
    add("conv2d_strides_differ", L("Conv2D", filters=3, kernel_size=(3, 2), strides=(1, 3), padding="same"), (1, 5, 8, 2))
    add("conv2d_valid_d3x1", L("Conv2D", filters=2, kernel_size=3, dilation_rate=(3, 1)), (1, 9, 5, 2))
    add("conv2d_gelu", L("Conv2D", filters=3, kernel_size=3, activation="gelu"), (1, 5, 6, 2))
    add("conv3d_dilated", L("Conv3D", filters=2, kernel_size=2, dilation_rate=(1, 2, 1), padding="same"), (1, 4, 5, 4, 2))
    add("conv3d_strides_differ", L("Conv3D", filters=3, kernel_size=(2, 3, 1), strides=(1, 2, 2)), (1, 4, 6, 5, 1))
    add("conv3d_groups", L("Conv3D", filters=4, kernel_size=2, groups=2), (1, 3, 4, 3, 4), jit=True)
    add("conv1d_padding", padded("Conv1D", [(2, 1)], filters=3, kernel_size=3, strides=2), (1, 8, 2))
    add("conv2d_padding", padded("Conv2D", [(0, 1), (0, 1)], filters=3, kernel_size=3, strides=2), (1, 6, 8, 2))
    add("conv3d_padding", padded("Conv3D", [(1, 0), (0, 2), (3, 1)], filters=2, kernel_size=3), (1, 3, 4, 3, 2))
    add("conv1d_flip", flipped("Conv1D", filters=2, kernel_size=4, padding="same", strides=2), (1, 9, 2))
    add("conv2d_flip", flipped("Conv2D", filters=3, kernel_size=(3, 2), padding="same", activation="tanh"), (1, 5, 6, 2))
    add("conv3d_flip", flipped("Conv3D", filters=2, kernel_size=(2, 1, 3)), (1, 3, 4, 5, 2))
    add("table_conv2d", table("0.1,2.1.3,3,0.1.2.3", (3, 2), activation="tanh"), (2, 5, 6, 4))
    add("table_conv2d_same", table("2,0.1", (3, 3), padding="same"), (1, 4, 5, 3))

    # transposed: every output padding, gaps, dilation
    for p in ("valid", "same"):
        for op in (None, 0, 1, 2):
            name = "conv1d_transpose_%s_op%s" % (p, "" if op is None else op)
            add(name, L("Conv1DTranspose", filters=2, kernel_size=5, strides=3, padding=p, output_padding=op), (1, 4, 3))
        add("conv1d_transpose_%s_k4_op1" % p,
            L("Conv1DTranspose", filters=2, kernel_size=4, strides=2, padding=p, output_padding=1), (1, 3, 2))
    add("conv1d_transpose_d2", L("Conv1DTranspose", filters=2, kernel_size=3, dilation_rate=2, padding="same"), (1, 5, 2),
        jit=True)
    add("conv2d_transpose_d2", L("Conv2DTranspose", filters=2, kernel_size=3, dilation_rate=(2, 1)), (1, 4, 3, 2), jit=True)
    add("conv2d_transpose_op", L("Conv2DTranspose", filters=3, kernel_size=(3, 4), strides=(2, 3), padding="same",
                                 output_padding=(0, 2), activation="relu"), (1, 3, 4, 2))
    add("conv2d_transpose_1x1_s2", L("Conv2DTranspose", filters=2, kernel_size=1, strides=2, padding="same"), (1, 3, 4, 2))
    add("conv2d_transpose_wide", L("Conv2DTranspose", filters=17, kernel_size=3, padding="same"), (1, 6, 5, 18))
    add("conv2d_transpose_padding", padded("Conv2DTranspose", [(1, 1), (0, 2)], filters=2, kernel_size=4, strides=2),
        (1, 3, 4, 2))
    add("conv3d_transpose_op", L("Conv3DTranspose", filters=2, kernel_size=(3, 2, 1), strides=(2, 2, 3),
                                 output_padding=(1, 0, 2)), (1, 2, 3, 2, 2))

    # depthwise and separable
    add("depthwise2d_s2_d2", L("DepthwiseConv2D", kernel_size=3, strides=2, dilation_rate=2, padding="same"), (1, 9, 8, 3))
    add("depthwise2d_s2_d2_valid", L("DepthwiseConv2D", kernel_size=2, strides=2, dilation_rate=(3, 1),
                                     depth_multiplier=2), (1, 8, 7, 2))
    add("depthwise1d_s2_d3", L("DepthwiseConv1D", kernel_size=3, strides=2, dilation_rate=3, padding="same"), (1, 11, 3))
    add("depthwise1d_same_s3", L("DepthwiseConv1D", kernel_size=4, strides=3, padding="same", activation="relu"), (2, 10, 2))
    add("separable1d_s2", L("SeparableConv1D", filters=3, kernel_size=3, strides=2, depth_multiplier=2), (2, 9, 2))
    add("separable2d_s2_same", L("SeparableConv2D", filters=4, kernel_size=3, strides=2, padding="same"), (1, 7, 8, 3))
    add("separable2d_s2_d2", L("SeparableConv2D", filters=3, kernel_size=3, strides=2, dilation_rate=2, padding="same",
                               use_bias=False, activation="tanh"), (1, 9, 8, 2))
    add("separable2d_one_channel", L("SeparableConv2D", filters=3, kernel_size=3, padding="same"), (1, 6, 5, 1))
    return out


def write_lengths(path):
    import keras
    rows = []
    for n in range(1, 6):
        for k in range(1, 6):
            for s, d in [(s, 1) for s in range(1, 5)] + [(1, 2), (1, 3)]:
                for padding in ("valid", "same"):
                    for op in range(-1, s):
                        rows.append((n, k, s, d, padding, op) + measure(keras, n, k, s, d, padding, op))
    with open(path, "w") as f:
        for row in rows:
            f.write(" ".join(str(v) for v in row) + "\n")


def measure(keras, n, k, s, d, padding, op):
    """Length, and the outputs left out in front: where an input of 1 at place i puts the kernel 1, 2, ... tells."""
    import tensorflow as tf
    x = np.eye(n, dtype=np.float32).reshape(n, n, 1)
    conv = keras.layers.Conv1DTranspose(1, k, strides=s, padding=padding, output_padding=None if op < 0 else op,
                                        dilation_rate=d, use_bias=False)
    conv.build((None, n, 1))
    conv.set_weights([np.arange(1, k + 1, dtype=np.float32).reshape(k, 1, 1)])
    try:
        y = tf.function(conv, jit_compile=d > 1)(x).numpy()[:, :, 0]
    except Exception:           # Keras on this backend
        return 0, 0
    for i in range(n):
        for o in range(y.shape[1]):
            if y[i, o] > 0:
                return y.shape[1], i * s + (int(y[i, o]) - 1) * d - o
    return y.shape[1], -1       # the window's gaps are all there is


if __name__ == "__main__":
    make_golden.main(weighted_cases)
    write_lengths(os.path.join(sys.argv[sys.argv.index("--out") + 1] if "--out" in sys.argv else ".", "lengths.txt"))
