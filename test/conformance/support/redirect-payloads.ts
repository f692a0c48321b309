import { disguises, EVIL } from './redirect-disguises.js';

/** Characters that a browser drops wherever they stand in a URL [WHATWG URL 4.4]. */
const dropped = ['\t', '\n', '\r', '\r\n'];
/** Characters that it strips from both ends. */
const stripped = ['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1f', ' '];

/**
 * What attackers put into a parameter that says where to go on, by the trick that each relies on.
 *
 * @param app the host of the app, which some of them wear as a mask.
 */
export function redirectPayloads(app: string): Readonly<Record<string, readonly string[]>> {
  return {
    ...disguises,
    absolute: [
      ...['https', 'http', 'HTTPS', 'hTtP', 'ftp', 'ws', 'wss'].map((scheme) => `${scheme}://${EVIL}/x`),
      ...[`https:${EVIL}`, `https:/${EVIL}`, `https:///${EVIL}`, `http:////${EVIL}`, `https:?${EVIL}`],
      ...[`https:\\\\${EVIL}`, `https:\\${EVIL}`, `https:/\\${EVIL}`, `http:/${app}@${EVIL}`],
      `http://${app}/`,
    ],
    'protocol-relative': [
      ...['//', '///', '////', '//////'].flatMap((slashes) => [
        `${slashes}${EVIL}`,
        `${slashes}${EVIL}/a?b#c`,
      ]),
      ...[
        `//${EVIL}:80`,
        `//${EVIL}.`,
        `//${EVIL}%2f..`,
        `//${EVIL}/..`,
        `//.${EVIL}`,
        `//${app}.${EVIL}`,
        '//',
        '///',
      ],
    ],
    backslashes: [
      ...[
        `/\\${EVIL}`,
        `\\/${EVIL}`,
        `\\\\${EVIL}`,
        `\\${EVIL}`,
        `/\\/${EVIL}`,
        `//\\${EVIL}`,
        `/\\\\${EVIL}`,
      ],
      ...[
        `\\/\\/${EVIL}`,
        `/\\${EVIL}\\..`,
        `/x\\..\\\\${EVIL}`,
        `/x/..\\\\${EVIL}`,
        `/.\\\\${EVIL}`,
        `/..\\/${EVIL}`,
      ],
      `/\\${app}@${EVIL}`,
    ],
    'dropped characters': dropped.flatMap((gap) => [
      ...[
        `${gap}//${EVIL}`,
        `/${gap}/${EVIL}`,
        `//${gap}${EVIL}`,
        `/${gap}\\${EVIL}`,
        `/${gap}${gap}/${EVIL}`,
      ],
      ...[`/.${gap}//${EVIL}`, `/${gap}.//${EVIL}`, `ht${gap}tps://${EVIL}`, `/x/.${gap}./${gap}/${EVIL}`],
    ]),
    'stripped characters': stripped.flatMap((edge) => [
      ...[
        `${edge}//${EVIL}`,
        `${edge}https://${EVIL}`,
        `${edge}/\\${EVIL}`,
        `/${edge}/${EVIL}`,
        `//${edge}${EVIL}`,
      ],
      `//${EVIL}${edge}`,
    ]),
    userinfo: [
      ...[
        `https://${app}@${EVIL}`,
        `//${app}@${EVIL}/`,
        `//${app}:80@${EVIL}`,
        `//${app}%40${EVIL}`,
        `//x:y@${EVIL}`,
      ],
      ...[
        `//${EVIL}#@${app}`,
        `//${EVIL}?@${app}`,
        `//${EVIL}\\@${app}`,
        `//${EVIL};@${app}`,
        `//${EVIL}/@${app}/..`,
      ],
      ...[`@${EVIL}`, `/@${EVIL}`, `:@${EVIL}`, `//@${EVIL}`, `///${app}@${EVIL}`, `/\\${app}:80@${EVIL}`],
    ],
    'dot segments': [
      ...[
        `/.//${EVIL}`,
        `/..//${EVIL}`,
        `/./..//${EVIL}`,
        `/x/..//${EVIL}`,
        `/a/b/../..//${EVIL}`,
        `/.///${EVIL}`,
      ],
      ...[
        `/%2e//${EVIL}`,
        `/%2E//${EVIL}`,
        `/%2e%2e//${EVIL}`,
        `/.%2e//${EVIL}`,
        `/%2e.//${EVIL}`,
        `/x/%2e%2E//${EVIL}`,
      ],
      ...[
        `/././/${EVIL}`,
        `/x/.././/${EVIL}`,
        `/..//..//${EVIL}`,
        `/.//${EVIL}/%2e%2e`,
        `/..;/..//${EVIL}/../..//${EVIL}`,
      ],
      ...['/.//', '/..//', '/x/..//', '/%2e//', `/.//${app}@${EVIL}`, `/.//\\${EVIL}`],
    ],
    schemes: [
      ...[
        'javascript:alert(1)',
        'JavaScript:alert(1)',
        `javascript://${app}/%0aalert(1)`,
        '/javascript:alert(1)',
      ],
      ...[
        'data:text/html,<script>alert(1)</script>',
        'data:text/html;base64,PHNjcmlwdD4=',
        'vbscript:msgbox(1)',
      ],
      ...['file:///etc/passwd', 'about:blank', 'blob:https://evil.example/1', 'mailto:a@b.example', 'tel:1'],
      ...[
        `view-source:https://${EVIL}`,
        `intent://${EVIL}#Intent;end`,
        'javascript&colon;alert(1)',
        '\u0001javascript:x',
      ],
    ],
    relative: [
      '',
      ' ',
      '.',
      '..',
      './x',
      '../x',
      'x',
      EVIL,
      `${EVIL}/x`,
      '?x=1',
      '#x',
      ':80',
      ';x',
      'undefined',
      'null',
    ],
    'too long': [
      ...[
        `/${'x'.repeat(2048)}`,
        `/${'ä'.repeat(1000)}`,
        `/?${'😀'.repeat(400)}`,
        `//${EVIL}/${'x'.repeat(2000)}`,
      ],
      `/${'./'.repeat(1100)}/${EVIL}`,
    ],
  };
}

/** Paths of the app that must arrive as they are. */
export const honestPaths = [
  '/me',
  '/me?x=1&y=2',
  '/a/b/c/',
  '/a//b',
  '/search?q=a%20b+c&lang=de',
  '/files/r%C3%A9sum%C3%A9.pdf',
  "/it's/(a)/~b/!$&*+,;=:@",
  '/next?returnTo=/x&to=https://other.example',
  `/${'x'.repeat(2040)}`,
];
