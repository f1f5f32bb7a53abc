import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import { eventHubsSdk, platformaticKafka, realKafkajs, thisLibrary } from './clients/packages.js'
import { confluentPython, kafkaPython, kcat } from './clients/programs.js'
import { type Client, expected, type Got, records } from './clients/records.js'

const clients: readonly Client[] = [
  realKafkajs,
  platformaticKafka,
  confluentPython,
  kafkaPython,
  kcat,
  thisLibrary,
  eventHubsSdk,
]

const topicOf = (writer: Client) => writer.name.replace(/[^a-z-]/g, '')

/** All that a client writes, in order. */
function writtenBy(writer: Client) {
  const once = records.filter((record) => writer.writes(record))
  return writer.compresses ? [...once, ...once] : once
}

describe('every client reads what every other has written', () => {
  let emulator: Emulator
  const reading = new Map<Client, Promise<Record<string, Got[]>>>()
  const available = clients.filter(({ unavailable }) => unavailable === undefined)

  beforeAll(async () => {
    process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
    const eventHubs = clients.map((client) => ({ name: topicOf(client), partitionCount: 1 }))
    emulator = await startEmulator({ eventHubs })
    for (const writer of available) {
      await writer.write(
        emulator,
        topicOf(writer),
        records.filter((record) => writer.writes(record)),
      )
    }
  })
  afterAll(async () => {
    await Promise.allSettled(reading.values())
    await emulator.close()
  })

  /** Each client reads everything once. */
  function readBy(reader: Client): Promise<Record<string, Got[]>> {
    const topics = Object.fromEntries(available.map((writer) => [topicOf(writer), writtenBy(writer).length]))
    const known = reading.get(reader) ?? reader.read(emulator, topics)
    reading.set(reader, known)
    return known
  }

  const cells = clients.flatMap((reader) => clients.map((writer) => ({ writer, reader })))
  for (const { writer, reader } of cells) {
    it(`${reader.name} reads what ${writer.name} wrote`, async (test) => {
      const missing = reader.unavailable ?? writer.unavailable
      if (missing !== undefined) test.skip(missing)
      const got = (await readBy(reader))[topicOf(writer)]
      expect(got).toEqual(writtenBy(writer).map((record) => expected(record, writer, reader)))
    })
  }
})
