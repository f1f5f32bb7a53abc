import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { monitorKafkaJSConsumer, monitorKafkaJSProducer } from '@christiangalsterer/kafkajs-prometheus-exporter'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { startEmulator } from 'kafkajs/emulator'
import { Registry } from 'prom-client'

test('the exporter uses this package, not a kafkajs of its own', () => {
  const exporter = createRequire(import.meta.resolve('@christiangalsterer/kafkajs-prometheus-exporter'))
  assert.equal(exporter('kafkajs').Kafka, Kafka)
  assert.equal(exporter('kafkajs/package.json').name, 'kafkajs-eventhubs')
})

test('requests, connections and heartbeats are counted', async () => {
  const emulator = await startEmulator()
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'monitored' }), logLevel: logLevel.NOTHING })
  const registry = new Registry()
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const consumer = kafka.consumer({ groupId: 'g', heartbeatInterval: 100 })
  monitorKafkaJSProducer(producer, registry)
  monitorKafkaJSConsumer(consumer, registry)
  await producer.connect()
  await producer.send({ topic: 't', messages: [{ value: 'a' }] })
  await consumer.subscribe({ topic: 't', fromBeginning: true })
  // The first is due an interval after joining, whether messages come or not.
  const heartbeat = new Promise((resolve) => consumer.on(consumer.events.HEARTBEAT, resolve))
  await new Promise((resolve) => void consumer.run({ eachMessage: async () => resolve() }))
  await heartbeat
  const valuesOf = async (name) => (await registry.getSingleMetric(name).get()).values
  assert.equal((await valuesOf('kafka_producer_connection_count'))[0].value, 1)
  assert.ok((await valuesOf('kafka_producer_request_total')).length > 0)
  await consumer.disconnect()
  await producer.disconnect()
  await emulator.close()
  const text = await registry.metrics()
  for (const name of ['kafka_consumer_batch_duration_seconds_count', 'kafka_consumer_heartbeat_total'])
    assert.match(text, new RegExp(`${name}.*[1-9]`))
})
