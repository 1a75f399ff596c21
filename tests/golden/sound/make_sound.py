#!/usr/bin/env python3
"""Cases of Keras's spectrograms, written by the engine of make_golden.py:

    python make_sound.py --out .        (needs scipy as well, for the windows)

Keras's STFTSpectrogram holds its windowed waves as weights, which Stria computes; the cases leave them out.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from make_golden import Case, layer, main as engine


def without_weights(**config):
    """A factory of STFTSpectrogram layers that show no weights."""
    def make(dtype):
        import keras
        inner = keras.layers.STFTSpectrogram(dtype=dtype, **config)

        class STFTSpectrogram:
            built, weights, trainable_weights = True, [], []

            def __call__(self, x, **kw):
                return inner(x, **kw)

            def get_config(self):
                return inner.get_config()

        return STFTSpectrogram()
    return make


def cases():
    out = []

    def stft(name, *shape, **config):
        out.append(Case(name, without_weights(**config), [shape]))

    def mel(name, *shape, grad=True, **config):
        out.append(Case(name, layer("MelSpectrogram", **config), [shape], grad=grad))

    for mode in ("log", "magnitude", "psd", "real", "imag", "stft"):
        stft("stft_" + mode, 2, 40, 2, mode=mode, frame_length=16, frame_step=7)
    stft("stft_same", 1, 37, 2, mode="magnitude", frame_length=12, frame_step=5, padding="same", expand_dims=True)
    stft("stft_odd", 1, 30, 1, mode="psd", frame_length=9, fft_length=9, window="hamming", scaling="spectrum",
         periodic=True)
    stft("stft_blackman", 1, 30, 1, mode="magnitude", frame_length=10, fft_length=20, window="blackman")
    stft("stft_bartlett", 1, 30, 1, mode="magnitude", frame_length=9, fft_length=16, window="bartlett")
    mel("mel_db", 1, 400, fft_length=128, sequence_stride=50, num_mel_bins=12)
    mel("mel_power", 2, 300, fft_length=64, sequence_stride=32, sequence_length=40, num_mel_bins=8, power_to_db=False,
        sampling_rate=8000, min_freq=100, max_freq=3500)
    mel("mel_energy_top", 1, 300, fft_length=100, sequence_stride=33, num_mel_bins=6, mag_exp=1.0, top_db=10.0,
        window="hamming", ref_power=2.0, min_power=1e-3)
    return out


if __name__ == "__main__":
    engine(cases)
