/** Shows one section at a time, by the address after `#`, and tells which parts of the stack are there. */
import { partsOf } from './api.js';
import { breakSection } from './break.js';
import { dashboardsSection } from './dashboards.js';
import { h, link, renew } from './dom.js';
import { followSection } from './follow.js';
import { trySection } from './try.js';
import { usersSection } from './users.js';

const PARTS_EVERY_MS = 10_000;

/**
 * A section is made once it is opened first; `open` gets the query after its name, `leave` stops what it polls.
 * @type {Record<string, (root: HTMLElement) => { open(query: URLSearchParams): void, leave(): void }>}
 */
const SECTIONS = {
  users: usersSection,
  dashboards: dashboardsSection,
  try: trySection,
  follow: followSection,
  break: breakSection,
};
/** @type {Map<string, { open(query: URLSearchParams): void, leave(): void }>} */
const made = new Map();
let shown = '';

/** @param {string} name */
function sectionOf(name) {
  const root = /** @type {HTMLElement} */ (document.getElementById(name));
  const section = made.get(name) ?? SECTIONS[name]?.(root);
  if (section) made.set(name, section);
  return section;
}

function show() {
  const [name = '', query = ''] = location.hash.slice(1).split('?', 2);
  // The link that skips to the content leaves the section as it is; a page that is loaded so has none yet.
  if (name === 'main' && shown !== '') return;
  const wanted = Object.hasOwn(SECTIONS, name) ? name : 'users';
  if (shown !== wanted) made.get(shown)?.leave();
  for (const each of Object.keys(SECTIONS)) {
    /** @type {HTMLElement} */ (document.getElementById(each)).hidden = each !== wanted;
  }
  for (const a of document.querySelectorAll('nav a')) {
    if (a.getAttribute('href') === `#${wanted}`) {
      a.setAttribute('aria-current', 'page');
      document.title = `${a.textContent} – Claude Observatory`;
    } else a.removeAttribute('aria-current');
  }
  const isOther = shown !== '' && shown !== wanted;
  shown = wanted;
  sectionOf(wanted)?.open(new URLSearchParams(query));
  // A reader by keyboard or screen reader goes on in what has just been opened.
  if (isOther) document.getElementById('main')?.focus({ preventScroll: true });
}

/** @param {{ words: string, page: string, isThere: boolean }} part */
function partItem({ words, page, isThere }) {
  const name = words.replace(/^the /, '');
  return h(
    'li',
    {},
    h('span', { class: isThere ? 'dot up' : 'dot down', 'aria-hidden': 'true' }),
    isThere ? link(page, name) : h('span', { class: 'quiet' }, `${name}: not there`),
  );
}

async function showParts() {
  if (document.hidden) return;
  const items = (await partsOf(true)).map(partItem);
  const list = document.getElementById('parts');
  if (list) renew(list, ...items);
}

addEventListener('hashchange', show);
show();
void showParts();
setInterval(showParts, PARTS_EVERY_MS);
