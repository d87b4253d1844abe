package driver

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Waits between attempts, in units of Options.Backoff where that is named; the figures are those of its default.
const (
	backoffCap      = 27                     // units: 8 s
	crowdedBase     = 3                      // units, 1 s: PostHog's concurrency limit, which has already queued us for 30 s, or ClickHouse at capacity
	crowdedSpread   = 13                     // units: 4 s
	crowdedCap      = 53                     // units: 16 s
	defaultThrottle = 2 * time.Second        // of a 429 that names no wait
	throttleJitter  = 250 * time.Millisecond // a little later than asked, and not all processes at once
	mostThrottled   = 20                     // 429s of one call; the deadline ends most calls long before
)

// stats tells what a call cost.
type stats struct {
	attempts  int
	throttled int           // of attempts, those answered with 429
	waited    time.Duration // in our own queue and between attempts
	turn      uint64        // place in the queue, kept over the attempts
}

func (s *stats) add(more stats) {
	s.attempts += more.attempts
	s.waited += more.waited
}

// call runs a request under the policies, in this order: is the breaker open? then answer now; wait for a pass of
// the limiter; the breaker admits; one attempt; retry only what the decoded error allows, within the budget, never
// past the caller's deadline.
func (c *Client) call(ctx context.Context, r request) (stats, error) {
	var s stats
	if c.isClosed() && !r.late {
		return s, closedError(r.op)
	}
	lim := c.host.limits.get(r.project, r.class)
	unsure := false // an earlier attempt may have started a run
	for {
		now := r
		if unsure && r.resume != nil {
			now = *r.resume
		}
		err := c.attempt(ctx, now, lim, &s)
		if err == nil {
			return s, nil
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			e = &Error{Kind: Internal, Op: r.op, Detail: clean(err.Error()), wrapped: err}
		}
		if unsure && r.resume != nil && e.Kind == NotFound { // it did not: start it
			unsure = false
			continue
		}
		e.Attempts, e.Waited = s.attempts, s.waited
		wait, again := c.retryWait(ctx, e, r, lim, s)
		if !again {
			return s, e
		}
		unsure = unsure || e.Kind == Unavailable
		c.log.Warn("retry", "op", r.op, "kind", string(e.Kind), "status", e.Status, "code", e.Code, "attempts", s.attempts, "wait", wait)
		if !c.pause(ctx, wait, &s) {
			e := contextError(ctx, r.op)
			e.Attempts, e.Waited = s.attempts, s.waited
			return s, e
		}
	}
}

// attempt sends once, if breaker and limiter allow it.
func (c *Client) attempt(ctx context.Context, r request, lim *limiter, s *stats) error {
	b := c.host.breaker
	for {
		if b.trying() {
			if err := c.awaitTrial(ctx, r.op, s); err != nil {
				return err
			}
		}
		if err := b.check(r.op); err != nil {
			return err
		}
		queued := time.Now()
		p, err := lim.enter(ctx, r.op, r.lane, &s.turn, b.alarm())
		took := time.Since(queued)
		s.waited += took
		c.host.hooks.wait(r.class, took)
		if errors.Is(err, errAlarm) {
			return b.refusal(r.op)
		}
		if err != nil {
			return err
		}
		sent := false
		trying, err := b.do(r.op, func() error {
			sent = true
			s.attempts++
			c.host.budget.sent()
			return c.exchange(ctx, r, *s)
		})
		if sent {
			return c.settle(p, r, s, err)
		}
		p.unused()
		if !trying {
			return err
		}
	}
}

// awaitTrial waits, before the queue, while others find out whether the host is back.
func (c *Client) awaitTrial(ctx context.Context, op string, s *stats) error {
	began := time.Now()
	defer func() { s.waited += time.Since(began) }()
	b := c.host.breaker
	for b.trying() && ctx.Err() == nil {
		b.await(ctx)
	}
	if ctx.Err() == nil {
		return nil
	}
	if e := contextError(ctx, op); e.Kind == Cancelled {
		return e
	}
	return b.refusal(op) // says more than that the time is over
}

// settle lets the limiter learn from an attempt and gives the pass back, or keeps it for a run that goes on.
func (c *Client) settle(p *pass, r request, s *stats, err error) error {
	e, _ := errors.AsType[*Error](err)
	p.report(e)
	if e != nil && e.throttled() {
		s.throttled++
	}
	if err == nil && r.keep != nil {
		r.keep(p)
	} else {
		p.done()
	}
	return err
}

// retryWait says whether another attempt makes sense, and after which wait. Requests that PostHog refused with 429
// did no work: they are sent again when it says so, and count neither as retries nor against the budget.
func (c *Client) retryWait(ctx context.Context, e *Error, r request, lim *limiter, s stats) (time.Duration, bool) {
	failed := s.attempts - s.throttled
	retryable := e.Kind == Busy || e.Kind == Unavailable || e.once && failed == 1
	if !retryable || e.final || r.single || c.opts.MaxRetries == 0 {
		return 0, false
	}
	unit := c.opts.Backoff
	wait := jitter(min(unit<<min(failed, 10), backoffCap*unit)) // full jitter
	switch {
	case e.throttled() && e.crowded:
		wait = crowdedBase*unit + jitter(min(crowdedSpread*unit<<min(s.throttled-1, 10), crowdedCap*unit))
	case e.throttled():
		wait = max(time.Until(lim.pausedUntil()), 0)
	case e.RetryAfter > 0:
		wait = e.RetryAfter + jitter(throttleJitter)
	case e.Kind == Busy: // ClickHouse is at capacity
		wait = crowdedBase*unit + jitter(crowdedSpread*unit)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		if e.RetryAfter < wait-throttleJitter {
			e.RetryAfter = wait
		}
		return 0, false
	}
	switch {
	case e.throttled() && s.throttled > mostThrottled:
		return 0, false
	case e.throttled():
	case failed > c.opts.MaxRetries:
		return 0, false
	case !c.host.budget.retry():
		c.host.hooks.retry(r.op, e.Kind, wait, false)
		return 0, false
	}
	c.host.hooks.retry(r.op, e.Kind, wait, true)
	if e.throttled() && !e.crowded {
		return 0, true // the queue waits for all
	}
	return wait, true
}

// pause waits between two attempts. It ends early when the breaker opens, and tells whether the caller is still there.
func (c *Client) pause(ctx context.Context, wait time.Duration, s *stats) bool {
	if wait <= 0 {
		return ctx.Err() == nil
	}
	began := time.Now()
	defer func() { s.waited += time.Since(began) }()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.host.breaker.alarm():
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter is a random wait below ceiling.
func jitter(ceiling time.Duration) time.Duration {
	return rand.N(ceiling) // #nosec G404 -- spreads callers in time, guards nothing
}

// sleep waits for d or the end of the context.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
