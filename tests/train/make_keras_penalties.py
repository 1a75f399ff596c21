"""Makes keras_penalty_steps.npz: three training steps with each regularizer and constraint of Keras 3.

Run in a virtual environment with tensorflow-cpu and keras:

    python make_keras_penalties.py

Members: x, y (the batch), start.LAYER.TENSOR (weights before the first step), and for every case CASE.losses (the loss of
each step before it, penalties included), CASE.eval (what evaluate says afterwards, in batches of 4) and CASE.LAYER.TENSOR
(weights after the third). test_penalties.c has the same cases in model text. Running it again makes the same file.
"""

import os
import pathlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

HERE = pathlib.Path(__file__).parent
STEPS = 3
layers, constraints, regularizers = keras.layers, keras.constraints, keras.regularizers


def network(conv, hidden, last, frozen):
    model = keras.Sequential([
        layers.Input((6, 6, 2)),
        layers.Conv2D(3, 3, activation="relu", name="conv2d", **conv),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(5, activation="tanh", name="dense", **hidden),
        layers.Dense(4, name="dense_1", **last),
        layers.Softmax(),
    ])
    if frozen:
        model.get_layer("conv2d").trainable = False
    return model


r, c = regularizers, constraints
CASES = {
    "l1": (dict(kernel_regularizer=r.L1(0.02)), dict(bias_regularizer=r.L1(0.03)), {}),
    "l2": (dict(kernel_regularizer=r.L2(0.02)), dict(kernel_regularizer="l2", bias_regularizer=r.L2(0.1)), {}),
    "l1_l2": ({}, dict(kernel_regularizer=r.L1L2(0.01, 0.02)), dict(kernel_regularizer=r.L1L2(l2=0.1))),
    "orthogonal": ({}, dict(kernel_regularizer=r.OrthogonalRegularizer(0.5)),
                   dict(kernel_regularizer=r.OrthogonalRegularizer(0.3, mode="columns"))),
    "activity": (dict(activity_regularizer=r.L1(0.01)), dict(activity_regularizer=r.L2(0.05)),
                 dict(activity_regularizer=r.L1L2(0.01, 0.02))),
    "activity_orthogonal": ({}, dict(activity_regularizer=r.OrthogonalRegularizer(0.5)), {}),
    "frozen": (dict(kernel_regularizer=r.L2(0.02), activity_regularizer=r.L1(0.01), kernel_constraint=c.NonNeg()),
               dict(kernel_regularizer=r.L1(0.02)), {}),
    "max_norm": (dict(kernel_constraint=c.MaxNorm(0.4, axis=[0, 1, 2])), dict(kernel_constraint=c.MaxNorm(0.7)),
                 dict(bias_constraint=c.MaxNorm(0.01))),
    "min_max_norm": (dict(kernel_constraint=c.MinMaxNorm(0.2, 0.3, rate=0.5, axis=[0, 1])),
                     dict(kernel_constraint=c.MinMaxNorm(0.9, 1.1, axis=-1)), {}),
    "non_neg": (dict(kernel_constraint=c.NonNeg()), {}, dict(bias_constraint="non_neg")),
    "unit_norm": (dict(kernel_constraint=c.UnitNorm(axis=[0, 1, 2, 3])), dict(kernel_constraint="unit_norm"),
                  dict(kernel_constraint=c.UnitNorm(axis=1))),
}


def weights(model, prefix):
    return {f"{prefix}.{w.path.split('/')[-2]}.{w.path.split('/')[-1]}": w.numpy() for w in model.weights}


def train(model, x, y):
    loss_function = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    losses = []
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = loss_function(y, model(x, training=True)) + sum(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        losses.append(float(loss))
    return np.array(losses)


def main():
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(5)
    x = rng.normal(size=(8, 6, 6, 2)).astype(np.float32)
    y = rng.integers(0, 4, 8).astype(np.int32)
    first = network({}, {}, {}, False)
    start = first.get_weights()
    arrays = {"x": x, "y": y, **weights(first, "start")}
    for name, (conv, hidden, last) in CASES.items():
        model = network(conv, hidden, last, name == "frozen")
        model.set_weights(start)
        arrays[f"{name}.losses"] = train(model, x, y)
        arrays.update(weights(model, name))
        model.compile(loss="sparse_categorical_crossentropy")
        arrays[f"{name}.eval"] = np.array([model.evaluate(x, y, batch_size=4, verbose=0)])
        print(name, arrays[f"{name}.losses"], arrays[f"{name}.eval"])
    np.savez_compressed(HERE / "keras_penalty_steps.npz", **arrays)


main()
