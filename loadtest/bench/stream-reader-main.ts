/** The process that reads streams: one job by its first message, its figures as the answer. */
import { once } from 'node:events';
import { readStreams, type StreamLoad } from './stream-reader.ts';

const [load] = await once(process, 'message');
process.send?.(await readStreams(load as StreamLoad));
process.disconnect();
