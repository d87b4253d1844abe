// The demo: sample data on an embedded ClickHouse behind a look-alike of PostHog, posthog-mcp as an MCP
// server over stdio, and the official MCP client asking what an agent would ask.
import { environment, overStdio, startSandbox, text } from './lib.mjs'

const events = process.env.EVENTS ?? '200000'

const calls = [
  ['list_objects', {}],
  ['get_fields', { objects: ['event:subscription_purchased'] }],
  ['query_posthog', {
    query: `SELECT toStartOfDay(timestamp) AS day, count() AS events, uniq(person_id) AS people
FROM events WHERE timestamp >= now() - INTERVAL 7 DAY GROUP BY day ORDER BY day`,
  }],
  ['query_posthog', {
    query: `SELECT properties.plan AS plan, count() AS purchases, round(sum(properties.amount), 2) AS revenue
FROM events WHERE event = 'subscription_purchased' AND timestamp >= now() - INTERVAL 30 DAY
GROUP BY plan ORDER BY purchases DESC`,
  }],
  ['query_posthog', {
    query: `SELECT level, count() AS people FROM (
  SELECT person_id, windowFunnel(1209600)(timestamp, event = '$pageview', event = 'user_signed_up', event = 'subscription_purchased') AS level
  FROM events WHERE timestamp >= now() - INTERVAL 30 DAY GROUP BY person_id)
GROUP BY level ORDER BY level`,
  }],
]

const rule = (title) => console.log(`\n── ${title} ${'─'.repeat(Math.max(3, 96 - title.length))}`)
const began = performance.now()
let sandbox, session
process.exitCode = 1
try {
  sandbox = await startSandbox(['--events', events])
  console.log(`posthog-sandbox is up with about ${Number(events).toLocaleString('en-US')} events after ${((performance.now() - began) / 1000).toFixed(1)} s (${sandbox.url})`)
  session = await overStdio(environment(sandbox.url))
  const { tools } = await session.client.listTools()
  console.log(`posthog-mcp is connected over stdio; its tools: ${tools.map((t) => t.name).join(', ')}`)
  for (const [name, args] of calls) {
    rule(name + (args.objects ? ' ' + args.objects : ''))
    if (args.query) console.log(args.query.replace(/^/gm, '  ') + '\n')
    const result = await session.client.callTool({ name, arguments: args })
    console.log(text(result))
    if (result.isError) throw new Error(`${name} failed`)
  }
  rule(`done in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  console.log('next: `make sandbox` keeps this data up and prints the lines that plug posthog-mcp into Claude.')
  process.exitCode = 0
} catch (error) {
  console.error(`\nthe demo failed: ${error.message}`)
} finally {
  await session?.client.close()
  await sandbox?.stop()
}
