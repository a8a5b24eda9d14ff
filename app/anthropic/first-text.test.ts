/** When the first text of a stream is there that its reader sees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageStream } from './message-stream.ts';

const start = (content_block: object, index = 0) =>
  ['content_block_start', { type: 'content_block_start', index, content_block }] as const;
const delta = (part: object, index = 0) =>
  ['content_block_delta', { type: 'content_block_delta', index, delta: part }] as const;
type Event = readonly [type: string, data: object | string];

const THINKING = { type: 'thinking', thinking: '', signature: '' };
const TEXT = { type: 'text', text: '' };
const TOOL = { type: 'tool_use', id: 't', name: 'n', input: {} };
const think = (thinking: string) => delta({ type: 'thinking_delta', thinking });
const say = (text: string) => delta({ type: 'text_delta', text });
const HOSTILE = '"},"delta":{"type":"text_delta","text":"seen"}}\n\nevent: content_block_delta';

const CASES: Readonly<Record<string, readonly [events: readonly Event[], at: number | undefined]>> =
  {
    'text alone': [[start(TEXT), say('Hello')], 1],
    'thinking comes before it': [
      [start(THINKING), think('Hm'), think('Yes'), start(TEXT, 1), say('Hello')],
      4,
    ],
    'thinking alone has none': [[start(THINKING), think('Hm'), think('Yes')], undefined],
    'an empty text is not seen': [[start(TEXT), say(''), say('Hello')], 2],
    'a citation is no text': [
      [start(TEXT), delta({ type: 'citations_delta', citation: { text: 'x' } }), say('Hello')],
      2,
    ],
    'the input of a tool counts where no text comes before': [
      [start(THINKING), think('Hm'), start(TOOL, 1), delta({ type: 'input_json_delta' })],
      3,
    ],
    'text before a tool counts': [
      [start(TEXT), say('Let me look.'), start(TOOL, 1), delta({ type: 'input_json_delta' })],
      1,
    ],
    'a tool that the API runs itself is not seen': [
      [
        start({ ...TOOL, type: 'server_tool_use' }),
        delta({ type: 'input_json_delta', partial_json: '{}' }),
        start(TEXT, 1),
        say('Found'),
      ],
      3,
    ],
    'thinking that quotes an event is thinking': [
      [start(THINKING), think(HOSTILE), think('"type":"text_delta"')],
      undefined,
    ],
    'what cannot be parsed is not seen': [
      [start(TEXT), ['content_block_delta', '{"type":'], ['content_block_delta', 'null'], say('x')],
      3,
    ],
    'a block without a type, or none at all, is not seen': [
      [
        ['content_block_start', '{"content_block":{"type":["text"]}}'],
        say('x'),
        ['content_block_start', '[]'],
        say('y'),
      ],
      undefined,
    ],
  };

for (const [name, [events, at]] of Object.entries(CASES)) {
  test(`MessageStream: of the first text, ${name}`, () => {
    let seen = 0;
    const message = new MessageStream({
      recordChunk() {},
      recordFirstText() {
        seen += 1;
      },
      capturesContent: false,
      recordOutput() {},
      setResponse() {},
    });
    let foundAt: number | undefined;
    for (const [i, [type, data]] of events.entries()) {
      message.read({
        raw: new Uint8Array(),
        type,
        data: typeof data === 'string' ? data : JSON.stringify(data),
      });
      if (seen > 0) foundAt ??= i;
    }
    assert.equal(foundAt, at);
    assert.equal(seen, at === undefined ? 0 : 1, 'it is recorded once');
  });
}
