package tools

import (
	"net/url"

	"posthog-mcp/internal/driver"
)

// linkLength is the longest address of a link: browsers and servers cut longer ones.
const linkLength = 4000

// link returns the address that opens the query in PostHog's SQL editor, with its values in their places, or as
// PostHog filled it; "" where it is too long.
func (s *Service) link(p *plan, result *driver.Result) string {
	text := p.args.Query
	if len(p.args.Values) > 0 {
		filled, err := p.filled()
		if err != nil {
			return ""
		}
		text = filled
	}
	if p.filters != nil {
		text = result.HogQL
	}
	address := s.driver.Page(result.Project.ID, "/sql", url.Values{"open_query": {text}})
	if text == "" || len(address) > linkLength {
		return ""
	}
	return address
}
