import type { ErrorRow } from './error-row.js'

const checkHost =
  'Check the namespace in brokers, and that this machine can reach it: port 5671, or port 443 with eventHubs.transport: "websockets".'

/** Rows of `error-table.ts`: what goes wrong on the way to the service. */
export const connectionErrors: readonly ErrorRow[] = [
  {
    codes: ['ConnectionForcedError', 'amqp:connection:forced', 'ConnectionRedirectError', 'amqp:connection:redirect'],
    becomes: { kind: 'connection-closed' },
  },
  {
    codes: [
      'FramingError',
      'amqp:connection:framing-error',
      'SessionWindowViolationError',
      'amqp:session:window-violation',
      'ErrantLinkError',
      'amqp:session:errant-link',
      'HandleInUseError',
      'amqp:session:handle-in-use',
      'UnattachedHandleError',
      'amqp:session:unattached-handle',
      'TransferLimitExceededError',
      'amqp:link:transfer-limit-exceeded',
      'FrameSizeTooSmallError',
      'amqp:frame-size-too-small',
      'IllegalStateError',
      'amqp:illegal-state',
      'AddressAlreadyInUseError',
      'com.microsoft:address-already-in-use',
      'SendOperationFailedError',
    ],
    becomes: { kind: 'connection' },
  },
  {
    codes: [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_HAS_EXPIRED',
      'CERT_NOT_YET_VALID',
      'CERT_UNTRUSTED',
    ],
    becomes: { kind: 'connection', retriable: false },
    advice: 'Trust the certificate with the environment variable NODE_EXTRA_CA_CERTS, or with ssl.ca.',
  },
  {
    codes: ['ERR_TLS_CERT_ALTNAME_INVALID'],
    becomes: { kind: 'connection', retriable: false },
    advice:
      'The certificate is of another name: check brokers and eventHubs.customEndpointAddress, or set ssl.servername.',
  },
  {
    // Alerts of the other side and what Node.js could not read, of which OpenSSL gives no code, or one of many.
    codes: [],
    text: /SSL routines:.*\balert\b|PEM routines/i,
    becomes: { kind: 'connection', retriable: false },
    advice:
      'TLS was refused: check host and port, and ssl.cert and ssl.key where the other side asks for a certificate.',
  },
  {
    codes: [],
    text: /^Proxy connection ended|^Parse Error: Expected HTTP|Sec-WebSocket-Accept/,
    becomes: { kind: 'connection', retriable: true },
    advice: 'What answered speaks no HTTP as expected: check eventHubs.proxy or HTTPS_PROXY.',
  },
  {
    codes: [
      'ECONNREFUSED',
      'ENOTFOUND',
      'EAI_AGAIN',
      'EHOSTUNREACH',
      'EHOSTDOWN',
      'ENETUNREACH',
      'ENETDOWN',
      'ENONET',
      'EADDRNOTAVAIL',
      'ETIMEDOUT',
      'ERR_SOCKET_CONNECTION_TIMEOUT',
      'UND_ERR_CONNECT_TIMEOUT',
    ],
    becomes: { kind: 'connection' },
    advice: checkHost,
  },
  {
    codes: [
      'ECONNRESET',
      'ECONNABORTED',
      'ENETRESET',
      'EPIPE',
      'EBUSY',
      'EPROTO',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'ERR_STREAM_DESTROYED',
      'ERR_STREAM_WRITE_AFTER_END',
      'UND_ERR_SOCKET',
    ],
    becomes: { kind: 'connection' },
    advice: 'The connection broke.',
  },
  {
    codes: ['NetworkError', 'REQUEST_SEND_ERROR', 'endpoints_resolution_error', 'network_error'],
    becomes: { kind: 'connection' },
    advice: checkHost,
  },
  {
    codes: [407],
    becomes: { kind: 'connection', retriable: false },
    advice: 'The proxy wants credentials: put them into the URL of eventHubs.proxy.',
  },
  {
    codes: [],
    text: /^Failed to connect$|socket disconnected before secure TLS|closed before the connection was established|socket hang up|before message completed/i,
    becomes: { kind: 'connection' },
    advice: checkHost,
  },
  {
    codes: [],
    text: /connection (is|was|has been) closed|connection.*(not open|closed)|(sender|receiver|link|session).*(is|was|has been|got) (closed|disconnected|detached)/i,
    becomes: { kind: 'connection-closed' },
  },
]
