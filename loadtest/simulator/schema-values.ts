/**
 * Makes the simplest value that a JSON Schema accepts, for the input of tools and for structured output. It
 * reads what clients generate: https://json-schema.org/draft/2020-12
 */

type Schema = Readonly<Record<string, unknown>>;

/** A schema that refers to itself is followed this far. */
const MAX_DEPTH = 12;

const TEXT_OF_FORMAT: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'P1D',
  email: 'simulated@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
};

/** @param schema the whole schema, whose `$defs` are looked up in it */
export function sampleOf(schema: unknown): unknown {
  return make(asSchema(schema), asSchema(schema), 0);
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}

function make(schema: Schema, root: Schema, depth: number): unknown {
  if (depth > MAX_DEPTH) return null;
  if (typeof schema['$ref'] === 'string') return make(find(schema['$ref'], root), root, depth + 1);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const [alternative] = [schema['anyOf'], schema['oneOf']].flatMap((all) => all ?? []);
  if (alternative) return make(asSchema(alternative), root, depth + 1);
  if (Array.isArray(schema['allOf'])) return make(merged(schema, root), root, depth + 1);
  return ofType(schema, root, depth);
}

/** @param reference a JSON Pointer into the schema, `#/$defs/Name` for instance */
function find(reference: string, root: Schema): Schema {
  const path = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
  return path.reduce((at, key) => asSchema(at[decodeURIComponent(key)]), root);
}

function merged({ allOf, ...own }: Schema, root: Schema): Schema {
  const all = (allOf as readonly unknown[]).map((part) => {
    const schema = asSchema(part);
    return typeof schema['$ref'] === 'string' ? find(schema['$ref'], root) : schema;
  });
  const parts = [...all, own];
  return {
    ...Object.assign({}, ...parts),
    properties: Object.assign({}, ...parts.map((part) => part['properties'])),
    required: parts.flatMap((part) => part['required'] ?? []),
  };
}

function ofType(schema: Schema, root: Schema, depth: number): unknown {
  const types = [schema['type'] ?? (schema['properties'] ? 'object' : 'string')].flat();
  switch (types[0]) {
    case 'object':
      return objectOf(schema, root, depth);
    case 'array':
      return listOf(schema, root, depth);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return textOf(schema);
  }
}

function objectOf(schema: Schema, root: Schema, depth: number): object {
  const properties = asSchema(schema['properties']);
  const required = (schema['required'] ?? []) as readonly string[];
  const members = required.map((name) => {
    return [name, make(asSchema(properties[name]), root, depth + 1)] as const;
  });
  return Object.fromEntries(members);
}

function listOf(schema: Schema, root: Schema, depth: number): readonly unknown[] {
  const prefix = (schema['prefixItems'] ?? []) as readonly unknown[];
  const length = Math.max(prefix.length, Number(schema['minItems'] ?? 1));
  return Array.from({ length: Math.min(length, 100) }, (_, i) => {
    return make(asSchema(prefix[i] ?? schema['items']), root, depth + 1);
  });
}

function numberOf({ minimum, exclusiveMinimum, maximum, multipleOf }: Schema): number {
  const step = Number(multipleOf ?? 1);
  const least = Number(
    minimum ?? (exclusiveMinimum === undefined ? 1 : Number(exclusiveMinimum) + step),
  );
  const value = Math.ceil(least / step) * step;
  return maximum === undefined ? value : Math.min(value, Number(maximum));
}

function textOf({ format, minLength, maxLength }: Schema): string {
  const text = TEXT_OF_FORMAT[String(format)] ?? 'simulated';
  return text.padEnd(Number(minLength ?? 0), '.').slice(0, Number(maxLength ?? Infinity));
}
