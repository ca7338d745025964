"""Numbers in, numbers out, and a picture: numpy and Pillow, with nothing in between."""

import io

import numpy as np
from PIL import Image


def smooth(signal, width):
    """Average over a window; float64 of the same length."""
    return np.convolve(signal, np.ones(width) / width, mode="same")


def spectrum(signal):
    """The strength of each frequency, as float32."""
    return np.abs(np.fft.rfft(signal)).astype(np.float32)


def heights(size):
    """A landscape: float64 of shape (size, size)."""
    x, y = np.meshgrid(np.linspace(-3, 3, size), np.linspace(-3, 3, size))
    return np.sin(x * 2) * np.cos(y * 3) + np.exp(-(x**2 + y**2))


def paint(landscape):
    """The landscape as a PNG."""
    low, high = landscape.min(), landscape.max()
    level = (landscape - low) / (high - low)
    colours = np.stack([level, np.sqrt(level), 1 - level], axis=-1)
    picture = Image.fromarray((colours * 255).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
