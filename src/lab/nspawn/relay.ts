/**
 * A program of its own, in the lab's network namespace: hands connections of the nodes to the package proxy.
 * A UNIX socket is a file and so crosses network namespaces. Usage: relay ADDRESS PORT SOCKET
 */
import { connect, createServer } from 'node:net'

const [address = '', port = '', socket = ''] = process.argv.slice(2)

// A client that has said everything still wants the answer.
createServer({ allowHalfOpen: true }, (client) => {
  const proxy = connect({ path: socket, allowHalfOpen: true })
  client.pipe(proxy)
  proxy.pipe(client)
  for (const end of [client, proxy]) {
    end.on('error', () => {
      client.destroy()
      proxy.destroy()
    })
  }
}).listen(Number(port), address)
