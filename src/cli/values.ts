import { InvalidArgumentError } from 'commander'

/** A TCP port; 0 is a free one. */
export function parsePort(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('It must be a port.')
  return Number(text)
}

/** A whole number from 1 on. */
export function parseCount(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)) || Number(text) < 1) {
    throw new InvalidArgumentError('It must be a whole number from 1 on.')
  }
  return Number(text)
}

/** A number above 0. */
export function parseRate(text: string): number {
  const rate = Number(text)
  if (!(rate > 0)) throw new InvalidArgumentError('It must be a number above 0.')
  return rate
}

/** Partition numbers, separated by commas. */
export function parsePartitions(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError('It must be partition numbers, as in 0,3.')
  return text.split(',').map(Number)
}

/** An offset; negative: so many messages before the end. */
export function parseOffset(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It must be an offset, or -n for the last n messages.')
  return BigInt(text)
}

/** An offset as a partition has it. */
export function parseAbsoluteOffset(text: string): bigint {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be an offset.')
  return BigInt(text)
}

/** A moment: ISO 8601, or milliseconds since 1970. */
export function parseTimestamp(text: string): number {
  const moment = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(moment)) throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00Z.')
  return moment
}

/** `name=value`, gathered. */
export function parseSetting(
  text: string,
  previous: { name: string; value: string }[] = [],
): { name: string; value: string }[] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be name=value.')
  return [...previous, { name: text.slice(0, at), value: text.slice(at + 1) }]
}

/** The values that are given more than once, gathered. */
export const parseRepeated = (text: string, previous: string[] = []): string[] => [...previous, text]

/** `\t` and `\n` of the command line as the characters they mean. */
export const parseEscapes = (text: string): string =>
  text.replace(/\\([tnr0\\])/g, (_, code: string) => ({ t: '\t', n: '\n', r: '\r', '0': '\0', '\\': '\\' })[code] ?? '')
