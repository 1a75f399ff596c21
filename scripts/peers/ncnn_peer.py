"""ncnn: its own model format, written here, in single precision, with the pooled memory that its own benchmark uses."""

import importlib.metadata
import pathlib
import tempfile

import ncnn
import numpy as np

from network import CONVOLUTIONS, Unsupported, channels_first, folded, inputs

MAGIC = 7767517
PLAIN_WEIGHTS = b"\0\0\0\0"  # the tag in front of weights that are 32-bit floats
SAME = -233                  # padding: the odd pixel at the end
FUSED = {"relu": "9=1", "relu6": "9=3 -23310=2,0.0,6.0"}
SEPARATE = {"relu": ("ReLU", ""), "tanh": ("TanH", ""), "relu6": ("Clip", "0=0.0 1=6.0")}


class Writer:
    """A model as ncnn's text and weights. A value that several layers read is split into one copy for each."""

    def __init__(self, workload):
        self.layers, self.lines, self.weights, self.blobs = folded(workload), [], bytearray(), 0
        self.readers, self.copies = {}, {}
        for layer in self.layers:
            for name in layer["inputs"]:
                self.readers[name] = self.readers.get(name, 0) + 1
        self.line("Input", "input", [], ["input"])
        self.publish("input")
        for layer in self.layers:
            self.add(layer)

    def line(self, kind, name, taken, given, parameters=""):
        self.blobs += len(given)
        self.lines.append(" ".join([kind, name, str(len(taken)), str(len(given)), *taken, *given, parameters]).rstrip())

    def publish(self, name):
        count = self.readers.get(name, 0)
        self.copies[name] = [name]
        if count > 1:
            self.copies[name] = [f"{name}_{i}" for i in range(count)]
            self.line("Split", f"{name}_split", [name], list(self.copies[name]))

    def store(self, kernel, bias):
        self.weights += PLAIN_WEIGHTS + np.ascontiguousarray(kernel, np.float32).tobytes()
        if bias is not None:
            self.weights += bias.tobytes()

    def add(self, layer):
        kind, name, activation = layer["layer"], layer["name"], layer.get("activation")
        taken = [self.copies[other].pop() for other in layer["inputs"]]
        weighted = kind in (*CONVOLUTIONS, "Dense")
        if kind == "Activation":
            operator, parameters = SEPARATE[activation]
            self.line(operator, name, taken, [name], parameters)
        elif activation and not (weighted and activation in FUSED):
            self.compute(layer, taken, f"{name}_sum", "")
            operator, parameters = SEPARATE[activation]
            self.line(operator, f"{name}_activation", [f"{name}_sum"], [name], parameters)
        else:
            self.compute(layer, taken, name, FUSED.get(activation, "") if weighted else "")
        self.publish(name)

    def compute(self, layer, taken, given, fused):
        kind, name, kernel, bias = layer["layer"], layer["name"], layer["kernel"], layer["bias"]
        has_bias = int(bias is not None)
        if kind in CONVOLUTIONS:
            depthwise = kind == "DepthwiseConv2D"
            filters = kernel.shape[2] if depthwise else kernel.shape[3]
            rows, columns = layer["kernel_size"]
            parameters = (f"0={filters} 1={columns} 11={rows} 2={layer['dilation_rate'][1]} "
                          f"12={layer['dilation_rate'][0]} 3={layer['strides'][1]} 13={layer['strides'][0]} "
                          f"4={SAME if layer['padding'] == 'same' else 0} 5={has_bias} 6={kernel.size} "
                          f"{f'7={filters} ' if depthwise else ''}{fused}")
            self.line("ConvolutionDepthWise" if depthwise else "Convolution", name, taken, [given], parameters)
            self.store(kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1), bias)
        elif kind == "Dense":
            self.line("InnerProduct", name, taken, [given],
                      f"0={kernel.shape[1]} 1={has_bias} 2={kernel.size} {fused}")
            self.store(kernel.T, bias)
        elif kind in ("MaxPooling2D", "AveragePooling2D"):
            self.line("Pooling", name, taken, [given],
                      f"0={int(kind == 'AveragePooling2D')} 1={layer['pool_size'][0]} 2={layer['strides'][0]} "
                      f"5={2 if layer['padding'] == 'same' else 1}")
        elif kind == "GlobalAveragePooling2D":
            self.line("Pooling", name, taken, [given], "0=1 4=1")
        elif kind == "BatchNormalization":
            gamma, beta, mean, variance = layer["statistics"]
            self.line("BatchNorm", name, taken, [given], f"0={len(gamma)} 1={layer['epsilon']}")
            for values in (gamma, mean, variance, beta):
                self.weights += values.tobytes()
        else:
            operator, parameters = {"Flatten": ("Flatten", ""), "Add": ("BinaryOp", "0=0")}[kind]
            self.line(operator, name, taken, [given], parameters)

    def save(self, folder):
        """The paths of the model's two files."""
        text, weights = pathlib.Path(folder) / "model.param", pathlib.Path(folder) / "model.bin"
        text.write_text(f"{MAGIC}\n{len(self.lines)} {self.blobs}\n" + "\n".join(self.lines) + "\n")
        weights.write_bytes(self.weights)
        return str(text), str(weights)


class Peer:
    def __init__(self, threads):
        self.threads = threads
        self.pools = ncnn.UnlockedPoolAllocator(), ncnn.PoolAllocator()
        self.version = f"ncnn {importlib.metadata.version('ncnn')}"

    def prepare(self, workload):
        if workload["mode"] != "inference":
            raise Unsupported("inference only")
        if workload["batch"] != 1:
            raise Unsupported("one sample at a time")
        network = ncnn.Net()
        option = network.opt
        option.num_threads = self.threads
        option.blob_allocator, option.workspace_allocator = self.pools
        option.use_fp16_packed = option.use_fp16_storage = option.use_fp16_arithmetic = False
        option.use_bf16_storage = False
        with tempfile.TemporaryDirectory() as folder:
            text, weights = Writer(workload).save(folder)
            if network.load_param(text) != 0 or network.load_model(weights) != 0:
                raise RuntimeError("ncnn does not load the model")
        x = ncnn.Mat(channels_first(inputs(workload))[0]).clone()
        last = folded(workload)[-1]["name"]

        def once():
            extractor = network.create_extractor()
            extractor.input("input", x)
            status, y = extractor.extract(last)
            if status != 0:
                raise RuntimeError("ncnn does not compute the model")
            return y
        count = np.array(once()).size
        if count != np.prod(workload["output"]):
            raise RuntimeError(f"ncnn gives {count} numbers for {workload['output']}")
        return once
