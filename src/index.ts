/**
 * The kafkajs API over Azure Event Hubs' native AMQP 1.0.
 *
 * Every name that kafkajs 2.2.4 exports, and what Event Hubs has besides. The default export holds all of them, values
 * and types, for programs that write `import kafkajs from`.
 *
 * @packageDocumentation
 */
export * from './exports.js'
export * as default from './exports.js'
