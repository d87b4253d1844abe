// The real Claude Code, headless, with a model that is played on loopback: what it hands to the model.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { environment, overStdio, server, start, startSandbox, text } from '../lib.mjs'
import { done, load, play, rows, use } from './play.mjs'

let sandbox, http
before(async () => {
  sandbox = await startSandbox(['--events', '20000'])
  http = await start(server, ['serve', '--transport', 'http', '--addr', '127.0.0.1:0'], /"address":"([^"]+)"/, { env: environment(sandbox.url) })
})
after(async () => { await http?.stop(); await sandbox?.stop() })

const wide = "SELECT uuid, event, properties.$current_url AS url, timestamp FROM events WHERE timestamp >= now() - INTERVAL 90 DAY ORDER BY timestamp DESC, uuid DESC LIMIT 1000"
const question = 'conversion from signup to onboarding completed in the last 90 days'
const unknown = 'how many podcasts did we sell last month?'
const asJSON = { query: 'SELECT 1 AS one, 2 AS two', format: 'json' }

const ways = {
  stdio: () => ({ command: server, env: environment(sandbox.url) }),
  HTTP: () => ({ type: 'http', url: `http://${http.match[1]}/mcp` }),
}
for (const [way, config] of Object.entries(ways)) {
  test(`Claude Code hands over all that is answered, once, over ${way}`, async () => {
    const { results, requests } = await play(config(), [
      load(),
      use('list_objects', { search: 'signed' }),
      use('get_fields', { objects: ['event:user_signed_up'] }),
      use('query_posthog', { query: 'SELECT event, count( FROM events' }),
      use('query_posthog', { query: 'SELECT 1', limit: 'many' }),
      use('query_posthog', asJSON),
      use('query_posthog', { question }),
      use('query_posthog', { question: unknown }),
      use('query_posthog', { query: wide }),
      answer => use('query_posthog', { result: /next page: query_posthog {"result":"([\w-]+)","page":2}/.exec(answer)[1], page: 2 }),
      done,
    ])
    assert.equal(results.length, 9)
    for (const r of results) assert.equal(r.blocks.length, 1, 'one block, not text and structured content beside it')
    const [found, fields, slip, argument, json, answer, refusal, big, page] = results.map(r => r.blocks[0].trimEnd())
    assert.deepEqual(results.map(r => r.isError), [false, false, true, true, false, false, false, false, false])
    assert.match(JSON.stringify(requests[0]), /query_posthog runs one SELECT/, 'the instructions')

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
      assert.match(answer, /^understood: funnel user_signed_up → onboarding_completed, ordered/)
      assert.match(answer, /conversion: \d+ of \d+ people/)
      assert.equal(rows(answer), rows(await direct('query_posthog', { question })))
      assert.equal(refusal, await direct('query_posthog', { question: unknown }))
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
