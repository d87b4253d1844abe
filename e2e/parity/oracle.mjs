// PostHog's own HogQL parser, asked in a thread of its own.
import { isMainThread, parentPort } from 'node:worker_threads'
import createParser from '@posthog/hogql-parser'

// A parser that lives long becomes slow, and one that trapped is broken: both are replaced.
const TEXTS_PER_PARSER = 250
let parser = null
let served = 0

// ask returns {ok, ast} with the tree as raw JSON, {ok: false, message}, or null where the parser trapped and so
// gave no verdict.
export async function ask({ rule, text }) {
  if (!parser || served >= TEXTS_PER_PARSER) {
    parser = await createParser()
    served = 0
  }
  served++
  let answer
  try {
    answer = rule === 'expr' ? parser.parseExpr(text, true) : parser.parseSelect(text, true)
  } catch {
    parser = null
    return null
  }
  const { error, type, message } = JSON.parse(answer)
  return error === true ? { ok: false, message: `${type}: ${message}` } : { ok: true, ast: answer }
}

if (!isMainThread) {
  parentPort.on('message', async texts => parentPort.postMessage(await all(texts)))
}

async function all(texts) {
  const answers = []
  for (const t of texts) answers.push(await ask(t))
  return answers
}
