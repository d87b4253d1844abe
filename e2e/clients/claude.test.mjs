// The real Claude Code, headless, with a model that is played on loopback: what it hands to the model.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { environment, overStdio, server, start, startSandbox, text } from '../lib.mjs'
import { playModel } from './model.mjs'

const claude = path.join(import.meta.dirname, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude')
let sandbox, http
before(async () => {
  sandbox = await startSandbox(['--events', '20000'])
  http = await start(server, ['serve', '--transport', 'http', '--addr', '127.0.0.1:0'], /"address":"([^"]+)"/, { env: environment(sandbox.url) })
})
after(async () => { await http?.stop(); await sandbox?.stop() })

// run plays the turns through Claude Code and returns the tool results that the model got, without the client's own tools'.
async function run(config, turns) {
  const model = await playModel(turns)
  const home = mkdtempSync(path.join(tmpdir(), 'posthog-mcp-claude-'))
  try {
    writeFileSync(path.join(home, 'mcp.json'), JSON.stringify({ mcpServers: { posthog: config } }))
    const child = spawn(claude, ['-p', 'go', '--mcp-config', path.join(home, 'mcp.json'), '--strict-mcp-config', '--allowedTools', 'mcp__posthog', '--output-format', 'json', '--model', 'claude-sonnet-4-5'], {
      cwd: home, stdio: ['ignore', 'pipe', 'pipe'], timeout: 100_000,
      env: { PATH: process.env.PATH, HOME: home, CLAUDE_CONFIG_DIR: path.join(home, '.claude'), ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'none', DISABLE_AUTOUPDATER: '1', DISABLE_TELEMETRY: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
    })
    let said = ''
    child.stdout.on('data', chunk => { said += chunk })
    child.stderr.on('data', chunk => { said += chunk })
    const [code] = await once(child, 'exit')
    assert.equal(model.failure(), null)
    assert.equal(code, 0, said)
    return { results: model.results().filter(r => r.call.name.startsWith('mcp__posthog__')), first: model.system() }
  } finally {
    model.close()
    rmSync(home, { recursive: true, force: true })
  }
}

let calls = 0
const use = (tool, input) => [{ type: 'tool_use', id: `call_${++calls}`, name: tool === 'ToolSearch' ? tool : `mcp__posthog__${tool}`, input }]
const load = use('ToolSearch', { query: 'select:mcp__posthog__list_objects,mcp__posthog__get_fields,mcp__posthog__query_posthog' })
const wide = "SELECT uuid, event, properties.$current_url AS url, timestamp FROM events WHERE timestamp >= now() - INTERVAL 90 DAY ORDER BY timestamp DESC, uuid DESC LIMIT 1000"
const asJSON = { query: 'SELECT 1 AS one, 2 AS two', format: 'json' }

const ways = {
  stdio: () => ({ command: server, env: environment(sandbox.url) }),
  HTTP: () => ({ type: 'http', url: `http://${http.match[1]}/mcp` }),
}
for (const [way, config] of Object.entries(ways)) {
  test(`Claude Code hands over all that is answered, once, over ${way}`, async () => {
    const { results, first } = await run(config(), [
      load,
      use('list_objects', { search: 'signed' }),
      use('get_fields', { objects: ['event:user_signed_up'] }),
      use('query_posthog', { query: 'SELECT event, count( FROM events' }),
      use('query_posthog', { query: 'SELECT 1', limit: 'many' }),
      use('query_posthog', asJSON),
      use('query_posthog', { query: wide }),
      answer => use('query_posthog', { result: /next page: query_posthog {"result":"([\w-]+)","page":2}/.exec(answer)[1], page: 2 }),
      [{ type: 'text', text: 'done' }],
    ])
    assert.equal(results.length, 7)
    for (const r of results) assert.equal(r.blocks.length, 1, 'one block, not text and structured content beside it')
    const [found, fields, slip, argument, json, big, page] = results.map(r => r.blocks[0].trimEnd())
    assert.deepEqual(results.map(r => r.isError), [false, false, true, true, false, false, false])
    assert.match(first, /query_posthog runs one SELECT/, 'the instructions')

    const { client } = await overStdio(environment(sandbox.url)) // what the official client gets
    try {
      const direct = async (name, args) => text(await client.callTool({ name, arguments: args }))
      const steady = s => s.replace(/as of \d\d:\d\d:\d\d UTC( \(cached [^)]*\))?|fresh [\d-]+ [\d:]+ UTC( · [\d.]+ s)?|cached [^·\n]* ago \(refresh=fresh for now\)/g, '')
      assert.equal(steady(found), steady(await direct('list_objects', { search: 'signed' })))
      assert.equal(steady(fields), steady(await direct('get_fields', { objects: ['event:user_signed_up'] })))
      assert.equal(slip, await direct('query_posthog', { query: 'SELECT event, count( FROM events' }))
      assert.match(argument, /^limit: must be a whole number/)
  const lasting = text => { const { as_of, cached, notes, ...rest } = JSON.parse(text); return rest }
      assert.deepEqual(lasting(json), lasting(await direct('query_posthog', asJSON)))
      const rows = t => /<<<([0-9a-f]+)\n([\s\S]*)\1$/.exec(t)[2]
      const whole = await direct('query_posthog', { query: wide })
      assert.equal(rows(big), rows(whole))
      assert.ok(big.length > 30_000 && big.length <= 35_000, `${big.length} characters`)
      const id = /{"result":"([\w-]+)"/.exec(whole)[1]
      assert.equal(rows(page), rows(await direct('query_posthog', { result: id, page: 2 })))
    } finally {
      await client.close()
    }
  })
}
