package tools

import (
	"context"
	"time"

	"posthog-mcp/internal/driver"
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
