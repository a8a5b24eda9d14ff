/** Runs the simulator as a process, configured by SIMULATOR_* (README.md). */
import { once } from 'node:events';
import { z } from 'zod';
import { PROFILES, type ProfileName } from './latency.ts';
import { DEFAULT_KEY, startSimulator } from './server.ts';
import { ADMIN_ACCESS } from './state.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

const schema = z.object({
  SIMULATOR_HOST: z.string().min(1).default('127.0.0.1'),
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  SIMULATOR_KEYS: z
    .string()
    .default(DEFAULT_KEY)
    .transform((keys) => keys.split(',')),
  SIMULATOR_ADMIN_KEY: z.string().min(1).optional(),
  SIMULATOR_PROFILE: z.enum(Object.keys(PROFILES) as [ProfileName]).default('documented'),
  SIMULATOR_ADMIN: z.enum(ADMIN_ACCESS).default('loopback'),
  SIMULATOR_SPANS: z.enum(['on', 'off']).default('on'),
  SIMULATOR_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
});

async function main(): Promise<void> {
  // An empty value counts as not set, as in the service.
  const given = Object.entries(process.env).filter(([, value]) => value !== '');
  const { data: settings, error } = schema.safeParse(Object.fromEntries(given));
  if (!settings) {
    process.stderr.write(`bad configuration:\n${z.prettifyError(error)}\n`);
    process.exitCode = EXIT_CONFIG;
    return;
  }
  const profile = settings.SIMULATOR_PROFILE;
  const simulator = await startSimulator({
    host: settings.SIMULATOR_HOST,
    port: settings.SIMULATOR_PORT,
    keys: settings.SIMULATOR_KEYS,
    adminKey: settings.SIMULATOR_ADMIN_KEY,
    profile,
    admin: settings.SIMULATOR_ADMIN,
    spansTo: settings.SIMULATOR_SPANS === 'on' ? settings.SIMULATOR_OTLP_ENDPOINT : undefined,
  });
  const listening = { msg: 'listening', url: simulator.url, profile };
  process.stdout.write(`${JSON.stringify(listening)}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await simulator.close();
}

if (import.meta.main) await main();
