/** Our program's own HTTP face over a data directory, without its rounds of observing. Prints {"url", "token"}. */
import { serveHttp } from '../src/main/http.ts';
import { openService } from '../src/main/service.ts';

const service = await openService({
  home: process.argv[2] ?? '',
  logSink: (line) => process.stderr.write(line),
});
if (service === undefined) throw new Error('another process owns the data directory');
const { url, token } = await serveHttp(service, 0);
console.log(JSON.stringify({ url, token }));
process.stdin.on('end', () => void service.close().then(() => process.exit(0))).resume();
