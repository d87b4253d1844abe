// The server over HTTP, with the official client: the three calls, and who is not let in.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { environment, overHTTP, server, start, startSandbox, text } from '../lib.mjs'

const token = 'a-token-of-this-test'
let sandbox, open, guarded

const listening = /"msg":"serving","address":"([^"]+)"/
const url = (run) => `http://${run.match[1]}/mcp`
const request = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
const post = (target, headers = {}, body = JSON.stringify(request)) => fetch(target, {
  method: 'POST', body, headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
})

before(async () => {
  sandbox = await startSandbox(['--events', '20000'])
  const args = ['serve', '--transport', 'http', '--addr', '127.0.0.1:0']
  open = await start(server, args, listening, { env: environment(sandbox.url) })
  guarded = await start(server, args, listening, { env: environment(sandbox.url, { MCP_AUTH: 'token', MCP_AUTH_TOKENS: `me:${token}` }) })
})
after(async () => {
  await open?.stop()
  await guarded?.stop()
  await sandbox?.stop()
})

for (const [name, headers] of [['on loopback', {}], ['with a token', { Authorization: `Bearer ${token}` }]]) {
  test(`the three tools answer ${name}`, async () => {
    const { client } = await overHTTP(url(name === 'on loopback' ? open : guarded), headers)
    const { tools } = await client.listTools()
    assert.deepEqual(tools.map((t) => t.name), ['get_fields', 'list_objects', 'query_posthog'])
    assert.match(text(await client.callTool({ name: 'list_objects', arguments: {} })), /project 1 "Demo"[\s\S]*\$pageview/)
    assert.match(text(await client.callTool({ name: 'get_fields', arguments: { objects: ['event:subscription_purchased'] } })), /properties\.plan/)
    assert.match(text(await client.callTool({ name: 'query_posthog', arguments: { query: 'SELECT 40 + 2 AS answer' } })), /\n42\n/)
    const wrong = await client.callTool({ name: 'query_posthog', arguments: { query: 'SELECT count( FROM events' } })
    assert.equal(wrong.isError, true)
    assert.match(text(wrong), /line 1, column 15/)
    await client.close()
  })
}

test('without the token nobody is let in', async () => {
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${token}` }]) {
    const answer = await post(url(guarded), headers)
    assert.equal(answer.status, 401)
    assert.match(answer.headers.get('www-authenticate'), /^Bearer/)
    assert.match(await answer.text(), /token/)
  }
})

test('a foreign Origin or Host is refused', async () => {
  assert.equal((await post(url(open), { origin: 'https://evil.example' })).status, 403)
  const { host } = new URL(url(open))
  const http = await import('node:http')
  const status = await new Promise((resolve, reject) => {
    const r = http.request({ host: '127.0.0.1', port: host.split(':')[1], path: '/mcp', method: 'POST', headers: { host: 'evil.example', 'content-type': 'application/json' } }, (res) => { res.resume(); resolve(res.statusCode) })
    r.on('error', reject)
    r.end(JSON.stringify(request))
  })
  assert.equal(status, 403)
})

test('a body that is too large is refused, and health is told', async () => {
  const big = JSON.stringify({ ...request, params: { filler: 'x'.repeat(2 << 20) } })
  assert.equal((await post(url(open), {}, big)).status, 413)
  assert.equal((await fetch(url(open).replace('/mcp', '/healthz'))).status, 200)
})

test('another address than loopback needs a token', async () => {
  await assert.rejects(start(server, ['serve', '--transport', 'http', '--addr', '0.0.0.0:0'], listening, { env: environment(sandbox.url) }), /MCP_AUTH_TOKENS/)
})

test('SIGTERM ends it with 0, and nothing runs on upstream', async () => {
  const run = await start(server, ['serve', '--transport', 'http', '--addr', '127.0.0.1:0'], listening, { env: environment(sandbox.url) })
  const [code] = await run.stop()
  assert.equal(code, 0)
  const stats = await (await fetch(sandbox.admin + '/stats')).json()
  assert.deepEqual(stats.running ?? [], [])
})
