package sandbox

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// errKilled is the cause of a run's context when a DELETE ended it.
var errKilled = errors.New("the query was cancelled by its owner")

// runs are the queries that have not ended. A run goes on when its client goes away, as it does on
// PostHog: only a DELETE, its time limit or the server's end stops it.
type runs struct {
	mu   sync.Mutex
	list []*run // oldest first
}

type run struct {
	RunningQuery
	cancel context.CancelCauseFunc
}

// begin registers a run; its context ends by kill or with ctx. The caller must call end.
func (r *runs) begin(ctx context.Context, q RunningQuery) (context.Context, *run) {
	ctx, cancel := context.WithCancelCause(ctx)
	q.Started = time.Now()
	entry := &run{RunningQuery: q, cancel: cancel}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, entry)
	return ctx, entry
}

func (r *runs) end(entry *run) {
	entry.cancel(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(e *run) bool { return e == entry })
}

// kill ends every run of a project with this id.
func (r *runs) kill(project int64, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.list {
		if e.Project == project && e.ID == id {
			e.cancel(errKilled)
		}
	}
}

func (r *runs) snapshot() []RunningQuery {
	r.mu.Lock()
	defer r.mu.Unlock()
	queries := make([]RunningQuery, len(r.list))
	for i, e := range r.list {
		queries[i] = e.RunningQuery
	}
	return queries
}
