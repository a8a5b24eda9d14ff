/** Signature headers that are missing, doubled or malformed: refused before any secret is tried. */
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { attackTable, header, twice, without } from '../testing/attacks.ts';

disabledTelemetry({ trusts: () => false });

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

attackTable('verifySignature', {
  'an unsigned request': { honest: { secret: () => undefined }, result: 'missing' },
  'no signature': { change: without('v2'), result: 'missing' },
  'no timestamp': { change: without('timestamp'), result: 'missing' },
  'no nonce': { change: without('nonce'), result: 'missing' },
  'no timestamp in v1': {
    honest: { versions: ['v1'] },
    end: { versions: ['v1'] },
    change: without('timestamp'),
    result: 'missing',
  },
  'no key id, although it was signed': { change: without('keyId'), result: 'bad_signature' },

  'v1 where only v2 is accepted': { honest: { versions: ['v1'] }, result: 'unknown_version' },
  'v2 where only v1 is accepted': { end: { versions: ['v1'] }, result: 'unknown_version' },

  'signature sent twice': { change: twice('v2'), result: 'malformed' },
  'timestamp sent twice': { change: twice('timestamp'), result: 'malformed' },
  'nonce sent twice': { change: twice('nonce'), result: 'malformed' },
  'key id sent twice': { change: twice('keyId'), result: 'malformed' },

  'truncated signature': { change: header('v2', (v) => v.slice(0, 32)), result: 'malformed' },
  'signature too long': { change: header('v2', (v) => `${v}00`), result: 'malformed' },
  'signature in upper case': { change: header('v2', (v) => v.toUpperCase()), result: 'malformed' },
  'signature in base64': { change: header('v2', base64), result: 'malformed' },
  'empty signature': { change: header('v2', () => ''), result: 'malformed' },
  'signature of zeros': { change: header('v2', () => '0'.repeat(64)), result: 'bad_signature' },

  'fractional timestamp': { change: header('timestamp', (v) => `${v}.5`), result: 'malformed' },
  'negative timestamp': { change: header('timestamp', (v) => `-${v}`), result: 'malformed' },
  'timestamp with a leading zero': {
    change: header('timestamp', (v) => `0${v}`),
    result: 'malformed',
  },
  'timestamp of 400 digits': {
    change: header('timestamp', () => '9'.repeat(400)),
    result: 'malformed',
  },
  'timestamp in scientific notation': {
    change: header('timestamp', () => '1.764e12'),
    result: 'malformed',
  },
  'timestamp that is NaN': { change: header('timestamp', () => 'NaN'), result: 'malformed' },
  'empty timestamp': { change: header('timestamp', () => ''), result: 'malformed' },

  'nonce of 10 kB': { change: header('nonce', () => 'a'.repeat(10_000)), result: 'malformed' },
  'nonce too short to be random': { change: header('nonce', () => 'a'), result: 'malformed' },
  'nonce with odd characters': {
    change: header('nonce', () => 'é "\t;{}<>aaaaaaaaaa'),
    result: 'malformed',
  },
  'key id with odd characters': { change: header('keyId', () => '../new'), result: 'malformed' },
  'empty key id': { change: header('keyId', () => ''), result: 'malformed' },
});
