"""What an H264 sequence parameter set says: the size of the picture (ITU-T H.264 section 7.3.2.1.1). Pure."""

from __future__ import annotations

HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
LARGEST_SIDE = 16_384


class _Bits:
    """Reads a NAL unit bit by bit, the emulation bytes taken out; IndexError at its end."""

    def __init__(self, unit: bytes) -> None:
        self._octets = unit.replace(b"\x00\x00\x03", b"\x00\x00")
        self._at = 0

    def take(self, bits: int) -> int:
        found = 0
        for _ in range(bits):
            found = found << 1 | self._octets[self._at >> 3] >> (7 - self._at & 7) & 1
            self._at += 1
        return found

    def golomb(self) -> int:
        """Unsigned Exp-Golomb."""
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > 32:
                raise IndexError
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        value = self.golomb()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def configuration(sequence: bytes, picture: bytes) -> bytes:
    """The decoder configuration (ISO/IEC 14496-15 section 5.3.3) of one parameter set of each kind."""
    return b"".join(
        (
            bytes([1, *sequence[1:4], 0xFF, 0xE1]) + len(sequence).to_bytes(2) + sequence,
            b"\x01" + len(picture).to_bytes(2) + picture,
        )
    )


def picture_size(sequence: bytes) -> tuple[int, int] | None:
    """Width and height of the picture as it is shown; None where the set can not be read."""
    try:
        width, height = _size(_Bits(sequence))
    except IndexError:
        return None
    return (width, height) if 0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE else None


def _size(bits: _Bits) -> tuple[int, int]:
    bits.take(8)
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = _chroma(bits) if profile in HIGH_PROFILES else 1
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed()
    bits.golomb()
    bits.take(1)
    width, height = 16 * (bits.golomb() + 1), 16 * (bits.golomb() + 1)
    fields = 1 - bits.take(1)
    if fields:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (1 + fields)
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        width, height = width - across * (left + right), height * (1 + fields) - down * (top + bottom)
        return width, height
    return width, height * (1 + fields)


def _chroma(bits: _Bits) -> int:
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        for number in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling(bits, 16 if number < 6 else 64)
    return chroma


def _skip_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
