import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { connectRhea, type Receiver } from './rhea.js'
import { type Bench, openBench } from './sdk.js'

/** What a bare AMQP client sees: frames, windows and settlement that the SDK hides. */
const connect = (bench: Bench, options: object = {}) => connectRhea(bench.emulator.port, options)

const partition = { source: { address: 'hub/ConsumerGroups/$Default/Partitions/0' } }

/** Bodies in the order they come. */
function collect(receiver: Receiver): string[] {
  const bodies: string[] = []
  receiver.on('message', ({ message }) =>
    bodies.push(String((message?.body as { content: Buffer } | undefined)?.content)),
  )
  return bodies
}

async function fill(bench: Bench, count: number, size = 10): Promise<string[]> {
  const bodies = Array.from({ length: count }, (_, i) => `${i}:`.padEnd(size, 'x'))
  await bench.send('0', ...bodies.map((body) => Buffer.from(body)))
  return bodies
}

describe('reading', () => {
  test('in small frames', async () => {
    await using bench = await openBench()
    const sent = await fill(bench, 20, 20_000)
    const connection = connect(bench, { max_frame_size: 512 })
    const got = collect(connection.open_receiver(partition))
    await eventually(() => got.length === 20)
    expect(got).toEqual(sent)
    connection.close()
  })

  test('through a session that takes few transfers at a time', async () => {
    await using bench = await openBench()
    const sent = await fill(bench, 300)
    const connection = connect(bench, { session_buffer_size: { incoming: 8, outgoing: 8 } })
    const got = collect(connection.open_receiver({ ...partition, credit_window: 200 }))
    await eventually(() => got.length === 300)
    expect(got).toEqual(sent)
    connection.close()
  })

  test.each([
    ['settled by the emulator, as by the service', undefined, true],
    ['settled by the emulator when that is asked for', 1, true],
    ['for the reader to settle when that is asked for', 0, false],
    ['for the reader to settle when it names the mode that leaves it open', 2, false],
  ])('%s', async (_, snd_settle_mode, isSettled) => {
    await using bench = await openBench()
    const sent = await fill(bench, 300)
    const connection = connect(bench, { session_buffer_size: { incoming: 8, outgoing: 8 } })
    const receiver = connection.open_receiver({
      ...partition,
      ...(snd_settle_mode !== undefined && { snd_settle_mode }),
      autoaccept: false,
      credit_window: 200,
    })
    const settled: boolean[] = []
    receiver.on('message', ({ delivery }) => settled.push(delivery.remote_settled))
    // rhea frees its window for what is settled here too.
    receiver.on('message', ({ delivery }) => delivery.update(true))
    const got = collect(receiver)
    await eventually(() => got.length === 300)
    expect(got).toEqual(sent)
    expect(new Set(settled)).toEqual(new Set([isSettled]))
    connection.close()
  })

  test('gets no more than its credit', async () => {
    await using bench = await openBench()
    await fill(bench, 50)
    const connection = connect(bench)
    const receiver = connection.open_receiver({ ...partition, credit_window: 0 })
    const got = collect(receiver)
    for (const [credit, total] of [
      [3, 3],
      [10, 13],
      [100, 50],
    ] as const) {
      receiver.add_credit(credit)
      await eventually(() => got.length === total)
    }
    expect(bench.emulator.stats.eventsDelivered).toBe(50)
    connection.close()
  })

  test('nothing comes after the end of a link, a session or a connection, and each is forgotten', async () => {
    await using bench = await openBench()
    for (const end of ['link', 'session', 'connection'] as const) {
      await fill(bench, 1500, 400)
      const connection = connect(bench)
      const failures: unknown[] = []
      connection.on('error', (error) => failures.push(error))
      const session = connection.create_session()
      session.begin()
      const receiver = session.open_receiver({ ...partition, credit_window: 1000 })
      await new Promise((resolve) => receiver.once('message', resolve))
      if (end === 'link') receiver.close()
      if (end === 'session') session.close()
      if (end === 'connection') connection.close()
      await eventually(() => bench.emulator.stats.openLinks === 1)
      connection.close()
      await eventually(() => bench.emulator.stats.openConnections === 1)
      expect(failures).toEqual([])
    }
  })
})

describe('a token over its life', () => {
  const sas = (seconds: number) => {
    const sr = encodeURIComponent('sb://localhost/hub')
    const se = Math.floor(Date.now() / 1000) + seconds
    const sig = createHmac('sha256', 'SAS_KEY_VALUE').update(`${sr}\n${se}`).digest('base64')
    return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=RootManageSharedAccessKey`
  }

  async function openWithToken(bench: Bench, seconds: number) {
    const connection = connect(bench, { password: undefined })
    const answers: unknown[] = []
    connection
      .open_receiver({ name: 'cbs', source: { address: '$cbs' } })
      .on('message', ({ message }) => answers.push(message?.application_properties?.['status-code']))
    const sender = connection.open_sender({ target: { address: '$cbs' } })
    await new Promise((resolve) => sender.once('sendable', resolve))
    const present = async (token: string) => {
      const { length } = answers
      sender.send({
        message_id: `m${length}`,
        reply_to: 'cbs',
        application_properties: {
          operation: 'put-token',
          name: 'sb://localhost/hub',
          type: 'servicebus.windows.net:sastoken',
        },
        body: token,
      })
      await eventually(() => answers.length > length)
    }
    await present(sas(seconds))
    const receiver = connection.open_receiver(partition)
    const ended: unknown[] = []
    receiver.on('receiver_error', () => ended.push(receiver.error))
    receiver.on('receiver_close', () => {})
    await new Promise((resolve) => receiver.once('receiver_open', resolve))
    return { connection, answers, ended, present }
  }

  test('its links end when it does', async () => {
    await using bench = await openBench()
    const { connection, answers, ended } = await openWithToken(bench, 2)
    expect(answers).toEqual([202])
    expect(ended).toEqual([])
    await eventually(() => ended.length > 0)
    expect(ended[0]).toMatchObject({
      condition: 'amqp:unauthorized-access',
      description: expect.stringContaining('ExpiredToken'),
    })
    connection.close()
  })

  test('renewed in time, they stay', async () => {
    await using bench = await openBench()
    const { connection, ended, present } = await openWithToken(bench, 2)
    await present(sas(60))
    const over = Date.now() + 2500
    await eventually(() => Date.now() > over)
    expect(ended).toEqual([])
    expect(bench.emulator.stats.openLinks).toBe(1)
    connection.close()
  })

  test('one that does not hold changes nothing for the one before', async () => {
    await using bench = await openBench()
    const { connection, answers, ended, present } = await openWithToken(bench, 60)
    await present(sas(60).replace(/sig=[^&]+/, 'sig=AAAA'))
    expect(answers).toEqual([202, 401])
    expect(ended).toEqual([])
    connection.close()
  })
})
