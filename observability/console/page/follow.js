/** Everything of one ID: its trace as a waterfall, its log lines, and the request as the upstream saw it. */
import { ask, partsOf, urlOfPart } from './api.js';
import { failure, h, link, notice, table } from './dom.js';
import { format } from './format.js';

/** The last spans and lines of a call arrive a moment after its end. */
const LOOK_FOR_MS = 6_000;
const POLL_MS = 400;
const LATE_MS = 1_500;
const FOUND = 'Found.';
const THEIRS = 'claude-platform';

/** @param {any} span milliseconds */
const beginsAt = (span) => Number(BigInt(span.startNs) / 1_000n) / 1_000;
/** @param {any} span milliseconds */
const lasts = (span) => Number(BigInt(span.endNs) - BigInt(span.startNs)) / 1e6;

/** The spans in order, each below its parent, with its depth. @param {any[]} spans */
function inOrder(spans) {
  const known = new Set(spans.map(({ spanId }) => spanId));
  /** @param {string} parent @param {number} depth @returns {any[]} */
  const below = (parent, depth) =>
    spans
      .filter((span) => (known.has(span.parentSpanId) ? span.parentSpanId : '') === parent)
      .toSorted((a, b) => (BigInt(a.startNs) < BigInt(b.startNs) ? -1 : 1))
      .flatMap((span) => [{ span, depth }, ...below(span.spanId, depth + 1)]);
  return below('', 0);
}

/** @param {any} span */
function hasFailed({ status, attributes }) {
  const outcome = attributes['claude.outcome'];
  return status === 2 || (outcome !== undefined && outcome !== 'success');
}

/** @param {any} value */
const written = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

/** @param {any} span @param {number} depth @param {number} firstMs @param {number} wholeMs */
function rowOf(span, depth, firstMs, wholeMs) {
  const isTheirs = span.resource?.['service.name'] === THEIRS;
  const bar = h('i', { class: hasFailed(span) ? 'failed' : isTheirs ? 'theirs' : '' });
  bar.style.left = `${(100 * (beginsAt(span) - firstMs)) / wholeMs}%`;
  bar.style.width = `${Math.min(100, (100 * lasts(span)) / wholeMs)}%`;
  const name = h('span', { class: 'break-all' }, span.name);
  name.style.marginLeft = `${depth}em`;
  const attributes = Object.entries(span.attributes).map(
    ([key, value]) => `${key} = ${written(value)}`,
  );
  const outcome =
    span.attributes['claude.outcome'] ?? span.attributes['http.response.status_code'] ?? '';
  return [
    h('div', {}, name, isTheirs && h('span', { class: 'quiet' }, ' Claude’s own')),
    h('div', { class: 'track', 'aria-hidden': 'true' }, bar),
    format(lasts(span) / 1_000, 's'),
    h(
      'details',
      {},
      h('summary', {}, written(outcome) || 'more'),
      h('pre', {}, attributes.join('\n')),
    ),
  ];
}

/** @param {any[]} spans */
function waterfall(spans) {
  const firstMs = Math.min(...spans.map(beginsAt));
  const wholeMs = Math.max(...spans.map((span) => beginsAt(span) + lasts(span))) - firstMs || 1;
  const rows = inOrder(spans).map(({ span, depth }) => rowOf(span, depth, firstMs, wholeMs));
  return table('Trace', ['Span', 'When', 'Lasted', 'Outcome'], rows, 'waterfall');
}

/** @param {string} line */
function lineRow(line) {
  /** @type {any} */
  let parsed;
  try {
    parsed = JSON.parse(line);
  } catch {
    return ['', '', h('span', { class: 'break-all' }, line)];
  }
  const { time = '', level = '', msg = '', ...rest } = parsed;
  return [
    String(time).slice(11, 23),
    `${level} ${msg}`,
    h('code', { class: 'break-all' }, JSON.stringify(rest)),
  ];
}

