/** To be loaded before kafkajs is. */
const tracer = require('dd-trace').init({ service: 'shop', flushInterval: 100, startupLogs: false, plugins: false })
const { registerInstrumentations } = require('@opentelemetry/instrumentation')
const { KafkaJsInstrumentation } = require('@opentelemetry/instrumentation-kafkajs')

const tracerProvider = new tracer.TracerProvider()
tracerProvider.register()
registerInstrumentations({ tracerProvider, instrumentations: [new KafkaJsInstrumentation()] })
