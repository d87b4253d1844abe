package sandbox

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// class is a group of endpoints that share a rate limit.
type class int

// PostHog's classes.
const (
	classGeneral class = iota
	classQuery
	classValues
)

func (c class) String() string { return [...]string{"general", "query", "values"}[c] }

// Rate is how many requests may come in a minute and in an hour. Zero means no limit.
type Rate struct{ PerMinute, PerHour int }

// LimitNumbers are the limits of one project. A zero field means PostHog's own number.
type LimitNumbers struct {
	Concurrency int           // queries at the same time
	QueueWait   time.Duration // how long a query waits for its turn before a 429
	Query       Rate          // all of …/query/
	General     Rate          // definitions, projects and everything else
	Values      Rate          // …/events/values/
}

// PostHogLimits are the numbers of PostHog Cloud: 3 queries at a time with a queue of 30 seconds, 240 and
// 2,400 queries, 480 and 4,800 other requests, 60 and 300 requests for values per minute and hour.
func PostHogLimits() LimitNumbers {
	return LimitNumbers{
		Concurrency: 3, QueueWait: 30 * time.Second,
		Query: Rate{240, 2400}, General: Rate{480, 4800}, Values: Rate{60, 300},
	}
}

// withDefaults returns n with PostHog's numbers in place of zeros.
func (n LimitNumbers) withDefaults() LimitNumbers {
	d := PostHogLimits()
	if n.Concurrency == 0 {
		n.Concurrency = d.Concurrency
	}
	if n.QueueWait == 0 {
		n.QueueWait = d.QueueWait
	}
	for _, r := range []struct {
		have *Rate
		want Rate
	}{{&n.Query, d.Query}, {&n.General, d.General}, {&n.Values, d.Values}} {
		if *r.have == (Rate{}) {
			*r.have = r.want
		}
	}
	return n
}

// limiter holds requests to the numbers. A nil limiter lets everything pass.
type limiter struct {
	numbers LimitNumbers
	mu      sync.Mutex
	logs    map[bucket][]time.Time  // requests let through, oldest first
	slots   map[int64]chan struct{} // one token per running query of a project
}

// bucket is what a window is counted over: a project and a class, or a key where there is no project.
type bucket struct {
	project int64
	key     string
	class   class
	window  time.Duration
}

func newLimiter(n LimitNumbers) *limiter {
	return &limiter{numbers: n.withDefaults(), logs: map[bucket][]time.Time{}, slots: map[int64]chan struct{}{}}
}

// admit counts a request, or refuses it with the seconds to wait in the text and nowhere else, as PostHog
// does. The algorithm is a sliding log: fewer than N requests lie in the last window.
func (l *limiter) admit(c *call) error {
	if l == nil {
		return nil
	}
	b := bucket{class: c.route.class}
	if c.project != nil {
		b.project = c.project.ID
	} else {
		b.key = c.key.Value
	}
	rate := [...]Rate{classGeneral: l.numbers.General, classQuery: l.numbers.Query, classValues: l.numbers.Values}[c.route.class]
	wait := max(l.take(b, time.Minute, rate.PerMinute), l.take(b, time.Hour, rate.PerHour))
	if wait <= 0 {
		return nil
	}
	n := int(math.Ceil(wait.Seconds()))
	unit := "seconds"
	if n == 1 {
		unit = "second"
	}
	return throttled(fmt.Sprintf("Request was throttled. Expected available in %d %s.", n, unit))
}

// take counts one request in a window and returns 0, or returns how long the window is full.
func (l *limiter) take(b bucket, window time.Duration, n int) time.Duration {
	if n <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b.window = window
	now := time.Now()
	log := l.logs[b]
	for len(log) > 0 && now.Sub(log[0]) >= window {
		log = log[1:]
	}
	if len(log) >= n {
		l.logs[b] = log
		return window - now.Sub(log[0])
	}
	l.logs[b] = append(log, now)
	return 0
}

// enter takes one of the project's places for running queries and returns the function that gives it back.
// patient waits without end, as PostHog's background workers do; others get a 429 after the queue's time.
func (l *limiter) enter(ctx context.Context, project int64, task string, patient bool) (leave func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	l.mu.Lock()
	slots, known := l.slots[project]
	if !known {
		slots = make(chan struct{}, l.numbers.Concurrency)
		l.slots[project] = slots
	}
	l.mu.Unlock()
	var expired <-chan time.Time
	if !patient {
		timer := time.NewTimer(l.numbers.QueueWait)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-expired:
		return nil, concurrencyExceeded(l.numbers.Concurrency, project, task)
	}
}

// concurrencyExceeded is PostHog's 429 for too many queries of one project at the same time.
func concurrencyExceeded(n int, project int64, task string) *failure {
	return throttled(fmt.Sprintf("Exceeded maximum concurrency limit: %d for key: api:query:per-team:%d and task: %s", n, project, task))
}
