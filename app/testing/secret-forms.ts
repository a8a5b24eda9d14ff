/** For tests: a secret in every encoding in which the redactor finds it. */

/** @returns the secret as it is, and as JSON, URLs, HTML, base64 and hex write it */
export function encodedForms(secret: string): readonly string[] {
  const characters = [...secret];
  const codes = characters.map((character) =>
    character.charCodeAt(0).toString(16).padStart(4, '0'),
  );
  const hex = Buffer.from(secret).toString('hex');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    codes.map((code) => `\\u${code}`).join(''),
    codes.map((code) => `\\x${code.slice(2)}`).join(''),
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    codes.map((code) => `%${code.slice(2)}`).join(''),
    codes.map((code) => `&#x${code};`).join(''),
    codes.map((code) => `%26%23x${code}%3b`).join(''),
    codes.map((code) => `\\\\u${code}`).join(''),
    characters.map((character) => `&#${character.charCodeAt(0)};`).join(''),
    hex,
    hex.toUpperCase(),
    ...['', 'u', 'us'].flatMap((before) => [
      Buffer.from(before + secret).toString('base64'),
      Buffer.from(before + secret).toString('base64url'),
    ]),
  ];
}
