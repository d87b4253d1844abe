package tools

import (
	"context"
	"encoding/json"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// Keeper lets tests fill the memory for kept results.
type Keeper struct{ k *keeper }

// NewKeeper returns an empty one.
func NewKeeper(now func() time.Time, newID func() string) Keeper {
	return Keeper{&keeper{now: now, newID: newID}}
}

// Put keeps n rows of a length.
func (k Keeper) Put(caller string, n, length int) (id string, ok bool) {
	row := make(driver.Row, length)
	r := &Rows{}
	for range n {
		r.Rows = append(r.Rows, row)
	}
	return k.k.put(caller, QueryArgs{Query: "SELECT 1"}, r, 0)
}

// Has tells whether rows are kept.
func (k Keeper) Has(caller, id string) bool {
	_, _, err := k.k.get(caller, id)
	return err == nil
}

// Len is how many results are remembered, Bytes what their rows take.
func (k Keeper) Len() int { return len(k.k.list) }

// Bytes is what the rows take.
func (k Keeper) Bytes() int64 {
	k.k.mu.Lock()
	defer k.k.mu.Unlock()
	n := int64(0)
	for _, e := range k.k.list {
		n += e.bytes
	}
	return n
}

// Show is the text of an answer.
func (s *Service) Show(ctx context.Context, r *Rows, a QueryArgs) Answer { return s.answer(ctx, r, a) }

// Visible is how text of the data is shown to a model.
func Visible(s string) string { return visible(s) }

// Invisible tells what no answer may hold.
func Invisible(r rune) bool { return invisible(r) }

// Chatty returns a server whose one tool reports n times and then answers at once.
func Chatty(n int) *mcpserver.MCPServer {
	m := mcpserver.NewMCPServer("test", "1", mcpserver.WithToolCapabilities(false))
	chatty := tool{name: "chatty", run: func(ctx context.Context, _ json.RawMessage) (outcome, error) {
		for i := range n {
			if report := progressOf(ctx); report != nil {
				report(driver.Progress{Elapsed: time.Duration(i+1) * time.Second, Rows: int64(i * 10), TotalRows: int64(max(0, i-1) * 100)})
				report(driver.Progress{Elapsed: time.Duration(i+1) * time.Second}) // no later than the one before: not sent
			}
		}
		return outcome{answer: Answer{Text: "done"}}, nil
	}}
	m.AddTool(chatty.definition(false), chatty.handler(Options{}.withDefaults()))
	return m
}

// Catalogue is what queries on a project are checked against.
func (s *Service) Catalogue(project int64) *hogql.Catalogue { return s.catalogue(project) }
