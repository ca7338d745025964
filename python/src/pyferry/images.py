"""PIL's images to encoded bytes (contract D-3); imported at the first one.

PNG changes no pixel and keeps all frames. A picture that was opened from a JPEG stays one, in the
tables it had: as a PNG it would be many times its size. Of the modes that PNG lacks some are TIFF,
and others, which no reader would show as they were, are refused. Whoever wants another format saves
to one and returns the bytes.
"""

from __future__ import annotations

from io import BytesIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyferry.marking import Marking
    from pyferry.walk import Replaced

__all__ = ["replace_image"]

_FORMATS = {
    **dict.fromkeys(["1", "L", "LA", "I;16", "P", "RGB", "RGBA"], "PNG"),
    **dict.fromkeys(["I", "F", "CMYK", "LAB"], "TIFF"),
}
"""By mode."""


def replace_image(image: Any, walk: Marking) -> Replaced:
    """Encode an image."""
    form = "JPEG" if image.format == "JPEG" else _FORMATS.get(image.mode)
    if form is None:
        raise walk.refusal(f"an image of mode {image.mode}; send .convert('RGB')")
    sink = BytesIO()
    try:
        if form == "JPEG":
            image.save(sink, "JPEG", quality="keep")
        else:
            save_all = getattr(image, "n_frames", 1) > 1
            image.save(sink, form, save_all=save_all)
    except (OSError, ValueError) as error:
        # A mode that none has; a file that is cut, of which it is only now read.
        raise walk.refusal(f"an image that cannot be encoded ({error})") from error
    return sink.getvalue(), None
