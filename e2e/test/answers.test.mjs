// What the official client gets beside answers: progress, kept results, resources, prompts, completion, on both transports.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { environment, overHTTP, overStdio, server, start, startSandbox, text } from '../lib.mjs'

let sandbox, http
before(async () => {
  sandbox = await startSandbox(['--events', '20000'])
  http = await start(server, ['serve', '--transport', 'http', '--addr', '127.0.0.1:0'], /"address":"([^"]+)"/, { env: environment(sandbox.url) })
})
after(async () => { await http?.stop(); await sandbox?.stop() })

const ways = {
  stdio: async () => (await overStdio(environment(sandbox.url))).client,
  HTTP: async () => (await overHTTP(`http://${http.match[1]}/mcp`)).client,
}
const slow = 'SELECT sum(cityHash64(toString(a.number + b.number))) AS s, (SELECT count() FROM events) AS e FROM numbers(40000) AS a CROSS JOIN numbers(2000) AS b'

for (const [way, connect] of Object.entries(ways)) {
  test(`progress of a long query over ${way}`, async () => {
    const client = await connect()
    const heard = []
    const result = await client.callTool({ name: 'query_posthog', arguments: { query: slow, refresh: 'fresh' } }, undefined, { onprogress: (p) => heard.push(p) })
    assert.ok(!result.isError, text(result))
    assert.ok(heard.length > 0, 'nothing was heard')
    heard.forEach((p, i) => assert.ok(i === 0 || p.progress > heard[i - 1].progress))
    assert.match(heard.at(-1).message, /^PostHog is computing, /)
    await client.close()
  })

  test(`kept results, as a tool and as a resource, over ${way}`, async () => {
    const client = await connect()
    const first = text(await client.callTool({ name: 'query_posthog', arguments: { query: "SELECT uuid, event, properties.$current_url AS url, timestamp FROM events WHERE timestamp >= now() - INTERVAL 90 DAY LIMIT 1000" } }))
    const [, id, page] = /next page: query_posthog {"result":"([\w-]+)","page":(\d+)}/.exec(first)
    const second = text(await client.callTool({ name: 'query_posthog', arguments: { result: id, page: +page } }))
    const read = await client.readResource({ uri: `posthog://result/${id}?page=${page}` })
    const rows = t => /<<<([0-9a-f]+)\n([\s\S]*)\1$/.exec(t)[2]
    assert.equal(rows(read.contents[0].text), rows(second))
    assert.notEqual(rows(first), rows(second))
    const gone = await client.callTool({ name: 'query_posthog', arguments: { result: 'AAAAAAAAAAAAAAAA' } })
    assert.equal(gone.isError, true)
    assert.match(text(gone), /Run the query again/)
    await client.close()
  })

  test(`resources, prompts and completion over ${way}`, async () => {
    const client = await connect()
    const { resources } = await client.listResources()
    assert.deepEqual(resources.map(r => r.uri).sort(), ['posthog://guide/hogql', 'posthog://schema'])
    const { resourceTemplates } = await client.listResourceTemplates()
    assert.deepEqual(resourceTemplates.map(r => r.uriTemplate).sort(), ['posthog://result/{id}{?page}', 'posthog://schema/{+object}'])
    assert.match((await client.readResource({ uri: 'posthog://schema' })).contents[0].text, /events/)
    assert.match((await client.readResource({ uri: 'posthog://schema/event:user_signed_up' })).contents[0].text, /properties\./)
    await assert.rejects(client.readResource({ uri: 'posthog://schema/nothing_like_it' }), /nothing_like_it/)
    const { prompts } = await client.listPrompts()
    assert.equal(prompts.length, 9)
    const prompt = await client.getPrompt({ name: 'retention', arguments: { event: 'user_signed_up' } })
    assert.match(prompt.messages[0].content.text, /event = 'user_signed_up'/)
    await assert.rejects(client.getPrompt({ name: 'retention' }), /event: is required/)
    const { completion } = await client.complete({ ref: { type: 'ref/prompt', name: 'retention' }, argument: { name: 'event', value: 'sign' } })
    assert.ok(completion.values.includes('user_signed_up'))
    await client.close()
  })
}
