/** To be loaded before kafkajs is. `rhea` would add a span for each transfer of AMQP beneath. */
const tracer = require('dd-trace').init({ service: 'shop', flushInterval: 100, startupLogs: false })
for (const plugin of ['rhea', 'net', 'dns', 'http']) tracer.use(plugin, false)

module.exports = tracer
