// What the server costs an agent, counted in o200k tokens by a public tokenizer.
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { environment, overStdio } from './lib.mjs'

export const tokens = text => countTokens(text, { disallowedSpecial: new Set() })

// handed is a tool as clients hand it to the model: name, description, schema.
export const handed = tool => JSON.stringify({ name: tool.name, description: tool.description, input_schema: tool.inputSchema })

// surface returns name, bytes and tokens of all that an agent pays for before its first call, and of each prompt.
export async function surface() {
  const { client } = await overStdio(environment('http://127.0.0.1:1'))
  const line = (kind, name, text) => ({ kind, name, bytes: Buffer.byteLength(text), tokens: tokens(text) })
  const { tools } = await client.listTools()
  const lines = tools.map(tool => line('tool', tool.name, handed(tool)))
  lines.push(line('all tools', '', JSON.stringify(tools.map(t => JSON.parse(handed(t))))), line('instructions', '', client.getInstructions()))
  for (const p of (await client.listPrompts()).prompts) {
    const args = Object.fromEntries((p.arguments ?? []).map(a => [a.name, a.description.split('such as ')[1]]))
    lines.push(line('prompt', p.name, (await client.getPrompt({ name: p.name, arguments: args })).messages[0].content.text))
  }
  const guide = await client.readResource({ uri: 'posthog://guide/hogql' })
  lines.push(line('resource', 'posthog://guide/hogql', guide.contents[0].text))
  await client.close()
  return lines
}
