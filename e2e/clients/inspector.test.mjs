// The MCP Inspector's command line: schemas that every client can take (--strict), and each kind of request.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { environment, server, start, startSandbox } from '../lib.mjs'

const inspector = path.join(import.meta.dirname, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')
let sandbox, http, home
before(async () => {
  sandbox = await startSandbox(['--events', '20000'])
  http = await start(server, ['serve', '--transport', 'http', '--addr', '127.0.0.1:0'], /"address":"([^"]+)"/, { env: environment(sandbox.url) })
  home = mkdtempSync(path.join(tmpdir(), 'posthog-mcp-inspector-'))
})
after(async () => { await http?.stop(); await sandbox?.stop(); rmSync(home, { recursive: true, force: true }) })

// ask runs the Inspector once; it returns its exit code and the result of the request.
function ask(target, ...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [inspector, '--cli', ...target, '--format', 'json', '-q', ...args], { env: { PATH: process.env.PATH, HOME: home }, timeout: 60_000, maxBuffer: 1 << 24 },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, said: stdout + stderr, result: () => JSON.parse(stdout).result }))
  })
}

const settings = () => Object.entries(environment(sandbox.url)).filter(([name]) => name.startsWith('POSTHOG_')).flatMap(([name, value]) => ['-e', `${name}=${value}`])
const ways = {
  stdio: () => [server, ...settings()],
  'HTTP, legacy': () => ['--server-url', `http://${http.match[1]}/mcp`, '--transport', 'http', '--protocol-era', 'legacy'],
  'HTTP, modern': () => ['--server-url', `http://${http.match[1]}/mcp`, '--transport', 'http', '--protocol-era', 'modern'],
}
for (const [way, target] of Object.entries(ways)) {
  test(`Inspector over ${way}`, async () => {
    const done = async (...args) => {
      const answer = await ask(target(), ...args)
      assert.equal(answer.code, 0, answer.said)
      return answer.result()
    }
    const { tools } = await done('--method', 'tools/list', '--strict')
    assert.deepEqual(tools.map(t => t.name).sort(), ['get_fields', 'list_objects', 'query_posthog'])
    const answer = await done('--method', 'tools/call', '--tool-name', 'query_posthog', '--tool-args-json', JSON.stringify({ query: 'SELECT 41 + 1 AS n' }))
    assert.match(answer.content[0].text, /\nn:\w+\n42\n/)
    const slip = await ask(target(), '--method', 'tools/call', '--tool-name', 'query_posthog', '--tool-args-json', JSON.stringify({ query: 'SELECT count( FROM events' }))
    assert.match(slip.said, /count\( FROM/)
    assert.notEqual((await ask(target(), '--method', 'tools/call', '--tool-name', 'write_anything')).code, 0)
    assert.equal((await done('--method', 'resources/list')).resources.length, 2)
    assert.equal((await done('--method', 'resources/templates/list')).resourceTemplates.length, 2)
    assert.match((await done('--method', 'resources/read', '--uri', 'posthog://guide/hogql')).contents[0].text, /HogQL/)
    assert.equal((await done('--method', 'prompts/list')).prompts.length, 9)
    assert.match(JSON.stringify(await done('--method', 'prompts/get', '--prompt-name', 'retention', '--prompt-args', 'event=user_signed_up')), /user_signed_up/)
  })
}
