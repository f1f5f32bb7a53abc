import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AssignerProtocol } from '../../../src/group/assigner-protocol.js'
import { kafkajs } from '../../parity/kafkajs.js'

const { MemberAssignment, MemberMetadata } = AssignerProtocol
const noData = Buffer.alloc(0)

describe('AssignerProtocol', () => {
  it('writes the bytes that Kafka reads', () => {
    const metadata = MemberMetadata.encode({ version: 1, topics: ['a', 'b'], userData: noData })
    expect(metadata.toString('hex')).toBe('00010000000200016100016200000000')
    const assignment = MemberAssignment.encode({ version: 1, assignment: { a: [0, 1] }, userData: noData })
    expect(assignment.toString('hex')).toBe('00010000000100016100000002000000000000000100000000')
  })

  it('needs no user data', () => {
    const bare = { version: 1, topics: ['a'] } as never
    expect(MemberMetadata.decode(MemberMetadata.encode(bare))).toEqual({ version: 1, topics: ['a'], userData: noData })
    const given = { version: 1, assignment: {} } as never
    expect(MemberAssignment.decode(MemberAssignment.encode(given))?.userData).toEqual(noData)
  })

  it('reads no assignment from nothing', () => {
    expect(MemberAssignment.decode(noData)).toBeNull()
    expect(MemberAssignment.decode(Buffer.from([0]))).toBeNull()
  })

  it('refuses bytes that end too early', () => {
    const whole = MemberMetadata.encode({ version: 1, topics: ['topic'], userData: Buffer.from('data') })
    for (let length = 0; length < whole.length; length++)
      expect(() => MemberMetadata.decode(whole.subarray(0, length))).toThrow(RangeError)
  })

  const userData = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
  const version = fc.integer({ min: -32768, max: 32767 })
  const partitions = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { maxLength: 10 })

  it('writes and reads what kafkajs does', () => {
    const metadata = fc.record({ version, topics: fc.array(fc.string({ maxLength: 50 })), userData })
    fc.assert(
      fc.property(metadata, (value) => {
        const bytes = MemberMetadata.encode(value)
        expect(bytes).toEqual(kafkajs.AssignerProtocol.MemberMetadata.encode(value))
        expect(MemberMetadata.decode(bytes)).toEqual(kafkajs.AssignerProtocol.MemberMetadata.decode(bytes))
      }),
    )
    // '__proto__' is a topic like any other, though not for kafkajs.
    const topic = fc.string({ maxLength: 50 }).filter((name) => name !== '__proto__')
    const assignment = fc.record({
      version,
      assignment: fc.dictionary(topic, partitions, { noNullPrototype: true }),
      userData,
    })
    fc.assert(
      fc.property(assignment, (value) => {
        const bytes = MemberAssignment.encode(value)
        expect(bytes).toEqual(kafkajs.AssignerProtocol.MemberAssignment.encode(value))
        expect(MemberAssignment.decode(bytes)).toEqual(kafkajs.AssignerProtocol.MemberAssignment.decode(bytes))
      }),
    )
  })
})
