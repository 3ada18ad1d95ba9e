// Takes webhooks: checks both signatures, and prints each hire once.
import { createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

const { GOLEM, WEBHOOK_SECRET, PORT = '8000' } = process.env
const LARGEST = 2_000_000 // bytes; an event is below 1 MB
const webhook = new Webhook(WEBHOOK_SECRET)
let keys = []

// Yours: a table, written in one transaction with what you do.
const taken = new Set()

// Yours. What it throws is answered with 500, and the event comes again.
async function handle ({ type, data }) {
  if (type === 'hire.confirmed') {
    console.log(data.offer_id, 'starts on', data.start_on, 'confirmed by', data.confirmed_by)
  }
}

// v1a: nobody who learns your secret can make it. The keys are read again when none of those at hand fits.
async function isGolems (body, headers) {
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body])
  const signatures = headers['webhook-signature'].split(' ').filter(each => each.startsWith('v1a,'))
    .map(each => Buffer.from(each.slice(4), 'base64'))
  const fits = key => signatures.some(signature => verify(null, signed, key, signature))
  if (keys.some(fits)) return true
  const answer = await fetch(`${GOLEM}/v1/webhooks/jwks.json`, { signal: AbortSignal.timeout(5000) })
  keys = (await answer.json()).keys.map(key => createPublicKey({ key, format: 'jwk' }))
  return keys.some(fits)
}

async function take (request) {
  const chunks = []
  let length = 0
  for await (const chunk of request) {
    if ((length += chunk.length) <= LARGEST) chunks.push(chunk)
  }
  if (length > LARGEST) return 413
  const body = Buffer.concat(chunks)
  let event
  try {
    event = webhook.verify(body.toString(), request.headers) // v1, and not older than 5 minutes
  } catch {
    return 400
  }
  if (!await isGolems(body, request.headers)) return 400
  if (!taken.has(event.id)) {
    await handle(event)
    taken.add(event.id)
  }
  return 204
}

createServer(async (request, response) => {
  let status = 500
  try {
    status = request.method === 'POST' ? await take(request) : 405
  } catch (error) {
    console.error('not handled:', error)
  }
  response.writeHead(status).end()
}).listen(Number(PORT), '127.0.0.1')
