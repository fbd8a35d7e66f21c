import { type Capabilities, parseCapabilities } from '../pop3/capabilities.ts';
import { MAX_CAPABILITY_LINES } from '../wire/limits.ts';
import { plainCommand } from '../wire/transcript.ts';
import type { Pipeline } from './pipeline.ts';

/** CAPA; undefined where the server does not know it. Allowed in both states (RFC 2449 §5). */
export async function askCapabilities(pipeline: Pipeline): Promise<Capabilities | undefined> {
  const lines: string[] = [];
  const response = await pipeline.listing(plainCommand('CAPA'), {
    during: 'asking for the capabilities',
    maxLines: () => MAX_CAPABILITY_LINES,
    onRow: (block, start, end) => lines.push(block.toString('latin1', start, end)),
  });
  return response.ok ? parseCapabilities(lines) : undefined;
}
