// What an agent sees of the server, and what it costs: make tools.
import { surface } from './cost.mjs'

console.log(`${'kind'.padEnd(14)}${'name'.padEnd(26)}${'bytes'.padStart(7)}${'tokens'.padStart(8)}`)
for (const l of await surface()) console.log(l.kind.padEnd(14) + l.name.padEnd(26) + String(l.bytes).padStart(7) + String(l.tokens).padStart(8))
