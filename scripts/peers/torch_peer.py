"""PyTorch, eager: modules in the memory format that is faster for the workload, Adam fused."""

import torch
from torch import nn
from torch.nn import functional

from network import CONVOLUTIONS, fastest, inputs, output_gradient, training_data

ACTIVATIONS = {"relu": functional.relu, "relu6": functional.relu6, "tanh": torch.tanh}


def module_of(layer):
    """The module of a layer, None for those without."""
    kind, channels = layer["layer"], layer["in_shape"][-1]
    if kind in CONVOLUTIONS:
        groups = channels if kind == "DepthwiseConv2D" else 1
        # Symmetric: the same work as Keras's padding, one pixel aside where that is odd.
        pads = tuple((k - 1) * d // 2 if layer["padding"] == "same" else 0
                     for k, d in zip(layer["kernel_size"], layer["dilation_rate"]))
        return nn.Conv2d(channels, layer.get("filters", channels), layer["kernel_size"], layer["strides"], pads,
                         layer["dilation_rate"], groups, bool(layer["use_bias"]))
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        pads = tuple((k - 1) // 2 if layer["padding"] == "same" else 0 for k in layer["pool_size"])
        return (nn.MaxPool2d if kind == "MaxPooling2D" else nn.AvgPool2d)(layer["pool_size"], layer["strides"], pads)
    if kind == "BatchNormalization":
        return nn.BatchNorm2d(channels, layer["epsilon"], 1 - layer["momentum"])
    if kind == "Dense":
        return nn.Linear(channels, layer["units"], bool(layer["use_bias"]))
    return None


class Network(nn.Module):
    def __init__(self, workload):
        super().__init__()
        self.layers = workload["layers"]
        modules = {layer["name"]: module_of(layer) for layer in self.layers}
        self.parts = nn.ModuleDict({name: module for name, module in modules.items() if module is not None})

    def forward(self, x):
        values = {"input": x}
        for layer in self.layers:
            name, kind = layer["name"], layer["layer"]
            x = values[layer["inputs"][0]]
            if name in self.parts:
                x = self.parts[name](x)
            elif kind == "Add":
                x = x + values[layer["inputs"][1]]
            elif kind == "Flatten":
                x = x.flatten(1)
            elif kind == "GlobalAveragePooling2D":
                x = x.mean((2, 3))
            if layer.get("activation"):
                x = ACTIVATIONS[layer["activation"]](x)
            values[name] = x
        return x


class Peer:
    def __init__(self, threads):
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self.version = f"PyTorch {torch.__version__}"

    def prepare(self, workload):
        formats = [torch.channels_last] + [torch.contiguous_format] * (len(workload["input"]) == 4)
        # An epoch goes by its steps.
        short = {key: value for key, value in workload.items() if key != "samples"}
        short["mode"] = "train_step" if workload["mode"] == "train_epoch" else workload["mode"]
        best = min(formats, key=lambda memory_format: fastest(self.make(short, memory_format)))
        once = self.make(workload, best)
        once.note = str(best).removeprefix("torch.")
        return once

    @staticmethod
    def make(workload, memory_format):
        torch.manual_seed(0)
        trains = workload["mode"] != "inference"
        network = Network(workload).to(memory_format=memory_format).train(trains)

        def tensor(array):
            values = torch.from_numpy(array)
            return values.permute(0, 3, 1, 2).contiguous(memory_format=memory_format) if values.dim() == 4 else values

        if workload["mode"] == "inference":
            x = tensor(inputs(workload))

            def infer():
                with torch.inference_mode():
                    network(x)
            return infer
        if workload["mode"] == "forward_backward":
            x = tensor(inputs(workload)).requires_grad_(True)
            wanted = [x, *network.parameters()]
            dy = tensor(output_gradient(workload))

            def differentiate():
                torch.autograd.grad(network(x), wanted, dy)
            return differentiate

        samples, labels = training_data(workload)
        samples, labels = tensor(samples), torch.from_numpy(labels).long()
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-7, fused=True)

        def step(x, y):
            optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(network(x), y)
            loss.backward()
            optimizer.step()
            return loss

        batch = workload["batch"]

        if workload["mode"] == "train_step":
            def one_step():
                step(samples, labels)
            return one_step

        def epoch():
            order = torch.randperm(len(samples))
            for first in range(0, len(samples), batch):
                chosen = order[first:first + batch]
                step(samples[chosen], labels[chosen])
        step(samples[:batch], labels[:batch])
        epoch.is_cold = True
        return epoch
