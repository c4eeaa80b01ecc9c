/** The reader's promises under every shell and awk that hosts have; what takes long once under each. */
import { describeReader } from '#test/reader-promises';
import { readerTools } from '#test/reader-rig';

const TOGETHER = new Set(['dash mawk', 'bash gawk', 'busybox ash busybox awk']);

for (const tools of readerTools())
  describeReader(tools, TOGETHER.has(`${tools.shell} ${tools.awk}`));
