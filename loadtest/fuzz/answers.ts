/**
 * Reads what came back on a connection as a strict client would: whole answers of HTTP/1.1, one after the other,
 * and not a byte besides. https://www.rfc-editor.org/rfc/rfc9112
 */

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Bytes that are no answer, with what is wrong with them. */
export class BadAnswer extends Error {}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]*$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;

/**
 * @param methods of the requests, in order; the answer to HEAD has no body
 * @param isOver whether the connection is closed, so that nothing can be missing any more
 * @returns the final answers so far; interim ones are left out
 * @throws {BadAnswer}
 */
export function readAnswers(
  bytes: Buffer,
  methods: readonly string[],
  isOver: boolean,
): readonly Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return unfinished(answers, isOver, 'the head of an answer breaks off');
    const { status, headers } = readHead(rest.subarray(0, end).toString('latin1'));
    rest = rest.subarray(end + 4);
    if (status < 200) continue;
    const body = readBody(rest, status, headers, methods[answers.length] ?? '');
    if (body === undefined) return unfinished(answers, isOver, 'the body of an answer breaks off');
    answers.push({ status, headers, body: body.bytes.toString('utf8') });
    rest = rest.subarray(body.length);
  }
  return answers;
}

function unfinished(answers: readonly Answer[], isOver: boolean, problem: string) {
  if (isOver) throw new BadAnswer(`${problem}, after ${answers.length} whole answers`);
  return answers;
}

function readHead(text: string): Omit<Answer, 'body'> {
  const [line = '', ...fields] = text.split('\r\n');
  const status = Number(STATUS_LINE.exec(line)?.[1]);
  if (Number.isNaN(status)) throw new BadAnswer(`no status line: ${JSON.stringify(line)}`);
  const headers = new Map<string, string>();
  for (const field of fields) {
    const [, name = '', value = ''] = FIELD.exec(field) ?? [];
    if (name === '') throw new BadAnswer(`no header: ${JSON.stringify(field)}`);
    const key = name.toLowerCase();
    if (headers.has(key)) throw new BadAnswer(`the header ${key} comes twice`);
    headers.set(key, value);
  }
  return { status, headers };
}

interface Body {
  readonly bytes: Buffer;
  /** Bytes that it takes on the wire. */
  readonly length: number;
}

function readBody(
  rest: Buffer,
  status: number,
  headers: Answer['headers'],
  method: string,
): Body | undefined {
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { bytes: Buffer.alloc(0), length: 0 };
  }
  const [length, coding] = [headers.get('content-length'), headers.get('transfer-encoding')];
  if ((length === undefined) === (coding === undefined)) {
    throw new BadAnswer('an answer needs either a length or chunks');
  }
  if (coding !== undefined) return readChunks(rest);
  if (!/^\d+$/.test(length ?? '')) throw new BadAnswer(`no length: ${length}`);
  const size = Number(length);
  return rest.length < size ? undefined : { bytes: rest.subarray(0, size), length: size };
}

function readChunks(rest: Buffer): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = rest.subarray(at, line).toString('latin1');
    if (!/^[0-9a-f]+$/i.test(size)) throw new BadAnswer(`no chunk: ${JSON.stringify(size)}`);
    const from = line + 2;
    const to = from + Number.parseInt(size, 16);
    if (rest.length < to + 2) return undefined;
    if (rest.subarray(to, to + 2).toString() !== '\r\n') throw new BadAnswer('a chunk has no end');
    if (from === to) return { bytes: Buffer.concat(chunks), length: to + 2 };
    chunks.push(rest.subarray(from, to));
    at = to + 2;
  }
}
