"""Writes or reads with confluent-kafka (librdkafka). Takes a job as JSON on stdin, gives JSON on stdout; bytes are base64."""
import base64
import json
import sys

from confluent_kafka import Consumer, Producer, TopicPartition

job = json.load(sys.stdin)
conf = {
    'bootstrap.servers': job['bootstrap'],
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'PLAIN',
    'sasl.username': '$ConnectionString',
    'sasl.password': job['password'],
}


def raw(text):
    return None if text is None else base64.b64decode(text)


def text(data):
    return None if data is None else base64.b64encode(data).decode()


if job['mode'] == 'write':
    for compression in ('none', 'gzip'):
        producer = Producer({**conf, 'compression.type': compression, 'enable.idempotence': True})
        for record in job['records']:
            headers = [(name, raw(value)) for name, value in record['headers']]
            producer.produce(job['topic'], key=raw(record['key']), value=raw(record['value']), headers=headers, partition=0)
        if producer.flush(20) != 0:
            sys.exit('not everything was sent')
    print('[]')
else:
    result = {}
    for topic, count in job['topics'].items():
        consumer = Consumer({**conf, 'group.id': job['group'], 'enable.auto.commit': False})
        consumer.assign([TopicPartition(topic, 0, 0)])
        records = []
        while len(records) < count:
            message = consumer.poll(20)
            if message is None or message.error():
                sys.exit('read %d of %d of %s: %s' % (len(records), count, topic, message and message.error()))
            headers = [[name, text(value)] for name, value in message.headers() or []]
            records.append({'key': text(message.key()), 'value': text(message.value()), 'headers': headers})
        consumer.close()
        result[topic] = records
    print(json.dumps(result))
