#!/usr/bin/env python3
"""Writes what Keras computes for small models of layers that are used again and of wrappers, for
tests/model/test_keras_graphs.c: NAME.npz with inputs x0, x1 ..., parameters before (w:TENSOR) and after
(after:TENSOR) one training step forward, the output y in inference before it, the output t in training, the
gradient dt of that, and the gradients dx0, dx1 ... and d:TENSOR.

    python3 make_graphs.py [--out FOLDER]          needs keras 3 with tensorflow
"""
import argparse
import os

import numpy as np


def siamese(keras):
    """Called by hand, tower by tower: the moving statistics depend on the order."""
    layers = keras.layers
    f = layers.Conv2D(3, 3, activation="tanh")
    n = layers.BatchNormalization()
    g = layers.Dense(4, activation="tanh")
    last = layers.Dense(2)

    def call(xs, training):
        return last(layers.Concatenate()([g(layers.Flatten()(n(f(x), training=training))) for x in xs]))

    call([np.zeros((1, 6, 6, 2), np.float32)] * 2, False)
    names = {"f/kernel": f.kernel, "f/bias": f.bias, "n/gamma": n.gamma, "n/beta": n.beta,
             "n/moving_mean": n.moving_mean, "n/moving_variance": n.moving_variance,
             "g/kernel": g.kernel, "g/bias": g.bias, "last/kernel": last.kernel, "last/bias": last.bias}
    return call, [(6, 6, 2)] * 2, names


def wrapped(shape, make, names):
    def build(keras):
        layer = make(keras.layers)
        layer(np.zeros((1,) + shape, np.float32))
        return (lambda xs, training: layer(xs[0], training=training), [shape],
                {name: find(layer) for name, find in names.items()})
    return build


WEIGHTED = {"w/kernel": lambda w: w.layer.kernel, "w/bias": lambda w: w.layer.bias}
SPECTRAL = {**WEIGHTED, "w/vector_u": lambda w: w.vector_u}

CASES = {
    "siamese": siamese,
    "time_distributed_conv2d": wrapped(
        (3, 6, 5, 2), lambda l: l.TimeDistributed(l.Conv2D(4, 3, strides=2, activation="relu")), WEIGHTED),
    "time_distributed_dense": wrapped(
        (4, 5), lambda l: l.TimeDistributed(l.Dense(3, activation="tanh")), WEIGHTED),
    "time_distributed_maxpool2d": wrapped((2, 5, 5, 2), lambda l: l.TimeDistributed(l.MaxPooling2D(2)), {}),
    "spectral_normalization_dense": wrapped(
        (5,), lambda l: l.SpectralNormalization(l.Dense(3, activation="tanh")), SPECTRAL),
    "spectral_normalization_conv2d": wrapped(
        (5, 4, 2), lambda l: l.SpectralNormalization(l.Conv2D(4, 3, padding="same")), SPECTRAL),
}


def run(name, build, folder):
    import keras
    import tensorflow as tf
    rng = np.random.default_rng(sum(name.encode()))
    call, shapes, tensors = build(keras)
    arrays = {}
    for tensor, variable in tensors.items():
        value = rng.standard_normal(variable.shape).astype(np.float32) * np.float32(0.5)
        if tensor.endswith("variance"):
            value = np.abs(value) + np.float32(0.5)
        variable.assign(value)
        arrays["w:" + tensor] = value
    xs = [rng.standard_normal((3,) + shape).astype(np.float32) for shape in shapes]
    arrays.update({"x%d" % i: x for i, x in enumerate(xs)})
    arrays["y"] = np.asarray(call(xs, False))
    trained = [t for t in tensors if tensors[t].trainable]
    inputs = [tf.constant(x) for x in xs]
    with tf.GradientTape() as tape:
        for x in inputs:
            tape.watch(x)
        t = call(inputs, True)
        arrays["dt"] = rng.standard_normal(t.shape).astype(np.float32)
        loss = tf.reduce_sum(t * arrays["dt"])
    arrays["t"] = t.numpy()
    gradients = tape.gradient(loss, inputs + [tensors[k].value for k in trained])
    arrays.update({"dx%d" % i: g.numpy() for i, g in enumerate(gradients[:len(inputs)])})
    arrays.update({"d:" + k: g.numpy() for k, g in zip(trained, gradients[len(inputs):])})
    arrays.update({"after:" + k: np.asarray(v) for k, v in tensors.items()})
    np.savez(os.path.join(folder, name + ".npz"), **arrays)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)))
    folder = arguments.parse_args().out
    for name, build in CASES.items():
        run(name, build, folder)


if __name__ == "__main__":
    main()
