/** The process of the upstream: says its port to its parent, and does what its parent tells it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createUpstream, type UpstreamBehaviour } from './upstream.ts';

const { server, behave, connections } = createUpstream();
// 500 streams begin within moments.
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
await once(server, 'listening');
process.on('message', (behaviour: UpstreamBehaviour) => {
  behave(behaviour);
  process.send?.({ connections: connections() });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: (server.address() as AddressInfo).port });
