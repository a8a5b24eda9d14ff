/** Asks the console's own server. What it says instead of an answer is a sentence for the reader. */

/**
 * @param {string} path
 * @param {Record<string, string> | [string, string][]} [query]
 * @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
export async function ask(path, query = {}, init = {}) {
  const text = new URLSearchParams(query).toString();
  const response = await send(`/api/${path}${text && `?${text}`}`, init);
  const body = await response.json().catch(() => undefined);
  if (!response.ok)
    throw problem(body?.error ?? `The console answered ${response.status}.`, body?.hint);
  return body;
}

/** @param {string} sentence @param {string} [hint] what a reader can do */
function problem(sentence, hint = '') {
  return Object.assign(new Error(sentence), { hint });
}

/** @param {string} url @param {RequestInit} init */
export async function send(url, init) {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (/** @type {Error} */ (error).name === 'AbortError') throw error;
    throw new Error('The console itself does not answer: was the stack stopped?');
  }
}

/** @param {string} method @param {unknown} [body] @returns {RequestInit} */
export function json(method, body) {
  if (body === undefined) return { method };
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** @type {Promise<any[]> | undefined} */
let parts;

/** The parts of the stack, asked at most every few seconds. @param {boolean} [again] */
export function partsOf(again = false) {
  if (!parts || again) parts = ask('parts');
  return parts.catch(() => []);
}

/** @param {string} name @returns {Promise<string | undefined>} the URL of a part that is there */
export async function urlOfPart(name) {
  const part = (await partsOf()).find((each) => each.name === name);
  return part?.isThere ? part.url : undefined;
}
