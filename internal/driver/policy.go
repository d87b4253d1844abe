package driver

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	backoffBase = 300 * time.Millisecond
	backoffCap  = 8 * time.Second
)

// stats tells what a call cost.
type stats struct {
	attempts int
	waited   time.Duration // in our own queue and between attempts
}

// call runs a request under the policies, in this order: is the breaker open? then answer now; take an
// in-flight slot; wait for the window; the breaker admits; one attempt; retry only what the decoded
// error allows, never past the caller's deadline.
func (c *Client) call(ctx context.Context, r request) (stats, error) {
	var s stats
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return s, &Error{Kind: Unavailable, Op: r.op, Detail: "the client is closed", final: true}
	}
	lim := c.limits.get(r.project, r.class)
	for {
		err := c.attempt(ctx, r, lim, &s)
		if err == nil {
			return s, nil
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			e = &Error{Kind: Internal, Op: r.op, Detail: clean(err.Error()), wrapped: err}
		}
		e.Attempts, e.Waited = s.attempts, s.waited
		wait, again := c.retryWait(e, r, s.attempts)
		if !again {
			return s, e
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			if e.RetryAfter == 0 {
				e.RetryAfter = wait
			}
			return s, e
		}
		c.log.Warn("retry", "op", r.op, "kind", string(e.Kind), "status", e.Status, "code", e.Code, "attempts", s.attempts, "wait", wait)
		if sleep(ctx, wait) != nil {
			e := contextError(ctx, r.op)
			e.Attempts, e.Waited = s.attempts, s.waited
			return s, e
		}
		s.waited += wait
	}
}

// attempt sends once, if breaker and limiter allow it.
func (c *Client) attempt(ctx context.Context, r request, lim *limiter, s *stats) error {
	if err := c.breaker.check(r.op); err != nil {
		return err
	}
	queued := time.Now()
	if err := lim.enter(ctx, r.op); err != nil {
		return err
	}
	defer lim.leave()
	if err := lim.admit(ctx, r.op); err != nil {
		return err
	}
	s.waited += time.Since(queued)
	return c.breaker.do(r.op, func() error {
		s.attempts++
		return c.exchange(ctx, r, *s)
	})
}

// retryWait says whether another attempt makes sense, and after which wait.
func (c *Client) retryWait(e *Error, r request, attempts int) (time.Duration, bool) {
	retryable := e.Kind == Busy || e.Kind == Unavailable || e.once && attempts == 1
	if !retryable || e.final || r.single || attempts > c.opts.MaxRetries {
		return 0, false
	}
	if e.RetryAfter > 0 {
		return e.RetryAfter + jitter(250*time.Millisecond), true // a little later than asked, and not all at once
	}
	if e.Kind == Busy { // PostHog's concurrency limit: it has already queued us for 30 s
		return time.Second + jitter(4*time.Second), true
	}
	ceiling := min(backoffBase<<min(attempts, 10), backoffCap)
	return jitter(ceiling), true // full jitter
}

// jitter is a random wait below ceiling.
func jitter(ceiling time.Duration) time.Duration {
	return rand.N(ceiling) // #nosec G404 -- spreads callers in time, guards nothing
}
