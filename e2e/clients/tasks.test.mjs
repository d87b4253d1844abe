// PostHog's own agent benchmark, as far as it is answered by reading: each task through the real Claude Code in at most
// two calls, with the exact rows that the engine gave for a second formulation (testdata/tasks.golden). A call uses
// only names that stand in the task, in what every session begins with, or in an earlier answer.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { tokens } from '../cost.mjs'
import { environment, overStdio, root, server, startSandbox } from '../lib.mjs'
import { done, load, play, rows, use } from './play.mjs'

const { tasks } = JSON.parse(readFileSync(root + '/testdata/tasks.json', 'utf8'))
const golden = readFileSync(root + '/testdata/tasks.golden', 'utf8').trim().split('\n').map(line => JSON.parse(line))

let sandbox, instructions
before(async () => {
  sandbox = await startSandbox(['--events', '20000', '--now', '2026-06-15T12:00:00Z'])
  const { client } = await overStdio(environment(sandbox.url))
  instructions = client.getInstructions()
  await client.close()
})
after(async () => { await sandbox?.stop() })

const costs = []
tasks.forEach(({ task, calls, check }, i) => {
  test(task, async () => {
    assert.ok(calls.length <= 2)
    assert.equal(golden[i].task, task)
    const turns = calls.map(([tool, args]) => answer => use(tool, args.query === '{hogql}' ? { query: /\n {2}hogql: (.*)/.exec(answer)[1] } : args))
    const { results, requests } = await play({ command: server, env: environment(sandbox.url) }, [load(), ...turns, done])
    assert.equal(results.length, calls.length)
    results.forEach(r => assert.ok(!r.isError, r.blocks[0]))

    const tools = requests.at(-1).tools.filter(t => t.name.startsWith('mcp__posthog__')).map(({ name, description, input_schema }) => ({ name, description, input_schema }))
    assert.equal(tools.length, 3)
    let known = task + instructions + JSON.stringify(tools)
    for (const { call, blocks } of results) {
      assert.deepEqual(strangers(call, known), [], 'names out of nowhere')
      known += blocks[0]
    }
    compare(check, results.at(-1).blocks[0], golden[i].rows)

    const parts = [tokens(JSON.stringify(tools)), ...results.map(r => tokens(JSON.stringify(r.call.input)) + tokens(r.blocks[0]))]
    costs.push({ task, calls: calls.length, tokens: parts.reduce((a, b) => a + b), parts })
  })
})

test('the median task costs less than 3,500 tokens', () => {
  assert.equal(costs.length, tasks.length)
  const line = (a, b, c, d) => console.log(a.padEnd(64), String(b).padStart(5), String(c).padStart(6), ' ', d)
  line('task', 'calls', 'tokens', 'tool list + each call with its answer')
  costs.forEach(c => line(c.task, c.calls, c.tokens, c.parts.join(' + ')))
  const sorted = costs.map(c => c.tokens).sort((a, b) => a - b)
  const median = sorted[sorted.length >> 1]
  line('median', '', median, `and ${tokens(instructions)} once a session for the instructions`)
  assert.ok(median < 3500, `${median} tokens`)
})

const language = new Set(('select from where and or not in as by group order asc desc limit having between is null distinct interval case when then else end on inner left join using over ' +
  'partition rows unbounded preceding following array like ilike with day week month hour minute second true false cohort').split(' '))

// strangers are the names in a call that are neither the language's nor known: columns, tables, properties, and texts.
function strangers({ name, input }, known) {
  if (!name.endsWith('query_posthog')) {
    const wanted = [...input.objects ?? [], ...(input.search ?? '').split(' '), String(input.project_id ?? '')].flatMap(o => o.split(':')).filter(Boolean)
    return wanted.filter(w => !known.toLowerCase().includes(w.toLowerCase()) && !alike(w, known))
  }
  const sql = input.query.replace(/'((?:[^'\\]|\\.)*)'/g, (_, text) => ` "${text}" `)
  const aliases = new Set([...sql.matchAll(/\bAS (\w+)|(?:\)|\w) AS (\w+)/gi)].flatMap(m => m.slice(1).filter(Boolean)))
  const lambdas = [...sql.matchAll(/\b(\w+) ->/g)].map(m => m[1])
  const names = [...sql.matchAll(/"([^"]*)"|([A-Za-z_$][\w$]*)(\s*\()?/g)]
    .filter(([, text, word, call]) => text !== undefined ? /^[A-Za-z_$][\w$ ]*$/.test(text) : !call && !aliases.has(word) && !lambdas.includes(word) && !language.has(word.toLowerCase()))
    .map(([, text, word]) => text ?? word)
  const own = new Set(['week', 'new', 'returning', 'resurrecting', 'key', 'name', 'api', 'error']) // units, and words of the tasks
  return [...new Set(names)].filter(n => !own.has(n) && !known.includes(n))
}

// alike tells a word of a search that is another form of one in the task: exception, exceptions.
const alike = (word, known) => known.toLowerCase().split(/\W+/).some(k => k.slice(0, 4) === word.toLowerCase().slice(0, 4))

// compare holds an answer to the engine's rows.
function compare(check, answer, want) {
  if (check === 'holds') {
    for (const cell of want.flat()) assert.ok(answer.includes(String(cell).replace(/\s+/g, ' ')), `${cell} is missing in\n${answer}`)
    return
  }
  assert.match(answer, /all of them|the query's own LIMIT/, 'the answer is whole')
  const got = cells(rows(answer)).slice(1)
  const plain = v => v === null ? null : typeof v === 'number' || /^-?\d+(\.\d+)?$/.test(v) ? Number(v) : String(v).replace(/(\.\d*?)0*Z$/, '$1Z').replace('.Z', 'Z').replace(/(T00:00:00)?Z?$/, '')
  const all = list => list.map(row => row.map(plain))
  assert.deepEqual(all(check === 'last row' ? got.slice(-1) : got), all(want))
}

function cells(csv) {
  const out = []
  let row = [], cell = '', quoted = false, open = false
  for (let i = 0; i < csv.length; i++) {
    const c = csv[i]
    if (open) {
      if (c === '"' && csv[i + 1] === '"') { cell += '"'; i++ } else if (c === '"') open = false
      else cell += c
    } else if (c === '"') { open = quoted = true } else if (c === ',' || c === '\n') {
      row.push(cell === '' && !quoted ? null : cell)
      cell = ''; quoted = false
      if (c === '\n') { out.push(row); row = [] }
    } else cell += c
  }
  return out
}
