/** Where an attacker wants a browser to go. */
export const EVIL = 'evil.example';

/** White space that is none to a browser, but may be to whoever trims. */
const unicodeSpaces = [
  '\u0085',
  '\u00a0',
  '\u1680',
  '\u2003',
  '\u2028',
  '\u2029',
  '\u202f',
  '\u3000',
  '\ufeff',
];

/** Payloads that rely on what others make of their characters: by encoding, folding, or reading a host in another way. */
export const disguises: Readonly<Record<string, readonly string[]>> = {
  'unicode white space': unicodeSpaces.flatMap((space) => [
    ...[`${space}//${EVIL}`, `/${space}/${EVIL}`, `//${space}${EVIL}`, `${space}https://${EVIL}`],
    `/.${space}//${EVIL}`,
  ]),
  'look-alikes': [
    ...['／／', '／/', '/／', '＼＼', '／＼', '⁄⁄', '∕∕', '⧸⧸', '⫽'].map((slashes) => `${slashes}${EVIL}`),
    ...[
      `。。//${EVIL}`,
      `/․․//${EVIL}`,
      `/．//${EVIL}`,
      `/．．//${EVIL}`,
      `/。//${EVIL}`,
      `http：//${EVIL}`,
      `/＠${EVIL}`,
    ],
  ],
  'disguised hosts': [
    ...[
      '//evil。example',
      '//ｅｖｉｌ.example',
      '//ⓔⓥⓘⓛ.example',
      '//ev\u00adil.example',
      '//xn--vil-7ed.example',
    ],
    ...[
      '//3627734734',
      '//0xd83ad6ce',
      '//0330.072.0326.0316',
      '//216.58.54990',
      '//127.1',
      '//0',
      '//[::1]',
    ],
    ...[
      '//[::ffff:127.0.0.1]:80',
      '//[::1%25lo]',
      '//％65vil.example',
      '//evil%E3%80%82example',
      '//е\u0301vil.example',
    ],
  ],
  encoded: [
    ...[
      `/%2f${EVIL}`,
      `/%2F%2F${EVIL}`,
      `%2f%2f${EVIL}`,
      `/%5c${EVIL}`,
      `/%5C%5c${EVIL}`,
      `/%09/${EVIL}`,
      `/%00/${EVIL}`,
    ],
    ...[
      `/%0d%0aLocation:%20https://${EVIL}`,
      `/%20/${EVIL}`,
      `/%252f${EVIL}`,
      `/%25%32%66${EVIL}`,
      `/%252e//${EVIL}`,
    ],
    ...[
      `/%u002f${EVIL}`,
      `/%c0%af${EVIL}`,
      `/%ef%bc%8f${EVIL}`,
      `$2f$2f${EVIL}`,
      `/$2f${EVIL}`,
      `&#x2f;&#x2f;${EVIL}`,
    ],
    ...['%', '/%', '/%2', '/%zz', '/%E0%A4%A', `%68ttps://${EVIL}`, `https%3a//${EVIL}`, `/%2e%252f${EVIL}`],
  ],
  'breaking out': [
    ...[
      '/"><script>alert(1)</script>',
      `/' onmouseover='alert(1)`,
      `/"onfocus="alert(1)`,
      '/x\r\nSet-Cookie: sid=1',
    ],
    ...[
      '/x\r\n\r\n<script>alert(1)</script>',
      '/x%0d%0aSet-Cookie:%20sid=1',
      '/\u560a\u560dSet-Cookie: sid=1',
    ],
    ...[
      '/?x=1&scope=admin',
      '/&client_id=evil',
      '/#&redirect_uri=https://evil.example',
      '/x"y',
      '/\ud800x',
      '/\udfff//',
    ],
    ...[
      '/`x`',
      '/{x}|y^z',
      '/<x>',
      '/x y',
      `/x;//${EVIL}`,
      `/x?//${EVIL}`,
      `/x#//${EVIL}`,
      `//\u{1f600}.example`,
    ],
  ],
};
