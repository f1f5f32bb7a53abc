import { defineApi } from '../api.js'
import { array, boolean, bytes, int16, int32, int64, string, structs } from '../schema.js'

const OPERATIONS_UNKNOWN = -2_147_483_648

export const METADATA = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 9],
  flexibleFrom: 9,
  request: {
    /** All of them: null, and in version 0 an empty list. */
    topics: structs({ name: string() }, { nullable: 1 }),
    allowAutoTopicCreation: boolean({ from: 4, or: true }),
    includeClusterAuthorizedOperations: boolean({ from: 8, or: false }),
    includeTopicAuthorizedOperations: boolean({ from: 8, or: false }),
  },
  response: {
    throttleTimeMs: int32({ from: 3, or: 0 }),
    brokers: structs({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ from: 1, nullable: true, or: null }),
    }),
    clusterId: string({ from: 2, nullable: true, or: null }),
    controllerId: int32({ from: 1, or: -1 }),
    topics: structs({
      errorCode: int16(),
      name: string(),
      isInternal: boolean({ from: 1, or: false }),
      partitions: structs({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ from: 7, or: -1 }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        offlineReplicas: array(int32(), { from: 5, or: [] }),
      }),
      topicAuthorizedOperations: int32({ from: 8, or: OPERATIONS_UNKNOWN }),
    }),
    clusterAuthorizedOperations: int32({ from: 8, or: OPERATIONS_UNKNOWN }),
  },
})

export const SASL_HANDSHAKE = defineApi({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  flexibleFrom: Number.POSITIVE_INFINITY,
  request: { mechanism: string() },
  response: { errorCode: int16(), mechanisms: array(string()) },
})

export const SASL_AUTHENTICATE = defineApi({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexibleFrom: 2,
  request: { authBytes: bytes() },
  response: {
    errorCode: int16(),
    errorMessage: string({ nullable: true, or: null }),
    authBytes: bytes(),
    sessionLifetimeMs: int64({ from: 1, or: 0 }),
  },
})

export const API_VERSIONS = defineApi({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 3],
  flexibleFrom: 3,
  request: { clientSoftwareName: string({ from: 3, or: '' }), clientSoftwareVersion: string({ from: 3, or: '' }) },
  response: {
    errorCode: int16(),
    apiKeys: structs({ apiKey: int16(), minVersion: int16(), maxVersion: int16() }),
    throttleTimeMs: int32({ from: 1, or: 0 }),
  },
})
