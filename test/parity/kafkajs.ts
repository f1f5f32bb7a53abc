import { createRequire } from 'node:module'

/** The real kafkajs: its ESM face has six names only, so that it is required. */
export const kafkajs = createRequire(import.meta.url)('kafkajs') as typeof import('kafkajs')
