const assert = require('node:assert/strict')
const { test } = require('node:test')
const { app, HttpRequest, InvocationContext } = require('@azure/functions')
const { startEmulator } = require('kafkajs/emulator')

test('an HTTP trigger sends to an event hub', async () => {
  app.setup({})
  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  process.env.BROKER = `localhost:${emulator.port}`
  const { close, placeOrder } = require('./orders.js')
  const context = new InvocationContext({ functionName: 'placeOrder', logHandler: () => undefined })
  const place = (item) => {
    const request = new HttpRequest({ method: 'POST', url: 'http://localhost/api/placeOrder', body: { string: item } })
    return placeOrder(request, context)
  }
  assert.deepEqual(await place('espresso'), { status: 202 })
  assert.deepEqual(await Promise.all([place('ristretto'), place('lungo')]), [{ status: 202 }, { status: 202 }])
  assert.equal(emulator.stats.eventsStored, 3)
  await close()
  await emulator.close()
})
