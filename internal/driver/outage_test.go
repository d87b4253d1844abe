package driver_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// Down for a minute under a hundred calls: few requests, and every call is answered.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, gap := range map[string]time.Duration{"at once": 0, "spread": 600 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				up := time.Now().Add(time.Minute)
				f := &fake{project: true, answer: func(int, *http.Request) reaction {
					if time.Now().Before(up) {
						return reply(502, "text/html", page502)
					}
					return reply(200, jsonType, okBody)
				}}
				c := newClient(t, f, nil)
				var wg sync.WaitGroup
				for range 100 {
					wg.Go(func() {
						_, err := selectOne(t, c)
						e := asError(t, err)
						require.Equal(t, driver.Unavailable, e.Kind)
						if e.Attempts == 0 {
							require.Equal(t, driver.CodeBreakerOpen, e.Code)
							require.Positive(t, e.RetryAfter)
						}
					})
					time.Sleep(gap)
				}
				wg.Wait()
				require.LessOrEqual(t, len(f.requests()), 15)
				time.Sleep(time.Until(up) + 2*time.Second)
				for range 3 {
					_, err := selectOne(t, c)
					require.NoError(t, err)
				}
			})
		})
	}
}

// When the breaker opens, those who stand in the queue are answered at once.
func TestOpeningClearsTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(int, *http.Request) reaction {
			time.Sleep(time.Second)
			return reply(502, "text/html", page502)
		}}
		c := newClient(t, f, func(o *driver.Options) { o.MaxConcurrency, o.MaxRetries, o.BreakerFailures = 1, 0, 2 })
		began := time.Now()
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				_, err := selectOne(t, c)
				require.Equal(t, driver.Unavailable, asError(t, err).Kind)
				require.LessOrEqual(t, time.Since(began), 2*time.Second)
			})
		}
		wg.Wait()
		require.Len(t, f.requests(), 2)
		for range 100 { // and nobody stands in it afterwards
			now := time.Now()
			_, err := selectOne(t, c)
			require.Equal(t, driver.CodeBreakerOpen, asError(t, err).Code)
			require.Zero(t, time.Since(now))
		}
	})
}

// While two try whether the host is back, others wait for what they find.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{answer: always(502, "text/html", page502)}
			var states []string
			c := newClient(t, f, func(o *driver.Options) {
				o.MaxRetries, o.MaxConcurrency, o.BreakerFailures, o.BreakerTimeout = 0, 10, 1, 30*time.Second
				o.Hooks.Breaker = func(state string) { states = append(states, state) }
			})
			_, err := selectOne(t, c)
			require.Error(t, err)
			time.Sleep(31 * time.Second)
			f.answer = func(n int, r *http.Request) reaction {
				if out := slowly(time.Second)(n, r); back || out.err != nil {
					return out
				}
				return reply(502, "text/html", page502)
			}
			began := time.Now()
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					_, err := selectOne(t, c)
					require.Equal(t, back, err == nil)
				})
			}
			wg.Go(func() {
				_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Timeout: 500 * time.Millisecond})
				require.Contains(t, []driver.Kind{driver.Unavailable, driver.Deadline}, asError(t, err).Kind)
				require.LessOrEqual(t, time.Since(began), 500*time.Millisecond)
			})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(300*time.Millisecond, cancel)
			wg.Go(func() {
				_, err := c.Query(ctx, driver.QueryRequest{HogQL: unique()})
				require.Equal(t, driver.Cancelled, asError(t, err).Kind)
				require.Equal(t, 300*time.Millisecond, time.Since(began))
			})
			wg.Wait()
			if back {
				require.Equal(t, []string{"open", "half-open", "closed"}, states)
				return
			}
			require.Equal(t, []string{"open", "half-open", "open"}, states)
			require.LessOrEqual(t, time.Since(began), 2*time.Second)
		})
	}
}

// A host that fails two times of three never fails five times in a row, and is left alone all the same.
func TestFailingRatio(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(n int, _ *http.Request) reaction {
			if n%3 != 0 {
				return reply(502, "text/html", page502)
			}
			return reply(200, jsonType, okBody)
		}}
		c := newClient(t, f, func(o *driver.Options) { o.MaxRetries = 0 })
		for range 50 {
			_, err := selectOne(t, c)
			if err != nil && asError(t, err).Code == driver.CodeBreakerOpen {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		require.GreaterOrEqual(t, len(f.requests()), 18) // and the project's name
		require.LessOrEqual(t, len(f.requests()), 20)
	})
	synctest.Test(t, func(t *testing.T) { // five in a row count however far apart they are
		f := &fake{answer: always(502, "text/html", page502)}
		c := newClient(t, f, func(o *driver.Options) { o.MaxRetries = 0 })
		for range 10 {
			_, err := selectOne(t, c)
			require.Error(t, err)
			time.Sleep(50 * time.Second)
		}
		require.Len(t, f.requests(), 7, "five, and one trial for each opening")
	})
}

// Retries stay a small part of the requests, and a lone caller gets its own.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var refused, granted atomic.Int32
		failing := true
		f := &fake{answer: func(int, *http.Request) reaction {
			if failing {
				return reply(503, jsonType, detail("server_error", "error", "too busy"))
			}
			return reply(200, jsonType, okBody)
		}}
		c := newClient(t, f, func(o *driver.Options) {
			o.PerMinute, o.PerHour = 10_000, 100_000
			o.Hooks.Retry = func(_ string, reason driver.Kind, _ time.Duration, allowed bool) {
				require.Equal(t, driver.Busy, reason)
				if allowed {
					granted.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
		_, err := selectOne(t, c)
		require.Equal(t, 4, asError(t, err).Attempts)
		time.Sleep(time.Minute)
		granted.Store(0)
		for range 30 {
			_, err := selectOne(t, c)
			require.Equal(t, driver.Busy, asError(t, err).Kind)
			if granted.Load() >= 10 {
				break
			}
		}
		require.Equal(t, int32(10), granted.Load())
		for range 5 {
			_, err = selectOne(t, c)
			require.Equal(t, 1, asError(t, err).Attempts)
		}
		require.Positive(t, refused.Load())
		failing = false
		for range 300 {
			_, err := selectOne(t, c)
			require.NoError(t, err)
		}
		failing = true
		granted.Store(0)
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() {
				_, err := selectOne(t, c)
				require.Error(t, err)
			})
		}
		wg.Wait()
		require.LessOrEqual(t, int(granted.Load()), len(f.requests())/10)
		require.Greater(t, int(granted.Load()), 25)
	})
}
