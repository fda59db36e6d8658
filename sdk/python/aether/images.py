"""Images as bytes of a known kind, from files, bytes, PIL images and arrays. PNG is written with zlib alone."""

import io
import os
import struct
import sys
import zlib
from typing import Any, Tuple

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)


def encode(image: Any) -> Tuple[bytes, str, int, int]:
    """The bytes, their media type, width and height (0 where the kind does not tell). Raises for what is no image."""
    if isinstance(image, (str, os.PathLike)):
        with open(image, "rb") as file:
            image = file.read()
    if isinstance(image, (bytes, bytearray, memoryview)):
        return _known(bytes(image))
    if hasattr(image, "save") and hasattr(image, "size") and hasattr(image, "mode"):  # PIL
        out = io.BytesIO()
        if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
            image = image.convert("RGB")
        image.save(out, format="PNG")
        return out.getvalue(), "image/png", image.size[0], image.size[1]
    return _array(image)


def _known(content: bytes) -> Tuple[bytes, str, int, int]:
    for signature, media in _SIGNATURES:
        if content.startswith(signature):
            if media == "image/png":
                width, height = struct.unpack(">II", content[16:24])
            elif media == "image/gif":
                width, height = struct.unpack("<HH", content[6:10])
            elif media == "image/jpeg":
                width, height = _jpeg_size(content)
            else:
                width = height = 0
            return content, media, width, height
    raise ValueError("the bytes are no PNG, JPEG, GIF or WebP image")


def _jpeg_size(content: bytes) -> Tuple[int, int]:
    """From the frame header, ITU-T T.81 B.2.2."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
    return 0, 0


def _array(array: Any) -> Tuple[bytes, str, int, int]:
    if hasattr(array, "detach"):  # PyTorch: channels first
        array = array.detach().cpu().numpy()
        if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
            array = array.transpose(1, 2, 0)
    elif not hasattr(array, "dtype") and hasattr(array, "numpy"):
        array = array.numpy()
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(array, "shape"):
        raise TypeError(f"{type(array).__name__} is no image: bytes, a path, a PIL image or an array is needed")
    array = numpy.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (2, 3, 4)) or 0 in array.shape:
        raise ValueError(f"an array of shape {array.shape} is no image: height, width and 1 to 4 channels are needed")
    if array.dtype.kind == "f":  # 0 is black, 1 is white; NaN is black
        array = (numpy.clip(numpy.nan_to_num(array, nan=0.0), 0, 1) * 255).round()
    elif array.dtype.kind == "b":
        array = array * 255
    array = numpy.ascontiguousarray(numpy.clip(array, 0, 255), dtype=numpy.uint8)
    height, width = array.shape[:2]
    channels = array.shape[2] if array.ndim == 3 else 1
    return png(array.tobytes(), width, height, channels), "image/png", width, height


def png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """A PNG of 8 bits a channel (RFC 2083; W3C PNG, third edition), every line with filter 0."""
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    line = width * channels
    raw = b"".join(b"\0" + pixels[y * line : (y + 1) * line] for y in range(height))
    return b"".join((
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(raw, 6)),
        _chunk(b"IEND", b""),
    ))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
