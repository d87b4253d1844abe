// The TypeScript SDK 2.x in each era that it speaks, over stdio and HTTP: everything that the server offers.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { environment, server, start, startSandbox, text } from '../lib.mjs'

let sandbox, http
before(async () => {
  sandbox = await startSandbox(['--events', '20000'])
  http = await start(server, ['serve', '--transport', 'http', '--addr', '127.0.0.1:0'], /"address":"([^"]+)"/, { env: environment(sandbox.url) })
})
after(async () => { await http?.stop(); await sandbox?.stop() })

const ways = {
  stdio: () => new StdioClientTransport({ command: server, args: [], env: environment(sandbox.url), stderr: 'pipe' }),
  HTTP: () => new StreamableHTTPClientTransport(new URL(`http://${http.match[1]}/mcp`)),
}
const eras = { legacy: 'legacy', auto: 'auto', '2026-07-28': { pin: '2026-07-28' } }
const slow = n => `SELECT sum(cityHash64(toString(a.number + b.number))) AS s, ${n} AS n, (SELECT count() FROM events) AS e FROM numbers(40000) AS a CROSS JOIN numbers(2000) AS b`

const running = async () => (await (await fetch(sandbox.admin + '/stats')).json()).running
async function until(condition, what) {
  for (const end = Date.now() + 5000; Date.now() < end; await new Promise(r => setTimeout(r, 20))) if (await condition()) return
  assert.fail(what)
}

let n = 0
for (const [way, transport] of Object.entries(ways)) {
  for (const [era, mode] of Object.entries(eras)) {
    test(`SDK 2, ${era}, over ${way}`, async () => {
      const client = new Client({ name: 'posthog-mcp-e2e', version: '1.0.0' }, { versionNegotiation: { mode } })
      const strange = []
      client.onerror = error => strange.push(error.message)
      await client.connect(transport())
      try {
        assert.equal(client.getProtocolEra(), era === 'legacy' ? 'legacy' : 'modern')
        assert.match(client.getInstructions(), /list_objects/)
        assert.deepEqual((await client.listTools()).tools.map(t => t.name).sort(), ['get_fields', 'list_objects', 'query_posthog'])
        const call = (name, args, options) => client.callTool({ name, arguments: args }, options)

        assert.match(text(await call('list_objects', { search: 'signup' })), /user_signed_up/)
        assert.match(text(await call('get_fields', { objects: ['event:user_signed_up'] })), /properties\.method/)
        const asJSON = await call('query_posthog', { query: 'SELECT 18446744073709551615 AS big', format: 'json' })
        assert.deepEqual(asJSON.structuredContent, JSON.parse(text(asJSON)))
        assert.equal(asJSON.structuredContent.rows[0][0], '18446744073709551615')

        const slip = await call('query_posthog', { query: 'SELECT event, count( FROM events' })
        assert.equal(slip.isError, true)
        assert.match(text(slip), /\^/)
        const argument = await call('query_posthog', { query: 'SELECT 1', limit: 'many' })
        assert.equal(argument.isError, true)
        await assert.rejects(call('write_anything', {}))

        const heard = []
        await call('query_posthog', { query: slow(++n), refresh: 'fresh' }, { onprogress: p => heard.push(p) })
        assert.ok(heard.length > 0)
        heard.forEach((p, i) => assert.ok(i === 0 || p.progress > heard[i - 1].progress))

        const leaving = new AbortController()
        const left = assert.rejects(call('query_posthog', { query: slow(++n), refresh: 'fresh' }, { signal: leaving.signal }))
        await until(async () => (await running())?.length > 0, 'the query never ran')
        leaving.abort()
        await left
        await until(async () => !(await running())?.length, 'the query runs on upstream')
        await assert.rejects(call('query_posthog', { query: slow(++n), refresh: 'fresh' }, { timeout: 200 }))
        await until(async () => !(await running())?.length, 'the query runs on upstream')

        assert.deepEqual((await client.listResources()).resources.map(r => r.uri).sort(), ['posthog://guide/hogql', 'posthog://schema'])
        assert.equal((await client.listResourceTemplates()).resourceTemplates.length, 2)
        assert.match((await client.readResource({ uri: 'posthog://schema/event:user_signed_up' })).contents[0].text, /properties\./)
        await assert.rejects(client.readResource({ uri: 'posthog://schema/nothing_like_it' }), /nothing_like_it/)
        assert.equal((await client.listPrompts()).prompts.length, 9)
        assert.match((await client.getPrompt({ name: 'retention', arguments: { event: 'user_signed_up' } })).messages[0].content.text, /user_signed_up/)
        const { completion } = await client.complete({ ref: { type: 'ref/prompt', name: 'retention' }, argument: { name: 'event', value: 'sign' } })
        assert.ok(completion.values.includes('user_signed_up'))
        // mcp-go still answers a call that was cancelled; the client drops it.
        assert.deepEqual(strange.filter(m => !/unknown message ID.*The call was cancelled/.test(m)), [])
      } finally {
        await client.close()
      }
    })
  }
}
