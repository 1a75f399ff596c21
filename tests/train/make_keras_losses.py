"""Makes keras_losses.npz: values and gradients of the losses of Keras 3, and short trainings with some of them.

Run in a virtual environment with tensorflow-cpu and keras:

    python make_keras_losses.py

For every case of CASES: CASE.outputs [batch, rows, columns] (what a softmax or sigmoid gets, for losses that have one built
in), CASE.targets, CASE.losses (of each row, [batch, rows]) and CASE.gradient (of their mean). For every training of FITS:
FIT.x, FIT.y, FIT.start.LAYER.TENSOR, FIT.losses and FIT.accuracies of each step, FIT.LAYER.TENSOR after the last, FIT.eval
(loss and accuracy afterwards). test_keras_losses.c has the same cases. Running it again makes the same file.
"""

import os
import pathlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

HERE = pathlib.Path(__file__).parent
BATCH, ROWS, COLUMNS, STEPS = 5, 3, 4, 5
k = keras.losses

# name: (function, arguments, kind of outputs, kind of targets, columns)
CASES = {
    "binary_crossentropy": (k.binary_crossentropy, {}, "sigmoid", "binary", COLUMNS),
    "binary_crossentropy_one": (k.binary_crossentropy, {}, "sigmoid", "binary", 1),
    "binary_crossentropy_smooth": (k.binary_crossentropy, dict(label_smoothing=0.2), "sigmoid", "binary", COLUMNS),
    "binary_crossentropy_soft": (k.binary_crossentropy, {}, "sigmoid", "probability", COLUMNS),
    "binary_focal": (k.binary_focal_crossentropy, {}, "sigmoid", "binary", COLUMNS),
    "binary_focal_all": (k.binary_focal_crossentropy, dict(apply_class_balancing=True, alpha=0.4, gamma=1.5,
                                                           label_smoothing=0.1), "sigmoid", "binary", COLUMNS),
    "categorical_crossentropy": (k.categorical_crossentropy, {}, "softmax", "one_hot", COLUMNS),
    "categorical_crossentropy_smooth": (k.categorical_crossentropy, dict(label_smoothing=0.1), "softmax", "one_hot",
                                        COLUMNS),
    "categorical_crossentropy_soft": (k.categorical_crossentropy, dict(label_smoothing=0.3), "softmax", "distribution",
                                      COLUMNS),
    "categorical_focal": (k.categorical_focal_crossentropy, {}, "softmax", "one_hot", COLUMNS),
    "categorical_focal_all": (k.categorical_focal_crossentropy, dict(alpha=0.6, gamma=0.5, label_smoothing=0.2),
                              "softmax", "distribution", COLUMNS),
    "categorical_hinge": (k.categorical_hinge, {}, "number", "one_hot", COLUMNS),
    "cosine_similarity": (k.cosine_similarity, {}, "number", "number", COLUMNS),
    "hinge_binary": (k.hinge, {}, "number", "binary", COLUMNS),
    "hinge": (k.hinge, {}, "number", "sign", COLUMNS),
    "squared_hinge": (k.squared_hinge, {}, "number", "binary", COLUMNS),
    "squared_hinge_other": (k.squared_hinge, {}, "number", "number", COLUMNS),
    "huber": (k.huber, {}, "number", "number", COLUMNS),
    "huber_small": (k.huber, dict(delta=0.25), "number", "number", COLUMNS),
    "kl_divergence": (k.kl_divergence, {}, "probability", "distribution", COLUMNS),
    "log_cosh": (k.log_cosh, {}, "large", "number", COLUMNS),
    "mean_absolute_error": (k.mean_absolute_error, {}, "number", "number", COLUMNS),
    "mean_absolute_percentage_error": (k.mean_absolute_percentage_error, {}, "number", "number", COLUMNS),
    "mean_squared_error": (k.mean_squared_error, {}, "number", "number", COLUMNS),
    "mean_squared_logarithmic_error": (k.mean_squared_logarithmic_error, {}, "number", "positive", COLUMNS),
    "poisson": (k.poisson, {}, "positive", "count", COLUMNS),
}


