// Compares our HogQL parser with PostHog's own over files of JSON lines ({"id","rule","text"}): the verdicts, and
// the trees of what both accept, as raw JSON. Each disagreement is shown in its smallest form.
//
//   node e2e/parity/parity.mjs [--random N] [--seed S] [--least PERCENT] [--shown N] [FILE…]
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { ask } from './oracle.mjs'
import { shrink } from './shrink.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OURS = process.env.POSTHOG_MCP ?? `${ROOT}/bin/posthog-mcp`
const BUFFER = 1 << 30

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: { random: { type: 'string', default: '0' }, seed: { type: 'string', default: '1' }, least: { type: 'string', default: '99.9' }, shown: { type: 'string', default: '12' } },
})

// The least agreement that is enough, in percent. The corpora have no room beside the list of the oracle's bugs.
const BARS = { corpus: { verdicts: 100, trees: 99.5 }, random: { verdicts: +options.least, trees: +options.least - 0.4 } }

const lines = text => text.split('\n').filter(line => line !== '')

// run runs a program and returns what it printed. Exit code 1 says that texts were rejected.
function run(program, args, input, codes) {
  const r = spawnSync(program, args, { input, cwd: ROOT, maxBuffer: BUFFER, encoding: 'utf8' })
  if (r.error || !codes.includes(r.status)) throw r.error ?? new Error(`${program} ${args.join(' ')}: exit code ${r.status}\n${r.stderr}`)
  return r.stdout
}

// ours asks our parser for all texts at once.
function ours(texts) {
  const input = texts.map((t, i) => JSON.stringify({ id: i, rule: t.rule, text: t.text })).join('\n')
  const out = lines(run(OURS, ['hogql', 'parse', '--ast', '--jsonl'], input, [0, 1]))
  if (out.length !== texts.length) throw new Error(`${texts.length} texts, but ${out.length} answers`)
  return out.map(line => {
    const tree = line.indexOf('"ok":true,"ast":')
    if (tree >= 0 && tree < 32) return { ok: true, ast: line.slice(tree + 16, -1) }
    return { ok: false, message: JSON.parse(line).error.message }
  })
}

// theirs asks PostHog's parser, on all cores.
async function theirs(texts) {
  const answers = new Array(texts.length)
  let next = 0
  const work = async () => {
    const worker = new Worker(new URL('./oracle.mjs', import.meta.url))
    for (let at = next; at < texts.length; at = next) {
      next += 100
      const part = texts.slice(at, at + 100).map(({ rule, text }) => ({ rule, text }))
      const done = new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject) })
      worker.postMessage(part)
      answers.splice(at, part.length, ...await done)
      worker.removeAllListeners('error')
    }
    await worker.terminate()
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, work))
  return answers
}

// kind tells how two answers differ: "verdict", "tree", or "" where they do not, or where there is no verdict.
function kind(mine, his) {
  if (!his || !mine) return ''
  if (mine.ok !== his.ok) return mine.ok ? 'verdict: we accept it' : 'verdict: PostHog accepts it'
  return mine.ok && mine.ast !== his.ast ? 'tree' : ''
}

// smallest shrinks a text for as long as the two differ in the same way.
function smallest(t, how) {
  return shrink(t.text, async candidates => {
    const texts = candidates.map(text => ({ rule: t.rule, text }))
    const mine = ours(texts)
    for (let i = 0; i < texts.length; i++) {
      if (mine[i].ok === (how !== 'verdict: PostHog accepts it') && kind(mine[i], await ask(texts[i])) === how) return i
    }
    return -1
  })
}

// around returns the part of two trees where they part.
function around(mine, his) {
  let at = 0
  while (mine[at] === his[at]) at++
  const part = s => s.slice(Math.max(0, at - 60), at + 120)
  return `   ours    …${part(mine)}…\n   PostHog …${part(his)}…`
}

// compare reports on one set of texts and returns whether the bars hold.
async function compare(name, texts, bars, bugs) {
  const mine = ours(texts)
  const his = await theirs(texts)
  const differ = texts.map((t, i) => ({ t, i, how: kind(mine[i], his[i]) })).filter(d => d.how !== '' && !bugs.has(`${d.t.rule} ${d.t.text}`))
  const count = test => texts.reduce((n, _, i) => n + (his[i] && test(i) ? 1 : 0), 0)
  const judged = count(() => true)
  const both = count(i => his[i].ok && mine[i].ok)
  const verdicts = judged - differ.filter(d => d.how !== 'tree').length
  const trees = both - differ.filter(d => d.how === 'tree').length
  const percent = (a, b) => b === 0 ? 100 : 100 * a / b
  const holds = percent(verdicts, judged) >= bars.verdicts && percent(trees, both) >= bars.trees
  console.log(`${name}: verdicts ${verdicts} of ${judged} (${percent(verdicts, judged).toFixed(3)} %), trees ${trees} of ${both} (${percent(trees, both).toFixed(3)} %)` +
    `${judged < texts.length ? `, ${texts.length - judged} without a verdict (the oracle trapped)` : ''}${holds ? '' : `  TOO FEW: at least ${bars.verdicts} % and ${bars.trees} %`}`)
  for (const kept of new Set(texts.map(t => t.kind).filter(k => k))) {
    const wrong = differ.filter(d => d.t.kind === kept && d.how !== 'tree').length
    console.log(`  ${kept}: ${count(i => texts[i].kind === kept)} texts, PostHog accepts ${count(i => texts[i].kind === kept && his[i].ok)}, ${wrong} verdicts differ`)
  }
  const seen = new Set()
  for (const d of differ.slice(0, +options.shown)) {
    const text = await smallest(d.t, d.how)
    if (seen.has(text)) continue
    seen.add(text)
    console.log(` ${d.how} [${d.t.id} ${d.t.rule}]\n   ${text.replaceAll('\n', '\\n')}`)
    const [[m], h] = [ours([{ rule: d.t.rule, text }]), await ask({ rule: d.t.rule, text })]
    if (d.how === 'tree' && m.ast && h?.ast) console.log(around(m.ast, h.ast))
    else console.log(`   ${m.ok ? `PostHog: ${h?.message?.slice(0, 160)}` : `ours: ${m.message}`}`)
  }
  if (differ.length > +options.shown) console.log(` and ${differ.length - +options.shown} more`)
  return holds
}

// oracleBugs reads the texts on which PostHog's parser is known to be wrong.
function oracleBugs() {
  const known = lines(readFileSync(`${ROOT}/testdata/hogql/oracle-bugs.txt`, 'utf8')).filter(line => !line.startsWith('#'))
  return new Set(known.map(line => line.split('\t')).map(([rule, text]) => `${rule} ${JSON.parse(text)}`))
}

const bugs = oracleBugs()
let holds = true
for (const file of files) {
  const texts = lines(readFileSync(file, 'utf8')).map(line => JSON.parse(line))
  holds = await compare(file, texts, BARS.corpus, bugs) && holds
}
if (+options.random > 0) {
  const texts = lines(run('go', ['run', './internal/hogql/generate', '-n', options.random, '-seed', options.seed], '', [0])).map(line => JSON.parse(line))
  holds = await compare(`random, seed ${options.seed}`, texts, BARS.random, bugs) && holds
}
process.exit(holds ? 0 : 1)
