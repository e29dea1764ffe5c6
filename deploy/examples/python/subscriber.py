"""A subscriber of Lictor's routing table in plain Python, without Lictor's
library: it subscribes, applies snapshots and deltas, acknowledges each, refuses
a delta that does not fit, and comes back with the revision that it holds.

    subscriber.py HOST:PORT watch                 each revision, one a line
    subscriber.py HOST:PORT resolve KEYSPACE KEY  where a key lives, and who takes its writes
    subscriber.py - vectors FILE                  checks the functions against examples

Over TLS where LICTOR_CA_FILE names a file of authorities to trust (PEM). The token
that it shows is in the file that LICTOR_TOKEN_FILE names, or is LICTOR_TOKEN.

Its code for the messages is generated from proto/ when it starts.
"""

import asyncio
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import uuid

from grpclib.client import Channel
from grpclib.exceptions import GRPCError

import keyspace as keyspaces
from xxh3 import xxh3_64

ROOT = pathlib.Path(__file__).resolve().parents[3]


def generate(out):
    """Generates the messages and the client into the directory `out`."""
    files = sorted(str(path) for path in (ROOT / "proto").glob("lictor/v1/*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}"]
    plugin = pathlib.Path(sys.executable).parent / "protoc-gen-grpclib_python"
    command += [f"--plugin=protoc-gen-grpclib_python={plugin}"]
    command += [f"--python_out={out}", f"--grpclib_python_out={out}"]
    subprocess.run([*command, *files], check=True)
    sys.path.insert(0, str(out))


class Table:
    """What a subscriber holds: the maps of one revision."""

    # In a snapshot and in a delta: what is new or different, what is gone, and
    # what tells one from another.
    PARTS = [
        ("clusters", "changed", "removed", "name"),
        ("keyspaces", "changed_keyspaces", "removed_keyspaces", "name"),
        ("hostgroups", "changed_hostgroups", "removed_hostgroups", "id"),
        ("query_rules", "changed_query_rules", "removed_query_rules", "rule_id"),
    ]

    def __init__(self):
        self.revision = None
        self.parts = {part: {} for part, *_ in self.PARTS}

    def apply(self, response):
        """Applies a snapshot or a delta; tells why it cannot be applied."""
        if response.WhichOneof("message") == "snapshot":
            table = response.snapshot
            for part, _, _, key in self.PARTS:
                self.parts[part] = {getattr(one, key): one for one in getattr(table, part)}
            self.revision = table.revision
            return None
        delta = response.delta
        if self.revision is None or getattr(delta, "from") != self.revision:
            return "the delta does not start from the revision held"
        for part, changed, removed, key in self.PARTS:
            for gone in getattr(delta, removed):
                self.parts[part].pop(gone, None)
            for one in getattr(delta, changed):
                self.parts[part][getattr(one, key)] = one
        self.revision = delta.to
        return None


def trust():
    """Over TLS where LICTOR_CA_FILE names whom to trust, else in plaintext."""
    ca_file = os.environ.get("LICTOR_CA_FILE")
    if ca_file is None:
        return None
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["h2"])
    return context


def credentials():
    """The token to show; read anew for each stream, as its file may be replaced."""
    file = os.environ.get("LICTOR_TOKEN_FILE")
    token = pathlib.Path(file).read_text() if file else os.environ.get("LICTOR_TOKEN", "")
    return {"authorization": f"Bearer {token.strip()}"} if token.strip() else {}


async def subscribe(server, table):
    """Keeps `table` up to date; gives it after each change. A lost stream is
    opened again, and the table stays as it was meanwhile."""
    from lictor.v1 import routing_grpc, routing_pb2 as routing

    host, _, port = server.rpartition(":")
    while True:
        channel = Channel(host, int(port), ssl=trust())
        try:
            stub = routing_grpc.RoutingServiceStub(channel)
            async with stub.Subscribe.open(metadata=credentials()) as stream:
                hello = routing.Hello(
                    id="python-example",
                    kind=routing.SUBSCRIBER_KIND_OTHER,
                    version=f"python/{sys.version.split()[0]}",
                    last_revision=table.revision,
                )
                await stream.send_message(routing.SubscribeRequest(hello=hello))
                while (response := await stream.recv_message()) is not None:
                    why = table.apply(response)
                    sent = getattr(response, response.WhichOneof("message"))
                    revision = sent.to if hasattr(sent, "to") else sent.revision
                    if why is None:
                        answer = {"ack": routing.Ack(revision=revision)}
                    else:
                        answer = {"nack": routing.Nack(revision=revision, reason=why)}
                    await stream.send_message(routing.SubscribeRequest(**answer))
                    if why is None:
                        yield table
        except (OSError, GRPCError) as error:
            print(f"lost the control plane ({error}); the table stays", file=sys.stderr)
        finally:
            channel.close()
        await asyncio.sleep(1)


async def watch(server):
    async for table in subscribe(server, Table()):
        print(f"{table.revision.term}.{table.revision.n}", flush=True)


async def resolve(server, name, text):
    async for table in subscribe(server, Table()):
        keyspace = table.parts["keyspaces"].get(name)
        if keyspace is None:
            known = ", ".join(sorted(table.parts["keyspaces"])) or "there is none"
            sys.exit(f"there is no keyspace {name}; {known}")
        try:
            shard = keyspaces.shard_of(keyspace, read_key(keyspace, text))
        except keyspaces.NoShard as error:
            sys.exit(str(error))
        route = table.parts["clusters"].get(shard.cluster)
        state = route.WhichOneof("state") if route else "no_primary"
        writer = route.serving.writer.address if state == "serving" else state
        print(f"shard {shard.name} on cluster {shard.cluster}, writer {writer}")
        return


def read_key(keyspace, text):
    """A key as it is typed, brought to what the keyspace's key type wants."""
    from lictor.v1 import keyspace_pb2 as pb

    if keyspace.key_type in (pb.KEY_TYPE_INTEGER, pb.KEY_TYPE_UNSIGNED):
        try:
            return int(text)
        except ValueError:
            sys.exit(f"{text} is no integer, and the keys of {keyspace.name} are integers")
    return text


def vectors(path):
    """Checks the hash functions against the examples that Lictor publishes."""
    examples = json.loads(pathlib.Path(path).read_text())
    for one in examples["hash"]:
        found = format(xxh3_64(bytes.fromhex(one["canonical"])), "016x")
        assert found == one["value"], one
    for one in examples["hash"]:
        assert keyspaces.canonical(example_key(one)).hex() == one["canonical"], one
    for one in examples["md5_mod"]:
        assert keyspaces.md5_number(example_key(one)) % one["modulo"] == one["slot"], one
    print(f"{len(examples['hash']) + len(examples['md5_mod'])} examples hold")


def example_key(one):
    key = one["key"]
    if one["key_type"] in ("integer", "unsigned"):
        return int(key)
    if one["key_type"] == "uuid":
        return uuid.UUID(key)
    if one["key_type"] == "bytes":
        return bytes.fromhex(key[2:]) if key.startswith("0x") else key.encode()
    return key


def main():
    match sys.argv[1:]:
        case [_, "vectors", path]:
            return vectors(path)
        case [server, "watch"]:
            work = watch(server)
        case [server, "resolve", name, key]:
            work = resolve(server, name, key)
        case _:
            sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="lictor-proto-") as out:
        generate(out)
        try:
            asyncio.run(work)
        except KeyboardInterrupt:
            pass
    return None


if __name__ == "__main__":
    main()
