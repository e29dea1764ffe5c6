"""A subscriber in another language: prints each revision it is at, one a line.

Usage: subscriber.py PROTO_DIR HOST:PORT

It generates its code from the published .proto files, subscribes, applies
snapshots and deltas, acknowledges each, and refuses a delta that does not fit.
"""

import pathlib
import queue
import subprocess
import sys
import tempfile


def generate(proto_dir: str) -> str:
    out = tempfile.mkdtemp(prefix="lictor-proto-")
    files = sorted(str(path) for path in pathlib.Path(proto_dir).glob("lictor/v1/*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{proto_dir}"]
    subprocess.run(
        [*command, f"--python_out={out}", f"--grpc_python_out={out}", *files], check=True
    )
    return out


def main() -> None:
    proto_dir, server = sys.argv[1:]
    sys.path.insert(0, generate(proto_dir))
    import grpc
    from lictor.v1 import routing_pb2, routing_pb2_grpc

    requests: queue.Queue = queue.Queue()
    hello = routing_pb2.Hello(
        id="python", kind=routing_pb2.SUBSCRIBER_KIND_OTHER, version=sys.version.split()[0]
    )
    requests.put(routing_pb2.SubscribeRequest(hello=hello))

    channel = grpc.insecure_channel(server)
    stub = routing_pb2_grpc.RoutingServiceStub(channel)
    held = None
    clusters = {}
    for response in stub.Subscribe(iter(requests.get, None)):
        kind = response.WhichOneof("message")
        if kind == "snapshot":
            table = response.snapshot
            clusters = {route.name: route for route in table.clusters}
            revision = table.revision
        else:
            delta = response.delta
            start = getattr(delta, "from")
            if held is None or (start.term, start.n) != held:
                sys.exit(f"a delta from {start} does not fit {held}")
            for name in delta.removed:
                clusters.pop(name, None)
            for route in delta.changed:
                clusters[route.name] = route
            revision = delta.to
        held = (revision.term, revision.n)
        print(f"{revision.term}.{revision.n}", flush=True)
        ack = routing_pb2.Ack(revision=revision)
        requests.put(routing_pb2.SubscribeRequest(ack=ack))


if __name__ == "__main__":
    main()
