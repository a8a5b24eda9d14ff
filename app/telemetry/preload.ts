/**
 * For `node --import`: lets instrumentations patch what is imported after it. It must not be
 * imported by the app itself; then `http.route` and the Express spans are lost.
 */
import { register } from 'node:module';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
