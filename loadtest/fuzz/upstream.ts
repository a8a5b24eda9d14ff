/**
 * The upstream of the fuzzed service: it answers a case byte for byte as the case says, and passes everything else
 * on to the simulator. It knows a case by the correlation ID, which the service sends on.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Step } from './case.ts';

export interface HostileUpstream {
  readonly url: string;
  /** Answers every request of this case with these steps, until they are forgotten. */
  answer(id: string, steps: readonly Step[]): void;
  forget(id: string): void;
  close(): Promise<void>;
}

/** @param simulatorUrl answers what no case speaks of */
export async function startHostileUpstream(simulatorUrl: string): Promise<HostileUpstream> {
  const answers = new Map<string, readonly Step[]>();
  const server = createServer((incoming, response) => {
    const steps = answers.get(String(incoming.headers['x-correlation-id']));
    if (steps) incoming.resume().once('end', () => void perform(incoming.socket, steps));
    else passOn(incoming, response, simulatorUrl);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (id, steps) => void answers.set(id, steps),
    forget: (id) => void answers.delete(id),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function passOn(incoming: IncomingMessage, response: ServerResponse, simulatorUrl: string): void {
  const { method, url = '/', headers } = incoming;
  const onwards = request(new URL(url, simulatorUrl), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onwards.on('error', () => response.destroy());
  // Whoever leaves us leaves the simulator.
  response.on('close', () => onwards.destroy());
  incoming.pipe(onwards);
}

/** Does on a socket what the steps say, for as long as there is a socket. */
export async function perform(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return;
    if ('write' in step) socket.write(step.write);
    else if ('waitMs' in step) await delay(step.waitMs);
    else if ('end' in step) socket.end();
    else if (step.leave === 'reset') socket.resetAndDestroy();
    else socket.destroy();
  }
}
