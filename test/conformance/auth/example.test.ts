import { expect, it } from 'vitest'
import { main } from '../../../examples/custom-auth-provider.js'

it('lets a provider of one method in', async () => {
  expect(await main(() => undefined)).toMatchObject([{ topicName: 'orders', errorCode: 0 }])
})