/** @param {any} request */
function requestOf({ method, path, status, fault, time, headers, ...rest }) {
  const head = `${method} ${path} → ${status}${fault ? `, broken by the fault ${fault}` : ''}`;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${written(value)}`);
  return h(
    'div',
    {},
    h('h3', {}, head),
    h('p', { class: 'quiet' }, `${time} ${JSON.stringify(rest)}`),
    h('pre', { class: 'answer' }, lines.join('\n')),
  );
}

/** One of the three, or why it is not there. @param {string} title @param {any} found @param {(items: any[]) => Node[]} draw @param {string} nothing */
function part(title, found, draw, nothing) {
  const body = found.error
    ? [notice(found.error, true)]
    : found.items.length === 0
      ? [h('p', { class: 'quiet' }, nothing)]
      : draw(found.items);
  return h('div', { class: 'panel row' }, h('h2', {}, title), ...body);
}

/** Where the ID can be followed further. @param {any} found */
async function linksOf({ id, traces }) {
  const [grafana, store] = await Promise.all([urlOfPart('grafana'), urlOfPart('traces')]);
  const search = new URLSearchParams({ 'var-id': id });
  // The stack that has a store of logs has Tempo, whether or not the former is there at the moment.
  const isTempo = (await partsOf()).some(({ name }) => name === 'logs');
  const path = (/** @type {string} */ trace) =>
    isTempo ? `/api/traces/${trace}` : `/spans?trace_id=${trace}`;
  return h(
    'ul',
    { class: 'plain' },
    h(
      'li',
      {},
      grafana
        ? link(`${grafana}/d/claude-one-id?${search}`, 'This ID in Grafana')
        : 'Grafana is not there.',
    ),
    ...(store
      ? traces.map((/** @type {string} */ trace) =>
          h(
            'li',
            {},
            link(
              `${store}${path(trace)}`,
              `Trace ${trace} as ${isTempo ? 'Tempo' : 'the span store'} has it`,
            ),
          ),
        )
      : []),
  );
}

/** @param {HTMLElement} root */
export function followSection(root) {
  const input = h('input', {
    id: 'id',
    size: 40,
    maxlength: 128,
    spellcheck: 'false',
    autocomplete: 'off',
    required: true,
  });
  const state = h('p', { role: 'status' });
  const result = h('div', { class: 'grid' });
  const form = h(
    'form',
    {},
    h('label', {}, 'Correlation ID or trace ID', input),
    h('button', { type: 'submit' }, 'Find it'),
  );
  root.append(
    h('h1', {}, 'Follow it'),
    h(
      'p',
      {},
      'One ID (x-correlation-id of a response) finds the trace, the log lines and the request that reached the upstream.',
    ),
    ...[form, state, result],
  );
  let turn = 0;

  /** @param {any} found @param {() => boolean} isWanted whether nothing else has been asked for since */
  async function show(found, isWanted) {
    const links = await linksOf(found);
    if (!isWanted()) return;
    result.replaceChildren(
      part(
        'Trace',
        found.spans,
        (spans) => [waterfall(spans), links],
        'No span: not yet, not kept, or no such ID.',
      ),
      part(
        'Log lines',
        found.lines,
        (lines) => [
          table('Log lines', ['Time', 'Line', 'Fields'], lines.map(lineRow)),
          ...(lines.length < found.mostLines
            ? []
            : [h('p', { class: 'quiet' }, `No more than ${found.mostLines} lines are shown.`)]),
        ],
        'No line has it.',
      ),
      part(
        'As the upstream saw it',
        found.requests,
        (requests) => requests.map(requestOf),
        'No request of the last thousand has it. A real upstream shows none.',
      ),
    );
  }

  /** @param {string} id */
  async function find(id) {
    const mine = ++turn;
    const limit = performance.now() + LOOK_FOR_MS;
    state.textContent = 'Looking …';
    result.replaceChildren();
    try {
      for (let isLast = false; !isLast; ) {
        const found = await ask('find', { id });
        if (mine !== turn) return;
        await show(found, () => mine === turn);
        const isWhole = !found.isPartial && found.lines.items?.length !== 0;
        isLast = state.textContent === FOUND || performance.now() > limit;
        state.textContent = isWhole
          ? FOUND
          : isLast
            ? 'That is all there is.'
            : 'More may be on its way …';
        // Claude's own span comes by another way, a moment later.
        await new Promise((resolve) => setTimeout(resolve, isWhole ? LATE_MS : POLL_MS));
        if (mine !== turn) return;
      }
    } catch (error) {
      if (mine === turn) state.replaceChildren(failure(error));
    }
  }

  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = `#follow?${new URLSearchParams({ id: input.value.trim() })}`;
    if (location.hash === wanted) void find(input.value.trim());
    else location.hash = wanted;
  });
  return {
    /** @param {URLSearchParams} query */
    open(query) {
      const id = query.get('id');
      if (!id) return;
      input.value = id;
      void find(id);
    },
    leave() {
      turn++;
    },
  };
}
