package driver_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// worker is PostHog with background runs that take a time each.
type worker struct {
	takes time.Duration
	stale string // kept rows that it gives beside a new run
	lost  int    // answers to starts that do not arrive
	early bool   // whether those starts are lost, too

	mu     sync.Mutex
	runs   map[string]time.Time
	starts int
	most   int // runs at the same time
}

func (w *worker) answer(_ int, r *http.Request) reaction {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs == nil {
		w.runs = map[string]time.Time{}
	}
	id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/api/projects/1/query/"), "/")
	began, known := w.runs[id]
	switch {
	case r.Method == http.MethodDelete:
		delete(w.runs, id)
		return reply(200, jsonType, `{"message":"Cancelled query on clickhouse"}`)
	case r.Method == http.MethodGet && !known:
		return reply(404, jsonType, detail("invalid_request", "not_found", "Query "+id+" not found for team 1"))
	case r.Method == http.MethodGet && time.Since(began) < w.takes:
		return reply(202, jsonType, `{"query_status":{"id":"`+id+`","complete":false,"error":false,"results":null,
			"query_progress":{"bytes_read":2000,"rows_read":100,"estimated_rows_total":400,"time_elapsed":1,"active_cpu_time":1}}}`)
	case r.Method == http.MethodGet:
		delete(w.runs, id)
		return reply(200, jsonType, `{"query_status":{"id":"`+id+`","complete":true,"error":false,"results":`+
			`{"results":[["new"]],"columns":["a"],"is_cached":false,"last_refresh":"2026-06-15T12:00:00Z"}}}`)
	}
	id = queryID(r)
	if w.lost > 0 {
		w.lost--
		if !w.early {
			w.starts++
			w.runs[id] = time.Now()
		}
		return reaction{err: errors.New("read tcp: connection reset by peer")}
	}
	w.starts++
	w.runs[id] = time.Now()
	w.most = max(w.most, len(w.runs))
	if w.stale != "" {
		return reply(202, jsonType, strings.Replace(w.stale, "ID", id, 1))
	}
	return reply(202, jsonType, `{"cache_key":"c","query_status":{"id":"`+id+`","complete":false,"error":false,"results":null}}`)
}

func queryID(r *http.Request) string {
	body, _ := r.GetBody()
	var v struct {
		ID string `json:"client_query_id"`
	}
	_ = json.NewDecoder(body).Decode(&v)
	return v.ID
}

const staleRows = `{"results":[["old"]],"columns":["a"],"is_cached":true,"last_refresh":"2026-06-15T11:00:00Z",
	"query_status":{"id":"ID","complete":false,"error":false,"results":null}}`

// A long query runs in the background, once; all who wait hear how far it is, each in its own goroutine.
func TestLongQuery(t *testing.T) {
	t.Parallel()
	for _, fresh := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := &worker{takes: 6 * time.Second}
			f := &fake{answer: w.answer}
			c := newClient(t, f, nil)
			var wg sync.WaitGroup
			began := time.Now()
			for range 3 {
				wg.Go(func() {
					var heard []driver.Progress // unguarded: the race detector would see another goroutine
					res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Long: true, Fresh: fresh,
						Progress: func(p driver.Progress) { heard = append(heard, p) }})
					require.NoError(t, err)
					require.Equal(t, [][]any{{"new"}}, cells(res.Rows))
					require.False(t, res.Cached)
					require.Equal(t, driver.Progress{Rows: 100, TotalRows: 400, Bytes: 2000, Elapsed: 4062500 * time.Microsecond}, heard[len(heard)-1])
					require.GreaterOrEqual(t, len(heard), 4) // the first may be replaced before it is taken
				})
			}
			wg.Wait()
			require.Equal(t, map[string]int{"POST": 1, "GET": 5}, methods(f.requests()))
			require.Less(t, time.Since(began), 7*time.Second)
			mode := map[bool]string{false: `"refresh":"async"`, true: `"refresh":"force_async"`}[fresh]
			require.Contains(t, f.requests()[0].Body, mode)
			require.Equal(t, "show_progress=true", f.requests()[1].Query)
			var waits []time.Duration
			for i, r := range f.requests()[1:] {
				waits = append(waits, r.At.Sub(f.requests()[i].At))
			}
			ms := time.Millisecond
			require.Equal(t, []time.Duration{500 * ms, 750 * ms, 1125 * ms, 1687500 * time.Microsecond, 2531250 * time.Microsecond}, waits)
		})
	}
}

// A background run keeps its place in flight until it has ended; those who ask for runs need none.
func TestBackgroundRunsKeepTheirPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &worker{takes: 3 * time.Second}
		f := &fake{answer: w.answer}
		c := newClient(t, f, func(o *driver.Options) { o.MaxConcurrency = 2 })
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Long: true})
				require.NoError(t, err)
			})
		}
		wg.Wait()
		require.Equal(t, 8, w.starts)
		require.Equal(t, 2, w.most)
	})
}

