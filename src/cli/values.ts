import { InvalidArgumentError } from 'commander'

/** A TCP port; 0 is a free one. */
export function parsePort(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('It must be a port.')
  return Number(text)
}
