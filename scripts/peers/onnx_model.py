"""Workloads as ONNX models, for the engines that read those."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from network import padding, statistics, weights

OPSET = 13


def first_to_last(shape):
    """[N, H, W, C] as [N, C, H, W]."""
    return [shape[0], shape[3], shape[1], shape[2]] if len(shape) == 4 else shape


class Builder:
    def __init__(self):
        self.nodes, self.constants, self.random = [], [], np.random.default_rng(0)

    def constant(self, name, values):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator, taken, name, **attributes):
        self.nodes.append(helper.make_node(operator, taken, [name], **attributes))

    def window(self, layer):
        (top, bottom), (left, right) = padding(layer)
        return {"kernel_shape": layer.get("kernel_size") or layer["pool_size"], "strides": layer["strides"],
                "pads": [top, left, bottom, right]}

    def activate(self, activation, taken, name):
        if activation == "relu6":
            bounds = [self.constant(f"{name}_{bound}", np.float32(bound)) for bound in (0, 6)]
            self.node("Clip", [taken, *bounds], name)
        else:
            self.node({"relu": "Relu", "tanh": "Tanh"}[activation], [taken], name)

    def compute(self, layer, name):
        """The nodes of a layer up to its activation."""
        kind, taken = layer["layer"], list(layer["inputs"])
        kernel, bias = weights(layer, self.random)
        if kernel is not None:
            if kind == "Conv2D":
                kernel = kernel.transpose(3, 2, 0, 1)
            elif kind == "DepthwiseConv2D":
                kernel = kernel.transpose(2, 3, 0, 1)
            taken.append(self.constant(f"{name}_kernel", kernel))
        if bias is not None:
            taken.append(self.constant(f"{name}_bias", bias))
        if kind in ("Conv2D", "DepthwiseConv2D"):
            self.node("Conv", taken, name, dilations=layer["dilation_rate"],
                      group=len(kernel) if kind == "DepthwiseConv2D" else 1, **self.window(layer))
        elif kind in ("MaxPooling2D", "AveragePooling2D"):
            self.node("MaxPool" if kind == "MaxPooling2D" else "AveragePool", taken, name, **self.window(layer))
        elif kind == "GlobalAveragePooling2D":
            self.node("GlobalAveragePool", taken, f"{name}_picture")
            self.node("Flatten", [f"{name}_picture"], name, axis=1)
        elif kind == "BatchNormalization":
            drawn = enumerate(statistics(layer, self.random))
            taken += [self.constant(f"{name}_{i}", values) for i, values in drawn]
            self.node("BatchNormalization", taken, name, epsilon=layer["epsilon"])
        elif kind == "Flatten":
            self.node("Flatten", taken, name, axis=1)
        else:
            self.node({"Dense": "Gemm", "Add": "Add"}[kind], taken, name)

    def add(self, layer):
        name, activation = layer["name"], layer.get("activation")
        if layer["layer"] == "Activation":
            self.activate(activation, layer["inputs"][0], name)
        elif activation:
            self.compute(layer, f"{name}_sum")
            self.activate(activation, f"{name}_sum", name)
        else:
            self.compute(layer, name)


def onnx_model(workload):
    """The model as bytes: input "input" and output with the channels first."""
    builder = Builder()
    for layer in workload["layers"]:
        builder.add(layer)
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, first_to_last(workload[key]))
                 for name, key in (("input", "input"), (workload["layers"][-1]["name"], "output"))]
    graph = helper.make_graph(builder.nodes, "workload", described[:1], described[1:], builder.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    return model.SerializeToString()
