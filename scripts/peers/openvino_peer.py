"""OpenVINO: one stream, single precision, pictures with the channels last or first, whatever is faster for the
workload: reordering the output takes longer than many a layer."""

import openvino
from openvino.preprocess import PrePostProcessor

from network import Unsupported, channels_first, fastest, inputs
from onnx_model import onnx_model

CONFIGURATION = {
    "NUM_STREAMS": 1,
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_PRECISION_HINT": "f32",  # else it may compute in 16 bits
    "ENABLE_CPU_PINNING": False,
}


class Peer:
    def __init__(self, threads):
        self.threads, self.core = threads, openvino.Core()
        self.version = f"OpenVINO {openvino.__version__.split('-')[0]}"

    def prepare(self, workload):
        if workload["mode"] != "inference":
            raise Unsupported("inference only")
        ways = [self.make(workload, last) for last in ([True, False] if len(workload["input"]) == 4 else [False])]
        return min(ways, key=fastest)

    def make(self, workload, channels_last):
        model = self.core.read_model(onnx_model(workload), b"")
        if channels_last:
            steps = PrePostProcessor(model)
            for side, shape in ((steps.input(), workload["input"]), (steps.output(), workload["output"])):
                if len(shape) == 4:
                    side.tensor().set_layout(openvino.Layout("NHWC"))
                    side.model().set_layout(openvino.Layout("NCHW"))
            model = steps.build()
        compiled = self.core.compile_model(model, "CPU", {**CONFIGURATION, "INFERENCE_NUM_THREADS": self.threads})
        request = compiled.create_infer_request()
        x = inputs(workload)
        request.set_input_tensor(openvino.Tensor(x if channels_last else channels_first(x)))

        def once():
            request.infer(share_inputs=True, share_outputs=True)  # else each call copies the outputs
        once.note = "channels last" if channels_last else "channels first"
        return once
