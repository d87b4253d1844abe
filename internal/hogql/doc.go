// Package hogql reads, checks and prints HogQL, PostHog's dialect of ClickHouse SQL.
//
// Parse turns text into a syntax tree whose nodes know where they stood; Print turns a tree into
// canonical text that parses to the same tree; Walk visits it; the builder makes nodes in which a string
// can only ever be a literal. Errors are values of type *Error with a position, the source line with a
// caret, and what to write instead.
//
// The language is the one that PostHog's own parser (@posthog/hogql-parser) accepts. The package does no
// I/O, reads no clock and imports the standard library only.
package hogql
