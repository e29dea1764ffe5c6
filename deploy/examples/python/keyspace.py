"""Which shard owns a key: every function of Lictor's keyspaces, after the
comments of proto/lictor/v1/keyspace.proto."""

import hashlib
import uuid

from xxh3 import xxh3_64


class NoShard(Exception):
    """The key is none of this keyspace, or no shard owns it."""


def shard_of(keyspace, key):
    """The shard of the message `keyspace` that owns `key`: an `int`, a `str`, a
    `bytes` or a `uuid.UUID`, as the keyspace's key type says."""
    function = keyspace.WhichOneof("function")
    if function is None:
        # A function that is newer than these .proto files.
        raise NoShard(f"{keyspace.name}: its function is not known here")
    kind = keyspace.DESCRIPTOR.fields_by_name["key_type"].enum_type.values_by_number[
        keyspace.key_type
    ].name.removeprefix("KEY_TYPE_")
    key = _brought_to(kind, key)
    owns = {
        "hash": lambda: _in_range("hashes", xxh3_64(canonical(key))),
        "range": lambda: _in_range(_RANGES[kind], key),
        "md5_mod": lambda: _in_slots(md5_number(key) % keyspace.md5_mod.modulo),
        "lookup": lambda: _in_values(key),
    }[function]()
    for shard in keyspace.shards:
        if owns(shard):
            return shard
    for shard in keyspace.shards:
        if shard.WhichOneof("owns") == "values" and shard.values.default:
            return shard
    raise NoShard(f"{keyspace.name}: no shard owns {key!r}")


_RANGES = {"INTEGER": "integers", "UNSIGNED": "unsigned", "BYTES": "bytes"}


def _brought_to(kind, key):
    if kind == "STRING" and isinstance(key, str):
        return key
    if kind == "BYTES" and isinstance(key, (bytes, str)):
        return key.encode() if isinstance(key, str) else key
    if kind == "INTEGER" and isinstance(key, int) and -(1 << 63) <= key < 1 << 63:
        return key
    if kind == "UNSIGNED" and isinstance(key, int) and 0 <= key < 1 << 64:
        return key
    if kind == "UUID":
        return key if isinstance(key, uuid.UUID) else uuid.UUID(key)
    raise NoShard(f"{key!r} is no key of type {kind}")


def canonical(key):
    """The bytes of a key that are hashed."""
    if isinstance(key, str):
        return key.encode()
    if isinstance(key, int):
        return (key % (1 << 64)).to_bytes(8, "big")
    return key.bytes if isinstance(key, uuid.UUID) else key


def md5_number(key):
    """The MD5 of a key's text, as one number of 128 bits."""
    text = key if isinstance(key, bytes) else str(key).encode()
    return int(hashlib.md5(text, usedforsecurity=False).hexdigest(), 16)


def _in_range(field, point):
    def owns(shard):
        if shard.WhichOneof("owns") != field:
            return False
        span = getattr(shard, field)
        first = getattr(span, "from")
        # Where a signed range has no beginning, it begins at the lowest integer.
        after = (field == "integers" and not span.HasField("from")) or first <= point
        return after and (not span.HasField("below") or point < span.below)

    return owns


def _in_slots(slot):
    return lambda shard: slot in shard.slots.slots


def _in_values(key):
    return lambda shard: any(_value(value) == key for value in shard.values.keys)


def _value(value):
    kind = value.WhichOneof("value")
    found = getattr(value, kind)
    return uuid.UUID(bytes=found) if kind == "uuid" else found
