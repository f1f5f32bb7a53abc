"""Apache Qpid Proton against an emulator: an AMQP 1.0 that shares nothing with the SDKs for JavaScript."""
import sys

from proton import Described, Message, symbol
from proton.reactor import AtMostOnce, Filter
from proton.utils import BlockingConnection, LinkDetached, SendException

READER = "hub/ConsumerGroups/$Default/Partitions/0"
connection = BlockingConnection(
    f"amqp://localhost:{sys.argv[1]}",
    timeout=20,
    user="RootManageSharedAccessKey",
    password="SAS_KEY_VALUE",
    allowed_mechs="PLAIN",
    allow_insecure_mechs=True,
    max_frame_size=1024,
)


def position(text):
    key = symbol("apache.org:selector-filter:string")
    return Filter({key: Described(key, text)})


sender = connection.create_sender("hub/Partitions/0")
for number in range(20):
    sender.send(Message(body=b"event %d" % number, inferred=True, properties={"number": number}))
large = bytes(range(256)) * 200
sender.send(Message(body=large, inferred=True))
try:
    sender.send(Message(body=b"x" * 1_100_000, inferred=True))
    raise SystemExit("a message that is too large was accepted")
except SendException:
    pass

receiver = connection.create_receiver(READER, credit=50, options=position("amqp.annotation.x-opt-sequence-number > '4'"))
for number in range(5, 20):
    message = receiver.receive(timeout=20)
    receiver.accept()
    assert bytes(message.body) == b"event %d" % number, message.body
    assert message.properties["number"] == number
    assert message.annotations[symbol("x-opt-sequence-number")] == number
message = receiver.receive(timeout=20)
receiver.accept()
assert bytes(message.body) == large

drained = connection.create_receiver(READER, name="drained", credit=0, options=position("amqp.annotation.x-opt-offset > '@latest'"))
drained.link.drain(50)
connection.wait(lambda: not drained.link.draining(), timeout=20)
assert drained.link.credit == 0

settled = connection.create_sender("hub/Partitions/1", name="settled", options=AtMostOnce())
assert settled.link.remote_snd_settle_mode == 1

for address in ("nope", "hub/Partitions/77"):
    try:
        connection.create_sender(address)
        raise SystemExit(f"{address} was attached")
    except LinkDetached:
        pass
connection.close()
print("ok")
