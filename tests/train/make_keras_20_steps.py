"""Makes keras_20_steps.npz: the losses of the first 20 training steps of five small networks with Keras 3.

Run in a virtual environment with tensorflow-cpu and keras:

    python make_keras_20_steps.py

Members for each network NET: NET.x and NET.y (the batch of every step), NET.start.LAYER.TENSOR (the weights before the
first step), and for each optimizer NET.OPTIMIZER.losses (the loss of each step before it). test_keras_20_steps.c has the
same networks in model text. Running it again makes the same file.
"""

import os
import pathlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

HERE = pathlib.Path(__file__).parent
STEPS = 20
BATCH = 16
L = keras.layers


def chain(shape, *parts):
    return keras.Sequential([L.Input(shape), *parts])


def batchnorm():
    return chain((8, 8, 2), L.Conv2D(4, 3, padding="same", use_bias=False, name="c"), L.BatchNormalization(name="b"),
                 L.ReLU(), L.MaxPooling2D(2), L.Flatten(), L.Dense(5, activation="softmax", name="d"))


def dropout_off():
    return chain((8, 8, 2), L.Conv2D(4, 3, activation="relu", name="c"), L.Dropout(0.0), L.Flatten(),
                 L.Dense(16, activation="relu", name="d"), L.Dropout(0.0), L.Dense(5, activation="softmax", name="e"))


def residual():
    inputs = L.Input((8, 8, 3))
    x = L.Conv2D(6, 3, padding="same", activation="relu", name="c")(inputs)
    y = L.DepthwiseConv2D(3, padding="same", name="w")(x)
    y = L.Conv2D(6, 1, name="p")(y)
    x = L.ReLU()(L.Add()([x, y]))
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, L.Dense(5, activation="softmax", name="d")(x))


def conv1d():
    return chain((32, 2), L.Conv1D(6, 5, padding="same", activation="relu", name="c"), L.MaxPooling1D(2),
                 L.Conv1D(8, 3, padding="causal", activation="tanh", name="e"), L.Flatten(),
                 L.Dense(5, activation="softmax", name="d"))


def transposed():
    return chain((4, 4, 3), L.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu", name="t"),
                 L.Conv2D(6, 3, activation="relu", name="c"), L.Flatten(),
                 L.Dense(5, activation="softmax", name="d"))


def train(model, optimizer, x, y):
    loss_function = keras.losses.SparseCategoricalCrossentropy()
    optimizer.build(model.trainable_variables)
    losses = []
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = loss_function(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        losses.append(float(loss))
    return np.array(losses)


def main():
    keras.utils.set_random_seed(6)
    rng = np.random.default_rng(7)
    arrays = {}
    for make in (batchnorm, dropout_off, residual, conv1d, transposed):
        name, model = make.__name__, make()
        x = rng.normal(size=(BATCH, *model.input_shape[1:])).astype(np.float32)
        y = rng.integers(0, 5, BATCH).astype(np.int32)
        start = model.get_weights()
        arrays[f"{name}.x"], arrays[f"{name}.y"] = x, y
        for w in model.weights:
            arrays[f"{name}.start.{w.path.split('/')[-2]}.{w.path.split('/')[-1]}"] = w.numpy()
        o = keras.optimizers
        for of, optimizer in (("sgd", o.SGD(0.05)), ("adam", o.Adam(0.003)), ("rmsprop", o.RMSprop(0.002))):
            model.set_weights(start)
            arrays[f"{name}.{of}.losses"] = train(model, optimizer, x, y)
            print(name, of, arrays[f"{name}.{of}.losses"][[0, 1, 10, 19]])
    np.savez_compressed(HERE / "keras_20_steps.npz", **arrays)


main()
