import { afterAll } from 'vitest';
import { endPrograms } from './program.ts';

// A test that ran out of time has not ended what it started. For each file: files may share a process, and its modules.
afterAll(endPrograms);
