// Package tools is what a model, and a person at the command line, sees of PostHog: three operations
// (list objects, get fields, query) with their arguments, their answers as text, and every failure as
// advice. Service runs the operations; NewMCP offers them as MCP tools. How an answer looks is decided
// in render.go, how a failure reads in failure.go, and nowhere else.
package tools
