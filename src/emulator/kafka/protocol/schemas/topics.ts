import { defineApi } from '../api.js'
import { array, boolean, int8, int16, int32, string, structs, uuid } from '../schema.js'

const throttleTimeMs = (from: number) => int32({ from, or: 0 })
/** Topics have no ids here: those came with Metadata 10. */
const NO_UUID = Buffer.alloc(16)

export const CREATE_TOPICS = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: [0, 7],
  flexibleFrom: 5,
  request: {
    topics: structs({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: structs({ partitionIndex: int32(), brokerIds: array(int32()) }),
      configs: structs({ name: string(), value: string({ nullable: true }) }),
    }),
    timeoutMs: int32(),
    validateOnly: boolean({ from: 1, or: false }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(2),
    topics: structs({
      name: string(),
      topicId: uuid({ from: 7, or: NO_UUID }),
      errorCode: int16(),
      errorMessage: string({ from: 1, nullable: true, or: null }),
      numPartitions: int32({ from: 5, or: -1 }),
      replicationFactor: int16({ from: 5, or: -1 }),
      configs: structs(
        {
          name: string(),
          value: string({ nullable: true }),
          readOnly: boolean(),
          configSource: int8({ or: 5 }),
          isSensitive: boolean({ or: false }),
        },
        { from: 5, nullable: true, or: null },
      ),
    }),
  },
})

export const DELETE_TOPICS = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [0, 6],
  flexibleFrom: 4,
  request: {
    topics: structs({ name: string({ nullable: true }), topicId: uuid() }, { from: 6, or: [] }),
    topicNames: array(string(), { to: 5, or: [] }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: throttleTimeMs(1),
    responses: structs({
      name: string({ nullable: 6 }),
      topicId: uuid({ from: 6, or: NO_UUID }),
      errorCode: int16(),
      errorMessage: string({ from: 5, nullable: true, or: null }),
    }),
  },
})

export const CREATE_PARTITIONS = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 1],
  flexibleFrom: 2,
  request: {
    topics: structs({
      name: string(),
      count: int32(),
      assignments: structs({ brokerIds: array(int32()) }, { nullable: true }),
    }),
    timeoutMs: int32(),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: throttleTimeMs(0),
    results: structs({ name: string(), errorCode: int16(), errorMessage: string({ nullable: true, or: null }) }),
  },
})

export const DESCRIBE_CONFIGS = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [0, 2],
  flexibleFrom: 4,
  request: {
    resources: structs({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: array(string(), { nullable: true }),
    }),
    includeSynonyms: boolean({ from: 1, or: false }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(0),
    results: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: true, or: null }),
      resourceType: int8(),
      resourceName: string(),
      configs: structs({
        name: string(),
        value: string({ nullable: true }),
        readOnly: boolean(),
        isDefault: boolean({ to: 0, or: false }),
        configSource: int8({ from: 1, or: 5 }),
        isSensitive: boolean({ or: false }),
        synonyms: structs({ name: string(), value: string({ nullable: true }), source: int8() }, { from: 1, or: [] }),
      }),
    }),
  },
})
