import type { Admin, Kafka, Message, Producer } from '../../exports.js'
import type { Connection } from '../clients.js'
import { describeGroup, type GroupReport } from '../group-report.js'

/** The clients behind the console, connected when they are first needed and kept. */
export class Cluster {
  readonly connection: Connection
  readonly #kafka: Kafka
  #admin: Promise<Admin> | undefined
  #producer: Promise<Producer> | undefined

  constructor(connection: Connection) {
    this.connection = connection
    this.#kafka = connection.kafka
  }

  /** A failure to connect is not kept: the next call tries again. */
  admin(): Promise<Admin> {
    const connect = async () => {
      const admin = this.#kafka.admin()
      await admin.connect()
      return admin
    }
    this.#admin ??= connect().catch((error) => {
      this.#admin = undefined
      throw error
    })
    return this.#admin
  }

  async describeGroup(groupId: string): Promise<GroupReport> {
    return await describeGroup(await this.admin(), groupId)
  }

  async send(topic: string, message: Message): Promise<void> {
    const connect = async () => {
      const { Partitioners } = await import('../../exports.js')
      const producer = this.#kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
      await producer.connect()
      return producer
    }
    this.#producer ??= connect().catch((error) => {
      this.#producer = undefined
      throw error
    })
    await (await this.#producer).send({ topic, messages: [message] })
  }

  async close(): Promise<void> {
    const clients = await Promise.allSettled([this.#admin, this.#producer])
    await Promise.all(clients.map((client) => (client.status === 'fulfilled' ? client.value?.disconnect() : undefined)))
  }
}
