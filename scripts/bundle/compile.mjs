// Writes the compiled form of a bundle beside it. Functions are compiled when they are first
// called, so a warm-up calls those that people wait for.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

const [file, warmUpFile] = process.argv.slice(2);
const script = new Script(readFileSync(file, 'latin1'), { filename: file });
const { runProgram } = script.runInThisContext()(createRequire(file), file);
const { warmUp } = await import(pathToFileURL(warmUpFile).href);
await warmUp(runProgram);
writeFileSync(`${file}.compiled.new`, script.createCachedData());
renameSync(`${file}.compiled.new`, `${file}.compiled`);
