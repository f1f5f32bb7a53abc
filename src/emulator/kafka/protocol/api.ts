import { Reader } from './reader.js'
import { compileReader, compileWriter, type Fields, type Read, type Write } from './schema.js'
import { Writer } from './writer.js'

/** An API of the protocol: its number, its versions, the fields of both directions. */
export interface Api<Q extends Fields = Fields, S extends Fields = Fields> {
  readonly key: number
  readonly name: string
  /** The first and the last version that is offered. */
  readonly versions: readonly [min: number, max: number]
  /** First version in the flexible encoding; infinity for none. */
  readonly flexibleFrom: number
  readonly request: Q
  readonly response: S
}

export function defineApi<const Q extends Fields, const S extends Fields>(api: Api<Q, S>): Api<Q, S> {
  return api
}

export type RequestOf<A> = A extends Api<infer Q, Fields> ? Read<Q> : never
export type ResponseOf<A> = A extends Api<Fields, infer S> ? Write<S> : never

/** Both directions of one version of an API, for a server and, in tests, for a client. */
export interface Codec {
  readRequest(body: Reader): Record<string, unknown>
  writeRequest(writer: Writer, request: Readonly<Record<string, unknown>>): void
  readResponse(body: Reader): Record<string, unknown>
  writeResponse(writer: Writer, response: Readonly<Record<string, unknown>>): void
}

const codecs = new WeakMap<Api, Codec[]>()

/** Compiled when first asked for: nobody uses all versions. */
export function codecOf(api: Api, version: number): Codec {
  let versions = codecs.get(api)
  if (!versions) {
    versions = []
    codecs.set(api, versions)
  }
  const compiled = versions[version]
  if (compiled) return compiled
  const encoding = { version, flexible: version >= api.flexibleFrom }
  const codec: Codec = {
    readRequest: compileReader(api.request, encoding),
    writeRequest: compileWriter(api.request, encoding),
    readResponse: compileReader(api.response, encoding),
    writeResponse: compileWriter(api.response, encoding),
  }
  versions[version] = codec
  return codec
}

/** The fields before the body of a request. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

const API_VERSIONS_KEY = 18

/** Reads the header; the tags of a flexible one are left to {@link skipHeaderTags}, which knows the API. */
export function readRequestHeader(reader: Reader): RequestHeader {
  return {
    apiKey: reader.int16(),
    apiVersion: reader.int16(),
    correlationId: reader.int32(),
    // Never compact, in no version: KIP-482.
    clientId: reader.string(),
  }
}

export function skipHeaderTags(reader: Reader, api: Api, version: number): void {
  if (version >= api.flexibleFrom) reader.skipTags()
}

/** A whole response with its size in front, in chunks. */
export function encodeResponse(options: {
  api: Api
  version: number
  correlationId: number
  response: Readonly<Record<string, unknown>>
}): Buffer[] {
  const { api, version, correlationId, response } = options
  const writer = new Writer()
  writer.int32(correlationId)
  // ApiVersions is answered without tags in each version, or clients could not read its refusal. KIP-511.
  if (version >= api.flexibleFrom && api.key !== API_VERSIONS_KEY) writer.unsignedVarint(0)
  codecOf(api, version).writeResponse(writer, response)
  const size = Buffer.allocUnsafe(4)
  size.writeInt32BE(writer.size)
  return [size, ...writer.chunks()]
}

/** A whole request with its size in front, as a client sends it. */
export function encodeRequest(options: {
  api: Api
  version: number
  correlationId: number
  clientId: string | null
  request: Readonly<Record<string, unknown>>
}): Buffer {
  const { api, version, correlationId, clientId, request } = options
  const writer = new Writer()
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(correlationId)
  writer.string(clientId)
  if (version >= api.flexibleFrom) writer.unsignedVarint(0)
  codecOf(api, version).writeRequest(writer, request)
  const size = Buffer.allocUnsafe(4)
  size.writeInt32BE(writer.size)
  return Buffer.concat([size, ...writer.chunks()])
}

/** Reads what {@link encodeResponse} wrote, without the size. */
export function decodeResponse(options: { api: Api; version: number; frame: Buffer }): {
  correlationId: number
  response: Record<string, unknown>
} {
  const { api, version, frame } = options
  const reader = new Reader(frame)
  const correlationId = reader.int32()
  if (version >= api.flexibleFrom && api.key !== API_VERSIONS_KEY) reader.skipTags()
  return { correlationId, response: codecOf(api, version).readResponse(reader) }
}
