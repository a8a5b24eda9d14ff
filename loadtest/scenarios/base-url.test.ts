/** Base URLs: what is taken is a URL for Node too, and what is refused would have been one for nobody, or is unusual. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBaseUrl } from './base-url.ts';

const GOOD = [
  ...[
    'http://a',
    'http://localhost:8080',
    'https://claude.example.com/v1/proxy/',
    'http://A_b-c.d',
  ],
  ...[
    'http://svc.ns.svc.cluster.local.:80',
    'http://127.0.0.1:65535',
    'http://0.0.0.0',
    'http://1a',
  ],
  ...['http://[::1]:8443', 'http://[::]', 'http://[1:2:3:4:5:6:7:8]', 'http://[fe80::1:2]/x'],
  ...[
    'http://[::ffff:1.2.3.4]',
    'http://[1:2:3:4:5:6:1.2.3.4]',
    'http://[1::]',
    'http://255.255.255.255',
  ],
];

const BAD = [
  ...[
    '',
    'http://',
    'http:///',
    'http://:80',
    'ftp://a',
    'http:/a',
    '//a',
    'http://a b',
    'http://a\n',
  ],
  ...[
    'http://127.0.0.1:99999',
    'http://a:0',
    'http://a:',
    'http://a:x',
    'http://a:80:80',
    'http://a:-1',
  ],
  ...[
    'http://1.2.3.4.5',
    'http://256.1.1.1',
    'http://1.2.3',
    'http://a.1',
    'http://0x7f',
    'http://01.2.3.4',
  ],
  ...['http://[', 'http://]', 'http://[]', 'http://[::g]:80', 'http://[1:2:3]', 'http://[1::2::3]'],
  ...[
    'http://[1:2:3:4:5:6:7:8:9]',
    'http://[::12345]',
    'http://[:1]',
    'http://[1:]',
    'http://[::1]x',
  ],
  ...[
    'http://[1.2.3.4::]',
    'http://[::1.2.3.4:5]',
    'http://[::1%25eth0]',
    'http://[1:2:3:4:5:6:7:1.2.3.4]',
  ],
  ...[
    'http://a..b',
    'http://.a',
    'http://-a',
    'http://a-',
    'http://xn--a',
    `http://${'a'.repeat(64)}`,
  ],
  ...[
    `http://${'a.'.repeat(127)}aa`,
    'http://u:p@h',
    'http://h/?q',
    'http://h/#f',
    'http://h//x',
    'http://ä',
  ],
];

for (const text of GOOD) {
  test(`base URL: ${text} is one`, () => {
    assert(isBaseUrl(text));
    assert(URL.canParse(text));
  });
}

for (const text of BAD) {
  test(`base URL: ${JSON.stringify(text.slice(0, 50))} is none`, () => assert(!isBaseUrl(text)));
}

/** Numbers from a seed, the same in every run: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function* numbers(seed: number): Generator<number> {
  for (let n = seed; ; ) {
    n = (Math.imul(n, 1_664_525) + 1_013_904_223) >>> 0;
    yield n / 2 ** 32;
  }
}

test('base URL: of many texts made of the parts of URLs, all that are taken are URLs for Node', () => {
  const PARTS = [
    'a',
    '1',
    '0',
    '255',
    '256',
    '.',
    ':',
    '::',
    '[',
    ']',
    '-',
    '_',
    '/',
    '0x',
    'xn--',
    'f',
    '65536',
  ];
  const random = numbers(1);
  const next = () => random.next().value as number;
  let taken = 0;
  for (let i = 0; i < 200_000; i++) {
    const length = 1 + Math.floor(next() * 12);
    const bracketed = next() < 0.5;
    const parts = Array.from({ length }, () => PARTS[Math.floor(next() * PARTS.length)]).join('');
    const text = `http://${bracketed ? `[${parts}]` : parts}`;
    if (!isBaseUrl(text)) continue;
    taken += 1;
    assert(URL.canParse(text), text);
  }
  assert(taken > 1_000, `${taken}`);
});
