/** The kinds of values that settings have, up to the two lists in JSON: upstreams and callers. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { HEADER_VALUE, SETTABLE_HEADER } from '../anthropic/settable-headers.ts';
import { SHARED, SIGNING, TOKENS } from '../keys/key-owner.ts';
import { keysFromText } from '../keys/sources/source.ts';
import { ANYBODY } from '../telemetry/vocabulary.ts';

export const port = z.coerce.number().int().min(0).max(65_535);
export const ms = z.coerce.number().int().min(1).max(3_600_000);
export const bytes = z.coerce
  .number()
  .int()
  .min(1)
  .max(1024 ** 4);
export const count = z.coerce.number().int().min(1).max(1_000_000);
export const flag = z.enum(['true', 'false', '1', '0']).transform((v) => v === 'true' || v === '1');
export const url = z
  .url({ protocol: /^https?$/ })
  .refine(
    (v) => URL.canParse(v) && new URL(v).username === '',
    'must not contain a user or password',
  );
export const list = z
  .string()
  .transform((v) => v.split(',').map((s) => s.trim()))
  .pipe(z.array(z.string().regex(/^[A-Za-z0-9._:@/-]{1,100}$/)).min(1));

/** Names and addresses as `Host` has them, without a port, lower case; or `*`. */
export const hosts = z
  .string()
  .transform((v) =>
    v.split(',').map((s) =>
      s
        .trim()
        .toLowerCase()
        .replace(/^\[(.*)\]$/, '$1'),
    ),
  )
  .pipe(
    z.array(
      z
        .string()
        .refine(
          (host) => host === '*' || isIP(host) !== 0 || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(host),
          'must be host names or addresses without a port, or *',
        ),
    ),
  );

export const keyText = z.string().superRefine((text, context) => {
  try {
    keysFromText(text, 'key');
  } catch (error) {
    // The setting's name stands before the problem already.
    context.addIssue((error as Error).message.replace(/^key: /, ''));
  }
});
export const alias = z.string().regex(/^[a-z0-9-]{1,32}$/);
const name = z.string().regex(/^[A-Za-z0-9._:@/-]{1,100}$/);

/** Where keys are: `env:NAME`, `file:/path`, `vault:mount/path` or `aws:secret-id`. */
export const keySource = z
  .string()
  .regex(
    /^(?:env:[A-Z][A-Z0-9_]{0,63}|file:\/.{1,1000}|vault:[\w.-]+(?:\/[\w.-]+){1,16}|aws:[\w/+=.@:-]{1,512})$/,
    'must be env:NAME, file:/path, vault:mount/path or aws:secret-id',
  );

/** One upstream of CLAUDE_UPSTREAMS. */
const upstream = z.strictObject({
  name: alias,
  url,
  priority: z.int().min(0).max(100).default(0),
  weight: z.number().positive().max(1_000).default(1),
  keys: keySource.default('env:CLAUDE_API_KEY'),
  signing: keySource.optional(),
  /** Both versions while the upstream moves from one to the other. */
  signatures: z
    .array(z.enum(['v1', 'v2']))
    .min(1)
    .default(['v2']),
  models: z.record(name, name).default({}),
  headers: z.record(z.string().regex(SETTABLE_HEADER), z.string().regex(HEADER_VALUE)).default({}),
});

/** Never throws: text that is not JSON is reported as an issue like any other. */
const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('must be JSON');
    return z.NEVER;
  }
});

export const upstreams = json
  .pipe(z.array(upstream).min(1).max(16))
  .refine((list) => new Set(list.map((one) => one.name)).size === list.length, 'names must differ');

/** What `printf %s "$TOKEN" | sha256sum` prints when TOKEN is not set. */
const OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits, lower case')
  .refine((digest) => digest !== OF_NOTHING, 'is the digest of an empty token');

/** One caller of CALLERS: snake case in the JSON, as in Anthropic's API, camel case in the service. */
const caller = z
  .strictObject({
    name: alias.refine((name) => ![SHARED, SIGNING, TOKENS, ANYBODY].includes(name), 'is reserved'),
    token_sha256: z.union([sha256, z.array(sha256).min(1).max(4)]).default([]),
    tokens: keySource.optional(),
    requests_per_minute: count.optional(),
    tokens_per_minute: z.int().min(1).max(1_000_000_000).optional(),
    concurrent: count.optional(),
    keys: z.record(alias, keySource).default({}),
    signing: keySource.optional(),
  })
  .refine(({ token_sha256, tokens }) => token_sha256.length > 0 || tokens !== undefined, {
    message: 'needs token_sha256 or tokens',
    path: ['tokens'],
  })
  .transform(({ token_sha256, requests_per_minute, tokens_per_minute, concurrent, ...rest }) => ({
    ...rest,
    /** SHA-256 of each valid token, hex. */
    tokenDigests: typeof token_sha256 === 'string' ? [token_sha256] : token_sha256,
    /** An undefined limit does not limit. */
    limits: {
      requestsPerMinute: requests_per_minute,
      /** Input, output and cache tokens together. */
      tokensPerMinute: tokens_per_minute,
      /** Calls at once, counted by each instance. */
      concurrent,
    },
  }));

export const callers = json
  .pipe(z.array(caller).min(1).max(200))
  .refine((list) => new Set(list.map((one) => one.name)).size === list.length, 'names must differ')
  .refine((list) => {
    const digests = list.flatMap((one) => one.tokenDigests);
    return new Set(digests).size === digests.length;
  }, 'callers must not share a token');

export type UpstreamSettings = z.infer<typeof upstream>;
export type CallerSettings = z.infer<typeof caller>;
