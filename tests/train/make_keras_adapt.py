"""Makes keras_adapt.npz: what Keras 3's Normalization.adapt() finds in data, and the same in numpy's doubles.

Run in a virtual environment with tensorflow-cpu and keras:

    python make_keras_adapt.py

Members: pictures and features (the data) and, for every case, CASE.wanted.LAYER.TENSOR (numpy in doubles, for the tensors of
each normalization), CASE.keras.LAYER.TENSOR (as Keras has them), CASE.y (the adapted model's output for at most 4 samples)
and, of layers with weights, CASE.start.LAYER.TENSOR. test_adapt.c has the same cases in model text. Running it again makes the same file.
"""

import os
import pathlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402

HERE = pathlib.Path(__file__).parent
layers, as_numpy = keras.layers, keras.ops.convert_to_numpy


def in_doubles(x):
    x = x.astype(np.float64).reshape(-1, x.shape[-1])
    return {"mean": x.mean(axis=0), "variance": x.var(axis=0)}


def adapt(case, model, x, arrays):
    """Adapts one layer after the other to what those before it make of x."""
    seen = x
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            layer.adapt(seen)
            for name, values in in_doubles(seen).items():
                arrays[f"{case}.wanted.{layer.name}.{name}"] = values
                arrays[f"{case}.keras.{layer.name}.{name}"] = as_numpy(getattr(layer, f"adapt_{name}")).reshape(-1)
                # Keras sums in floats; what follows is to have the better numbers.
                getattr(layer, f"adapt_{name}").assign(values.astype(np.float32))
            layer.finalize_state()
        else:
            for w in layer.weights:
                arrays[f"{case}.start.{layer.name}.{w.path.split('/')[-1]}"] = w.numpy()
        seen = as_numpy(layer(seen))
    arrays[f"{case}.y"] = seen[:4]


def main():
    keras.utils.set_random_seed(8)
    rng = np.random.default_rng(9)

    def model(*parts):
        return keras.Sequential(list(parts))

    pictures = (rng.normal(size=(150, 4, 3, 2)) * [0.3, 5] + [0.1, -2]).astype(np.float32)
    # The spread is small against the mean: squares of the values would lose it.
    features = (rng.normal(size=(65, 3)) * [0.25, 1, 2] + [0, 1000, -4000]).astype(np.float32)
    arrays = {"pictures": pictures, "features": features}
    adapt("pictures", model(layers.Input((4, 3, 2)), layers.Normalization(name="normalization")), pictures, arrays)
    adapt("features", model(layers.Input((3,)), layers.Normalization(name="normalization")), features, arrays)
    adapt("one", model(layers.Input((3,)), layers.Normalization(name="normalization")), features[:1], arrays)
    adapt("invert", model(layers.Input((3,)), layers.Normalization(name="normalization", invert=True)), features, arrays)
    adapt("chain", model(layers.Input((4, 3, 2)),
                         layers.Normalization(name="normalization"),
                         layers.Conv2D(3, 2, activation="relu", name="conv2d"),
                         layers.Normalization(name="normalization_1"),
                         layers.Dense(2, name="dense")), pictures, arrays)
    for name, values in arrays.items():
        print(name, values.shape, values.dtype)
    np.savez_compressed(HERE / "keras_adapt.npz", **arrays)


main()
