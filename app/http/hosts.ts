/**
 * The hosts that are served where nobody needs a token. A page that a developer opens can give its own name
 * the address of their machine (DNS rebinding), and is then of the same origin as the service: only the name
 * in `Host` shows it.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The syntax of `Host` without userinfo: a name or an address, and perhaps a port (RFC 9110, 7.2). */
const HOST = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[a-z0-9_.-]+))(?::\d{0,5})?$/i;
/** The authority of a target in absolute form (RFC 9112, 3.2.2). */
const AUTHORITY = /^https?:\/\/(?<authority>[^/?#]*)/i;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export interface HostOptions {
  /** Names and addresses without a port, lower case, that are served besides loopback; `*` is every host. */
  readonly allowed: readonly string[];
  /** Whether every address is served: no page can have one of ours as its name. */
  readonly anyAddress?: boolean;
}

/** `malformed` has no `Host`, two of them, or one that names no host. */
export type HostVerdict = 'served' | 'foreign' | 'malformed';

/** @returns a check of all hosts that a request names: in its target, and in `Host` */
export function createHostCheck({ allowed, anyAddress = false }: HostOptions) {
  const names = new Set(allowed);
  const isServed = (name: string) =>
    names.has('*') || names.has(name) || isLoopback(name) || (anyAddress && isIP(name) !== 0);
  // One client after the other names the same host.
  let last: { readonly text: string; readonly verdict: HostVerdict } | undefined;
  const verdictOn = (text: string): HostVerdict => {
    if (last?.text === text) return last.verdict;
    const name = hostName(text);
    const verdict = name === undefined ? 'malformed' : isServed(name) ? 'served' : 'foreign';
    last = { text, verdict };
    return verdict;
  };
  return (request: IncomingMessage): HostVerdict => {
    const hosts = hostsOf(request);
    // Every client since HTTP/1.1 names exactly one.
    if (hosts.length === 0 && request.httpVersion !== '1.0') return 'malformed';
    let verdict: HostVerdict = hosts.length > 0 || names.has('*') ? 'served' : 'foreign';
    for (const text of hosts) {
      const one = verdictOn(text);
      if (one === 'malformed') return one;
      if (one === 'foreign') verdict = one;
    }
    return verdict;
  };
}

function isLoopback(name: string): boolean {
  if (name === 'localhost') return true;
  const version = isIP(name);
  return version !== 0 && loopback.check(name, version === 4 ? 'ipv4' : 'ipv6');
}

function hostsOf(request: IncomingMessage): readonly string[] {
  const { rawHeaders, url = '' } = request;
  const hosts: string[] = [];
  // `headers` has the first of two only.
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts.push(rawHeaders[i + 1] ?? '');
  }
  if (hosts.length > 1) return [''];
  const authority = url.startsWith('/') ? undefined : AUTHORITY.exec(url)?.groups?.['authority'];
  if (authority !== undefined) hosts.push(authority);
  return hosts;
}

/** @returns the host as `allowed` has it; undefined for text that names none */
function hostName(text: string): string | undefined {
  const { v6, name } = HOST.exec(text)?.groups ?? {};
  return (v6 ?? name?.replace(/\.$/, ''))?.toLowerCase() || undefined;
}
