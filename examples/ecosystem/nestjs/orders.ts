import { Controller, Inject, Injectable, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common'
import {
  type ClientKafka,
  ClientsModule,
  Ctx,
  EventPattern,
  type KafkaContext,
  type KafkaOptions,
  KafkaRetriableException,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices'
import { lastValueFrom } from 'rxjs'

type Config = NonNullable<KafkaOptions['options']>['client']

/** What the service has handled, for the test to look at. */
export const handled: unknown[] = []
export const attempts: string[] = []

@Controller()
export class OrdersController {
  @EventPattern('order.placed')
  onPlaced(@Payload() order: unknown, @Ctx() context: KafkaContext): void {
    handled.push({ order, topic: context.getTopic(), key: String(context.getMessage().key) })
  }

  @MessagePattern('order.price')
  price(@Payload() order: { count: number }): { price: number } {
    return { price: order.count * 3 }
  }

  @EventPattern('order.flaky')
  onFlaky(@Payload() order: unknown, @Ctx() context: KafkaContext): void {
    attempts.push(context.getMessage().offset)
    if (attempts.length === 1) throw new KafkaRetriableException('not yet')
    handled.push(order)
  }
}

@Injectable()
export class Shop implements OnModuleInit, OnModuleDestroy {
  constructor(@Inject('ORDERS') private readonly client: ClientKafka) {}

  async onModuleInit(): Promise<void> {
    this.client.subscribeToResponseOf('order.price')
    await this.client.connect()
  }

  async onModuleDestroy(): Promise<void> {
    await this.client.close()
  }

  place(key: string, value: object): Promise<unknown> {
    return lastValueFrom(this.client.emit('order.placed', { key, value }))
  }

  placeFlaky(value: object): Promise<unknown> {
    return lastValueFrom(this.client.emit('order.flaky', { value }))
  }

  askPrice(count: number): Promise<{ price: number }> {
    return lastValueFrom(this.client.send<{ price: number }>('order.price', { count }))
  }
}

export function shopModule(client: Config) {
  @Module({
    imports: [
      ClientsModule.register([
        { name: 'ORDERS', transport: Transport.KAFKA, options: { client, consumer: { groupId: 'shop' } } },
      ]),
    ],
    controllers: [OrdersController],
    providers: [Shop],
  })
  class ShopModule {}
  return ShopModule
}
