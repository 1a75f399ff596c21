#!/usr/bin/env python3
"""Cases of Keras's random layers whose bounds leave nothing to chance: both ends of a factor are the same, so that
training=True does one known thing. Written by the engine of make_golden.py:

    python make_random.py --out .

Keras's gradients of maps of the plane are approximations (the inverse map of the gradient), and TensorFlow has none for hues, so
those cases go without.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from make_golden import Case, layer, main as engine


def cases():
    out = []

    def add(name, cls, *shape, grad=False, dist="image", training=True, **config):
        out.append(Case(name, layer(cls, **config), [shape], training=training, grad=grad, dist=dist))

    def both(f):
        return (f, f)

    add("rotation_quarter", "RandomRotation", 1, 5, 5, 2, factor=both(0.25))
    for fill in ("reflect", "wrap", "constant", "nearest"):
        add("rotation_" + fill, "RandomRotation", 1, 6, 9, 1, factor=both(0.13), fill_mode=fill, fill_value=7.5)
        add("translation_" + fill, "RandomTranslation", 1, 5, 7, 2, height_factor=both(0.33), width_factor=both(-0.47),
            fill_mode=fill, fill_value=3.25)
        add("zoom_" + fill, "RandomZoom", 1, 7, 5, 2, height_factor=both(0.9), width_factor=both(0.45),
            fill_mode=fill, fill_value=-2.0)
    add("rotation_nearest_pixel", "RandomRotation", 2, 8, 7, 2, factor=both(-0.07), interpolation="nearest")
    add("zoom_in", "RandomZoom", 2, 6, 7, 3, height_factor=both(-0.4))
    add("zoom_nearest_pixel", "RandomZoom", 1, 7, 6, 1, height_factor=both(0.37), interpolation="nearest",
        fill_mode="constant")
    add("translation_far", "RandomTranslation", 1, 4, 3, 2, height_factor=both(-1.0), width_factor=both(0.9),
        fill_mode="wrap")
    add("rotation_one_row", "RandomRotation", 1, 1, 6, 2, factor=both(0.2), fill_mode="wrap")

    add("brightness", "RandomBrightness", 2, 4, 5, 3, factor=both(0.3), grad=True)
    add("brightness_unit", "RandomBrightness", 1, 4, 5, 3, factor=both(-0.4), value_range=(-1, 1), dist="normal",
        grad=True)
    add("contrast", "RandomContrast", 2, 4, 5, 3, factor=(-0.5, 0.5), grad=True)
    add("contrast_less", "RandomContrast", 1, 4, 5, 2, factor=(-0.6, 0.6), value_range=(0, 1), dist="positive",
        grad=True)
    add("saturation_less", "RandomSaturation", 2, 4, 5, 3, factor=both(0.25))
    add("saturation_more", "RandomSaturation", 2, 4, 5, 3, factor=both(0.7), value_range=(0, 1), dist="positive")
    add("hue_half", "RandomHue", 2, 4, 5, 3, factor=both(1.0))
    add("hue_none", "RandomHue", 1, 4, 5, 3, factor=both(0.0), value_range=(0, 2), dist="positive")
    add("color_degeneration", "RandomColorDegeneration", 2, 4, 5, 3, factor=both(0.4), grad=True)
    add("grayscale", "RandomGrayscale", 2, 4, 5, 3, factor=1.0, grad=True)
    add("invert", "RandomInvert", 2, 4, 5, 2, factor=both(1.0), grad=True)
    add("posterization", "RandomPosterization", 2, 4, 5, 3, factor=both(3))
    add("posterization_unit", "RandomPosterization", 1, 4, 5, 3, factor=both(5), value_range=(0, 1.25),
        dist="positive")
    add("solarization", "Solarization", 2, 4, 5, 3, addition_factor=(0, 0), threshold_factor=(0, 0), grad=True)
    add("auto_contrast", "AutoContrast", 2, 4, 5, 3, grad=True)
    add("auto_contrast_inference", "AutoContrast", 2, 4, 5, 3, value_range=(0, 1), dist="positive", training=False)
    add("equalization", "Equalization", 1, 9, 8, 3)
    add("equalization_few", "Equalization", 1, 9, 8, 1, bins=16)
    add("blur", "RandomGaussianBlur", 2, 6, 5, 3, factor=both(1.0), kernel_size=3, sigma=both(0.7), grad=True)
    add("blur_wide", "RandomGaussianBlur", 1, 7, 6, 2, factor=both(1.0), kernel_size=5, sigma=both(0.9),
        value_range=(0, 1), dist="positive", grad=True)
    add("sharpness", "RandomSharpness", 2, 6, 5, 3, factor=both(0.8), grad=True)
    add("sharpness_smooth", "RandomSharpness", 1, 6, 5, 2, factor=both(0.1), grad=True)
    add("color_jitter", "RandomColorJitter", 2, 4, 5, 3, brightness_factor=both(0.1), contrast_factor=(-0.2, 0.2),
        saturation_factor=both(0.3), hue_factor=both(1.0))
    return out


if __name__ == "__main__":
    engine(cases)
