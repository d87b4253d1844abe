package tools

import (
	"encoding/json"
	"strings"

	"posthog-mcp/internal/hogql"
)

// catalogue is what queries of a project are checked against: PostHog's own tables and functions, and the
// project's as far as they were read not long ago. It asks nothing upstream.
func (s *Service) catalogue(project int64) *hogql.Catalogue {
	known := s.driver.Known(project)
	if known == nil {
		return hogql.BuiltIn()
	}
	text, err := json.Marshal(map[string]any{"catalogue": known})
	if err != nil {
		return hogql.BuiltIn()
	}
	c, err := hogql.ReadCatalogue(text)
	if err != nil {
		return hogql.BuiltIn()
	}
	return c
}

// mostFindings is how many of them an answer names.
const mostFindings = 10

// check checks the query. What PostHog would refuse is an error, with its place in the query; what it would run,
// though it is hardly meant, becomes a note.
func (p *plan) check(c *hogql.Catalogue) error {
	values := make(map[string]bool, len(p.args.Values))
	for name := range p.args.Values {
		values[name] = true
	}
	found := hogql.Check(p.tree, c, hogql.CheckOptions{Source: p.args.Query, Values: values})
	if f, ok := found.Problem(); ok {
		return f.Err(p.args.Query)
	}
	for _, f := range found {
		p.long = p.long || f.Code == "no-time-filter" // all history is read
		text := sentence(f.Message, 600)              // it may hold names of the project
		if f.Hint != "" && !strings.Contains(f.Message, f.Hint) {
			text += ". Write: " + oneLine(f.Hint, 600)
		}
		p.warn(text)
	}
	if more := len(p.notes) - mostFindings; more > 0 {
		p.notes = p.notes[:mostFindings]
		p.warn(plural(more, "warning") + " more, which come when these are mended")
	}
	return nil
}
