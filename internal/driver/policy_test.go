package driver_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// failFirst fails n times and then answers.
func failFirst(n int, failure func(int, *http.Request) reaction) func(int, *http.Request) reaction {
	return func(i int, r *http.Request) reaction {
		if i <= n {
			return failure(i, r)
		}
		return reply(200, jsonType, okBody)
	}
}

func TestRetrySucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: failFirst(2, always(502, "text/html", page502))}
		res, err := selectOne(t, newClient(t, f, nil))
		require.NoError(t, err)
		require.Equal(t, 3, res.Attempts)
		require.Equal(t, f.requests()[0].Body, f.requests()[2].Body, "the same request, with the same query id")
	})
}

// The wait that PostHog names is kept, and not much longer; without retries nothing is sent again.
func TestServersWaitIsHonoured(t *testing.T) {
	t.Parallel()
	busy := detail("throttled_error", "throttled", "Request was throttled. Expected available in 14 seconds.")
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: failFirst(1, always(429, jsonType, busy))}
		started := time.Now()
		_, err := selectOne(t, newClient(t, f, nil))
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(started), 14*time.Second)
		require.Less(t, time.Since(started), 15*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat)
		f := &fake{answer: failFirst(1, always(503, "text/html", "", "Retry-After", date))}
		started := time.Now()
		_, err := selectOne(t, newClient(t, f, nil))
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(started), 8*time.Second)
		require.Less(t, time.Since(started), 10*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: always(429, jsonType, busy)}
		started := time.Now()
		_, err := selectOne(t, newClient(t, f, func(o *driver.Options) { o.MaxRetries = 0 }))
		require.Equal(t, 14*time.Second, asError(t, err).RetryAfter)
		require.Zero(t, time.Since(started))
		require.Len(t, f.requests(), 1)
	})
}

// A wait that would pass the deadline is not begun: the answer comes at once and tells it.
func TestNoWaitInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: always(429, jsonType, detail("throttled_error", "throttled", "Expected available in 60 seconds."))}
		started := time.Now()
		_, err := selectOne(t, newClient(t, f, nil))
		e := asError(t, err)
		require.Equal(t, driver.Busy, e.Kind)
		require.Equal(t, time.Minute, e.RetryAfter)
		require.Zero(t, time.Since(started))
	})
}

// Cancelling ends a wait between attempts.
func TestCancelWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: always(429, jsonType, detail("throttled_error", "throttled", "Expected available in 20 seconds."))}
		c := newClient(t, f, nil)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		started := time.Now()
		_, err := c.Query(ctx, driver.QueryRequest{HogQL: unique()})
		require.Equal(t, driver.Cancelled, asError(t, err).Kind)
		require.Equal(t, 3*time.Second, time.Since(started))
	})
}

// No more than N requests lie in any minute, whatever the callers do, and the window is used fully.
func TestWindows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: always(200, jsonType, okBody)}
		c := newClient(t, f, func(o *driver.Options) {
			o.PerMinute, o.PerHour, o.MaxConcurrency, o.Timeout = 20, 50, 4, 3*time.Hour
		})
		var wg sync.WaitGroup
		for range 70 {
			wg.Go(func() {
				_, err := selectOne(t, c)
				require.NoError(t, err)
			})
		}
		wg.Wait()
		sent := f.requests()
		require.Len(t, sent, 70)
		for i := range sent {
			if i >= 20 {
				require.Greater(t, sent[i].At.Sub(sent[i-20].At), time.Minute)
			}
			if i >= 50 {
				require.Greater(t, sent[i].At.Sub(sent[i-50].At), time.Hour)
			}
		}
		require.Less(t, sent[19].At.Sub(sent[0].At), time.Minute)
		require.Less(t, sent[49].At.Sub(sent[0].At), 4*time.Minute)
		require.Less(t, sent[69].At.Sub(sent[0].At), time.Hour+5*time.Minute)
	})
}

// A full window answers at once with the wait, and the place that was not taken stays free.
func TestFullWindowAnswersAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: always(200, jsonType, okBody)}
		c := newClient(t, f, func(o *driver.Options) { o.PerMinute, o.Timeout = 4, time.Hour })
		for range 4 {
			_, err := selectOne(t, c)
			require.NoError(t, err)
		}
		last := f.requests()[0].At.Add(61 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Until(last)-time.Second)
		defer cancel()
		for range 3 {
			started := time.Now()
			_, err := c.Query(ctx, driver.QueryRequest{HogQL: unique()})
			e := asError(t, err)
			require.Equal(t, driver.Busy, e.Kind)
			require.Equal(t, driver.CodeRateLimit, e.Code)
			require.Equal(t, time.Until(last), e.RetryAfter)
			require.Zero(t, e.Attempts)
			require.Zero(t, time.Since(started))
		}
		_, err := selectOne(t, c)
		require.NoError(t, err)
		require.Equal(t, last, f.requests()[4].At)
	})
}

// No more than the allowed number of queries are in flight; other endpoints do not wait for them, and
// other projects have their own.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		flying, most := map[string]int{}, map[string]int{}
		f := &fake{answer: func(_ int, r *http.Request) reaction {
			mu.Lock()
			flying[r.URL.Path]++
			most[r.URL.Path] = max(most[r.URL.Path], flying[r.URL.Path])
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			flying[r.URL.Path]--
			mu.Unlock()
			return reply(200, jsonType, okBody)
		}}
		c := newClient(t, f, nil)
		started := time.Now()
		var wg sync.WaitGroup
		for _, project := range []int64{1, 2} {
			for range 12 {
				wg.Go(func() {
					_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Project: project})
					require.NoError(t, err)
				})
			}
		}
		wg.Wait()
		require.Equal(t, map[string]int{"/api/projects/1/query/": 3, "/api/projects/2/query/": 3}, most)
		require.Equal(t, 4*time.Second, time.Since(started))
	})
}

