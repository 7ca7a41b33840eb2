/* An HTTP server on 127.0.0.1 for the files of a folder: FOLDER PORT. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';

const [folder, port] = process.argv.slice(2);

createServer((request, response) => {
  try {
    response.end(readFileSync(join(folder, basename(request.url ?? ''))));
  } catch {
    response.statusCode = 404;
    response.end('not found\n');
  }
}).listen(Number(port), '127.0.0.1');
