"""Makes keras_attribution.npz: Grad-CAM, saliency and other maps of a small network, computed with Keras 3.

Run in a virtual environment with tensorflow-cpu and keras:

    python make_keras_attribution.py

The network has batch normalisation with moving statistics of its own, a residual sum, strides and dropout; its weights are
random and in the file as net.LAYER.TENSOR. Members: x (one picture), scores and probabilities [5], and for class C
    cam.LAYER.C, cam_full.LAYER.C   Grad-CAM of the logit, and bilinear at the picture's size
    cam_probability.LAYER.C         of the probability
    saliency.C, saliency_probability.C, gradient_input.C
    integrated.C                    20 steps from black, by the midpoint rule
    occlusion.C, occlusion_full.C   a patch of 5, hidden by 0.25, every 3 pixels
test_keras_attribution.c compares. Running it again makes the same file.
"""

import os
import pathlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

HERE = pathlib.Path(__file__).parent
SIDE, CLASSES, PATCH, STRIDE, FILL, STEPS = 14, 5, 5, 3, 0.25, 20
layers = keras.layers


def network():
    x = layers.Input((SIDE, SIDE, 3))
    a = layers.Conv2D(6, 3, padding="same", name="a")(x)
    a = layers.BatchNormalization(name="an")(a)
    a = layers.ReLU(name="ar")(a)
    b = layers.Conv2D(6, 3, padding="same", name="b", use_bias=False)(a)
    b = layers.BatchNormalization(name="bn")(b)
    s = layers.Add(name="s")([a, b])
    s = layers.ReLU(name="sr")(s)
    s = layers.Dropout(0.5, name="drop")(s)
    c = layers.Conv2D(8, 3, strides=2, name="c", activation="relu")(s)
    g = layers.GlobalAveragePooling2D(name="g")(c)
    y = layers.Dense(CLASSES, name="d")(g)
    return keras.Model(x, [y, *(layer.output for layer in keras.Model(x, y).layers if layer.name in ("ar", "b", "sr", "c"))])


def main():
    rng = np.random.default_rng(20)
    model = network()
    out = {}
    for layer in model.layers:
        for w in layer.weights:
            shape, name = tuple(w.shape), w.path.split("/")[-1]
            if name == "moving_variance":
                value = rng.uniform(0.5, 2, shape)
            elif name == "gamma":
                value = rng.uniform(0.5, 1.5, shape)
            elif name == "kernel":
                value = rng.normal(0, (12 if layer.name == "d" else 1.4) / np.sqrt(np.prod(shape[:-1])), shape)
            else:
                value = rng.normal(0, 0.3, shape)
            w.assign(value.astype(np.float32))
            out[f"net.{layer.name}.{name}"] = w.numpy()
    x = rng.uniform(0, 1, (1, SIDE, SIDE, 3)).astype(np.float32)
    names = ["ar", "b", "sr", "c"]

    def gradients(pictures, index, probability, of_maps):
        pictures = tf.constant(pictures)
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            y, *maps = model(pictures, training=False)
            score = tf.reduce_sum((tf.nn.softmax(y) if probability else y)[:, index])
        if of_maps:
            return [m.numpy()[0] for m in maps], [g.numpy()[0] for g in tape.gradient(score, maps)]
        return tape.gradient(score, pictures).numpy()

    def softmax_of(pictures):
        return tf.nn.softmax(model(pictures, training=False)[0]).numpy()

    out["x"] = x[0]
    out["scores"] = model(x, training=False)[0].numpy()[0]
    out["probabilities"] = softmax_of(x)[0]
    for index in (0, 2):
        for probability in (False, True):
            end = "_probability" if probability else ""
            maps, grads = gradients(x, index, probability, True)
            for name, m, g in zip(names, maps, grads):
                cam = np.maximum(np.sum(m.astype(np.float64) * g.mean((0, 1), dtype=np.float64), -1), 0).astype(np.float32)
                out[f"cam{end}.{name}.{index}"] = cam
                if not probability:
                    full = tf.image.resize(cam[..., None], (SIDE, SIDE), method="bilinear").numpy()[..., 0]
                    out[f"cam_full.{name}.{index}"] = full
            slope = gradients(x, index, probability, False)[0]
            out[f"saliency{end}.{index}"] = np.abs(slope).max(-1)
            if not probability:
                out[f"gradient_input.{index}"] = (slope * x[0]).sum(-1)
        steps = (np.arange(STEPS, dtype=np.float32) + 0.5) / STEPS
        mean = gradients(x * steps[:, None, None, None], index, False, False).mean(0)
        out[f"integrated.{index}"] = (x[0] * mean).sum(-1)
        starts = [min(s, SIDE - PATCH) for s in range(0, SIDE - PATCH + STRIDE, STRIDE)]
        drops = np.zeros((len(starts), len(starts)), np.float32)
        total, count = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
        for i, top in enumerate(starts):
            for j, left in enumerate(starts):
                hidden = x.copy()
                hidden[:, top:top + PATCH, left:left + PATCH] = FILL
                drops[i, j] = out["probabilities"][index] - softmax_of(hidden)[0, index]
                total[top:top + PATCH, left:left + PATCH] += drops[i, j]
                count[top:top + PATCH, left:left + PATCH] += 1
        out[f"occlusion.{index}"] = drops
        out[f"occlusion_full.{index}"] = (total / count).astype(np.float32)
    for name, value in out.items():
        print(name, value.shape, float(np.abs(value).max()))
    np.savez(HERE / "keras_attribution.npz", **out)


if __name__ == "__main__":
    main()
