/** Makes elements. All text goes through `textContent`, so nothing from outside can become markup. */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [props] attributes; `class`, `on…` listeners; null and false are left out
 * @param {...(Node | string | number | false | null | undefined)} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), /** @type {any} */ (value));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(
    ...children
      .filter((child) => child !== null && child !== undefined && child !== false)
      .map(asNode),
  );
  return element;
}

/** @param {unknown} child */
function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

/**
 * A link to another part of the stack; an address that is neither of the web nor of the page becomes text.
 * @param {string} url
 * @param {string} text
 */
export function link(url, text) {
  if (!/^(?:https?:\/\/|\/(?!\/)|#)/.test(url)) return h('span', {}, text);
  const isOutside = !url.startsWith('#');
  return h('a', { href: url, ...(isOutside && { target: '_blank', rel: 'noreferrer' }) }, text);
}

/**
 * Makes `host` show `nodes`, and leaves alone what is as it was: what a reader has focused, scrolled or opened stays so
 * when it is asked anew, and a screen reader says nothing twice. Where an old element stays, listeners of the new are lost.
 * @param {Element} host
 * @param {...Node} nodes
 */
export function renew(host, ...nodes) {
  nodes.forEach((node, i) => {
    const old = host.childNodes[i];
    if (!old) host.append(node);
    else if (old.isEqualNode(node)) return;
    else if (old instanceof Element && node instanceof Element && old.nodeName === node.nodeName) {
      for (const name of old.getAttributeNames())
        if (name !== 'open' && !node.hasAttribute(name)) old.removeAttribute(name);
      for (const { name, value } of node.attributes) old.setAttribute(name, value);
      renew(old, ...node.childNodes);
    } else old.replaceWith(node);
  });
  while (host.childNodes.length > nodes.length) host.lastChild?.remove();
}

/** @param {string} text @param {boolean} [isBad] */
export function notice(text, isBad = false) {
  return h('p', { class: isBad ? 'notice bad' : 'notice' }, text);
}

/** What went wrong, with what can be done about it. @param {any} error */
export function failure({ message, hint }) {
  return notice(hint ? `${message} ${hint}` : message, true);
}

/**
 * A table that scrolls by itself where it is too wide, also by keyboard.
 * @param {string} name
 * @param {readonly string[]} head
 * @param {readonly (readonly (Node | string | number | null | undefined)[])[]} rows
 * @param {string} [className]
 */
export function table(name, head, rows, className) {
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name },
    h(
      'table',
      { class: className },
      h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell))))),
    ),
  );
}

/** The colour of a variable of the style sheet, for what is drawn. @param {string} name */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
