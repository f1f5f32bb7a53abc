/**
 * Stands in for kafkajs's `Kafka` as users do, and builds on it. The compiler is what tests here: `npm run typecheck`.
 */
import { Kafka, type KafkaConfig, type Producer } from '../../src/index.js'

export class FakeKafka implements Kafka {
  producer = (): Producer => null as never
  consumer = () => null as never
  admin = () => null as never
  logger = () => null as never
}

export const fakeFrom = ({ producer, consumer, admin, logger }: Kafka): Kafka => ({ producer, consumer, admin, logger })

export class OwnKafka extends Kafka {
  override producer(): Producer {
    return super.producer({ allowAutoTopicCreation: false })
  }
}

export const brokersOf = ([config]: ConstructorParameters<typeof Kafka>): KafkaConfig['brokers'] => config.brokers

export async function disposed(config: KafkaConfig): Promise<boolean> {
  await using kafka = new OwnKafka(config)
  return kafka instanceof Kafka
}
