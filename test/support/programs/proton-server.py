"""An Apache Qpid Proton server that takes any token and sends events of every shape to whoever reads. Takes the port."""
import sys
import uuid
from proton import Array, Data, Described, Message, UNDESCRIBED, byte, char, decimal64, float32, int32, short, symbol, timestamp, ubyte, uint, ulong, ushort
from proton.handlers import MessagingHandler
from proton.reactor import Container

PROPERTIES = {
    'text': 'grün', 'empty': '', 'yes': True, 'no': False, 'none': None,
    'ubyte': ubyte(200), 'ushort': ushort(60000), 'uint': uint(4000000000), 'small uint': uint(7), 'zero uint': uint(0),
    'ulong': ulong(2 ** 40), 'zero ulong': ulong(0), 'byte': byte(-5), 'short': short(-300), 'int': int32(-70000),
    'long': -(2 ** 40), 'float': float32(1.5), 'double': 2.25, 'char': char('x'), 'time': timestamp(1700000000123),
    'uuid': uuid.UUID(int=5), 'binary': b'\x00\xff', 'symbol': symbol('sym'), 'decimal': decimal64(1),
}
BODIES = [b'one section', b'x' * 200000, 'text', 42, None, {'a': [1, 'b'], 'c': {'d': True}}, [1, 'two', [3]],
          Array(UNDESCRIBED, Data.INT, 1, 2, 3), Described(symbol('my:type'), 'described')]


def events():
    for number, body in enumerate(BODIES):
        event = Message(body=body, inferred=isinstance(body, bytes), durable=True, priority=3)
        event.annotations = {symbol('x-opt-sequence-number'): number, symbol('x-opt-offset'): str(number * 100),
                             symbol('x-opt-enqueued-time'): timestamp(1700000000000 + number),
                             symbol('x-opt-partition-key'): 'key', symbol('iothub-device'): 'thermostat'}
        event.instructions = {symbol('last_enqueued_sequence_number'): len(BODIES) - 1}
        if number == 0:
            event.properties, event.id, event.subject, event.content_type = PROPERTIES, ulong(9), 'about', 'text/plain'
            event.correlation_id, event.creation_time = uuid.UUID(int=6), 1600000000.5
        yield event


class Server(MessagingHandler):
    def __init__(self, port):
        super().__init__(prefetch=100)
        self.port, self.tokens, self.reader, self.events = port, None, None, events()

    def on_start(self, event):
        event.container.listen(f'127.0.0.1:{self.port}')
        print('listening', flush=True)

    def on_link_opening(self, event):
        link = event.link
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        if link.is_sender and link.remote_source.address == '$cbs':
            self.tokens = link
        elif link.is_sender:
            self.reader = link

    def on_message(self, event):
        self.tokens.send(Message(correlation_id=event.message.id, properties={'status-code': int32(202)}))

    def on_sendable(self, event):
        if event.link != self.reader:
            return
        while event.link.credit > 0:
            message = next(self.events, None)
            if message is None:
                return
            event.link.send(message)


Container(Server(int(sys.argv[1]))).run()
