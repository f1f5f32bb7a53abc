import { AuthorizationError, type Authorizer, type Grant } from '../authorization.js'
import { ERROR, KafkaError } from './protocol/error-codes.js'

/** The mechanisms the service takes. Microsoft: "Security and authentication" of Event Hubs for Kafka. */
export const MECHANISMS = ['PLAIN', 'OAUTHBEARER'] as const
export type Mechanism = (typeof MECHANISMS)[number]

export function isMechanism(text: string): text is Mechanism {
  return (MECHANISMS as readonly string[]).includes(text)
}

/** The user name under which a connection string is the password. */
export const CONNECTION_STRING_USER = '$ConnectionString'

/** Verifies what a client presents. Rejects with a {@link KafkaError} of code 58. */
export async function authenticate(mechanism: Mechanism, bytes: Buffer, authorizer: Authorizer): Promise<Grant> {
  return mechanism === 'PLAIN' ? verifyPlain(bytes, authorizer) : verifyBearer(bytes, authorizer)
}

/** RFC 4616: authorization id, user, password, parted by NUL. */
function verifyPlain(bytes: Buffer, authorizer: Authorizer): Grant {
  const [, user, password] = bytes.toString('utf8').split('\0')
  if (user !== CONNECTION_STRING_USER || password === undefined) {
    throw refused(`The user name must be ${CONNECTION_STRING_USER} and the password a connection string.`)
  }
  const fields = new Map(
    password.split(';').map((field): [string, string] => {
      const equals = field.indexOf('=')
      return [field.slice(0, Math.max(equals, 0)).trim().toLowerCase(), field.slice(equals + 1).trim()]
    }),
  )
  const grant = authorizer.verifyKey(fields.get('sharedaccesskeyname') ?? '', fields.get('sharedaccesskey') ?? '')
  if (!grant) throw refused('The connection string has no key of this namespace.')
  return grant
}

/** RFC 7628. One known client writes a stray quote before it: only what follows the scheme is read. */
async function verifyBearer(bytes: Buffer, authorizer: Authorizer): Promise<Grant> {
  const text = bytes.toString('utf8')
  const start = text.indexOf('auth=Bearer ')
  if (start < 0) throw refused('There is no bearer token.')
  const [token = ''] = text.slice(start + 'auth=Bearer '.length).split('\x01')
  try {
    return await authorizer.verify(token, 'jwt', '')
  } catch (error) {
    if (error instanceof AuthorizationError) throw refused(error.message)
    throw error
  }
}

function refused(reason: string): KafkaError {
  return new KafkaError(ERROR.saslAuthenticationFailed, `Authentication failed: ${reason}`)
}
