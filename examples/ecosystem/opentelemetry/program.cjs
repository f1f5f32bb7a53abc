const assert = require('node:assert/strict')
const { SpanKind } = require('@opentelemetry/api')
const { spans, metrics, meterProvider } = require('./telemetry.cjs')

/** Sends two messages, reads them one by one and as a batch, and looks at what the instrumentation made of it. */
exports.main = async function main({ Kafka, logLevel, Partitioners }, { startEmulator }) {
  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'traced' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'a' }, { value: 'b' }] })
  await producer.disconnect()

  const read = async (groupId, run) => {
    const consumer = kafka.consumer({ groupId })
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    await new Promise((resolve) => void consumer.run(run(resolve)))
    await consumer.disconnect()
  }
  let handled = 0
  const count = (messages, done) => {
    handled += messages
    if (handled === 2) done()
  }
  await read('one-by-one', (done) => ({ eachMessage: async () => count(1, done) }))
  handled = 0
  await read('batches', (done) => ({ eachBatch: async ({ batch }) => count(batch.messages.length, done) }))
  await emulator.close()
  await meterProvider.forceFlush()

  const finished = spans.getFinishedSpans()
  const of = (kind) => finished.filter((span) => span.kind === kind)
  const sent = of(SpanKind.PRODUCER)
  assert.equal(sent.length, 2)
  assert.equal(sent[0].attributes['messaging.destination.name'], 'orders')
  const isSent = ({ traceId, spanId }) =>
    sent.some((span) => span.spanContext().traceId === traceId && span.spanContext().spanId === spanId)
  const consumed = of(SpanKind.CONSUMER)
  const linked = consumed.filter(
    (span) => span.links.some(({ context }) => isSent(context)) || isSent(span.parentSpanContext ?? {}),
  )
  assert.ok(linked.length >= 4, `2 spans of messages and 2 in batches carry on those of sending, not ${linked.length}`)
  assert.ok(
    finished.some((span) => span.attributes['messaging.batch.message_count'] !== undefined),
    'a span of a batch',
  )

  const names = metrics
    .getMetrics()
    .flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap((scope) => scope.metrics.map(({ descriptor }) => descriptor.name)),
    )
  for (const name of [
    'messaging.client.sent.messages',
    'messaging.client.consumed.messages',
    'messaging.process.duration',
  ]) {
    assert.ok(names.includes(name), `${name} is among ${names.join(', ')}`)
  }
  await meterProvider.shutdown()
}
