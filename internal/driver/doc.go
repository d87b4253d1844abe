// Package driver speaks to PostHog over HTTP: it runs HogQL, reads the catalogue of a project and tells
// what a key may do. It knows nothing of MCP and nothing of the HogQL grammar.
//
// Every request goes through two layers, each in one place:
//
//	call      breaker open? answer now → in-flight slot → window → breaker admits → one attempt → retry by the decoded error
//	exchange  one HTTP request: marshal, send, map the answer to a value or to one *Error
//
// All requests are reads, so repeating one is safe; whether it is useful is decided by the decoded
// error and never by the status alone. Failures are always *Error: read them with errors.AsType[*Error].
package driver
