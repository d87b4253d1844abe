// Plays turns through the real Claude Code, headless: what its model would have read.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { playModel } from './model.mjs'

const claude = path.join(import.meta.dirname, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude')

// play returns the results of our tools, each with its call, and all requests to the model.
export async function play(config, turns) {
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
    return { results: model.results().filter(r => r.call.name.startsWith('mcp__posthog__')), requests: model.requests() }
  } finally {
    model.close()
    rmSync(home, { recursive: true, force: true })
  }
}

let calls = 0
// use is a turn that calls a tool of ours, or the client's own ToolSearch.
export const use = (tool, input) => [{ type: 'tool_use', id: `call_${++calls}`, name: tool === 'ToolSearch' ? tool : `mcp__posthog__${tool}`, input }]
// load is the turn that loads our tools, which the client defers.
export const load = () => use('ToolSearch', { query: 'select:mcp__posthog__list_objects,mcp__posthog__get_fields,mcp__posthog__query_posthog' })
export const done = [{ type: 'text', text: 'done' }]

// rows is what stands in the fence of an answer.
export const rows = answer => /<<<([0-9a-f]+)\n([\s\S]*)\1$/.exec(answer.trimEnd())[2]
