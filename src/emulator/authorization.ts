import { createHmac, timingSafeEqual } from 'node:crypto'
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose'
import type { Claim, JwtOptions, SharedAccessKey } from './options.js'

/** The word that the service begins its refusal of a token with. Observed: azure-sdk-for-java #30723. */
export type TokenFault =
  | 'InvalidSignature'
  | 'ExpiredToken'
  | 'InvalidAudience'
  | 'InvalidIssuer'
  | 'MalformedToken'
  | 'MissingToken'

/** The reason something is not allowed; each head tells it in its protocol's words. */
export type AuthorizationFailure =
  | { readonly kind: 'bad-token'; readonly code: TokenFault; readonly text: string }
  | { readonly kind: 'missing-claim'; readonly path: string; readonly claim: Claim }

export class AuthorizationError extends Error {
  readonly failure: AuthorizationFailure

  constructor(failure: AuthorizationFailure) {
    super(failure.kind === 'bad-token' ? `${failure.code}: ${failure.text}` : `The claim ${failure.claim} is missing`)
    this.name = 'AuthorizationError'
    this.failure = failure
  }
}

function badToken(code: TokenFault, text: string): AuthorizationError {
  return new AuthorizationError({ kind: 'bad-token', code, text })
}

/** The grant of a verified token: what it allows, where, and until when. */
export interface Grant {
  /** Path of the resource in lower case, without leading slash; `''` is the whole namespace. */
  readonly path: string
  readonly claims: ReadonlySet<Claim>
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Verifies credentials, for AMQP and HTTP alike. */
export interface Authorizer {
  /**
   * Verifies a token that is presented for a resource. `resource` is a URI or a path. Rejects with an {@link AuthorizationError}
   * when the token does not hold or is not for that resource.
   */
  verify(token: string, kind: 'sas' | 'jwt', resource: string): Promise<Grant>
  /** The keys that hold. */
  keys(): readonly SharedAccessKey[]
  /** Puts other keys in the place of those there: tokens of the old ones hold no more. */
  setKeys(keys: readonly SharedAccessKey[]): void
  /** The grant of a rule's name and key, as SASL PLAIN presents them; undefined when they are wrong. */
  verifyKey(name: string, key: string): Grant | undefined
  /**
   * Decides on an HTTP request by its `Authorization` header. Rejects with an {@link AuthorizationError}: no or a
   * bad token, or one without the claim.
   */
  authorize(authorizationHeader: string | undefined, resourcePath: string, claim: Claim): Promise<Grant>
}

/**
 * Path of a resource, in lower case, out of a URI (`sb://host:port/hub/`) or a path. Audiences are compared without scheme
 * and host: behind a custom endpoint a client names a host that is not this one.
 */
export function resourcePath(resource: string): string {
  return trimmedPath(resource).toLowerCase()
}

/** A path without scheme, host and the slashes around it. Step by step: a pattern takes hours for a megabyte of slashes. */
export function trimmedPath(resource: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(resource)
  let start = 0
  if (scheme) {
    const slash = resource.indexOf('/', scheme[0].length)
    start = slash < 0 ? resource.length : slash
  }
  let end = resource.length
  while (start < end && resource[start] === '/') start++
  while (end > start && resource[end - 1] === '/') end--
  return resource.slice(start, end)
}

/** True for a scope that covers a resource: itself, or anything below it. */
export function covers(scope: string, path: string): boolean {
  return scope === '' || scope === path || path.startsWith(`${scope}/`)
}

/** True while a grant holds for a claim on a resource. `Manage` includes the other claims. */
export function allows(grant: Grant, path: string, claim: Claim, now = Date.now()): boolean {
  return grant.expiresAt > now && covers(grant.path, path) && (grant.claims.has(claim) || grant.claims.has('Manage'))
}

const ALL_CLAIMS: readonly Claim[] = ['Listen', 'Send', 'Manage']

/**
 * The kind of token that a text is. The text decides, not what it was announced as: azure-eventhub for Python announces
 * every token as a JWT.
 */
export function tokenKindOf(token: string, announced?: unknown): 'sas' | 'jwt' {
  if (/^\s*SharedAccessSignature\s/i.test(token.slice(0, 100))) return 'sas'
  return announced === 'servicebus.windows.net:sastoken' ? 'sas' : 'jwt'
}

export function createAuthorizer(options: {
  sharedAccessKeys: readonly SharedAccessKey[]
  jwt?: JwtOptions | undefined
}): Authorizer {
  const { jwt } = options
  let { sharedAccessKeys } = options
  const verifyJwt = jwt && createJwtVerifier(jwt)

  const verify: Authorizer['verify'] = async (token, kind, resource) => {
    const path = resourcePath(resource)
    if (kind === 'sas') return verifySas(token, path, sharedAccessKeys)
    if (!verifyJwt) throw badToken('MalformedToken', 'This emulator does not accept bearer tokens: see its option jwt.')
    const { claims, expiresAt } = await verifyJwt(token)
    return { path, claims, expiresAt }
  }

  return {
    verify,
    keys: () => sharedAccessKeys,
    setKeys(keys) {
      sharedAccessKeys = keys
    },
    verifyKey(name, key) {
      const rule = sharedAccessKeys.find((candidate) => candidate.name === name && sameText(candidate.key, key))
      if (!rule) return undefined
      return { path: scopeOf(rule), claims: claimsOf(rule), expiresAt: Number.POSITIVE_INFINITY }
    },
    async authorize(header, resource, claim) {
      const path = resourcePath(resource)
      const [, scheme = '', rest = ''] = /^\s*(\S+)\s+(.*)$/.exec(header ?? '') ?? []
      let grant: Grant
      if (scheme.toLowerCase() === 'sharedaccesssignature') grant = await verify(header ?? '', 'sas', path)
      else if (scheme.toLowerCase() === 'bearer') grant = await verify(rest.trim(), 'jwt', path)
      else throw badToken('MissingToken', 'Authorization header is missing.')
      if (!allows(grant, path, claim)) throw new AuthorizationError({ kind: 'missing-claim', path, claim })
      return grant
    },
  }
}

function claimsOf(rule: SharedAccessKey): ReadonlySet<Claim> {
  return new Set(rule.claims ?? ALL_CLAIMS)
}

function scopeOf(rule: SharedAccessKey): string {
  return rule.eventHub === undefined ? '' : resourcePath(rule.eventHub)
}

/**
 * A shared access signature: `SharedAccessSignature sr=…&sig=…&se=…&skn=…`, HMAC-SHA256 with the rule's key over the
 * encoded resource and the expiry. Microsoft: "Authenticate access to Event Hubs with shared access signatures".
 */
function verifySas(token: string, path: string, rules: readonly SharedAccessKey[]): Grant {
  const fields = new Map(
    token
      .replace(/^\s*SharedAccessSignature\s+/i, '')
      .split('&')
      .map((field): [string, string] => {
        const equals = field.indexOf('=')
        return equals < 0 ? [field, ''] : [field.slice(0, equals).trim(), field.slice(equals + 1)]
      }),
  )
  const sr = fields.get('sr')
  const sig = fields.get('sig')
  const se = fields.get('se')
  const skn = fields.get('skn')
  if (!sr || !sig || !se || !skn || !/^\d+$/.test(se)) {
    throw badToken('MalformedToken', 'The token is not a shared access signature.')
  }
  const rule = rules.find((candidate) => candidate.name === decoded(skn))
  const expected = createHmac('sha256', rule?.key ?? '')
    .update(`${sr}\n${se}`)
    .digest('base64')
  if (!rule || !sameText(decoded(sig), expected)) {
    throw badToken('InvalidSignature', 'The token has an invalid signature.')
  }
  const expiresAt = Number(se) * 1000
  if (expiresAt <= Date.now()) {
    throw badToken('ExpiredToken', `The token is expired. Expiration time: ${new Date(expiresAt).toISOString()}.`)
  }
  if (!covers(audiencePath(decoded(sr)), path) || !covers(scopeOf(rule), path)) {
    throw badToken('InvalidAudience', 'The token is not valid for this resource.')
  }
  return { path, claims: claimsOf(rule), expiresAt }
}

/**
 * Path of what a token is for. The service takes a URI with a query (azure-event-hubs-go signs those of its HTTP requests)
 * and one without a scheme (azeventhubs for Go signs `{namespace}.servicebus.windows.net`).
 */
function audiencePath(audience: string): string {
  const [uri = ''] = audience.split('?', 1)
  const [first = ''] = uri.split('/', 1)
  const beginsWithHost = !uri.includes('://') && (/[.:]/.test(first) || first.toLowerCase() === 'localhost')
  return resourcePath(beginsWithHost ? `sb://${uri}` : uri)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, '%2B'))
  } catch {
    return ''
  }
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

