const assert = require('node:assert/strict')
const { test } = require('node:test')
const { CompressionCodecs, CompressionTypes, Kafka, logLevel, Partitioners } = require('kafkajs')
const { startEmulator } = require('kafkajs/emulator')
const SnappyCodec = require('kafkajs-snappy')
const lz4 = require('lz4js')
const { readOne } = require('./read.js')

CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
})

for (const type of ['Snappy', 'LZ4']) {
  test(`${type}: a codec registered with require serves an ES module too`, async () => {
    const { CompressionCodecs: imported } = await import('kafkajs')
    assert.equal(imported, CompressionCodecs)
    const emulator = await startEmulator()
    const config = { ...emulator.kafkaConfig({ clientId: 'codecs' }), logLevel: logLevel.NOTHING }
    const kafka = new Kafka({ ...config, eventHubs: { ...config.eventHubs, compression: 'body' } })
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const value = 'compressible '.repeat(100)
    await producer.send({ topic: 't', compression: CompressionTypes[type], messages: [{ value }] })
    await producer.disconnect()
    assert.equal(String((await readOne(kafka, 't')).value), value)
    await emulator.close()
  })
}