def draw(rng, kind, columns):
    shape = (BATCH, ROWS, columns)
    if kind in ("sigmoid", "softmax"):
        values = rng.normal(size=shape) * 2
        values[0, 0] *= 8  # some that are very sure
    elif kind == "number":
        values = np.round(rng.normal(size=shape) * 16) / 16  # such that some are equal, and some differ by 1
    elif kind == "large":
        values = rng.normal(size=shape) * 30
    elif kind == "positive":
        values = rng.uniform(0.01, 4, size=shape)
    elif kind == "probability":
        values = rng.uniform(size=shape)
        values.reshape(-1)[:3] = (0, 1, 0.5)
    elif kind == "binary":
        values = rng.integers(0, 2, size=shape)
    elif kind == "sign":
        values = rng.integers(0, 2, size=shape) * 2 - 1
    elif kind == "count":
        values = rng.integers(0, 5, size=shape)
    elif kind == "one_hot":
        values = np.eye(columns)[rng.integers(0, columns, size=shape[:-1])]
    elif kind == "distribution":
        values = rng.uniform(size=shape)
        values[0, 0, 0] = 0
        values /= values.sum(-1, keepdims=True)
    return values.astype(np.float32)


@tf.function
def compute(function, arguments, kind, outputs, targets):
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        made = {"sigmoid": tf.sigmoid, "softmax": tf.nn.softmax}.get(kind, tf.identity)(outputs)
        losses = function(targets, made, **arguments)
        mean = tf.reduce_mean(losses)
    return losses, tape.gradient(mean, outputs)


# name: (layers behind the hidden one, loss, kind of y, class weights, metric)
FITS = {
    "single": ((1, "sigmoid"), "binary_crossentropy", "binary", None, "binary_accuracy"),
    "single_weighted": ((1, "sigmoid"), k.BinaryCrossentropy(label_smoothing=0.1), "binary", {0: 0.5, 1: 3.0},
                        "binary_accuracy"),
    "single_hinge": ((1, "tanh"), "hinge", "binary", None, "binary_accuracy"),
    "many": ((4, "sigmoid"), "binary_crossentropy", "rows", None, "binary_accuracy"),
    "classes_weighted": ((4, "softmax"), "sparse_categorical_crossentropy", "labels", {0: 2.0, 1: 1.0, 3: 0.25}, "accuracy"),
    "focal": ((4, "softmax"), "categorical_focal_crossentropy", "one_hot", None, "categorical_accuracy"),
    "rows_weighted": ((4, "linear"), "huber", "rows", {0: 2.0, 2: 0.5}, "mean_absolute_error"),
}


def weights(model, prefix):
    return {f"{prefix}.{w.path.split('/')[-2]}.{w.path.split('/')[-1]}": w.numpy() for w in model.trainable_weights}


def fit(name, end, loss, kind, class_weight, metric, rng):
    units, activation = end
    model = keras.Sequential([
        keras.layers.Input((6,)),
        keras.layers.Dense(5, activation="tanh", name="dense"),
        keras.layers.Dense(units, activation=activation, name="dense_1"),
    ])
    x = rng.normal(size=(16, 6)).astype(np.float32)
    if kind == "binary":
        y = rng.integers(0, 2, (16, 1))
    elif kind == "rows":
        y = rng.integers(0, 2, (16, units))
    else:
        y = rng.integers(0, units, 16)
    y = y.astype(np.float32)
    arrays = {f"{name}.x": x, f"{name}.y": y, **weights(model, f"{name}.start")}
    if kind == "one_hot":
        y = np.eye(units, dtype=np.float32)[y.astype(int)]
    model.compile(keras.optimizers.SGD(0.2), loss=loss, metrics=[metric])
    steps = []
    for _ in range(STEPS):
        model.reset_metrics()
        steps.append(model.train_on_batch(x, y, class_weight=class_weight))
    arrays[f"{name}.losses"] = np.array([s[0] for s in steps])
    arrays[f"{name}.accuracies"] = np.array([s[1] for s in steps])
    arrays[f"{name}.eval"] = np.array(model.evaluate(x, y, batch_size=16, verbose=0))
    arrays.update(weights(model, name))
    print(name, steps[0], steps[-1])
    return arrays


def main():
    keras.utils.set_random_seed(11)
    rng = np.random.default_rng(12)
    arrays = {}
    for name, (function, arguments, outputs_kind, targets_kind, columns) in CASES.items():
        outputs, targets = draw(rng, outputs_kind, columns), draw(rng, targets_kind, columns)
        losses, gradient = compute(function, arguments, outputs_kind, tf.constant(outputs), tf.constant(targets))
        assert np.isfinite(losses.numpy()).all() and np.isfinite(gradient.numpy()).all(), name
        arrays.update({f"{name}.outputs": outputs, f"{name}.targets": targets,
                       f"{name}.losses": losses.numpy().astype(np.float64), f"{name}.gradient": gradient.numpy()})
    for name, case in FITS.items():
        arrays.update(fit(name, *case, rng))
    np.savez_compressed(HERE / "keras_losses.npz", **arrays)


main()
