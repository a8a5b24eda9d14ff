/** Calls that the page makes by itself, so that a fault hits something. */
import { ask, json } from './api.js';
import { failure, h, renew } from './dom.js';

const EVERY_MS = 200;
/** A browser has six connections to one host; the others stay free for what the page shows. */
const MOST_AT_ONCE = 3;

/** @param {boolean} stream @returns {Promise<boolean>} whether the answer is a finished message */
async function succeeds(stream) {
  const body = { model: 'claude-haiku-5-5', prompt: 'Hello', stream, maxTokens: 16 };
  try {
    const response = await fetch('/api/call', json('POST', body));
    const text = await response.text();
    return response.ok && (!stream || text.includes('message_stop'));
  } catch {
    return false;
  }
}

/** @returns the switch, the words beside it, and what the simulator’s absence does to both */
export function createCaller() {
  const input = h('input', { type: 'checkbox', role: 'switch' });
  const tally = h('span', { class: 'quiet' });
  const problem = h('div', { role: 'status' });
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  let calls = 0;
  let failed = 0;
  let running = 0;
  /** Under a fault the service may answer without the simulator, and then nothing tells who it is. */
  let wasSimulator = false;

  async function callOnce() {
    if (running >= MOST_AT_ONCE) return;
    running++;
    if (!(await succeeds(calls++ % 2 === 0))) failed++;
    running--;
    tally.textContent = `${calls} ${calls === 1 ? 'call' : 'calls'}, ${failed} failed`;
  }

  /** Calls of a real upstream cost money. @throws {Error} why none may be made */
  async function check() {
    const { isSimulator, why } = await ask('upstream');
    if (isSimulator) wasSimulator = true;
    else if (isSimulator === false || !wasSimulator) throw new Error(why);
  }

  function stop() {
    clearInterval(timer);
    input.checked = false;
  }

  input.addEventListener('change', async () => {
    clearInterval(timer);
    renew(problem);
    if (!input.checked) return;
    try {
      await check();
    } catch (error) {
      stop();
      renew(problem, failure(error));
    }
    clearInterval(timer);
    if (input.checked) timer = setInterval(callOnce, EVERY_MS);
  });

  return {
    ...{ input, tally, problem },
    /** Looks early who answers, before a fault hides it. */
    look: () => void check().catch(() => undefined),
    /** @param {boolean} isThere whether the simulator is */
    setThere(isThere) {
      input.disabled = !isThere;
      if (!isThere) stop();
    },
  };
}
