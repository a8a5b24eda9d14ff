/** Measures one TypeScript file by its syntax tree. */
import { posix } from 'node:path';
import {
  type Comment,
  type EcmaScriptModule,
  type Node,
  type Program,
  parseSync,
  Visitor,
} from 'oxc-parser';

/** Something with a length, as a reader finds it. */
export interface Measured {
  /** A path, and for a function its line and its name too. */
  readonly place: string;
  readonly lines: number;
}

export interface FileFigures extends Measured {
  /** Functions with a body in braces, from their first line to their last. */
  readonly functions: readonly Measured[];
  readonly filledLines: number;
  /** Non-empty lines that are only comment. */
  readonly commentLines: number;
  readonly exports: number;
  /** The project's own files that it imports, for types too: paths from the project's folder. */
  readonly imports: readonly string[];
  /** Keys of its objects that are named as environment variables are: SOME_NAME. */
  readonly settings: readonly string[];
}

/** @param path from the project's folder, with slashes @throws {Error} when the text does not parse */
export function measureFile(path: string, text: string): FileFigures {
  const { program, comments, module, errors } = parseSync(path, text);
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  const filledLines = filled(text);
  return {
    place: path,
    lines: text.trimEnd().split('\n').length,
    functions: functionsOf(program, (name, start, end) => {
      const first = text.slice(0, start).split('\n').length;
      return {
        place: `${path}:${first} ${name}`,
        lines: text.slice(start, end).split('\n').length,
      };
    }),
    filledLines,
    commentLines: filledLines - filled(without(comments, text)),
    exports: module.staticExports.flatMap(({ entries }) => entries).length,
    imports: importsOf(path, module),
    settings: settingsOf(program),
  };
}

function functionsOf(
  program: Program,
  measure: (name: string, start: number, end: number) => Measured,
): Measured[] {
  const functions: Measured[] = [];
  const names = new Map<Node, string>();
  const add = (node: Node, name = names.get(node) ?? '(anonymous)') =>
    functions.push(measure(name, node.start, node.end));
  new Visitor({
    VariableDeclarator({ id, init }) {
      if (init && id.type === 'Identifier') names.set(init, id.name);
    },
    Property({ key, value }) {
      if (key.type === 'Identifier') names.set(value, key.name);
    },
    MethodDefinition({ key, value }) {
      if ('name' in key) names.set(value, String(key.name));
    },
    FunctionDeclaration: (node) => add(node, node.id?.name),
    FunctionExpression: (node) => add(node),
    ArrowFunctionExpression(node) {
      if (node.body.type === 'BlockStatement') add(node);
    },
  }).visit(program);
  return functions;
}

function settingsOf(program: Program): string[] {
  const names = new Set<string>();
  new Visitor({
    // A setting is a schema; a name with a string as its value is documentation.
    Property({ key, value }) {
      if (value.type === 'Literal' || key.type !== 'Identifier') return;
      if (/^[A-Z][A-Z0-9_]+$/.test(key.name)) names.add(key.name);
    },
  }).visit(program);
  return [...names];
}

function importsOf(path: string, { staticImports, staticExports }: EcmaScriptModule): string[] {
  const exported = staticExports.flatMap(({ entries }) => entries);
  return [...staticImports, ...exported]
    .flatMap(({ moduleRequest }) => moduleRequest?.value ?? [])
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier));
}

function filled(text: string): number {
  return text.split('\n').filter((line) => line.trim() !== '').length;
}

function without(comments: readonly Comment[], text: string): string {
  return comments.reduceRight(
    (rest, { start, end }) =>
      rest.slice(0, start) + text.slice(start, end).replaceAll(/\S/g, '') + rest.slice(end),
    text,
  );
}
