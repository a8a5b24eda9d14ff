/** Tells the instrumentation of the HTTP server which route a request asks for. */
import { context } from '@opentelemetry/api';
import { getRPCMetadata, RPCType } from '@opentelemetry/core';

/**
 * Sets `http.route` of the request being served, on its span and its metrics. The instrumentation of Express
 * would learn it only where a route answers, so not for a request that is refused on its way there.
 * @param route the pattern of the route, never the path that was asked for
 */
export function setHttpRoute(route: string): void {
  const metadata = getRPCMetadata(context.active());
  if (metadata?.type === RPCType.HTTP) metadata.route = route;
}
