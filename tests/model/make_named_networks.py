#!/usr/bin/env python3
"""What Keras says of the networks that `stria new` offers: parameters of each and, for those of keras.applications, the
output for one picture. Run it where keras and tensorflow-cpu are installed:

    python make_named_networks.py > named_networks.json

The networks that keras.applications has not are built here from their papers, layer by layer.

Weights and pictures are made by a rule instead of being stored. Element i of tensor t, in the order in which the layers
are called, is spread(t, i) in -1..1, then by the tensor's name
    kernels  spread * sqrt(3 / fan_in), where fan_in is the product of all sizes but the last (of a depthwise kernel: of
             the first two)
    gamma    1 + spread / 10        moving_variance  1 + spread / 2
    others   spread / 10
and the picture is spread(1000, i)."""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import layers as L


def spread(tensor, shape):
    """A multiplicative hash, the same in tests/model/test_named_networks.c."""
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    bits = (i * np.uint64(2654435761) + np.uint64(tensor * 40503 + 12345)) & np.uint64(0xFFFFFFFF)
    bits = (bits ^ (bits >> np.uint64(15))) * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)
    bits ^= bits >> np.uint64(13)
    return ((bits.astype(np.float64) + 0.5) / 2**31 - 1).reshape(shape)


def fill(weights):
    for t, variable in enumerate(weights):
        shape, name = tuple(variable.shape), variable.name
        numbers = spread(t, shape)
        if "kernel" in name:
            fan_in = np.prod(shape[:2]) if "depthwise" in variable.path else np.prod(shape[:-1])
            numbers *= np.sqrt(3 / fan_in)
        elif "gamma" in name:
            numbers = 1 + numbers / 10
        elif "variance" in name:
            numbers = 1 + numbers / 2
        else:
            numbers /= 10
        variable.assign(numbers.astype(np.float32))


def called_layers(make):
    """The model and its layers in the order in which they were called first."""
    order, call = [], L.Layer.__call__

    def noting(self, *args, **kwargs):
        if self not in order:
            order.append(self)
        return call(self, *args, **kwargs)

    L.Layer.__call__ = noting
    try:
        model = make()
    finally:
        L.Layer.__call__ = call
    return model, [layer for layer in order if layer in model.layers]


