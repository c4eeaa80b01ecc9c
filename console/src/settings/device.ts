/** What a browser says of itself, in the words of people. It is a claim: whoever has a stolen cookie says what they like. Pure. */

// The first that fits: others name themselves after these.
const BROWSERS = [
  ['Edge', /\bEdg(?:A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|Chromium|HeadlessChrome|CriOS)\//],
  ['Safari', /\bVersion\/[\d.]+ .*Safari\//],
] as const;
const SYSTEMS = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
] as const;

export function deviceOf(userAgent: string): string {
  const [browser] = BROWSERS.find(([, shape]) => shape.test(userAgent)) ?? [];
  const [system] = SYSTEMS.find(([, shape]) => shape.test(userAgent)) ?? [];
  if (browser === undefined && system === undefined) return 'another program';
  return [browser ?? 'a browser', system].filter((each) => each !== undefined).join(' on ');
}
