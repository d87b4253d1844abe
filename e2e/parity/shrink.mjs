// Makes a text smaller for as long as a condition holds.

// tokens splits a text; joined again they are the text without its blanks and comments.
const TOKEN = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`|[A-Za-z_$][\w$]*|\d[\w.]*|--[^\n]*\n?|\/\*.*?\*\/|[<>=!~:?|]+\*?|->|\s+|./gsu

export function tokens(text) {
  return (text.match(TOKEN) ?? []).filter(t => !/^\s+$|^--|^\/\*/.test(t))
}

// inside gives the text with each of its brackets emptied, or holding one name only, the longest first.
function* inside(list) {
  const open = []
  const pairs = []
  list.forEach((t, i) => {
    if ('([{'.includes(t)) open.push(i)
    if (')]}'.includes(t) && open.length > 0) pairs.push([open.pop(), i])
  })
  pairs.sort((a, b) => (b[1] - b[0]) - (a[1] - a[0]))
  for (const [i, j] of pairs) {
    yield list.toSpliced(i, j - i + 1)
    yield list.toSpliced(i, j - i + 1, 'a')
    if (j - i > 2) yield list.toSpliced(i + 1, j - i - 1, 'a')
    yield [...list.slice(0, i), ...list.slice(i + 1, j), ...list.slice(j + 1)]
  }
}

// shrink drops runs of tokens, long ones first, and what stands in brackets, as long as holds(text) is true for what is left. holds takes a
// list of texts and returns which one is the first that holds, or -1.
export async function shrink(text, holds) {
  let left = tokens(text)
  if (await holds([left.join(' ')]) < 0) return text
  for (let size = left.length >> 1; size >= 1;) {
    const tries = []
    for (let at = 0; at + size <= left.length; at += Math.max(1, size >> 1)) tries.push(left.toSpliced(at, size))
    if (size === 1) tries.push(...inside(left))
    const found = await holds(tries.map(t => t.join(' ')))
    if (found < 0) size = size === 1 ? 0 : size >> 1
    else left = tries[found]
  }
  return left.join(' ')
}
