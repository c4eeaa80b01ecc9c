/** As much of a browser as a redirect flow needs: it keeps cookies by host and path, and follows only when it is told to. */

type Cookie = { readonly host: string; readonly path: string; readonly value: string };
type Going = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

export class CookieBrowser {
  readonly #cookies = new Map<string, Cookie>();
  /** Headers of a request of its page. */
  page: (method: string, target: string) => Readonly<Record<string, string>> = () => ({});
  /** Every `Set-Cookie` that it was sent. */
  readonly sent: string[] = [];

  keep(url: string, name: string, value: string): void {
    this.#cookies.set(name, { host: new URL(url).hostname, path: '/', value });
  }

  async go(url: string, { headers = {}, ...init }: Going = {}): Promise<Response> {
    const { hostname, pathname, search } = new URL(url);
    const cookie = [...this.#cookies]
      .filter(([, each]) => each.host === hostname && pathname.startsWith(each.path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const page = this.page(init.method ?? 'GET', pathname + search);
    const answer = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { ...page, ...headers, ...(cookie === '' ? {} : { cookie }) },
    });
    for (const set of answer.headers.getSetCookie()) {
      this.sent.push(set);
      const [pair = '', ...attributes] = set.split(/; ?/);
      const at = pair.indexOf('=');
      const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? '/';
      this.#cookies.set(pair.slice(0, at), { host: hostname, path, value: pair.slice(at + 1) });
    }
    return answer;
  }
}
