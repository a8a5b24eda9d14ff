/**
 * Lets instrumentations patch modules that are imported later. Load it by `node --import`: if the app
 * imported it, Express would be loaded too early, and `http.route` and the Express spans would be lost.
 */
import { register } from 'node:module';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
