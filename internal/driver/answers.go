package driver

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"
)

// cellCost is about what a cell takes in memory beside its text.
const cellCost = 48

// Query runs one HogQL query and waits for its rows. Callers that ask the same (project, text, values, filters,
// freshness) at the same time share one run, each with its own deadline; unless q.Fresh, an answer that is kept may
// be given again, with its age. When the last caller leaves, PostHog is told to stop the run.
func (c *Client) Query(ctx context.Context, q QueryRequest) (*Result, error) {
	ctx, cancel := c.withTimeout(ctx, q.Timeout)
	defer cancel()
	const op = "run query"
	if c.isClosed() {
		return nil, closedError(op)
	}
	project, err := c.project(ctx, q.Project, op)
	if err != nil {
		return nil, err
	}
	res, err := c.answer(ctx, project, op, q)
	if err != nil {
		return nil, err
	}
	res.Project = c.describe(ctx, project)
	if res.Project.TimeZone == "" {
		res.Project.TimeZone = res.TimeZone
	}
	return res, nil
}

// answer is Query without the project's name. The result is the caller's own, its rows are shared.
func (c *Client) answer(ctx context.Context, project int64, op string, q QueryRequest) (*Result, error) {
	key, ok := c.queryKey(project, q)
	if !ok {
		return c.runQuery(ctx, project, op, q) // which says what is wrong with it
	}
	began := time.Now()
	if !q.Fresh {
		if old, ok := c.host.cache.get(key); ok && time.Since(old.at) < c.opts.CacheAge {
			c.host.hooks.cache("answer", "hit")
			res := *old.value.(*Result)
			res.Cached, res.Attempts, res.Waited, res.Elapsed = true, 0, 0, time.Since(began)
			return &res, nil
		}
	}
	flightKey := key
	if q.Fresh {
		flightKey.part = "fresh answer"
	}
	v, shared, err := c.flights.do(ctx, op, flightKey, q.Progress, func(ctx context.Context, report func(Progress)) (any, error) {
		q.Progress = report
		res, err := c.runQuery(ctx, project, op, q)
		if err != nil {
			return nil, err
		}
		c.keepAnswer(key, res)
		return res, nil
	})
	c.host.hooks.cache("answer", outcome(shared))
	if err != nil {
		return nil, err
	}
	res := *v.(*Result)
	res.Elapsed = time.Since(began)
	return &res, nil
}

// keepAnswer keeps a result. An older one of PostHog's is not kept over what came meanwhile.
func (c *Client) keepAnswer(key cacheKey, res *Result) {
	if old, ok := c.host.cache.get(key); ok && res.AsOf.Before(old.value.(*Result).AsOf) {
		return
	}
	c.host.cache.put(key, res, time.Now(), res.Bytes+int64(len(res.Rows)*len(res.Columns)*cellCost))
}

// queryKey names a query and its answer; false where its values cannot be written down.
func (c *Client) queryKey(project int64, q QueryRequest) (cacheKey, bool) {
	text, err := json.Marshal(struct {
		Text    string
		Values  map[string]any
		Filters *Filters
	}{q.HogQL, q.Values, q.Filters})
	if err != nil {
		return cacheKey{}, false
	}
	sum := sha256.Sum256(text)
	return cacheKey{c.owner(), "answer", project, string(sum[:])}, true
}

// wasLong tells whether a query took long when it ran last.
func (c *Client) wasLong(key cacheKey) bool {
	key.part = "long"
	_, ok := c.host.cache.get(key)
	return ok
}

// noteLong keeps what wasLong tells. A query that has become quick is forgotten with the cache's longest age.
func (c *Client) noteLong(key cacheKey, long bool) {
	if long {
		key.part = "long"
		c.host.cache.put(key, nil, time.Now(), 0)
	}
}

// isVerdict tells whether an error is how a run ended, so that nothing of it goes on.
func isVerdict(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeQueryFailed
}
