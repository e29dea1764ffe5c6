"""XXH3 of 64 bits with seed 0, in plain Python, after its specification
(doc/xxhash_spec.md of xxHash). It is the hash of Lictor's `hash` keyspaces."""

from struct import unpack_from

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_MASK = (1 << 64) - 1
_PRIME32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_PRIME64 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
_MX1 = 0x165667919E3779F9
_MX2 = 0x9FB21C651E98DF25


def xxh3_64(data: bytes) -> int:
    """The hash of `data`, as an unsigned number of 64 bits."""
    length = len(data)
    if length <= 16:
        return _short(data, length)
    if length <= 240:
        return _middle(data, length)
    return _long(data, length)


def _u64(data: bytes, at: int) -> int:
    return unpack_from("<Q", data, at)[0]


def _u32(data: bytes, at: int) -> int:
    return unpack_from("<I", data, at)[0]


def _fold(a: int, b: int) -> int:
    product = a * b
    return (product & _MASK) ^ (product >> 64)


def _avalanche(x: int) -> int:
    x ^= x >> 37
    x = x * _MX1 & _MASK
    return x ^ x >> 32


def _avalanche_xxh64(x: int) -> int:
    x ^= x >> 33
    x = x * _PRIME64[1] & _MASK
    x ^= x >> 29
    x = x * _PRIME64[2] & _MASK
    return x ^ x >> 32


def _rotate(x: int, bits: int) -> int:
    return (x << bits | x >> 64 - bits) & _MASK


def _short(data: bytes, length: int) -> int:
    if length == 0:
        return _avalanche_xxh64(_u64(_SECRET, 56) ^ _u64(_SECRET, 64))
    if length <= 3:
        word = data[-1] | length << 8 | data[0] << 16 | data[length >> 1] << 24
        return _avalanche_xxh64(_u32(_SECRET, 0) ^ _u32(_SECRET, 4) ^ word)
    if length <= 8:
        word = _u32(data, length - 4) + (_u32(data, 0) << 32)
        x = _u64(_SECRET, 8) ^ _u64(_SECRET, 16) ^ word
        x ^= _rotate(x, 49) ^ _rotate(x, 24)
        x = x * _MX2 & _MASK
        x ^= (x >> 35) + length
        x = x * _MX2 & _MASK
        return x ^ x >> 28
    low = _u64(_SECRET, 24) ^ _u64(_SECRET, 32) ^ _u64(data, 0)
    high = _u64(_SECRET, 40) ^ _u64(_SECRET, 48) ^ _u64(data, length - 8)
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    return _avalanche((length + swapped + high + _fold(low, high)) & _MASK)


def _mix(data: bytes, at: int, secret: int) -> int:
    return _fold(
        _u64(data, at) ^ _u64(_SECRET, secret), _u64(data, at + 8) ^ _u64(_SECRET, secret + 8)
    )


def _middle(data: bytes, length: int) -> int:
    total = length * _PRIME64[0]
    if length <= 128:
        for i in range((length - 1) // 32 + 1):
            total += _mix(data, 16 * i, 32 * i)
            total += _mix(data, length - 16 * (i + 1), 32 * i + 16)
        return _avalanche(total & _MASK)
    total += sum(_mix(data, 16 * i, 16 * i) for i in range(8))
    total = _avalanche(total & _MASK)
    total += sum(_mix(data, 16 * i, 16 * (i - 8) + 3) for i in range(8, length // 16))
    total += _mix(data, length - 16, 136 - 17)
    return _avalanche(total & _MASK)


def _accumulate(lanes: list[int], data: bytes, at: int, secret: int) -> None:
    for i in range(8):
        word = _u64(data, at + 8 * i)
        keyed = word ^ _u64(_SECRET, secret + 8 * i)
        lanes[i ^ 1] = lanes[i ^ 1] + word & _MASK
        lanes[i] = lanes[i] + (keyed & 0xFFFFFFFF) * (keyed >> 32) & _MASK


def _long(data: bytes, length: int) -> int:
    lanes = [
        _PRIME32[2], _PRIME64[0], _PRIME64[1], _PRIME64[2],
        _PRIME64[3], _PRIME32[1], _PRIME64[4], _PRIME32[0],
    ]  # fmt: skip
    # Blocks of 16 stripes of 64 bytes; the last stripe is always read by itself.
    for stripe in range((length - 1) // 64):
        _accumulate(lanes, data, 64 * stripe, 8 * (stripe % 16))
        if stripe % 16 == 15:
            for i, lane in enumerate(lanes):
                lane ^= lane >> 47 ^ _u64(_SECRET, 128 + 8 * i)
                lanes[i] = lane * _PRIME32[0] & _MASK
    _accumulate(lanes, data, length - 64, 192 - 64 - 7)
    total = length * _PRIME64[0]
    for i in range(4):
        total += _fold(
            lanes[2 * i] ^ _u64(_SECRET, 11 + 16 * i),
            lanes[2 * i + 1] ^ _u64(_SECRET, 11 + 16 * i + 8),
        )
    return _avalanche(total & _MASK)
