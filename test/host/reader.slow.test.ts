/** The reader's promises under every shell and awk that hosts have. */

import { describeReader } from '#test/reader-promises';
import { readerTools } from '#test/reader-rig';

for (const tools of readerTools()) describeReader(tools, true);
