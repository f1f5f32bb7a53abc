/**
 * Writes docs/errors.md from the tables by which the code makes its errors, so that the page says what the code does.
 * `npm run docs:errors` writes it; a test fails when it is not current.
 */
import { writeFileSync } from 'node:fs'
import { unsupportedCalls } from '../src/admin/unsupported.js'
import { configRefusals } from '../src/config/refusals.js'
import { protocolErrorRows } from '../src/errors/protocol-errors.js'
import type { ErrorKind, ErrorRow } from '../src/translate/error-row.js'
import { errorTable } from '../src/translate/error-table.js'

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;')
const row = (...cells: string[]) => `| ${cells.map(cell).join(' | ')} |`
const code = (text: string) => `\`${text}\``

const rowOf = (type: string) => protocolErrorRows.find((entry) => entry.type === type)

/** What a program sees: class, type and text. */
function outcome(becomes: ErrorKind): { text: string; isRetried: boolean } {
  switch (becomes.kind) {
    case 'protocol': {
      const entry = rowOf(becomes.type)
      return {
        text: `${code('KafkaJSProtocolError')} ${code(becomes.type)}: "${entry?.message}"`,
        isRetried: becomes.retriable ?? entry?.retriable ?? false,
      }
    }
    case 'offset-out-of-range':
      return {
        text: `${code('KafkaJSOffsetOutOfRange')}: "${rowOf('OFFSET_OUT_OF_RANGE')?.message}"`,
        isRetried: false,
      }
    case 'connection':
      return { text: `${code('KafkaJSConnectionError')}: "Connection error"`, isRetried: becomes.retriable ?? true }
    case 'connection-closed':
      return { text: `${code('KafkaJSConnectionClosedError')}: "Closed connection"`, isRetried: true }
    case 'authentication':
      return {
        text: `${code('KafkaJSSASLAuthenticationError')}: "SASL PLAIN authentication failed" or "SASL OAUTHBEARER authentication failed"`,
        isRetried: false,
      }
    case 'aborted':
      return {
        text: `${code('KafkaJSNonRetriableError')}: "The operation was ended before it was done"`,
        isRetried: false,
      }
    case 'mistake':
      return { text: `${code('KafkaJSNonRetriableError')}, a mistake in code`, isRetried: false }
  }
}

/** What the other side calls it. */
function causes({ codes, text }: ErrorRow): string {
  const named = codes.map((one) => code(typeof one === 'number' ? `HTTP ${one}` : one)).join(', ')
  if (!text) return named
  const matching = `text matching ${code(String(text))}`
  return named === '' ? matching : `${named}, with ${matching}`
}

/** What most programs meet first, by words of the message. */
export const firstErrors: readonly (readonly [words: string, reason: string, remedy: string])[] = [
  [
    'brokers should not be null',
    'Neither `brokers` nor a connection string was given; often an environment variable is not set.',
    'Set it, and look whether the program sees it.',
  ],
  [
    'no credential is given for',
    'Neither `sasl` nor `eventHubs.connectionString` nor `eventHubs.auth` was given.',
    '[authentication.md](authentication.md) has what to write.',
  ],
  [
    'The connection string lacks',
    'A part of it is missing. A shell ends it at the first `;`.',
    'Copy it whole, and put it into single quotes.',
  ],
  [
    'ENOTFOUND',
    'The name of the namespace, of the storage account or of the proxy is not known here.',
    'Check its spelling. A private endpoint needs its private DNS zone linked to this network.',
  ],
  [
    'no answer within',
    'Mostly a firewall that does not let port 5671 out.',
    "Open it, or set `eventHubs: { transport: 'websockets' }`, which is port 443.",
  ],
  ['No emulator answers at', 'Nothing listens there.', 'Start it: `npx kafkajs-eventhubs emulator`.'],
  [
    'The connection was closed before a word of AMQP was heard',
    'Something else listens there, such as a Kafka broker; or one side speaks TLS and the other does not.',
    'Check host and port. An emulator without a certificate is reached without `ssl`.',
  ],
  [
    'authentication failed',
    'The service does not take the key or token.',
    'Check that it is of this namespace, and that the clock is right.',
  ],
  [
    'Not authorized to access topics',
    'The key or identity lacks a right.',
    '[What each client needs](authentication.md#what-each-client-needs).',
  ],
  [
    'This server does not host this topic-partition',
    'There is no such event hub.',
    'Create it, or check its name. `allowAutoTopicCreation` needs the right Manage.',
  ],
  [
    'needs a checkpoint store',
    'Over AMQP Event Hubs keeps no offsets.',
    '[Choose a store](consumer-groups.md#choosing-a-store).',
  ],
  [
    'No credential was found for it',
    'The program is not signed in to the storage account; the connection string of the namespace is no good there.',
    '[The ways to sign in](consumer-groups.md#blob).',
  ],
  [
    'A partition takes five readers without epoch',
    'More than five members read a partition of `$Default`.',
    'Create a consumer group with the name of the group.',
  ],
]

/** The page. */
export function errorDocs(): string {
  const lines = [
    '# Errors',
    '',
    '<!-- Written by scripts/error-docs.ts from the tables in the code: change those, and run `npm run docs:errors`. -->',
    '',
    "Every error is one of kafkajs's classes. Its message begins with Kafka's own text, then says what the service answered and where,",
    'and ends with what to do. When all retries that `retry` allows have failed, the error is `KafkaJSNumberOfRetriesExceeded`, with the',
    'last error as its `cause`. `cause` always leads to the underlying error.',
    '',
    '## The first ones',
    '',
    'By words of the message. `npx kafkajs-eventhubs doctor` finds most of these, step by step.',
    '',
    row('the message has', 'why', 'what to do'),
    '|---|---|---|',
    ...firstErrors.map(([words, reason, remedy]) => row(`"${words}"`, reason, remedy)),
    '',
    '## From the service, the network and credentials',
    '',
    'The first row that matches applies. *Retried*: the library tries again, as the `retry` option says.',
    '',
    row('your program sees', 'cause', 'retried', 'what to do'),
    '|---|---|---|---|',
    ...errorTable.map((entry) => {
      const { text, isRetried } = outcome(entry.becomes)
      return row(text, causes(entry), isRetried ? 'yes' : 'no', entry.advice ?? '')
    }),
    '',
    '## Options that are refused',
    '',
    '`new Kafka()` throws these at once.',
    '',
    row('option', 'message'),
    '|---|---|',
    ...configRefusals.map(({ option, sentence }) => row(code(option), sentence)),
    '',
    '## Admin calls that are refused',
    '',
    row('call', 'message'),
    '|---|---|',
    ...Object.entries(unsupportedCalls).map(([call, sentence]) => row(code(call), sentence)),
    '',
    "## Kafka's errors by number",
    '',
    'The whole table, as kafkajs 2.2.4 has it. Event Hubs causes only the errors above; the others are there for programs that look them up.',
    '',
    row('code', 'type', 'retriable', 'text'),
    '|---|---|---|---|',
    ...protocolErrorRows.map(({ code: number, type, retriable, message }) =>
      row(String(number), code(type), retriable ? 'yes' : 'no', message),
    ),
    '',
  ]
  return lines.join('\n')
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(new URL('../docs/errors.md', import.meta.url), errorDocs())
}
