"""Makes keras_optimizer_kinds.npz: six training steps of a small network with optimizers of Keras 3.

Run in a virtual environment with tensorflow-cpu and keras:

    python make_keras_optimizers.py

Members: x, y (the batch), start.LAYER.TENSOR (weights before the first step), and for every case CASE.losses (the loss of
each step before it) and CASE.LAYER.TENSOR (weights after the last). test_keras_optimizers.c has the same cases. Running it
again makes the same file.
"""

import os
import pathlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

HERE = pathlib.Path(__file__).parent
STEPS = 6

o = keras.optimizers
CASES = {
    "adagrad": o.Adagrad(0.05),
    "adagrad_from_1": o.Adagrad(0.05, initial_accumulator_value=1.0),
    "adadelta": o.Adadelta(1.0),
    "adamax": o.Adamax(0.01),
    "nadam": o.Nadam(0.01),
    "ftrl": o.Ftrl(0.05),
    "ftrl_all": o.Ftrl(0.05, learning_rate_power=-0.6, initial_accumulator_value=0.2, l1_regularization_strength=0.01,
                       l2_regularization_strength=0.02, l2_shrinkage_regularization_strength=0.03, beta=0.1),
    "lion": o.Lion(0.01),
    "amsgrad": o.Adam(0.01, beta_2=0.9, amsgrad=True),
    "sgd_decay": o.SGD(0.05, weight_decay=0.1),
    "adagrad_decay": o.Adagrad(0.05, weight_decay=0.2),
    "adam_decay": o.Adam(0.01, weight_decay=0.1),
    "clipnorm": o.SGD(0.1, clipnorm=0.1),
    "clipvalue": o.SGD(0.1, clipvalue=0.02),
    "global_clipnorm": o.SGD(0.1, global_clipnorm=0.2),
}


def weights(model, prefix):
    return {f"{prefix}.{w.path.split('/')[-2]}.{w.path.split('/')[-1]}": w.numpy() for w in model.trainable_weights}


def main():
    keras.utils.set_random_seed(8)
    layers = keras.layers
    model = keras.Sequential([
        layers.Input((6, 6, 2)),
        layers.Conv2D(3, 3, activation="tanh", name="conv2d"),
        layers.Flatten(),
        layers.Dense(4, activation="softmax", name="dense"),
    ])
    rng = np.random.default_rng(9)
    x = rng.normal(size=(8, 6, 6, 2)).astype(np.float32)
    y = rng.integers(0, 4, 8).astype(np.int32)
    start = model.get_weights()
    loss_function = keras.losses.SparseCategoricalCrossentropy()
    arrays = {"x": x, "y": y, **weights(model, "start")}
    for name, optimizer in CASES.items():
        model.set_weights(start)
        optimizer.build(model.trainable_variables)
        losses = []
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                loss = loss_function(y, model(x, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            losses.append(float(loss))
        arrays[f"{name}.losses"] = np.array(losses)
        arrays.update(weights(model, name))
        print(name, losses[0], losses[-1])
    np.savez_compressed(HERE / "keras_optimizer_kinds.npz", **arrays)


main()
