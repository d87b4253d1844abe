// A stand-in for a model: an HTTP server on loopback that speaks as much of the Messages API as Claude Code needs, and
// plays turns. A turn is a list of content blocks, or a function that makes one of the last tool result's text. What the
// client hands over is kept: results() gives the blocks that a model would have read.
import { createServer } from 'node:http'

export async function playModel(turns) {
  const requests = []
  let turn = 0
  let failure = null
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', chunk => { body += chunk }).on('end', () => {
      const json = (value, status = 200) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
      if (request.method !== 'POST' || !request.url.startsWith('/v1/messages')) return json({ type: 'error', error: { type: 'not_found_error', message: 'nothing here' } }, 404)
      const asked = JSON.parse(body)
      if (request.url.includes('count_tokens')) return json({ input_tokens: 1 })
      let content = [{ type: 'text', text: 'ok' }]
      if (asked.tools?.length) { // not one of the client's own side questions
        requests.push(asked)
        const next = turns[turn++] ?? [{ type: 'text', text: 'done' }]
        try {
          content = typeof next === 'function' ? next(lastText(asked)) : next
        } catch (error) { // the turn cannot be played: the client must end, and the test must tell why
          failure ??= error
        }
      }
      const reason = content.some(block => block.type === 'tool_use') ? 'tool_use' : 'end_turn'
      const message = { id: `msg_${turn}`, type: 'message', role: 'assistant', model: asked.model, content, stop_reason: reason, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } }
      if (!asked.stream) return json(message)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const send = (type, fields) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`)
      send('message_start', { message: { ...message, content: [], stop_reason: null } })
      content.forEach((block, index) => {
        const call = block.type === 'tool_use'
        send('content_block_start', { index, content_block: call ? { ...block, input: {} } : { type: 'text', text: '' } })
        send('content_block_delta', { index, delta: call ? { type: 'input_json_delta', partial_json: JSON.stringify(block.input) } : { type: 'text_delta', text: block.text } })
        send('content_block_stop', { index })
      })
      send('message_delta', { delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 1 } })
      send('message_stop', {})
      response.end()
    })
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    failure: () => failure,
    requests: () => requests,
    results: () => toolResults(requests.at(-1)),
    close: () => { server.closeAllConnections(); server.close() },
  }
}

// toolResults are the results in a request, in order, each with the call it belongs to. What the client adds for itself
// is left out.
function toolResults(request) {
  const calls = new Map()
  const results = []
  for (const { content } of request.messages) {
    for (const block of typeof content === 'string' ? [] : content) {
      if (block.type === 'tool_use') calls.set(block.id, block)
      if (block.type !== 'tool_result') continue
      const blocks = (typeof block.content === 'string' ? [{ type: 'text', text: block.content }] : block.content)
        .map(b => b.type === 'text' ? b.text.replace(/\s*<system-reminder>[\s\S]*<\/system-reminder>\s*$/, '') : JSON.stringify(b)).filter(t => t !== '')
      results.push({ call: calls.get(block.tool_use_id), isError: block.is_error === true, blocks })
    }
  }
  return results
}

function lastText(request) {
  return toolResults(request).at(-1)?.blocks.join('\n') ?? ''
}
