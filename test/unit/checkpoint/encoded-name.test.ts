import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blobName, parseBlobName } from '../../../src/checkpoint/blob/names.js'
import { decodeName, encodeName } from '../../../src/checkpoint/encoded-name.js'

const rules = { plain: /[a-z0-9._:$-]/, maxLength: 240 }
const anyName = fc.string({ unit: 'binary', maxLength: 256 })
/** Names made of what encodings are made of, where two could meet. */
const trickyName = fc.string({
  unit: fc.constantFrom('%', '2', '5', 'e', 'u', '~', '.', 'a', '\ud800', '\udc00', 'é'),
  maxLength: 12,
})

describe('names in blob and file names', () => {
  it('that Event Hubs allows stay as they are', () => {
    for (const name of ['$default', 'orders-eu_1.v2', 'ns.servicebus.windows.net', 'localhost:5672']) {
      expect(encodeName(name, rules)).toBe(name)
    }
  })

  it('come back', () => {
    fc.assert(
      fc.property(fc.oneof(anyName, trickyName), (name) => {
        const encoded = encodeName(name, { ...rules, maxLength: 10_000 })
        expect(decodeName(encoded)).toBe(name)
        expect(encoded).toMatch(/^[a-z0-9._:$%-]+$/)
        expect(encoded).not.toMatch(/\.$/)
      }),
    )
  })

  it('are never the same for two names, shortened or not', () => {
    fc.assert(
      fc.property(fc.oneof(anyName, trickyName), fc.oneof(anyName, trickyName), (one, other) => {
        fc.pre(one !== other)
        const short = { ...rules, maxLength: 80 }
        expect(encodeName(one, short)).not.toBe(encodeName(other, short))
        expect(encodeName(one, short).length).toBeLessThanOrEqual(80)
      }),
      { numRuns: 1000 },
    )
  })

  it('are none when they were not written by us', () => {
    for (const foreign of ['%zz', '%c3', 'a%~b']) expect(decodeName(foreign)).toBeUndefined()
  })

  it('make up a blob name from which event hub and group can be read', () => {
    const hub = fc.array(trickyName, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/').toLowerCase())
    fc.assert(
      fc.property(hub, trickyName, trickyName, (eventHubName, consumerGroup, partitionId) => {
        const name = blobName('ownership', { fullyQualifiedNamespace: 'ns', eventHubName, consumerGroup, partitionId })
        expect(parseBlobName(name)).toMatchObject({ eventHubName, consumerGroup })
        // What a URL would make another path of.
        expect(new URL(`http://host/${encodeURI(name)}`).pathname).toBe(`/${encodeURI(name)}`)
      }),
    )
  })
})
