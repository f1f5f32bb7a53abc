import { type Fields, PERFORMATIVE, readPerformative } from '../codec/performative.js'
import { ProtocolError } from './errors.js'

/** SASL PLAIN: name and key of a rule. */
export type CheckPlain = (user: string, password: string) => boolean

/**
 * Offered by the service. Source: azure-sdk-for-js, mock-hub. A client that has no password takes the first it knows, which
 * has to be ANONYMOUS for one that goes on with `$cbs`.
 */
export const MECHANISMS: readonly string[] = ['ANONYMOUS', 'PLAIN', 'EXTERNAL', 'MSSBCBS']

/** True when the SASL frame of a client that logs in is accepted. Throws {@link ProtocolError} for any other frame. */
export function isAccepted(frame: Buffer, bodyStart: number, checkPlain: CheckPlain): boolean {
  const { code, fields } = readPerformative(frame, bodyStart)
  if (code !== PERFORMATIVE.saslInit) throw new ProtocolError('a SASL frame other than sasl-init')
  const mechanism = fields.text(0) ?? ''
  if (!MECHANISMS.includes(mechanism)) return false
  return mechanism !== 'PLAIN' || isPlainAccepted(fields, checkPlain)
}

/** RFC 4616: authorization id, user and password, parted by zero bytes. */
function isPlainAccepted(fields: Fields, checkPlain: CheckPlain): boolean {
  const response = fields.value(1)
  if (!Buffer.isBuffer(response)) return false
  const [, user, password, ...rest] = response.toString('utf8').split('\0')
  return user !== undefined && password !== undefined && rest.length === 0 && checkPlain(user, password)
}
