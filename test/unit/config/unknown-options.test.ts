import { expect, it } from 'vitest'
import { refuseOldNode } from '../../../src/config/node-version.js'
import { eventHubsOptionNames, unknownOptions } from '../../../src/config/unknown-options.js'

it('knows every option', () => {
  expect(unknownOptions(Object.fromEntries(eventHubsOptionNames.map((name) => [name, 1])))).toEqual([])
  expect(unknownOptions(undefined)).toEqual([])
})

it.each([
  ['checkpointstore', 'checkpointStore'],
  ['checkPointStores', 'checkpointStore'],
  ['connectionsString', 'connectionString'],
  ['consumerGroups', 'consumerGroup'],
  ['tranport', 'transport'],
])('names the option that %s stands for', (given, meant) => {
  expect(unknownOptions({ [given]: 1 })).toEqual([
    `eventHubs.${given} is not an option and has no effect: did you mean eventHubs.${meant}?`,
  ])
})

it('lists the options where none is near', () => {
  expect(unknownOptions({ somethingElse: 1 })[0]).toMatch(
    /^eventHubs\.somethingElse is not an option .*; there are connectionString, auth/,
  )
})

it.each(['18.20.4', '16.0.0', '20.18.3'])('tells Node.js %s in one line that it is too old', (version) => {
  expect(() => refuseOldNode(version)).toThrow(
    `kafkajs-eventhubs needs Node.js 20.19 or newer, and this is ${version}: update Node.js`,
  )
})

it.each(['20.19.0', '22.0.0', 'v24.1.0'])('takes Node.js %s', (version) => {
  expect(() => refuseOldNode(version)).not.toThrow()
})
