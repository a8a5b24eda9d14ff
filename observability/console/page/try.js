/** One call to the service: its answer as it comes, and beside it what became of the call. */
import { ask, json, send } from './api.js';
import { failure, h, link } from './dom.js';
import { format } from './format.js';

/** The spans of a call arrive a moment after its end. */
const LOOK_FOR_MS = 8_000;
const POLL_MS = 400;
const USUAL_MODELS = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5'];

/** The events of a stream, as they come. @param {Response} response */
async function* eventsOf(response) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      text += decoder.decode(value, { stream: !done });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: ?(.*)$/m.exec(block)?.[1];
        if (data) yield JSON.parse(data);
      }
      if (done) return;
    }
  } finally {
    // Nothing is read after an error event, and the call ends with its connection.
    void reader.cancel().catch(() => undefined);
  }
}

/** What an error of the API says. @param {any} body */
function problemOf(body) {
  const { error, hint } = body ?? {};
  return typeof error === 'string'
    ? [error, hint].filter(Boolean).join(' ')
    : `${error?.type ?? 'error'}: ${error?.message ?? 'no message'}`;
}

/** @param {Response} response @param {(text: string) => void} write @returns {Promise<any>} the usage */
async function readStream(response, write) {
  let usage = {};
  let hasStopped = false;
  for await (const event of eventsOf(response)) {
    if (event.type === 'error') throw new Error(problemOf(event));
    if (event.delta?.text) write(event.delta.text);
    if (event.delta?.thinking) write(event.delta.thinking);
    usage = { ...usage, ...event.message?.usage, ...event.usage };
    if (event.type === 'message_stop') hasStopped = true;
  }
  if (!hasStopped) throw new Error('The stream ended before its message did.');
  return usage;
}

/** @param {Response} response @param {(text: string) => void} write */
async function readWhole(response, write) {
  const body = await response.json();
  write(body.content?.map((/** @type {any} */ block) => block.text ?? '').join('') ?? '');
  return body.usage ?? {};
}

/** The attributes of the call and of its last attempt. @param {any[]} spans */
function factsOfSpans(spans) {
  const call = spans.find(
    (span) => span.attributes['claude.outcome'] && span.attributes['gen_ai.operation.name'],
  );
  const attempts = spans.filter((span) => span.attributes['claude.attempt']);
  const last = attempts
    .toSorted((a, b) => a.attributes['claude.attempt'] - b.attributes['claude.attempt'])
    .at(-1);
  return { call: call?.attributes, last: last?.attributes, attempts: attempts.length };
}

/** @param {any} attributes */
function costOf(attributes) {
  const cost = attributes?.['claude.cost_dollars'];
  if (cost !== undefined) return format(cost, 'currencyUSD', 7);
  return attributes['claude.unpriced'] ? 'no price known' : 'none counted';
}

/** A button that is disabled loses the focus that it has; one that only says so keeps it. @param {any} button @param {boolean} isUsable */
function setUsable(button, isUsable) {
  button.setAttribute('aria-disabled', String(!isUsable));
}