/**
 * The built-in roles: Microsoft, "Authorize access to Event Hubs resources using Microsoft Entra ID". Azure keeps role
 * assignments beside the token; here they are read from its `roles`, where the bare claims may stand too.
 */
const CLAIMS_OF_ROLE: ReadonlyMap<string, readonly Claim[]> = new Map([
  ['azure event hubs data owner', ALL_CLAIMS],
  ['azure event hubs data sender', ['Send']],
  ['azure event hubs data receiver', ['Listen']],
  ['manage', ALL_CLAIMS],
  ['send', ['Send']],
  ['listen', ['Listen']],
])

/**
 * jose is loaded with the first bearer token: few programs send one.
 */
function createJwtVerifier(options: JwtOptions) {
  const { issuer, audience } = options
  const checks = { ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) }
  let loading: Promise<(token: string) => Promise<JWTPayload>> | undefined
  async function load() {
    const { jwtVerify, ...jose } = await import('jose')
    const key = keyOf(options, jose)
    return async (token: string) => {
      const { payload } =
        typeof key === 'function' ? await jwtVerify(token, key, checks) : await jwtVerify(token, key, checks)
      return payload
    }
  }
  return async (token: string): Promise<Pick<Grant, 'claims' | 'expiresAt'>> => {
    loading ??= load()
    const verify = await loading
    const payload = await verify(token).catch((error: unknown) => {
      throw refusalOf(error)
    })
    if (payload.exp === undefined) throw badToken('MalformedToken', 'The token has no expiry.')
    return { claims: claimsOfPayload(payload), expiresAt: payload.exp * 1000 }
  }
}

