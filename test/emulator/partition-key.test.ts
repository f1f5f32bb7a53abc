import { expect, test } from 'vitest'
import { hashOfKey, partitionOfKey } from '../../src/emulator/model/partition-key.js'

// The service's own vectors: azure-sdk-for-net, PartitionResolverTests.
const vectors: [key: string, hash: number][] = [
  ['7', -15263],
  ['131', 30562],
  ['7149583486996073602', 12977],
  ['FWfAT', -22341],
  ['sOdeEAsyQoEuEFPGerWO', -6503],
  ['FAyAIctPeCgmiwLKbJcyswoHglHVjQdvtBowLACDNORsYvOcLddNJYDmhAVkbyLOrHTKLneMNcbgWVlasVywOByANjs', 5226],
  [
    '1XYM6!(7(lF5wq4k4m*e$Nc!1ezLJv*1YK1Y-C^*&B$O)lq^iUkG(TNzXG;Zi#z2Og*Qq0#^*k):vXh$3,C7We7%W0meJ;b3,rQCg^J;^twXgs5E$$hWKxqp',
    23950,
  ],
  [
    'E(x;RRIaQcJs*P;D&jTPau-4K04oqr:lF6Z):ERpo&;9040qyV@G1_c9mgOs-8_8/10Fwa-7b7-yP!T-!IH&968)FWuI;(^g$2fN;)HJ^^yTn:',
    -29304,
  ],
  ['!c*_!I@1^c', 15372],
  ['p4*!jioeO/z-!-;w:dh', -3104],
  ['$0cb', 26269],
  ['-4189260826195535198', 453],
  ['', 0],
  ['a', -16220],
  ['alphabet', -23478],
  ['é', -24812],
]

test.each(vectors)('the hash of %j is the one of the service', (key, hash) => {
  expect(hashOfKey(key)).toBe(hash)
})

test('the partition is the magnitude of the remainder', () => {
  expect(partitionOfKey('alphabet', 11)).toBe(4)
  expect(partitionOfKey('alphabet', 1)).toBe(0)
})
