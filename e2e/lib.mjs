// What the demo and the tests share: starting the binaries, and clients for them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
export const server = path.join(root, 'bin', 'posthog-mcp')
const sandboxBinary = path.join(root, 'bin', 'posthog-sandbox')

// The key of the sandbox's own sample user: fixed, printed at its start, no secret.
export const sandboxKey = 'phx_sandbox_all'

// start runs a binary until a line of its output (stdout or stderr) matches ready; it returns the match,
// the process and a stop() that ends the process and waits for it, and fails where it had ended by itself.
export async function start(command, args, ready, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const exited = once(child, 'exit')
  let text = '', late
  const match = await new Promise((resolve, reject) => {
    const look = (chunk) => {
      text += chunk
      const found = ready.exec(text)
      if (found) resolve(found)
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.on('error', reject)
    late = setTimeout(() => { child.kill(); reject(new Error(`${path.basename(command)} was not ready after 30 s:\n${text}`)) }, 30_000)
    exited.then(([code]) => reject(new Error(`${path.basename(command)} ended with ${code} before it was ready:\n${text}`)))
  }).finally(() => clearTimeout(late))
  const stop = async (signal = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${path.basename(command)} had ended by itself with ${child.exitCode ?? child.signalCode}:\n${text.slice(-4000)}`)
    }
    child.kill(signal)
    return exited
  }
  return { match, child, stop, output: () => text }
}

// startSandbox starts the look-alike of PostHog on a free port and returns its url and admin url.
export async function startSandbox(args = []) {
  const run = await start(sandboxBinary, ['--addr', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...args],
    /admin on (http:\/\/\S+)[\s\S]*listening on (http:\/\/\S+)/)
  return { ...run, admin: run.match[1], url: run.match[2] }
}

// environment is what posthog-mcp needs to talk to the sandbox, and nothing of the caller's.
export function environment(url, more = {}) {
  return { PATH: process.env.PATH, HOME: process.env.HOME, POSTHOG_API_URL: url, POSTHOG_API_KEY: sandboxKey, POSTHOG_PROJECT_ID: '1', ...more }
}

// overStdio connects the official client to a posthog-mcp process of its own.
export async function overStdio(env, options = {}) {
  const client = new Client({ name: 'posthog-mcp-e2e', version: '1.0.0' })
  const transport = new StdioClientTransport({ command: server, args: [], env, stderr: 'pipe', ...options })
  await client.connect(transport)
  return { client, transport }
}

// overHTTP connects the official client to a running server.
export async function overHTTP(url, headers = {}) {
  const client = new Client({ name: 'posthog-mcp-e2e', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
  await client.connect(transport)
  return { client, transport }
}

// text is the one text block of a tool's answer.
export function text(result) {
  if (result.content.length !== 1 || result.content[0].type !== 'text') throw new Error('not one text block: ' + JSON.stringify(result))
  return result.content[0].text
}
