/** Decides whether a request may be served, and gives every response the headers that keep other pages out. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createHostCheck } from '../../app/http/hosts.ts';
import { Refusal } from './refusal.ts';

/** Only this origin's own files: no inline script, no style attribute, nothing from elsewhere, in no frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export function setSecurityHeaders(response: ServerResponse): void {
  response.setHeader('content-security-policy', POLICY);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cache-control', 'no-store');
}

// Whoever is on this machine may use the console; a page on the web has another name in `Host`.
const checkHost = createHostCheck({ allowed: [] });

/**
 * @param isApi whether a page of another site could do or learn something by it, so that none may ask
 * @throws {Refusal} 403 or 400
 */
export function checkSender(request: IncomingMessage, isApi: boolean): void {
  const verdict = checkHost(request);
  if (verdict !== 'served') {
    throw new Refusal(
      verdict === 'foreign' ? 403 : 400,
      'The console is served by the names and addresses of this machine alone, such as localhost.',
    );
  }
  if (!isApi) return;
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isOwnOrigin = origin === undefined || origin === `http://${host}`;
  const isOwnSite = site === undefined || site === 'same-origin' || site === 'none';
  if (!isOwnOrigin || !isOwnSite) {
    throw new Refusal(403, 'Only the console’s own page may ask this.');
  }
}
