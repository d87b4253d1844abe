package tools

import (
	"context"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"posthog-mcp/internal/driver"
)

// completer offers names from the project's catalogue, as the driver keeps it: of events and flags for prompts, of
// everything that get_fields takes for resources. What cannot be read is no completion, not an error: people type on.
type completer struct {
	service *Service
	options Options
}

// mostCompletions is how many values an answer may hold.
const mostCompletions = 100

// CompletePromptArgument offers names for the argument of a prompt.
func (c *completer) CompletePromptArgument(ctx context.Context, _ string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	kinds := map[string]driver.ObjectKind{"event": driver.KindEvent, "flag": driver.KindFeatureFlag}
	kind, ok := kinds[a.Name]
	if !ok {
		return &mcp.Completion{Values: []string{}}, nil
	}
	return c.named(ctx, a.Value, []driver.ObjectKind{kind}, func(i driver.Item) string {
		_, key, _ := strings.Cut(i.Object, ":") // a flag's name is its description
		return key
	})
}

// CompleteResourceArgument offers objects for posthog://schema/{object}.
func (c *completer) CompleteResourceArgument(ctx context.Context, _ string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	if a.Name != "object" {
		return &mcp.Completion{Values: []string{}}, nil
	}
	search, kind := a.Value, ""
	if before, name, ok := strings.Cut(a.Value, ":"); ok {
		search, kind = name, before+":"
	}
	return c.named(ctx, search, nil, func(i driver.Item) string {
		if strings.HasPrefix(i.Object, kind) {
			return i.Object
		}
		return ""
	})
}

// named searches the catalogue and gives what pick makes of each entry, each value once.
func (c *completer) named(ctx context.Context, search string, kinds []driver.ObjectKind, pick func(driver.Item) string) (*mcp.Completion, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	o := &mcp.Completion{Values: []string{}}
	if search == "" && kinds == nil {
		kinds = []driver.ObjectKind{driver.KindTable}
	}
	found, err := c.service.driver.ListObjects(ctx, driver.ListRequest{Search: search, Kinds: kinds, Limit: mostCompletions})
	if err != nil {
		return o, nil
	}
	seen := map[string]bool{"": true}
	for _, i := range found.Items {
		if value := pick(i); !seen[value] && len(o.Values) < mostCompletions {
			seen[value] = true
			o.Values = append(o.Values, value)
		}
	}
	o.Total, o.HasMore = found.Total, found.Total > len(found.Items)
	return o, nil
}