// A caller whose time ends in the queue is told that the slots were in use.
func TestQueueDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(int, *http.Request) reaction {
			time.Sleep(10 * time.Second)
			return reply(200, jsonType, okBody)
		}}
		c := newClient(t, f, func(o *driver.Options) { o.MaxConcurrency = 1 })
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := selectOne(t, c)
			require.NoError(t, err)
		})
		synctest.Wait()
		_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Timeout: 2 * time.Second})
		e := asError(t, err)
		require.Equal(t, driver.Busy, e.Kind)
		require.Equal(t, driver.CodeConcurrency, e.Code)
		require.Zero(t, e.Attempts)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = c.Query(ctx, driver.QueryRequest{HogQL: unique()})
		require.Equal(t, driver.Cancelled, asError(t, err).Kind)
		wg.Wait()
		require.Len(t, f.requests(), 1)
	})
}

// Down: the breaker opens after the failures, answers at once without sending, tries again after its time
// and closes after the successes.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := true
		f := &fake{answer: func(int, *http.Request) reaction {
			if down {
				return reply(503, "text/html", page502)
			}
			return reply(200, jsonType, okBody)
		}}
		c := newClient(t, f, func(o *driver.Options) {
			o.MaxRetries, o.BreakerFailures, o.BreakerTimeout, o.BreakerSuccesses = 0, 3, 30*time.Second, 2
		})
		begin := time.Now()
		for range 3 {
			_, err := selectOne(t, c)
			require.Equal(t, 1, asError(t, err).Attempts)
			time.Sleep(time.Second)
		}
		for range 100 {
			_, err := selectOne(t, c)
			e := asError(t, err)
			require.Equal(t, driver.Unavailable, e.Kind)
			require.Equal(t, driver.CodeBreakerOpen, e.Code)
			require.Equal(t, 29*time.Second, e.RetryAfter)
			require.Equal(t, 503, e.Status)
			require.Equal(t, begin, e.Since)
			require.Zero(t, e.Attempts)
		}
		require.Len(t, f.requests(), 3)
		time.Sleep(29*time.Second + time.Millisecond)
		_, err := selectOne(t, c) // the probe fails: open again
		require.Equal(t, 1, asError(t, err).Attempts)
		_, err = selectOne(t, c)
		require.Equal(t, driver.CodeBreakerOpen, asError(t, err).Code)
		time.Sleep(30*time.Second + time.Millisecond)
		down = false
		for range 5 {
			_, err := selectOne(t, c)
			require.NoError(t, err)
		}
		require.Len(t, f.requests(), 9)
	})
}

// Only unavailability counts: mistakes, limits and callers who leave do not open the breaker.
func TestBreakerIgnoresOtherFailures(t *testing.T) {
	t.Parallel()
	for _, answer := range []func(int, *http.Request) reaction{
		always(400, jsonType, detail("validation_error", "hogql_query_error", "x")),
		always(429, jsonType, detail("throttled_error", "throttled", "x")),
		always(504, jsonType, detail("server_error", "error", "max execution time")),
		always(500, jsonType, detail("server_error", "error", "A server error occurred.")),
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{answer: answer}
			c := newClient(t, f, func(o *driver.Options) { o.MaxRetries, o.BreakerFailures = 0, 2 })
			for range 10 {
				_, err := selectOne(t, c)
				require.NotEqual(t, driver.Unavailable, asError(t, err).Kind)
			}
			require.Len(t, f.requests(), 10)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(_ int, r *http.Request) reaction {
			if r.Method == http.MethodDelete {
				return reply(200, jsonType, `{}`)
			}
			<-r.Context().Done()
			return reaction{err: r.Context().Err()}
		}}
		c := newClient(t, f, func(o *driver.Options) { o.BreakerFailures, o.Timeout = 2, time.Second })
		for range 5 {
			_, err := selectOne(t, c)
			require.Equal(t, driver.Deadline, asError(t, err).Kind)
		}
	})
}

// A breaker that opens while a call waits for its next attempt ends that call.
func TestOpenBreakerEndsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: always(502, "text/html", "")}
		c := newClient(t, f, func(o *driver.Options) { o.MaxRetries, o.BreakerFailures = 8, 2 })
		_, err := selectOne(t, c)
		e := asError(t, err)
		require.Equal(t, driver.CodeBreakerOpen, e.Code)
		require.Equal(t, 2, e.Attempts)
		require.Len(t, f.requests(), 2)
	})
}

func TestClosedClient(t *testing.T) {
	t.Parallel()
	f := &fake{answer: always(200, jsonType, okBody)}
	c := newClient(t, f, nil)
	c.Close()
	_, err := selectOne(t, c)
	require.Equal(t, "run query: the client is closed", asError(t, err).Error())
	require.Empty(t, f.requests())
}

// The log tells attempts, status and waits, and neither the key nor long queries.
func TestLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: failFirst(1, always(502, "text/html", page502))}
		log, logger := newLog()
		c := newClient(t, f, func(o *driver.Options) { o.Logger = logger })
		_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT '" + strings.Repeat("x", 300) + "secret tail'", Values: map[string]any{"v": "a bound value"}})
		require.NoError(t, err)
		text := log.String()
		require.Contains(t, text, `"msg":"retry","op":"run query","kind":"unavailable","status":502`)
		require.Contains(t, text, `"attempts":1`)
		require.Equal(t, 2, strings.Count(text, `"msg":"exchange","op":"run query"`))
		require.NotContains(t, text, "secret tail")
		require.NotContains(t, text, "a bound value")
		require.NotContains(t, text, canary)
	})
}