function keyOf(
  { jwks, secret = '' }: JwtOptions,
  jose: Pick<typeof import('jose'), 'createLocalJWKSet' | 'createRemoteJWKSet'>,
): JWTVerifyGetKey | Uint8Array {
  if (typeof jwks === 'string' || jwks instanceof URL) return jose.createRemoteJWKSet(new URL(jwks))
  if (jwks) return jose.createLocalJWKSet(jwks as JSONWebKeySet)
  return typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
}

/** A token that names no roles may do everything: Azure's tokens don't, their rights stand elsewhere. */
function claimsOfPayload(payload: JWTPayload): ReadonlySet<Claim> {
  const { roles } = payload
  if (roles === undefined) return new Set(ALL_CLAIMS)
  return new Set([roles].flat().flatMap((role) => CLAIMS_OF_ROLE.get(String(role).toLowerCase()) ?? []))
}

function refusalOf(error: unknown): AuthorizationError {
  const { code, claim } = error as { code?: string; claim?: string }
  if (code === 'ERR_JWT_EXPIRED') return badToken('ExpiredToken', 'The token is expired.')
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' && claim === 'iss') {
    return badToken('InvalidIssuer', 'Token issuer is invalid.')
  }
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' && claim === 'aud') {
    return badToken('InvalidAudience', 'Invalid authorization token audience.')
  }
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' || code === 'ERR_JWKS_NO_MATCHING_KEY') {
    return badToken('InvalidSignature', 'The token has an invalid signature.')
  }
  return badToken('MalformedToken', 'The token could not be verified.')
}
