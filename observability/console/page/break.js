/** The simulator's faults as switches, each with the alerts that have to tell of it. */
import { ask, json } from './api.js';
import { createCaller } from './caller.js';
import { failure, h, link, notice, renew } from './dom.js';
import { ago } from './format.js';
import { poller } from './poll.js';

const REFRESH_MS = 2_000;

/** @param {any} alert @param {boolean} areKnown whether Prometheus has told its alerts */
function stateOf(alert, areKnown) {
  if (!alert) return areKnown ? 'not loaded' : 'not known';
  const [first] = alert.active.toSorted((/** @type {any} */ a, /** @type {any} */ b) =>
    a.activeAt.localeCompare(b.activeAt),
  );
  if (!first) return alert.state;
  const time = ago(first.activeAt);
  // Prometheus says since when its expression has held, not since when it fires.
  return alert.state === 'pending' ? `pending for ${time}` : `firing, active for ${time}`;
}

/** @param {any} expected @param {any[] | undefined} alerts undefined where Prometheus does not tell them */
function alertItem({ alert: name, severity, notBefore, within, clearsWithin }, alerts) {
  const alert = alerts?.find((each) => each.name === name);
  const isFiring = alert?.state === 'firing';
  return h(
    'li',
    {},
    alert?.runbook ? link(alert.runbook, name) : name,
    ` (${severity}) `,
    h(
      'strong',
      { class: isFiring ? 'tone-red' : alert?.state === 'pending' ? 'tone-orange' : 'quiet' },
      stateOf(alert, alerts !== undefined),
    ),
    h(
      'div',
      { class: 'quiet' },
      `fires ${notBefore} to ${within} min after the fault begins, clears within ${clearsWithin} min of its end`,
    ),
  );
}

/** @param {HTMLElement} root */
export function breakSection(root) {
  const problem = h('div', { role: 'status' });
  const other = h('div');
  const cards = h('div', { class: 'cards' });
  const caller = createCaller();
  const clear = h('button', { type: 'button', class: 'second' }, 'Take all faults back');
  root.append(
    h('h1', {}, 'Break it'),
    h(
      'p',
      {},
      'Each switch sets faults of the simulator. Only calls are hit by a fault, so let some be made. The alerts below it are those that fire in the game day of the same name; here they take their real time.',
    ),
    h(
      'div',
      { class: 'bar' },
      h(
        'label',
        { class: 'switch' },
        caller.input,
        'Make calls from this page, up to five a second',
      ),
      caller.tally,
      clear,
    ),
    ...[caller.problem, problem, other, cards],
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

  /** @param {any} faults @param {any[] | undefined} alerts */
  function show({ switches, others }, alerts) {
    for (const each of switches) {
      const { element, input, alerts: list } = made.get(each.name) ?? cardOf(each);
      input.checked = each.isOn;
      element.classList.toggle('on', each.isOn);
      const seen = new Map(each.expected.map((/** @type {any} */ one) => [one.alert, one]));
      renew(list, ...[...seen.values()].map((one) => alertItem(one, alerts)));
    }
    renew(
      other,
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
    renew(problem, ...reasons);
    for (const { input } of made.values()) input.disabled = set.status === 'rejected';
    caller.setThere(set.status === 'fulfilled');
    if (set.status === 'fulfilled')
      show(set.value, alerts.status === 'fulfilled' ? alerts.value : undefined);
  }

  const change = () => {
    const on = [...made].filter(([, { input }]) => input.checked).map(([name]) => name);
    return refresh(() => ask('faults', {}, json('PUT', { on })), true);
  };
  clear.addEventListener('click', () => refresh(() => ask('faults', {}, json('DELETE')), true));

  const polled = poller(
    () => refresh(() => ask('faults')),
    () => REFRESH_MS,
  );
  return {
    open() {
      caller.look();
      polled.start();
    },
    leave: () => polled.stop(),
  };
}
