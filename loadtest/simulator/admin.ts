/** The admin routes under `/__sim`: faults, keys, models' days left, latency profile and the request log. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createHostCheck } from '../../app/http/hosts.ts';
import { checkFaults } from './faults.ts';
import { PROFILES, type ProfileName } from './latency.ts';
import { checkDaysLeft } from './models.ts';
import type { SimulatorState } from './state.ts';

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

// Its name in the network of the stack in Docker Compose, by which k6 switches faults.
const checkHost = createHostCheck({ allowed: ['simulator'], anyAddress: true });

type Reply = readonly [status: number, body: unknown];

export async function handleAdmin(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const allowed =
    state.adminAccess === 'anyone' || LOOPBACK.test(request.socket.remoteAddress ?? '');
  // No page in a developer's browser may change what the simulator does.
  const [status, body] =
    allowed && checkHost(request) === 'served'
      ? await reply(state, request)
      : ([403, { error: 'loopback only, and by a name or address of loopback' }] as const);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

async function reply(state: SimulatorState, request: IncomingMessage): Promise<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://simulator');
  switch (`${request.method} ${pathname}`) {
    case 'GET /__sim':
      return [200, overview(state)];
    case 'GET /__sim/healthz':
      return [200, { status: 'ok' }];
    case 'GET /__sim/faults':
      return [200, state.faults.list()];
    case 'PUT /__sim/faults':
      return change(request, (value) => state.faults.set(checkFaults(value)));
    case 'DELETE /__sim/faults':
      return [200, state.faults.set([])];
    case 'GET /__sim/requests':
      return [200, requestsOf(state, searchParams.get('correlation_id'))];
    case 'DELETE /__sim/requests':
      state.requestLog.clear();
      return [200, []];
    case 'PUT /__sim/keys':
      return change(request, (value) => {
        state.keys = new Set(checkKeys(value));
        return { accepted: state.keys.size };
      });
    case 'PUT /__sim/models':
      return change(request, (value) => {
        state.daysLeft = checkDaysLeft(value);
        return Object.fromEntries(state.daysLeft);
      });
    case 'PUT /__sim/profile':
      return change(request, (value) => {
        state.profile = checkProfile(value);
        return overview(state);
      });
    default:
      return [404, { error: `no such admin route: ${request.method} ${pathname}` }];
  }
}

function overview({ profile, faults, requestLog }: SimulatorState) {
  return { simulator: true, profile, faults: faults.list(), requestsSeen: requestLog.seen };
}

function requestsOf({ requestLog }: SimulatorState, correlationId: string | null) {
  const requests = requestLog.list();
  if (correlationId === null) return requests;
  return requests.filter(({ headers }) => headers['x-correlation-id'] === correlationId);
}

/** Applies a JSON body. A bad one changes nothing, and its problem is the answer. */
async function change(
  request: IncomingMessage,
  apply: (value: unknown) => unknown,
): Promise<Reply> {
  try {
    return [200, apply(JSON.parse(await text(request)))];
  } catch (error) {
    if (error instanceof SyntaxError) return [400, { error: 'the body is not JSON' }];
    if (error instanceof TypeError) return [400, { error: error.message }];
    throw error;
  }
}

function checkKeys(value: unknown): string[] {
  if (Array.isArray(value) && value.every((key) => typeof key === 'string' && key !== '')) {
    return value;
  }
  throw new TypeError('keys: must be an array of non-empty strings');
}

function checkProfile(value: unknown): ProfileName {
  const name = (value as { profile?: unknown } | null)?.profile;
  if (typeof name === 'string' && Object.hasOwn(PROFILES, name)) return name as ProfileName;
  throw new TypeError(`profile: must be one of ${Object.keys(PROFILES).join(', ')}`);
}