// Kept rows beside a run that renews them: given at once with their age, unless fresh ones were asked for. The run
// is followed, and its answer given from then on.
func TestStaleRows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &worker{takes: 4 * time.Second, stale: staleRows}
		f := &fake{answer: w.answer}
		c := newClient(t, f, func(o *driver.Options) { o.MaxConcurrency = 1 })
		q := driver.QueryRequest{HogQL: "SELECT 1", Long: true}
		began := time.Now()
		res, err := c.Query(t.Context(), q)
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
		require.Equal(t, [][]any{{"old"}}, cells(res.Rows))
		require.True(t, res.Cached)
		require.Equal(t, time.Date(2026, 6, 15, 11, 0, 0, 0, time.UTC), res.AsOf)
		_, err = c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Timeout: 2 * time.Second})
		require.Equal(t, driver.CodeConcurrency, asError(t, err).Code, "the run has its place until it has ended")
		time.Sleep(8 * time.Second)
		sent := len(f.requests())
		res, err = c.Query(t.Context(), q)
		require.NoError(t, err)
		require.Equal(t, [][]any{{"new"}}, cells(res.Rows))
		require.True(t, res.Cached)
		require.Equal(t, time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC), res.AsOf)
		require.Len(t, f.requests(), sent)
	})
	synctest.Test(t, func(t *testing.T) {
		w := &worker{takes: 4 * time.Second, stale: staleRows}
		f := &fake{answer: w.answer}
		c := newClient(t, f, nil)
		res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Long: true, Fresh: true})
		require.NoError(t, err)
		require.Equal(t, [][]any{{"new"}}, cells(res.Rows))
		require.False(t, res.Cached)
	})
	synctest.Test(t, func(t *testing.T) { // closed while the run goes on: it is ended
		w := &worker{takes: time.Minute, stale: staleRows}
		f := &fake{answer: w.answer}
		c := newClient(t, f, nil)
		_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Long: true})
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		c.Close()
		require.Empty(t, w.runs)
	})
	f := &fake{answer: always(200, jsonType, `{"results":[["old"]],"columns":["a"],"is_cached":true,"last_refresh":"2026-06-15T11:00:00Z"}`)}
	_, err := newClient(t, f, nil).Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Fresh: true})
	e := asError(t, err)
	require.Equal(t, driver.Internal, e.Kind)
	require.Equal(t, driver.CodeStale, e.Code)
}

// When the answer to a start is lost, the run is looked for before another is started.
func TestLostStart(t *testing.T) {
	t.Parallel()
	for early, want := range map[bool]map[string]int{
		false: {"POST": 1, "GET": 4}, // it had begun: only asked for
		true:  {"POST": 2, "GET": 4}, // PostHog knows nothing of it: started again, under its id
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &worker{takes: 2 * time.Second, lost: 1, early: early}
			f := &fake{answer: w.answer}
			c := newClient(t, f, nil)
			res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Long: true, Fresh: true})
			require.NoError(t, err)
			require.Equal(t, [][]any{{"new"}}, cells(res.Rows))
			require.Equal(t, 1, w.starts, "no query runs twice")
			got := methods(f.requests())
			require.Equal(t, want["POST"], got["POST"])
			require.InDelta(t, want["GET"], got["GET"], 1)
		})
	}
}

// A run that is given up is ended at PostHog: the caller leaves, its time is over, or PostHog cannot be asked.
func TestRunsAreEnded(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(w *worker, f *fake, cancel func(), q *driver.QueryRequest){
		"cancel": func(_ *worker, _ *fake, cancel func(), _ *driver.QueryRequest) { time.AfterFunc(3*time.Second, cancel) },
		"at once": func(_ *worker, _ *fake, cancel func(), _ *driver.QueryRequest) {
			time.AfterFunc(time.Millisecond, cancel)
		},
		"deadline": func(_ *worker, _ *fake, _ func(), q *driver.QueryRequest) { q.Timeout = 3 * time.Second },
		"polls fail": func(w *worker, f *fake, _ func(), _ *driver.QueryRequest) {
			f.answer = func(n int, r *http.Request) reaction {
				if r.Method == http.MethodGet {
					return reply(403, jsonType, detail("authentication_error", "permission_denied", "x"))
				}
				return w.answer(n, r)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &worker{takes: time.Hour}
				f := &fake{answer: w.answer}
				c := newClient(t, f, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				q := driver.QueryRequest{HogQL: "SELECT 1", Long: true}
				leave(w, f, cancel, &q)
				_, err := c.Query(ctx, q)
				require.Error(t, err)
				time.Sleep(300 * time.Millisecond)
				synctest.Wait()
				require.Empty(t, w.runs)
				require.Equal(t, 1, methods(f.requests())["DELETE"])
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // a verdict needs no end
		f := &fake{}
		f.answer = func(_ int, r *http.Request) reaction {
			if r.Method == http.MethodPost {
				return reply(202, jsonType, status(false, ""))
			}
			return reply(500, jsonType, status(true, `"error":true,"error_message":null`))
		}
		c := newClient(t, f, nil)
		_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Long: true})
		e := asError(t, err)
		require.Equal(t, driver.Internal, e.Kind)
		c.Close()
		require.Equal(t, map[string]int{"POST": 1, "GET": 1}, methods(f.requests()), "asking again is pointless")
	})
}

// A query that took long, or too long, runs in the background the next time.
func TestLongIsLearned(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(int, *http.Request) reaction{
		"slow": slowly(3 * time.Second),
		"too slow": func(int, *http.Request) reaction {
			return reply(504, jsonType, detail("server_error", "error", "max execution time"))
		},
		"quick": slowly(time.Second),
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{answer: first}
			c := newClient(t, f, nil)
			q := driver.QueryRequest{HogQL: "SELECT 1", Fresh: true}
			_, _ = c.Query(t.Context(), q)
			require.Contains(t, f.requests()[0].Body, `"force_blocking"`)
			f.answer = (&worker{}).answer
			if name == "quick" {
				f.answer = slowly(0)
			}
			_, err := c.Query(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, name != "quick", strings.Contains(f.requests()[1].Body, `"force_async"`))
		})
	}
}
