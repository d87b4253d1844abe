package tools

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	keptAge      = 30 * time.Minute
	keptBytes    = 96 << 20 // of all kept results
	keptOfCaller = 48 << 20 // of one caller's
	keptRow      = 64       // bytes that a row takes beside its text
	keptEntries  = 1000     // how many are remembered, those included whose rows are gone
	keptQuery    = 2000     // characters of a query that is remembered longer than its rows
	resultScheme = "posthog://result/"
)

type callerKey struct{}

// WithCaller returns ctx for a call of the named caller. What is kept for one caller is not given to another; calls
// without a name are all of one, as those over stdio are.
func WithCaller(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

func callerOf(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}

// NewResultID returns the id of a kept result: 12 letters, digits, - and _, of 72 random bits. Nobody guesses it within
// the result's life, and only its caller could use it.
func NewResultID() string {
	var b [9]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// kept is an answer whose rows are kept to be read on.
type kept struct {
	id, caller string
	args       QueryArgs // that gave it
	shown      int       // rows in its first answer; a page ends there
	at         time.Time
	bytes      int64

	mu     sync.Mutex
	rows   *Rows            // nil once they are gone
	starts map[string][]int // by format: the first row of each page
}

// keeper keeps results for a while, within bounds for each caller and for all. It is safe for concurrent use.
type keeper struct {
	now   func() time.Time
	newID func() string

	mu   sync.Mutex
	list []*kept // oldest first
}

// put keeps rows and returns their id; false where they are too many to keep.
func (k *keeper) put(caller string, args QueryArgs, rows *Rows, shown int) (id string, ok bool) {
	e := &kept{id: k.newID(), caller: caller, args: args, shown: shown, at: k.now(), rows: rows, starts: map[string][]int{}}
	e.args.Progress = nil
	for _, row := range rows.Rows {
		e.bytes += int64(len(row)) + keptRow
	}
	if e.bytes > keptOfCaller {
		return "", false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire()
	k.makeRoom(keptOfCaller-e.bytes, func(o *kept) bool { return o.caller == caller })
	k.makeRoom(keptBytes-e.bytes, func(*kept) bool { return true })
	k.list = append(k.list, e)
	if n := len(k.list) - keptEntries; n > 0 {
		k.list = slices.Delete(k.list, 0, n)
	}
	time.AfterFunc(keptAge, func() { // memory is given back also when nobody calls
		k.mu.Lock()
		defer k.mu.Unlock()
		k.expire()
	})
	return e.id, true
}

// expire drops the rows of what is too old.
func (k *keeper) expire() {
	for _, e := range k.list {
		if k.now().Sub(e.at) >= keptAge {
			e.drop()
		}
	}
}

// makeRoom drops the oldest rows of those that match until they take no more than most bytes.
func (k *keeper) makeRoom(most int64, match func(*kept) bool) {
	sum := int64(0)
	for _, e := range k.list {
		if match(e) {
			sum += e.bytes
		}
	}
	for _, e := range k.list {
		if sum > most && match(e) {
			sum -= e.bytes
			e.drop()
		}
	}
}

// drop lets the rows go; what the query was is kept.
func (e *kept) drop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rows, e.starts, e.bytes = nil, nil, 0
	if len(encodeJSON(e.args)) > keptQuery {
		e.args = QueryArgs{}
	}
}

// get finds a result of a caller by its id, or by its whole address. The error is an *ArgumentError that says how to
// get it again.
func (k *keeper) get(caller, id string) (*kept, *Rows, error) {
	id = strings.TrimPrefix(id, resultScheme)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire()
	i := slices.IndexFunc(k.list, func(e *kept) bool { return e.id == id && e.caller == caller })
	if i < 0 {
		return nil, nil, &ArgumentError{Field: "result", Message: fmt.Sprintf(
			"nothing is kept under this id here. Results are kept for %s, for the caller who got them, on the server that gave them. Run the query again: its answer names a new id",
			ago(keptAge))}
	}
	e := k.list[i]
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rows != nil {
		return e, e.rows, nil
	}
	again := "Run the query again"
	if e.args.Query != "" {
		again = "Run the query again: query_posthog " + visible(string(encodeJSON(e.args)))
	}
	return nil, nil, &ArgumentError{Field: "result", Message: "these rows are no longer kept (" + ago(keptAge) + ", or until newer ones need the room). " + again}
}

// pages returns the first row of each page in a format.
func (e *kept) pages(r *Rows, format string) []int {
	e.mu.Lock()
	defer e.mu.Unlock()
	starts, ok := e.starts[format]
	if !ok {
		shown := 0
		if format == e.args.format() {
			shown = e.shown
		}
		starts = r.split(format, shown)
		if e.starts != nil {
			e.starts[format] = starts
		}
	}
	return starts
}

// ResultPage returns a page, counted from 1, of a result kept for the caller of ctx, in the format of its query. Its
// cells are whole, and all pages together have each row once. The error is an *ArgumentError.
func (s *Service) ResultPage(ctx context.Context, id string, page int) (Answer, error) {
	got, err := s.keptPage(ctx, QueryArgs{Result: id, Page: int64(page)})
	return got.answer, err
}

func (s *Service) keptPage(ctx context.Context, a QueryArgs) (outcome, error) {
	e, rows, err := s.kept.get(callerOf(ctx), a.Result)
	if err != nil {
		return outcome{}, err
	}
	if a.ProjectID != 0 && a.ProjectID != rows.Project.ID {
		return outcome{}, &ArgumentError{Field: "project_id", Message: fmt.Sprintf("this result is of project %d; leave project_id out", rows.Project.ID)}
	}
	if a.Format == "" {
		a.Format = e.args.format()
	}
	starts := e.pages(rows, a.format())
	n := max(1, int(a.Page))
	if n > len(starts) {
		return outcome{}, &ArgumentError{Field: "page", Message: fmt.Sprintf("this result has %s", plural(len(starts), "page"))}
	}
	to := len(rows.Rows)
	if n < len(starts) {
		to = starts[n]
	}
	answer := rows.pageAnswer(a.format(), page{id: e.id, n: n, of: len(starts), from: starts[n-1], to: to}, s.token)
	return outcome{answer: answer, rows: to - starts[n-1], asJSON: a.format() == FormatJSON}, nil
}
