"""Pictures of a real Pillow (D-3)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageSequence

from pyferry.errors import UnserializableError
from test_marks import marked

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16", "CMYK", "LAB", "F"]


def picture(mode: str = "RGB") -> Image.Image:
    gradient = Image.linear_gradient("L").resize((24, 16))
    if mode in ("LAB", "I", "I;16"):
        # Not converted to directly; and integers beyond what PNG has.
        made = Image.new(mode, (24, 16))
        made.putpixel((3, 4), {"LAB": (10, 20, 30), "I": 2**30, "I;16": 40000}[mode])
        return made
    return Image.merge("RGB", [gradient, gradient.rotate(90), gradient]).convert(mode)


def opened(image: Image.Image, form: str, **more: Any) -> Image.Image:
    file = io.BytesIO()
    image.save(file, form, **more)
    return Image.open(file)


def sent(image: Any) -> Image.Image:
    wire, marks, attachments = marked({"x": [image]})
    assert (wire, marks) == ({"x": [0]}, [[["x", 0], "bytes"]])
    return Image.open(io.BytesIO(attachments[0]))


@pytest.mark.parametrize("mode", MODES)
def test_no_pixel_changes_in_any_mode(mode: str) -> None:
    """D-3: as PNG, or as TIFF where PNG lacks the mode."""
    image = picture(mode)

    result = sent(image)

    assert result.format == ("TIFF" if mode in ("I", "CMYK", "LAB", "F") else "PNG")
    assert (result.mode, result.size) == (image.mode, image.size)
    assert result.tobytes() == image.tobytes()


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_what_was_opened_from_a_file_has_the_same_pixels(form: str) -> None:
    """D-3: whatever its format."""
    image = opened(picture(), form, **({"lossless": True} if form == "WEBP" else {}))

    result = sent(image)

    assert result.format == "PNG"
    assert result.convert("RGB").tobytes() == image.convert("RGB").tobytes()


def test_a_jpeg_stays_one_in_the_tables_it_had() -> None:
    """D-3: also when it was drawn on; what was made of it is no longer one."""
    smooth = Image.radial_gradient("L").point(lambda value: 64 + value // 2).convert("RGB")
    image = opened(smooth, "JPEG", quality=60)

    result = sent(image)

    assert result.format == "JPEG"
    assert result.quantization == image.quantization  # type: ignore[attr-defined]
    difference = ImageChops.difference(result.convert("RGB"), image.convert("RGB"))
    assert max(high for _, high in difference.getextrema()) <= 4
    ImageDraw.Draw(image).rectangle((0, 0, 12, 16), fill="white")
    assert min(sent(image).getpixel((4, 4))) >= 240  # type: ignore[arg-type]
    assert sent(image.resize((8, 8))).format == "PNG"


def test_all_frames_are_sent() -> None:
    """D-3: of an animated picture."""
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "green", "blue")]
    image = opened(frames[0], "GIF", save_all=True, append_images=frames[1:])

    result = sent(image)

    colors = [frame.convert("RGB").getpixel((0, 0)) for frame in ImageSequence.Iterator(result)]
    assert colors == [(255, 0, 0), (0, 128, 0), (0, 0, 255)]


@pytest.mark.parametrize("mode", ["HSV", "YCbCr", "RGBX"])
def test_modes_that_no_file_keeps_are_refused(mode: str) -> None:
    """D-6: by name, with a way out."""
    with pytest.raises(UnserializableError, match=f"mode {mode}; send .convert"):
        marked(Image.new(mode, (1, 1)), is_strict=False)


def test_a_picture_that_cannot_be_read_is_refused() -> None:
    """D-6: with its path; Pillow reads its pixels only now."""
    file = io.BytesIO()
    picture().resize((200, 200)).save(file, "PNG")
    file.truncate(300)

    with pytest.raises(UnserializableError, match="cannot be encoded") as caught:
        marked({"x": Image.open(file)}, is_strict=False)

    assert caught.value.path == "result.x"
