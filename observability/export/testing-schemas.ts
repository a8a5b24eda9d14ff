/** For tests: the schemas of Kubernetes and of operators, as `make test` has fetched them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnySchemaObject } from 'ajv';
import { parse } from 'yaml';
import { SCHEMAS_DIR } from '../local/paths.ts';

/** The API drops fields that it does not know; here they are errors, as they are misspelt ones. */
export function closed<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(closed) as T;
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  const isOpen = 'additionalProperties' in copy || !('properties' in copy);
  return (isOpen ? copy : { ...copy, additionalProperties: false }) as T;
}

function read(file: string): AnySchemaObject {
  // Go's inline flag, which only loosens a pattern, is unknown to JavaScript.
  return parse(readFileSync(join(SCHEMAS_DIR, file), 'utf8').replaceAll('(?i)', ''));
}

/**
 * @param plural the resource's name in the plural, such as `podmonitors`
 * @returns the schema of the first version of its definition, which is the newest
 */
export function crdSchema(plural: string): AnySchemaObject {
  const json = `${plural}.json`;
  const definition = read(existsSync(join(SCHEMAS_DIR, json)) ? json : `${plural}.yaml`);
  return definition['spec'].versions[0].schema.openAPIV3Schema;
}

/** @returns every type of the API's OpenAPI by its name, such as `io.k8s.api.apps.v1.Deployment`, under `$defs` */
export function kubernetesSchemas(): AnySchemaObject {
  return read('kubernetes.json');
}
