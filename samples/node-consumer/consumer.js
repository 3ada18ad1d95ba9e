// Reads the hires from Kafka, and prints each one once.
import { Consumer, stringDeserializers } from '@platformatic/kafka'
import { Kafka } from 'cloudevents'

const {
  KAFKA_BOOTSTRAP_SERVERS = 'localhost:9092', GROUP_ID = 'my-hr-system', TOPICS = 'hire.confirmed'
} = process.env
const SOURCE = 'urn:good-golem:matching'
const SCHEMA = 'https://goodgolem.example/schemas/hire.confirmed/1'

// Yours: a table, written in one transaction with what you do.
const taken = new Set()

// What the record says; throws where it is no hire that matching published.
function read ({ headers, key, value }) {
  const event = Kafka.toEvent({ headers: Object.fromEntries(headers), key, value })
  if (event.source !== SOURCE || event.dataschema !== SCHEMA) throw new Error(`from ${event.source}, ${event.dataschema}`)
  if (!event.data?.offer_id) throw new Error('no offer_id')
  return event
}

async function handle ({ id, data }) {
  if (taken.has(id)) return
  console.log(data.offer_id, 'starts on', data.start_on, 'confirmed by', data.confirmed_by)
  taken.add(id)
}

const consumer = new Consumer({
  clientId: 'my-hr-system',
  groupId: GROUP_ID,
  bootstrapBrokers: KAFKA_BOOTSTRAP_SERVERS.split(','),
  deserializers: stringDeserializers
})
const topics = TOPICS.split(',')
const stream = await consumer.consume({ topics, mode: 'committed', fallbackMode: 'earliest', autocommit: false })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stream.close())

for await (const message of stream) {
  let event
  try {
    event = read(message)
  } catch (error) { // yours: keep it, and tell a person
    console.error(`put aside: ${message.topic}/${message.partition}/${message.offset}: ${error.message}`)
  }
  if (event) await handle(event) // who throws here ends without having committed
  await message.commit()
}
await consumer.close()
