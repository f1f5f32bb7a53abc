import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { startEmulator } from 'kafkajs/emulator'
import { main } from './program.cjs'

await main({ Kafka, logLevel, Partitioners }, { startEmulator })
