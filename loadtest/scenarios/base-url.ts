/** Tells base URLs of services from what only looks like one. k6 has no URL class. */

const URL_PARTS = /^https?:\/\/(\[[^\]]*\]|[^/:]*)(?::(\d{1,5}))?(\/[A-Za-z0-9._~/-]*)?$/;
const MAX_PORT = 65_535;
const MAX_NAME_CHARS = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
/** What makes the last label of a host one of an IPv4 address: https://url.spec.whatwg.org/#ends-in-a-number-checker */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/i;
const IPV6_GROUP = /^[0-9a-f]{1,4}$/i;
const IPV6_GROUPS = 8;

/**
 * Tells whether every URL parser takes the text for an http or https URL of a host name, an IPv4 or a bracketed IPv6
 * address, with or without a port and a plain path. Credentials are refused because the URL gets printed, and names in
 * Punycode because telling the good ones takes tables.
 */
export function isBaseUrl(text: string): boolean {
  const [, host, port, path] = URL_PARTS.exec(text) ?? [];
  if (host === undefined) return false;
  if (port !== undefined && (Number(port) < 1 || Number(port) > MAX_PORT)) return false;
  if (path?.startsWith('//')) return false;
  return host.startsWith('[') ? isIpv6(host.slice(1, -1)) : isIpv4(host) || isName(host);
}

function isName(host: string): boolean {
  const labels = host.replace(/\.$/, '').split('.');
  const areGood = labels.every((label) => LABEL.test(label) && !/^xn--/i.test(label));
  return areGood && host.length <= MAX_NAME_CHARS && !NUMBER.test(labels[labels.length - 1] ?? '');
}

function isIpv4(host: string): boolean {
  const bytes = host.split('.');
  return (
    bytes.length === 4 &&
    bytes.every((byte) => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256)
  );
}

/** https://www.rfc-editor.org/rfc/rfc4291#section-2.2 */
function isIpv6(address: string): boolean {
  const [left = '', right, ...more] = address.split('::');
  if (more.length > 0) return false;
  const before = groupsOf(left, right === undefined);
  if (right === undefined) return before === IPV6_GROUPS;
  const after = groupsOf(right, true);
  return before + after < IPV6_GROUPS;
}

/** @returns how many groups of 16 bits there are; more than fit if one of them is none. The last may be IPv4. */
function groupsOf(text: string, mayEndInIpv4: boolean): number {
  if (text === '') return 0;
  const parts = text.split(':');
  const last = parts[parts.length - 1] ?? '';
  const endsInIpv4 = mayEndInIpv4 && isIpv4(last);
  const groups = endsInIpv4 ? parts.slice(0, -1) : parts;
  if (!groups.every((group) => IPV6_GROUP.test(group))) return Number.POSITIVE_INFINITY;
  return groups.length + (endsInIpv4 ? 2 : 0);
}
