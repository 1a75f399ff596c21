"""What every peer needs of a workload: its padding, its weights, its data, and the network with batch normalization and
activations folded, as inference engines want it. The fields are those of bench/workloads.json."""

import time

import numpy as np

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D")


class Unsupported(Exception):
    """The peer does not have this workload; the message says what is missing."""


def padding(layer):
    """((top, bottom), (left, right)) as Keras pads."""
    if layer["padding"] == "valid":
        return (0, 0), (0, 0)
    pairs = []
    for axis in (0, 1):
        window = (layer.get("kernel_size") or layer["pool_size"])[axis]
        stride, dilation = layer["strides"][axis], layer.get("dilation_rate", [1, 1])[axis]
        size = layer["in_shape"][axis]
        reach = (-(-size // stride) - 1) * stride + (window - 1) * dilation + 1
        total = max(reach - size, 0)
        pairs.append((total // 2, total - total // 2))
    return tuple(pairs)


def weights(layer, random):
    """(kernel, bias) in Keras's layouts, He-like; None for what the layer does not have."""
    kind, channels = layer["layer"], layer["in_shape"][-1]
    if kind == "Conv2D":
        shape = (*layer["kernel_size"], channels, layer["filters"])
    elif kind == "DepthwiseConv2D":
        shape = (*layer["kernel_size"], channels, 1)
    elif kind == "Dense":
        shape = (channels, layer["units"])
    else:
        return None, None
    fan = np.prod(shape[:2]) if kind == "DepthwiseConv2D" else np.prod(shape[:-1])
    kernel = (random.standard_normal(shape) * np.sqrt(2 / fan)).astype(np.float32)
    count = channels if kind == "DepthwiseConv2D" else shape[-1]
    bias = (random.standard_normal(count) * 0.01).astype(np.float32) if layer.get("use_bias") else None
    return kernel, bias


def statistics(layer, random):
    """gamma, beta, mean and variance of a batch normalization."""
    count = layer["in_shape"][-1]
    drawn = (random.uniform(0.5, 1, count), random.normal(0, 0.1, count), random.normal(0, 0.1, count),
             random.uniform(0.5, 1.5, count))
    return [values.astype(np.float32) for values in drawn]


def inputs(workload):
    """One batch, [N, ...] with the channels last."""
    return np.random.default_rng(0).uniform(-1, 1, workload["input"]).astype(np.float32)


def channels_first(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x


def output_gradient(workload):
    return np.random.default_rng(1).standard_normal(workload["output"]).astype(np.float32)


def training_data(workload):
    """Samples that can be told apart, and their classes."""
    random = np.random.default_rng(1)
    count, classes = workload.get("samples", workload["batch"]), workload["output"][-1]
    labels = random.integers(0, classes, count).astype(np.int32)
    patterns = random.random((classes, *workload["input"][1:]), dtype=np.float32)
    samples = patterns[labels]
    samples *= 0.5
    samples += random.random(samples.shape, dtype=np.float32) * 0.5
    return samples, labels


def folded(workload):
    """The layers with "kernel" and "bias" (or "statistics"), where batch normalizations have gone into the convolutions
    before them, and activations into the layers before them. What took a layer in answers to its name."""
    random, layers, by_name, readers = np.random.default_rng(0), [], {}, {}
    for layer in workload["layers"]:
        for name in layer["inputs"]:
            readers[name] = readers.get(name, 0) + 1
    for original in workload["layers"]:
        layer = dict(original)
        layer["inputs"] = [by_name[name]["name"] if name in by_name else name for name in layer["inputs"]]
        before = by_name.get(original["inputs"][0])
        absorbs = before is not None and before.get("activation") is None and readers[original["inputs"][0]] == 1
        layer["kernel"], layer["bias"] = weights(layer, random)
        if layer["layer"] == "BatchNormalization":
            gamma, beta, mean, variance = layer["statistics"] = statistics(layer, random)
            if absorbs and before["layer"] in CONVOLUTIONS:
                scale = gamma / np.sqrt(variance + layer["epsilon"])
                depthwise = before["layer"] == "DepthwiseConv2D"
                before["kernel"] = before["kernel"] * (scale[:, None] if depthwise else scale)
                bias = 0 if before["bias"] is None else before["bias"]
                before["bias"] = ((bias - mean) * scale + beta).astype(np.float32)
                by_name[original["name"]] = before
                continue
        if layer["layer"] == "Activation" and absorbs and before["layer"] in (*CONVOLUTIONS, "Dense"):
            before["activation"] = layer["activation"]
            by_name[original["name"]] = before
            continue
        by_name[original["name"]] = layer
        layers.append(layer)
    return layers


def fastest(once):
    """Seconds of the fastest of a few runs: which of several ways is better, the peer's choice before it is timed."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return min(times)