/** @param {HTMLElement} root */
export function trySection(root) {
  const prompt = h('textarea', { id: 'prompt', required: true, maxlength: 200_000 });
  prompt.value = 'Say in one sentence what an error budget is.';
  const model = h('select', {});
  const maxTokens = h('input', {
    type: 'number',
    min: 1,
    max: 100_000,
    value: 256,
    required: true,
  });
  const token = h('input', { type: 'password', autocomplete: 'off', maxlength: 1_000 });
  const streamed = h('input', { type: 'radio', name: 'form', checked: true });
  const whole = h('input', { type: 'radio', name: 'form' });
  const button = h('button', { type: 'submit' }, 'Call Claude');
  const stop = h('button', { type: 'button', class: 'second', 'aria-disabled': 'true' }, 'Hang up');
  const answer = h('pre', { class: 'answer', tabindex: 0, role: 'region', 'aria-label': 'Answer' });
  const state = h('p', { role: 'status' });
  const facts = h('dl');
  const form = h(
    'form',
    {},
    h('label', { class: 'wide' }, 'Prompt', prompt),
    h('label', {}, 'Model', model),
    h('label', {}, 'Tokens at most', maxTokens),
    h(
      'fieldset',
      {},
      h('legend', {}, 'Answer'),
      h('label', {}, streamed, 'streamed'),
      h('label', {}, whole, 'whole'),
    ),
    h('label', {}, 'A caller’s token, where CALLERS is set', token),
    ...[button, stop],
  );
  root.append(
    h('h1', {}, 'Try it'),
    h(
      'p',
      {},
      'One call through the whole service. Without a key of your own the simulator answers; with one, this costs money.',
    ),
    form,
    state,
    h(
      'div',
      { class: 'two' },
      h('div', { class: 'panel' }, h('h2', {}, 'Answer'), answer),
      h('div', { class: 'panel' }, h('h2', {}, 'What became of it'), facts),
    ),
  );
  /** @type {AbortController | undefined} */
  let running;
  let isAnswering = false;

  /** @param {Record<string, Node | string | number | undefined>} known */
  function show(known) {
    const rows = Object.entries(known).filter(([, value]) => value !== undefined);
    facts.replaceChildren(
      ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    );
  }

  /** Waits for the spans, and adds what only they know. @param {string} id @param {any} known @param {AbortSignal} signal */
  async function addSpans(id, known, signal) {
    const limit = performance.now() + LOOK_FOR_MS;
    for (;;) {
      const found = await ask('find', { id }, { signal });
      const { call, last, attempts } = factsOfSpans(found.spans.items ?? []);
      if (call && !found.isPartial) {
        const firstMs = call['claude.time_to_first_token_ms'];
        return show({
          ...known,
          // A whole answer has none.
          'First token': firstMs === undefined ? undefined : format(firstMs / 1_000, 's'),
          Outcome: call['claude.outcome'],
          Cost: costOf(call),
          Attempts: attempts,
          Upstream: last?.['claude.upstream'],
          'Key alias': last?.['claude.key'],
        });
      }
      if (performance.now() > limit) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    show({ ...known, Trace: 'not there: not kept, or no store of traces runs' });
  }

  /** @param {AbortSignal} signal @returns what is known without the trace, and the ID that leads to it */
  async function call(signal) {
    const beganMs = performance.now();
    const body = {
      model: model.value,
      prompt: prompt.value,
      stream: streamed.checked,
      maxTokens: Number(maxTokens.value),
      ...(token.value && { token: token.value }),
    };
    const response = await send('/api/call', { ...json('POST', body), signal });
    const id = response.headers.get('x-correlation-id') ?? '';
    /** @type {Record<string, any>} */
    const known = {
      'Correlation ID': id && link(`#follow?id=${encodeURIComponent(id)}`, id),
      Status: response.status,
    };
    show(known);
    let firstMs = 0;
    const write = (/** @type {string} */ text) => {
      if (firstMs === 0) firstMs = performance.now() - beganMs;
      answer.append(document.createTextNode(text));
    };
    try {
      if (!response.ok) throw new Error(problemOf(await response.json().catch(() => undefined)));
      const usage = await (body.stream ? readStream : readWhole)(response, write);
      known['Tokens'] = `${usage.input_tokens ?? '?'} in, ${usage.output_tokens ?? '?'} out`;
      state.textContent = 'The answer is complete.';
    } catch (error) {
      if (signal.aborted) throw error;
      state.replaceChildren(failure(error));
    }
    if (firstMs > 0) known['First text in this page'] = format(firstMs / 1_000, 's');
    known['Took'] = format((performance.now() - beganMs) / 1_000, 's');
    show(known);
    return { id, known };
  }

  /** @param {boolean} isRunning */
  function setRunning(isRunning) {
    isAnswering = isRunning;
    setUsable(button, !isRunning);
    setUsable(stop, isRunning);
  }

  form.addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isAnswering) return;
    // The trace of the call before may still be looked for.
    running?.abort();
    const controller = new AbortController();
    const { signal } = controller;
    running = controller;
    answer.replaceChildren();
    facts.replaceChildren();
    state.textContent = 'Claude is being called.';
    setRunning(true);
    try {
      const { id, known } = await call(signal).finally(() => setRunning(false));
      if (id) await addSpans(id, known, signal);
    } catch (error) {
      if (running === controller)
        state.replaceChildren(signal.aborted ? 'You have hung up.' : failure(error));
    }
  });
  stop.addEventListener('click', () => {
    if (isAnswering) running?.abort();
  });

  /** @param {string[]} names */
  function offer(names) {
    const chosen = names.includes(model.value) ? model.value : names[0];
    const options = names.map((value) => h('option', { value, selected: value === chosen }, value));
    model.replaceChildren(...options);
  }

  // Nobody has to wait for the list before they can call.
  offer(USUAL_MODELS);
  const showModels = () => ask('models').then(offer, () => undefined);
  return { open: () => void showModels(), leave() {} };
}
