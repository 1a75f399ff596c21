"""ONNX Runtime: one session, inputs and outputs bound beforehand."""

import onnxruntime

from network import Unsupported, channels_first, inputs
from onnx_model import onnx_model


class Peer:
    def __init__(self, threads):
        self.threads = threads
        self.version = f"ONNX Runtime {onnxruntime.__version__}"

    def prepare(self, workload):
        if workload["mode"] != "inference":
            raise Unsupported("inference only")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(onnx_model(workload), options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        x = onnxruntime.OrtValue.ortvalue_from_numpy(channels_first(inputs(workload)))
        binding.bind_ortvalue_input("input", x)
        binding.bind_output(session.get_outputs()[0].name, "cpu")
        return lambda: session.run_with_iobinding(binding)
