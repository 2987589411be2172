/** delay.ts LISTEN_ADDRESS DELAY_MS PORT=HOST:PORT…: TCP relays that hold every chunk back for DELAY_MS, each way. */
import { connect, createServer, type Socket } from 'node:net'

const [address = '127.0.0.1', delayText = '10', ...routes] = process.argv.slice(2)
const delay = Number(delayText)

function pipe(from: Socket, to: Socket): void {
  from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), delay))
  from.on('end', () => setTimeout(() => to.end(), delay))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), delay))
}

for (const route of routes) {
  const [port = '', host = '', target = ''] = route.split(/[=:]/)
  createServer({ noDelay: true }, (client) => {
    const server = connect({ host, port: Number(target), noDelay: true })
    pipe(client, server)
    pipe(server, client)
  }).listen(Number(port), address)
}
console.log('ready')
