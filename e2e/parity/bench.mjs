// How fast PostHog's own parser reads the accepted queries of the corpus, beside ours and Go's own parser for
// Go: make bench-parity.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ask } from './oracle.mjs'

const root = new URL('../../', import.meta.url).pathname
const texts = readFileSync(root + 'testdata/hogql/own.jsonl', 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line))
  .filter(t => t.ok && t.rule === 'select')
const bytes = texts.reduce((n, t) => n + Buffer.byteLength(t.text), 0)

const start = performance.now()
for (const t of texts) await ask(t)
const took = performance.now() - start

const out = execFileSync('go', ['test', '-run', '^$', '-bench', 'AgainstGo|ParseSizes', '-benchtime', '3s', '-cpu', '1', './internal/hogql'],
  { cwd: root, encoding: 'utf8' })
console.log(out.split('\n').filter(line => line.startsWith('Benchmark')).join('\n'))
console.log(`PostHog's parser, a new instance every 250 texts: ${(bytes / took / 1000).toFixed(3)} MB/s over ${texts.length} queries of ${bytes} bytes`)
