/** The simulator's faults as switches, each with the alerts that have to tell of it. */
import { ask, json } from './api.js';
import { failure, h, link, notice } from './dom.js';
import { ago } from './format.js';
import { poller } from './poll.js';

const REFRESH_MS = 2_000;
/** Calls that the page makes by itself, so that a fault hits something: one after the other, about so many a second. */
const CALL_EVERY_MS = 200;

/** @param {any} alert */
function stateOf(alert) {
  if (!alert) return 'not loaded';
  const [first] = alert.active.toSorted((/** @type {any} */ a, /** @type {any} */ b) =>
    a.activeAt.localeCompare(b.activeAt),
  );
  return first ? `${alert.state} for ${ago(first.activeAt)}` : alert.state;
}

/** @param {any} expected @param {any} alert */
function alertItem({ alert: name, severity, notBefore, within, clearsWithin }, alert) {
  const isFiring = alert?.state === 'firing';
  return h(
    'li',
    {},
    alert?.runbook ? link(alert.runbook, name) : name,
    ` (${severity}) `,
    h(
      'strong',
      { class: isFiring ? 'tone-red' : alert?.state === 'pending' ? 'tone-orange' : 'quiet' },
      stateOf(alert),
    ),
    h(
      'div',
      { class: 'quiet' },
      `fires ${notBefore} to ${within} min after the fault, clears within ${clearsWithin}`,
    ),
  );
}

/** @param {HTMLElement} root */
export function breakSection(root) {
  const problem = h('div', { role: 'status' });
  const other = h('div');
  const cards = h('div', { class: 'cards' });
  const calling = h('input', { type: 'checkbox', role: 'switch' });
  const tally = h('span', { class: 'quiet' });
  const clear = h('button', { type: 'button', class: 'second' }, 'Take all faults back');
  root.append(
    h('h1', {}, 'Break it'),
    h(
      'p',
      {},
      'Faults of the simulator. A fault shows in what calls there are, so let some be made. The alerts are those that the game day of the same name lets fire; here they take their real time.',
    ),
    h(
      'div',
      { class: 'bar' },
      h('label', { class: 'switch' }, calling, 'Make calls from this page, about five a second'),
      tally,
      clear,
    ),
    ...[problem, other, cards],
  );
  /** @type {Map<string, { element: HTMLElement, input: any, alerts: HTMLElement }>} */
  const made = new Map();

  /** @param {any} fault */
  function cardOf({ name, fault }) {
    const id = `switch-${name}`;
    const input = h('input', { type: 'checkbox', role: 'switch', id, onchange: () => change() });
    const alerts = h('ul');
    const command = h(
      'p',
      { class: 'quiet' },
      'Sped up, in a stack of its own: ',
      h('code', {}, `make gameday FAULT=${name}`),
    );
    const element = h(
      'article',
      { class: 'panel' },
      h('h2', {}, h('label', { class: 'switch', for: id }, input, name.replaceAll('_', ' '))),
      h('p', {}, `${fault[0].toUpperCase()}${fault.slice(1)}.`),
      alerts,
      command,
    );
    const card = { element, input, alerts };
    made.set(name, card);
    cards.append(element);
    return card;
  }

  /** @param {any} faults @param {any[]} alerts */
  function show({ switches, others }, alerts) {
    for (const each of switches) {
      const { element, input, alerts: list } = made.get(each.name) ?? cardOf(each);
      input.checked = each.isOn;
      element.classList.toggle('on', each.isOn);
      const seen = new Map(each.expected.map((/** @type {any} */ one) => [one.alert, one]));
      list.replaceChildren(
        ...[...seen.values()].map((one) =>
          alertItem(
            one,
            alerts.find(({ name }) => name === one.alert),
          ),
        ),
      );
    }
    other.replaceChildren(
      ...(others.length > 0
        ? [
            notice(
              `Set by somebody else, and left alone by the switches: ${JSON.stringify(others)}`,
            ),
          ]
        : []),
    );
  }

  /** Counts changes: what was asked before one, or while it was made, is no longer true. */
  let turn = 0;
  /** @param {() => Promise<any>} faults @param {boolean} [isChange] */
  async function refresh(faults, isChange = false) {
    const mine = isChange ? ++turn : turn;
    const [set, alerts] = await Promise.allSettled([faults(), ask('alerts')]);
    if (mine !== turn) return;
    if (isChange) turn++;
    const reasons = [set, alerts].flatMap((each) =>
      each.status === 'rejected' ? [failure(each.reason)] : [],
    );
    problem.replaceChildren(...reasons);
    for (const { input } of made.values()) input.disabled = set.status === 'rejected';
    calling.disabled = set.status === 'rejected';
    if (set.status === 'fulfilled')
      show(set.value, alerts.status === 'fulfilled' ? alerts.value : []);
    else calling.checked = false;
  }

  const change = () => {
    const on = [...made].filter(([, { input }]) => input.checked).map(([name]) => name);
    return refresh(() => ask('faults', {}, json('PUT', { on })), true);
  };
  clear.addEventListener('click', () => refresh(() => ask('faults', {}, json('DELETE')), true));

  let calls = 0;
  let failed = 0;
  async function callOnce() {
    const body = {
      model: 'claude-haiku-5-5',
      prompt: 'Hello',
      stream: calls % 2 === 0,
      maxTokens: 16,
    };
    calls++;
    try {
      const response = await fetch('/api/call', json('POST', body));
      const text = await response.text();
      if (!response.ok || (body.stream && !text.includes('message_stop'))) failed++;
    } catch {
      failed++;
    }
    tally.textContent = `${calls} calls, ${failed} failed`;
  }
  calling.addEventListener('change', async () => {
    const timer = setInterval(() => {
      if (calling.checked) void callOnce();
      else clearInterval(timer);
    }, CALL_EVERY_MS);
  });

  const polled = poller(
    () => refresh(() => ask('faults')),
    () => REFRESH_MS,
  );
  return { open: () => polled.start(), leave: () => polled.stop() };
}
