// The server over stdio, with the official client, as desktop clients start it.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { environment, overStdio, startSandbox, text } from '../lib.mjs'

let sandbox
before(async () => { sandbox = await startSandbox(['--events', '20000']) })
after(async () => { await sandbox?.stop() })

test('the three tools answer', async () => {
  const { client } = await overStdio(environment(sandbox.url))
  assert.equal(client.getServerVersion().name, 'posthog-mcp')
  assert.ok(client.getInstructions().length < 2000)
  const { tools } = await client.listTools()
  assert.deepEqual(tools.map((t) => t.name), ['get_fields', 'list_objects', 'query_posthog'])
  for (const tool of tools) {
    assert.deepEqual({ ...tool.annotations, title: undefined }, { title: undefined, readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true })
    assert.equal(tool.outputSchema, undefined)
  }
  assert.match(text(await client.callTool({ name: 'list_objects', arguments: { search: 'signed' } })), /user_signed_up/)
  assert.match(text(await client.callTool({ name: 'get_fields', arguments: { objects: ['events'] } })), /distinct_id/)
  const answer = await client.callTool({ name: 'query_posthog', arguments: { query: "SELECT count() AS n FROM events WHERE event = {name}", values: { name: "signup' OR '1'='1" } } })
  assert.match(text(answer), /\n0\n/)
  const json = await client.callTool({ name: 'query_posthog', arguments: { query: 'SELECT 1 AS one', format: 'json' } })
  assert.deepEqual(json.structuredContent, JSON.parse(text(json)))
  await client.close()
})

test('wrong arguments are told in words', async () => {
  const { client } = await overStdio(environment(sandbox.url))
  for (const [args, words] of [[{}, /query/], [{ query: 'SELECT 1', limit: 'ten' }, /limit/], [{ sql: 'SELECT 1' }, /sql/], [{ query: 'SELECT 1', format: 'xml' }, /csv, json, markdown/]]) {
    const result = await client.callTool({ name: 'query_posthog', arguments: args })
    assert.equal(result.isError, true)
    assert.match(text(result), words)
    assert.doesNotMatch(text(result), /&\{|goroutine|panic/)
  }
  await client.close()
})

test('a cancelled call ends upstream', async () => {
  const { client } = await overStdio(environment(sandbox.url))
  const stop = new AbortController()
  const call = client.callTool({ name: 'query_posthog', arguments: { query: 'SELECT sum(cityHash64(toString(number))) AS s FROM numbers(1000000000000)' } }, undefined, { signal: stop.signal })
  const running = async () => ((await (await fetch(sandbox.admin + '/stats')).json()).running ?? []).length
  while (await running() === 0) await new Promise((r) => setTimeout(r, 10))
  stop.abort('enough')
  await assert.rejects(call)
  const deadline = performance.now() + 2000
  while (await running() > 0 && performance.now() < deadline) await new Promise((r) => setTimeout(r, 10))
  assert.equal(await running(), 0)
  await client.close()
})
