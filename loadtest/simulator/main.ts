/** The simulator as a process: SIMULATOR_HOST, _PORT, _KEYS (comma list), _PROFILE, _ADMIN. */
import { once } from 'node:events';
import { z } from 'zod';
import { PROFILES, type ProfileName } from './latency.ts';
import { ADMINS, DEFAULT_KEY, startSimulator } from './server.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

const schema = z.object({
  SIMULATOR_HOST: z.string().min(1).default('127.0.0.1'),
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  SIMULATOR_KEYS: z
    .string()
    .default(DEFAULT_KEY)
    .transform((keys) => keys.split(',')),
  SIMULATOR_PROFILE: z.enum(Object.keys(PROFILES) as [ProfileName]).default('documented'),
  SIMULATOR_ADMIN: z.enum(ADMINS).default('loopback'),
});

// An empty value counts as not set, as in the service.
const given = Object.entries(process.env).filter(([, value]) => value !== '');
const settings = schema.safeParse(Object.fromEntries(given));
if (!settings.success) {
  process.stderr.write(`bad configuration:\n${z.prettifyError(settings.error)}\n`);
  process.exit(EXIT_CONFIG);
}
const { SIMULATOR_HOST, SIMULATOR_PORT, SIMULATOR_KEYS, SIMULATOR_PROFILE, SIMULATOR_ADMIN } =
  settings.data;
const simulator = await startSimulator({
  host: SIMULATOR_HOST,
  port: SIMULATOR_PORT,
  keys: SIMULATOR_KEYS,
  profile: SIMULATOR_PROFILE,
  admin: SIMULATOR_ADMIN,
});
process.stdout.write(
  `${JSON.stringify({ msg: 'listening', url: simulator.url, profile: SIMULATOR_PROFILE })}\n`,
);
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await simulator.close();
