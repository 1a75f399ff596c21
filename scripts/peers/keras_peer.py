"""Keras on TensorFlow: graphs by tf.function, an epoch by fit()."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from network import inputs, output_gradient, training_data

ARGUMENTS = ("filters", "kernel_size", "strides", "padding", "dilation_rate", "use_bias", "activation", "pool_size",
             "epsilon", "momentum", "units")


def model_of(workload):
    first = keras.Input(shape=workload["input"][1:])
    values = {"input": first}
    for layer in workload["layers"]:
        arguments = {key: tuple(value) if isinstance(value, list) else value
                     for key, value in layer.items() if key in ARGUMENTS}
        taken = [values[name] for name in layer["inputs"]]
        made = getattr(keras.layers, layer["layer"])(**arguments)
        values[layer["name"]] = made(taken if layer["layer"] == "Add" else taken[0])
    return keras.Model(first, values[workload["layers"][-1]["name"]])


class Peer:
    def __init__(self, threads):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.version = f"Keras {keras.__version__} with TensorFlow {tf.__version__}"

    def prepare(self, workload):
        keras.utils.set_random_seed(0)
        model = model_of(workload)
        return getattr(self, workload["mode"])(workload, model)

    def inference(self, workload, model):
        x = tf.constant(inputs(workload))
        infer = tf.function(lambda x: model(x, training=False))
        return lambda: infer(x).numpy()

    def forward_backward(self, workload, model):
        x, dy = tf.constant(inputs(workload)), tf.constant(output_gradient(workload))

        @tf.function
        def differentiate(x, dy):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = model(x, training=True)
            wanted = [x] + [weight.value for weight in model.trainable_variables]
            return tape.gradient(y, wanted, output_gradients=dy)
        return lambda: [np.asarray(gradient) for gradient in differentiate(x, dy)]

    def train_step(self, workload, model):
        samples, labels = (tf.constant(values) for values in training_data(workload))
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.Adam(1e-3)
        trained = model.trainable_variables
        optimizer.build(trained)

        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            optimizer.apply(tape.gradient(loss, [weight.value for weight in trained]), trained)
            return loss
        return lambda: float(step(samples, labels))

    def train_epoch(self, workload, model):
        samples, labels = training_data(workload)
        batch, rest = workload["batch"], workload["samples"] % workload["batch"]
        model.compile(optimizer=keras.optimizers.Adam(1e-3),
                      loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        # Both batch sizes are traced outside the timing.
        model.fit(samples[:10 * batch], labels[:10 * batch], batch_size=batch, verbose=0)
        if rest:
            model.fit(samples[:rest], labels[:rest], batch_size=batch, verbose=0)

        def epoch():
            model.fit(samples, labels, batch_size=batch, epochs=1, verbose=0, shuffle=True)
        epoch.is_cold = True
        return epoch
