import { MalformedRequest, type Reader } from './reader.js'
import type { Writer } from './writer.js'

/** Versions a field is there in, and what stands for it elsewhere. */
interface FieldOptions<T> {
  readonly from?: number
  readonly to?: number
  /** The version from which on it may be null; true is from the first. */
  readonly nullable?: true | number
  /** Its value in versions without it, and when nothing is given. */
  readonly or?: T | null
}

type Primitive = 'boolean' | 'int8' | 'int16' | 'int32' | 'int64' | 'uuid' | 'string' | 'bytes'

type FieldType =
  | { readonly kind: Primitive }
  | { readonly kind: 'array'; readonly element: Primitive }
  | { readonly kind: 'structs'; readonly fields: Fields }

/**
 * A field of a request or response. `R` is what reading gives, `W` what writing takes; both are there for the compiler
 * alone.
 */
export interface Field<R, W = R, Optional extends boolean = boolean> {
  readonly type: FieldType
  readonly from: number
  readonly to: number
  readonly nullableFrom: number
  readonly or: unknown
  readonly read?: R
  readonly write?: W
  readonly optional?: Optional
}

/** The fields of a struct, in their order on the wire. */
export type Fields = Readonly<Record<string, Field<unknown>>>

type ReadOf<F> = F extends Field<infer R, unknown> ? R : never
type WriteOf<F> = F extends Field<unknown, infer W> ? W : never
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<unknown, unknown, true> ? K : never
}[keyof F]

/** A struct as it is read: each field, whether the version has it or not. */
export type Read<F extends Fields> = { readonly [K in keyof F]: ReadOf<F[K]> }

/** A struct as it is written: what has a default may be left out. */
export type Write<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: WriteOf<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: WriteOf<F[K]>
}

type Nullable<T, O> = O extends { nullable: true | number } ? T | null : T
type HasDefault<O> = O extends { or: unknown } ? true : false

function field(type: FieldType, options: FieldOptions<unknown>): Field<never, never, never> {
  const { from = 0, to = Number.POSITIVE_INFINITY, nullable, or } = options
  return { type, from, to, nullableFrom: nullable === true ? 0 : (nullable ?? Number.POSITIVE_INFINITY), or }
}

function primitive<T>(kind: Primitive) {
  return <const O extends FieldOptions<T> = object>(
    options?: O,
  ): Field<Nullable<T, O>, Nullable<T, O>, HasDefault<O>> => field({ kind }, options ?? {})
}

export const boolean = primitive<boolean>('boolean')
export const int8 = primitive<number>('int8')
export const int16 = primitive<number>('int16')
export const int32 = primitive<number>('int32')
export const int64 = primitive<number>('int64')
export const uuid = primitive<Buffer>('uuid')
export const string = primitive<string>('string')
export const bytes = primitive<Buffer>('bytes')

/** An array of one primitive type. */
export function array<T, const O extends FieldOptions<readonly T[]> = object>(
  element: Field<T>,
  options?: O,
): Field<Nullable<readonly T[], O>, Nullable<readonly T[], O>, HasDefault<O>> {
  const { kind } = element.type
  if (kind === 'array' || kind === 'structs') throw new TypeError('arrays of arrays do not exist here')
  return field({ kind: 'array', element: kind }, options ?? {})
}

/** An array of structs. */
export function structs<const F extends Fields, const O extends FieldOptions<readonly []> = object>(
  fields: F,
  options?: O,
): Field<Nullable<readonly Read<F>[], O>, Nullable<readonly Write<F>[], O>, HasDefault<O>> {
  return field({ kind: 'structs', fields }, options ?? {})
}

/** Reads a struct. */
export type StructReader = (reader: Reader) => Record<string, unknown>
/** Writes a struct. */
export type StructWriter = (writer: Writer, value: Readonly<Record<string, unknown>>) => void

interface Encoding {
  readonly version: number
  /** Compact lengths, and tagged fields at the end of each struct. KIP-482. */
  readonly flexible: boolean
}

const isIn = ({ from, to }: Field<unknown>, version: number) => version >= from && version <= to

export function compileReader(fields: Fields, encoding: Encoding): StructReader {
  const names = Object.keys(fields)
  const steps = Object.values(fields).map((each) => readStep(each, encoding))
  return (reader) => {
    const value: Record<string, unknown> = {}
    for (let index = 0; index < steps.length; index++) {
      value[names[index] as string] = (steps[index] as (reader: Reader) => unknown)(reader)
    }
    if (encoding.flexible) reader.skipTags()
    return value
  }
}

function readStep(each: Field<unknown>, encoding: Encoding): (reader: Reader) => unknown {
  const { type, nullableFrom, or } = each
  if (!isIn(each, encoding.version)) return () => or
  const read = readValue(type, encoding)
  if (encoding.version >= nullableFrom) return read
  return (reader) => {
    const value = read(reader)
    if (value === null) throw new MalformedRequest('a value is null that may not be')
    return value
  }
}

function readValue(type: FieldType, encoding: Encoding): (reader: Reader) => unknown {
  const { flexible } = encoding
  switch (type.kind) {
    case 'string':
      return flexible ? (reader) => reader.compactString() : (reader) => reader.string()
    case 'bytes':
      return flexible ? (reader) => reader.compactBytes() : (reader) => reader.bytes()
    case 'array':
      return readElements(readValue({ kind: type.element }, encoding), flexible)
    case 'structs':
      return readElements(compileReader(type.fields, encoding), flexible)
    default: {
      const { kind } = type
      return (reader) => reader[kind]()
    }
  }
}

function readElements(read: (reader: Reader) => unknown, flexible: boolean): (reader: Reader) => unknown[] | null {
  return (reader) => {
    const count = flexible ? reader.compactCount() : reader.count()
    if (count < 0) return null
    const elements: unknown[] = []
    for (let index = 0; index < count; index++) elements.push(read(reader))
    return elements
  }
}

export function compileWriter(fields: Fields, encoding: Encoding): StructWriter {
  const steps = Object.entries(fields)
    .filter(([, each]) => isIn(each, encoding.version))
    .map(([name, each]) => ({ name, or: each.or, write: writeValue(each.type, encoding) }))
  return (writer, value) => {
    for (const { name, or, write } of steps) {
      const given = value[name]
      write(writer, given === undefined ? or : given)
    }
    if (encoding.flexible) writer.unsignedVarint(0)
  }
}

function writeValue(type: FieldType, encoding: Encoding): (writer: Writer, value: unknown) => void {
  const { flexible } = encoding
  switch (type.kind) {
    case 'string':
      return flexible
        ? (writer, value) => writer.compactString(value as string | null)
        : (writer, value) => writer.string(value as string | null)
    case 'bytes':
      return flexible
        ? (writer, value) => writer.compactBytes(value as Buffer | null)
        : (writer, value) => writer.bytes(value as Buffer | null)
    case 'array':
      return writeElements(writeValue({ kind: type.element }, encoding), flexible)
    case 'structs': {
      const write = compileWriter(type.fields, encoding)
      return writeElements((writer, value) => write(writer, value as Record<string, unknown>), flexible)
    }
    default: {
      const { kind } = type
      return (writer, value) => writer[kind](value as never)
    }
  }
}

function writeElements(write: (writer: Writer, value: unknown) => void, flexible: boolean) {
  return (writer: Writer, value: unknown): void => {
    const elements = value as readonly unknown[] | null
    const count = elements === null ? -1 : elements.length
    if (flexible) writer.unsignedVarint(count + 1)
    else writer.int32(count)
    for (const element of elements ?? []) write(writer, element)
  }
}
