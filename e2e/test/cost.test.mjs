// What the server costs an agent in tokens: its surface, and results on fixed data.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { environment, overStdio, root, text } from '../lib.mjs'
import { surface, tokens } from '../cost.mjs'

test('tools and instructions stay within their budgets', async () => {
  const lines = await surface()
  const of = kind => lines.find(l => l.kind === kind)
  assert.ok(of('all tools').tokens <= 1500, `all tools: ${of('all tools').tokens} tokens`)
  assert.ok(of('instructions').bytes <= 2000, `instructions: ${of('instructions').bytes} bytes`)
  assert.ok(lines.find(l => l.kind === 'resource').tokens <= 2000)
})

const sample = JSON.parse(readFileSync(root + '/testdata/result-rows.json', 'utf8'))

// query answers with the first n rows of the sample, as PostHog does, to a server over stdio; it returns each page.
async function pages(n) {
  const upstream = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify(request.method === 'GET' ? { id: 1, name: 'Demo', timezone: 'UTC' }
        : { columns: sample.columns, types: sample.types, results: sample.results.slice(0, n), hasMore: false }))
    })
  })
  await new Promise(resolve => upstream.listen(0, '127.0.0.1', resolve))
  const { client } = await overStdio(environment(`http://127.0.0.1:${upstream.address().port}`))
  const list = []
  let args = { query: `SELECT event, event AS current_url, 1 AS count, 1.5 AS revenue, timestamp FROM events WHERE timestamp >= now() - INTERVAL 900 DAY AND event = 'a' LIMIT ${n}` }
  while (args) {
    const result = await client.callTool({ name: 'query_posthog', arguments: args })
    assert.ok(!result.isError, text(result))
    list.push(text(result))
    const next = /{"result":"([\w-]+)","page":(\d+)}/.exec(text(result))
    args = next && { result: next[1], page: +next[2] }
  }
  await client.close()
  upstream.close()
  return list
}

// table is what stands in the fence of an answer; cells are read back by the rules of RFC 4180.
const table = page => /<<<([0-9a-f]+)\n([\s\S]*)\1$/.exec(page)[2]

function cells(csv) {
  const rows = []
  for (let i = 0, row = []; i < csv.length;) {
    let cell = ''
    let quoted = false
    if (csv[i] === '"') {
      quoted = true
      for (i++; csv[i] !== '"' || csv[i + 1] === '"'; i++) {
        if (csv[i] === '"') i++
        cell += csv[i]
      }
      i++
    } else while (csv[i] !== ',' && csv[i] !== '\n') cell += csv[i++]
    row.push(cell === '' && !quoted ? null : cell)
    if (csv[i++] === '\n') { rows.push(row); row = [] }
  }
  return rows
}

const plain = v => v === null ? null : String(v).replace(/(\.\d*?)0*Z$/, '$1Z').replace('.Z', 'Z').replace(/Z$/, '')

for (const n of [100, 1000]) {
  test(`${n} rows cost at most 0.93 of the bare JSON rows, and nothing is lost`, async () => {
    const list = await pages(n)
    const inside = list.map(table)
    const rows = inside.flatMap(t => cells(t).slice(1))
    assert.equal(rows.length, n)
    sample.results.slice(0, n).forEach((want, i) => assert.deepEqual(rows[i].map(plain), want.map((v, j) => plain(j === 4 ? v.replace('T', rows[i][4].includes('T') ? 'T' : ' ') : v))))
    const spent = inside.reduce((sum, t) => sum + tokens(t), 0)
    const reference = sample.reference_tokens[n]
    console.log(`${n} rows: ${spent} tokens of ${reference}, ${(spent / reference).toFixed(3)}; ${list.length} pages; around the table ${list.map((p, i) => tokens(p) - tokens(inside[i])).join(', ')}`)
    assert.ok(spent <= 0.93 * reference, `${spent} tokens of ${reference}`)
    list.forEach((p, i) => assert.ok(tokens(p) - tokens(inside[i]) <= 100, `page ${i + 1}: ${tokens(p) - tokens(inside[i])} tokens around the table`))
  })
}
