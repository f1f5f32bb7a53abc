"""Static members with confluent-kafka (librdkafka): one that comes back has its partitions again, without a rebalance."""
import sys
import time

from confluent_kafka import Consumer, KafkaError

address, password = sys.argv[1:]
conf = {
    'bootstrap.servers': address,
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'PLAIN',
    'sasl.username': '$ConnectionString',
    'sasl.password': password,
    'group.id': 'static',
    'session.timeout.ms': 45000,
    'heartbeat.interval.ms': 200,
    'enable.auto.commit': False,
}


class Member:
    def __init__(self, instance):
        self.errors = []
        self.assignments = []
        self.consumer = Consumer({**conf, 'group.instance.id': instance, 'error_cb': self.errors.append})
        self.consumer.subscribe(['hub'], on_assign=self.assigned)

    def assigned(self, _, partitions):
        self.assignments.append(sorted(partition.partition for partition in partitions))

    @property
    def now(self):
        return self.assignments[-1] if self.assignments else []


def until(condition, members, what):
    end = time.monotonic() + 40
    while not condition():
        if time.monotonic() > end:
            sys.exit('%s: %s' % (what, [(member.assignments, member.errors) for member in members]))
        for member in members:
            message = member.consumer.poll(0.05)
            if message is not None and message.error():
                member.errors.append(message.error())


first, second = Member('first'), Member('second')
both = [first, second]
until(lambda: len(first.now) == 1 and len(second.now) == 1 and first.now != second.now, both, 'no partition for each')
before = list(first.assignments)
had = second.now

# It does not leave when it is closed: that is what an instance id is for.
second.consumer.close()
back = Member('second')
until(lambda: back.now == had, [first, back], 'not what it had')
if first.assignments != before:
    sys.exit('the other one was assigned anew: %s' % first.assignments)

again = Member('second')
fenced = lambda: any(error.code() == KafkaError._FATAL or error.code() == KafkaError.FENCED_INSTANCE_ID for error in back.errors)
until(lambda: again.now == had and fenced(), [first, back, again], 'the older one was not shut out')
if first.assignments != before:
    sys.exit('the other one was assigned anew: %s' % first.assignments)
for member in (first, back, again):
    member.consumer.close()
print('ok')
