/**
 * OpenTelemetry's auto-instrumentation of a service, as its documentation starts it; for `node --import`. The loader
 * hook is what it needs in a service of ES modules.
 */
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolvePackage } from '../packages.ts';

const NAME = '@opentelemetry/auto-instrumentations-node';
const at = resolvePackage(`${NAME}/register`);
register('@opentelemetry/instrumentation/hook.mjs', pathToFileURL(at));
createRequire(at)(at);
