/**
 * Lets instrumentations patch modules that are imported later. Load it by `node --import`: if the app
 * imported it, the HTTP server would be loaded too early, and its spans and metrics would be lost.
 */
import { register } from 'node:module';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
