const { main } = require('./program.cjs')

main(require('kafkajs'), require('kafkajs/emulator')).catch((error) => {
  console.error(error)
  process.exit(1)
})
