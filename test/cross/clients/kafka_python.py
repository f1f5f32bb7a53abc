"""Writes or reads with kafka-python. Takes a job as JSON on stdin, gives JSON on stdout; bytes are base64."""
import base64
import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

job = json.load(sys.stdin)
conf = {
    'bootstrap_servers': job['bootstrap'],
    'security_protocol': 'SASL_PLAINTEXT',
    'sasl_mechanism': 'PLAIN',
    'sasl_plain_username': '$ConnectionString',
    'sasl_plain_password': job['password'],
}


def raw(text):
    return None if text is None else base64.b64decode(text)


def text(data):
    return None if data is None else base64.b64encode(data).decode()


if job['mode'] == 'write':
    for compression in (None, 'gzip'):
        producer = KafkaProducer(**conf, compression_type=compression)
        for record in job['records']:
            headers = [(name, raw(value)) for name, value in record['headers']]
            producer.send(job['topic'], key=raw(record['key']), value=raw(record['value']), headers=headers, partition=0)
        producer.flush(20)
        producer.close()
    print('[]')
else:
    result = {}
    for topic, count in job['topics'].items():
        consumer = KafkaConsumer(**conf, consumer_timeout_ms=20000, enable_auto_commit=False)
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        records = []
        for message in consumer:
            headers = [[name, text(value)] for name, value in message.headers]
            records.append({'key': text(message.key), 'value': text(message.value), 'headers': headers})
            if len(records) == count:
                break
        consumer.close()
        result[topic] = records
    print(json.dumps(result))
