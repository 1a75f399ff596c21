"""Makes keras_5_sgd_steps.npz and keras_5_optimizer_steps.npz: weights and losses of five training steps with Keras 3.

Run in a virtual environment with tensorflow-cpu and keras:

    python make_keras_steps.py

Members of each file: x (the batch), y (labels), start.LAYER.TENSOR (weights before the first step), and for every case
CASE.losses (the loss of each step before it) and CASE.LAYER.TENSOR (weights after the fifth). Layers and tensors are named
as Stria names them. Running it again makes the same files.
"""

import os
import pathlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

HERE = pathlib.Path(__file__).parent
STEPS = 5


def lenet5():
    layers = keras.layers
    return keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(6, 5, padding="same", activation="relu", name="conv2d"),
        layers.MaxPooling2D(2),
        layers.Conv2D(16, 5, activation="relu", name="conv2d_1"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="relu", name="dense"),
        layers.Dense(84, activation="relu", name="dense_1"),
        layers.Dense(10, activation="softmax", name="dense_2"),
    ])


def small():
    layers = keras.layers
    return keras.Sequential([
        layers.Input((6, 6, 2)),
        layers.Conv2D(3, 3, activation="tanh", name="conv2d"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(4, activation="softmax", name="dense"),
    ])


def pictures(rng):
    """Bytes [64,28,28,1]: one bright blot on a dim ramp in each, where and how wide depends on the label."""
    labels = rng.integers(0, 10, 64).astype(np.int32)
    rows, columns = np.mgrid[0:28, 0:28]
    x = np.empty((64, 28, 28, 1), np.uint8)
    for i, label in enumerate(labels):
        row, column = 4 + 2 * label + rng.integers(-2, 3), 24 - 2 * label + rng.integers(-2, 3)
        blot = 200 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (6.0 + 4 * (label % 3)))
        x[i, :, :, 0] = np.clip(blot + columns + rng.integers(0, 28), 0, 255).astype(np.uint8)
    return x, labels


def weights(model, prefix):
    return {f"{prefix}.{w.path.split('/')[-2]}.{w.path.split('/')[-1]}": w.numpy() for w in model.trainable_weights}


def five_steps(model, optimizer, loss_function, x, y):
    losses = []
    optimizer.build(model.trainable_variables)
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = loss_function(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        losses.append(float(loss))
    return np.array(losses)


def main():
    keras.utils.set_random_seed(3)
    x, y = pictures(np.random.default_rng(1))
    model = lenet5()
    arrays = {"x": x, "y": y, **weights(model, "start")}
    scaled = x.astype(np.float32) * np.float32(1 / 255)
    arrays["sgd.losses"] = five_steps(model, keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(),
                                      scaled, y)
    arrays.update(weights(model, "sgd"))
    np.savez_compressed(HERE / "keras_5_sgd_steps.npz", **arrays)

    rng = np.random.default_rng(2)
    x = rng.normal(size=(8, 6, 6, 2)).astype(np.float32)
    y = rng.integers(0, 4, 8).astype(np.int32)
    soft = rng.dirichlet(np.ones(4), 8).astype(np.float32)
    o = keras.optimizers
    sparse = keras.losses.SparseCategoricalCrossentropy()
    cases = {
        "sgd": (o.SGD(0.05), sparse, y),
        "momentum": (o.SGD(0.05, momentum=0.9), sparse, y),
        "nesterov": (o.SGD(0.05, momentum=0.9, nesterov=True), sparse, y),
        "adam": (o.Adam(0.01), sparse, y),
        "adamw": (o.AdamW(0.01, weight_decay=0.1), sparse, y),
        "rmsprop": (o.RMSprop(0.01), sparse, y),
        "rmsprop_momentum": (o.RMSprop(0.01, rho=0.8, momentum=0.5), sparse, y),
        "soft": (o.SGD(0.05), keras.losses.CategoricalCrossentropy(), soft),
        "squared": (o.SGD(0.5), keras.losses.MeanSquaredError(), np.eye(4, dtype=np.float32)[y]),
    }
    model = small()
    first = model.get_weights()
    arrays = {"x": x, "y": y, "soft": soft, **weights(model, "start")}
    for name, (optimizer, loss_function, wanted) in cases.items():
        model.set_weights(first)
        arrays[f"{name}.losses"] = five_steps(model, optimizer, loss_function, x, wanted)
        arrays.update(weights(model, name))
    np.savez_compressed(HERE / "keras_5_optimizer_steps.npz", **arrays)


main()