def with_output(make):
    model, order = called_layers(make)
    fill([variable for layer in order for variable in layer.weights])
    shape = model.input_shape[1:]
    picture = spread(1000, (1, *shape)).astype(np.float32)
    output = model(picture, training=False).numpy().ravel()
    return {"input": list(shape), "output": [float(f"{number:.9g}") for number in output[:: max(1, output.size // 50)]],
            "step": max(1, output.size // 50), "largest": float(np.abs(output).max())}


def conv(filters, size, strides=1, padding="same", **rest):
    return L.Conv2D(filters, size, strides, padding, **rest)


def padded(x, filters, size, strides, padding):
    """A convolution with explicit zeros on every side, without bias."""
    if padding:
        x = L.ZeroPadding2D(padding)(x)
    return L.Conv2D(filters, size, strides, use_bias=False)(x)


def norm(x):
    return L.BatchNormalization()(x)


def relu(x):
    return L.ReLU()(x)


def lenet5():
    return keras.Sequential([L.Input((28, 28, 1)), conv(6, 5, activation="relu"), L.MaxPooling2D(),
                             conv(16, 5, padding="valid", activation="relu"), L.MaxPooling2D(), L.Flatten(),
                             L.Dense(120), L.Dense(84), L.Dense(10)])


def cifar_cnn():
    return keras.Sequential([L.Input((32, 32, 3)), L.Conv2D(32, 3), L.MaxPooling2D(), L.Conv2D(64, 3), L.MaxPooling2D(),
                             L.Conv2D(64, 3), L.Flatten(), L.Dense(64), L.Dense(10)])


def alexnet():
    return keras.Sequential([
        L.Input((227, 227, 3)), L.Conv2D(96, 11, 4), L.MaxPooling2D(3, 2), conv(256, 5, groups=2), L.MaxPooling2D(3, 2),
        conv(384, 3), conv(384, 3, groups=2), conv(256, 3, groups=2), L.MaxPooling2D(3, 2), L.Flatten(), L.Dense(4096),
        L.Dense(4096), L.Dense(1000)])


def vgg11():
    model = [L.Input((224, 224, 3))]
    for filters, count in ((64, 1), (128, 1), (256, 2), (512, 2), (512, 2)):
        model += [conv(filters, 3) for _ in range(count)] + [L.MaxPooling2D()]
    return keras.Sequential(model + [L.Flatten(), L.Dense(4096), L.Dense(4096), L.Dense(1000)])


def googlenet():
    def inception(x, n1, n3_before, n3, n5_before, n5, n_pool):
        return L.Concatenate()([conv(n1, 1)(x), conv(n3, 3)(conv(n3_before, 1)(x)), conv(n5, 5)(conv(n5_before, 1)(x)),
                                conv(n_pool, 1)(L.MaxPooling2D(3, 1, "same")(x))])

    def pool(x):
        return L.MaxPooling2D(3, 2, "same")(x)
    inputs = L.Input((224, 224, 3))
    x = pool(conv(64, 7, 2)(inputs))
    x = pool(conv(192, 3)(conv(64, 1)(x)))
    x = pool(inception(inception(x, 64, 96, 128, 16, 32, 32), 128, 128, 192, 32, 96, 64))
    for widths in ((192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
                   (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)):
        x = inception(x, *widths)
    x = inception(inception(pool(x), 256, 160, 320, 32, 128, 128), 384, 192, 384, 48, 128, 128)
    return keras.Model(inputs, L.Dense(1000)(L.GlobalAveragePooling2D()(x)))


def residual(x, filters, strides=1):
    y = norm(padded(relu(norm(padded(x, filters, 3, strides, 1))), filters, 3, 1, 1))
    return relu(L.Add()([y, x if strides == 1 else norm(padded(x, filters, 1, strides, 0))]))


def resnet18():
    inputs = L.Input((224, 224, 3))
    x = L.MaxPooling2D(3, 2)(L.ZeroPadding2D(1)(relu(norm(padded(inputs, 64, 7, 2, 3)))))
    for filters, strides in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        x = residual(x, filters, strides)
    return keras.Model(inputs, L.Dense(1000)(L.GlobalAveragePooling2D()(x)))


def resnet20():
    inputs = L.Input((32, 32, 3))
    x = relu(norm(padded(inputs, 16, 3, 1, 1)))
    for filters, strides in ((16, 1), (16, 1), (16, 1), (32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1)):
        x = residual(x, filters, strides)
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling2D()(x)))


def senet():
    def bottleneck(x, filters, strides, first):
        y = relu(norm(padded(x, filters, 1, strides, 0)))
        y = norm(padded(relu(norm(padded(y, filters, 3, 1, 1))), 4 * filters, 1, 1, 0))
        weights = L.Dense(4 * filters)(L.Dense(filters // 4)(L.GlobalAveragePooling2D()(y)))
        y = L.Multiply()([y, L.Reshape((1, 1, 4 * filters))(weights)])
        return relu(L.Add()([y, norm(padded(x, 4 * filters, 1, strides, 0)) if first else x]))
    inputs = L.Input((224, 224, 3))
    x = L.MaxPooling2D(3, 2)(L.ZeroPadding2D(1)(relu(norm(padded(inputs, 64, 7, 2, 3)))))
    for filters, count in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for i in range(count):
            x = bottleneck(x, filters, 2 if i == 0 and filters > 64 else 1, i == 0)
    return keras.Model(inputs, L.Dense(1000)(L.GlobalAveragePooling2D()(x)))


def main():
    apps = keras.applications
    made = {"lenet5": lenet5, "cifar-cnn": cifar_cnn, "alexnet": alexnet, "vgg11": vgg11, "googlenet": googlenet,
            "resnet18": resnet18, "resnet20": resnet20, "senet": senet,
            "vgg16": lambda: apps.VGG16(weights=None),
            "resnet50": lambda: apps.ResNet50(weights=None),
            "xception": lambda: apps.Xception(weights=None),
            "mobilenet_v2": lambda: apps.MobileNetV2(weights=None),
            "mobilenet_v2-features": lambda: apps.MobileNetV2((160, 160, 3), include_top=False, weights=None)}
    networks = {}
    for name, make in made.items():
        model = make()
        networks[name] = {"params": model.count_params(), "layers": len(model.layers),
                          "trainable": int(sum(np.prod(w.shape) for w in model.trainable_weights))}
        keras.backend.clear_session()
    # Smaller pictures than the networks' own: the weights are the same.
    for name, make in {
            "resnet50": lambda: apps.ResNet50(weights=None, include_top=False, pooling="avg", input_shape=(64, 64, 3)),
            "xception": lambda: apps.Xception(weights=None, include_top=False, pooling="avg", input_shape=(75, 75, 3)),
            "mobilenet_v2-features": lambda: apps.MobileNetV2((64, 64, 3), include_top=False, weights=None)}.items():
        networks[name].update(with_output(make))
    print(json.dumps(networks, indent=1))


if __name__ == "__main__":
    main()
