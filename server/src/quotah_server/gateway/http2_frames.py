"""HTTP/2 on the wire (RFC 9113): its frames, and what may stand in them."""

from __future__ import annotations

import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE = 0, 1, 3, 4, 5
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 1, 1, 4, 8, 32
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_STREAMS, INITIAL_WINDOW, MAX_FRAME, MAX_HEAD = 1, 2, 3, 4, 5, 6

NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 3
FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 6, 7, 8, 9, 11
ERRORS = {
    0: "no error", 1: "protocol error", 2: "internal error", 3: "flow control error",
    4: "settings timeout", 5: "stream closed", 6: "frame size error", 7: "refused stream",
    8: "cancelled", 9: "compression error", 10: "connect error", 11: "enhance your calm",
    12: "inadequate security", 13: "HTTP/1.1 required",
}  # fmt: skip

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_SIZE = 9
WINDOW_MAX = 2**31 - 1


class Http2Error(Exception):
    """The other side breaks the protocol. code: of RFC 9113."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


_head = struct.Struct(">BHBBI")
_word = struct.Struct(">I")
_setting = struct.Struct(">HI")


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame; the payload is at most as long as the other side takes."""
    size = len(payload)
    return _head.pack(size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def head_of(buffer: bytes | bytearray, at: int) -> tuple[int, int, int, int]:
    """Length of the payload, kind, flags and stream of the frame that begins there."""
    high, low, kind, flags, stream = _head.unpack_from(buffer, at)
    return high << 16 | low, kind, flags, stream & WINDOW_MAX


def settings(values: dict[int, int]) -> bytes:
    """What we ask of the other side."""
    packed = b"".join(_setting.pack(name, value) for name, value in values.items())
    return frame(SETTINGS, 0, 0, packed)


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """Settings in their order; raises ValueError for half of one."""
    if len(payload) % _setting.size:
        raise ValueError("half of a setting")
    return list(_setting.iter_unpack(payload))


def number(payload: bytes, at: int = 0) -> int:
    """An unsigned 32-bit number; raises ValueError where there is none."""
    if len(payload) < at + 4:
        raise ValueError("a frame is too short")
    return _word.unpack_from(payload, at)[0]


def window_update(stream: int, more: int) -> bytes:
    """Allow so many bytes more."""
    return frame(WINDOW_UPDATE, 0, stream, _word.pack(more))


def reset(stream: int, error: int) -> bytes:
    """End a stream."""
    return frame(RST_STREAM, 0, stream, _word.pack(error))


def goaway(error: int) -> bytes:
    """End the connection."""
    return frame(GOAWAY, 0, 0, _word.pack(0) + _word.pack(error))


def unpadded(flags: int, payload: bytes) -> bytes:
    """What a DATA or HEADERS frame carries. Raises ValueError where the padding does not fit."""
    start, end = 0, len(payload)
    if flags & PADDED:
        if not payload:
            raise ValueError("padding without its length")
        start, end = 1, end - payload[0]
    if flags & PRIORITIZED:
        start += 5
    if start > end:
        raise ValueError("more padding than frame")
    return payload[start:end]


def request_head(
    stream: int,
    block: bytes,
    *,
    ends: bool,
    max_frame: int,
) -> bytes:
    """HEADERS and as many CONTINUATION as it takes."""
    flags = END_STREAM if ends else 0
    if len(block) <= max_frame:
        return frame(HEADERS, flags | END_HEADERS, stream, block)
    parts = [block[at : at + max_frame] for at in range(0, len(block), max_frame)]
    frames = [frame(HEADERS, flags, stream, parts[0])]
    frames += [frame(CONTINUATION, 0, stream, part) for part in parts[1:-1]]
    frames.append(frame(CONTINUATION, END_HEADERS, stream, parts[-1]))
    return b"".join(frames)
