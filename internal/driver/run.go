package driver

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
)

const (
	cancelTimeout = 4 * time.Second
	settleTime    = 200 * time.Millisecond // until a request that was sent has surely begun at PostHog
	pollFirst     = 500 * time.Millisecond
	pollCap       = 5 * time.Second
	longRun       = 2 * time.Second // a query that took longer runs in the background next time
	queryLogText  = 100             // characters of a query in a debug line
)

// PostHog's modes, by whether kept rows will do and whether the run goes to the background.
const (
	refreshBlocking      = "blocking"
	refreshForceBlocking = "force_blocking"
	refreshAsync         = "async"
	refreshForceAsync    = "force_async"
)

// run is one query on its way at PostHog, under an id of ours. Its mode is chosen before it starts, so that no query
// runs twice.
type run struct {
	c        *Client
	project  int64
	op       string
	id       string
	fresh    bool
	async    bool
	progress func(Progress)

	began  time.Time
	sent   time.Time // when the last attempt to start it left; zero: never
	pass   *pass     // its place in flight
	res    *Result
	status *queryStatus
	s      stats
}

// queryStatus is the state of a background run.
type queryStatus struct {
	ID           string `json:"id"`
	Complete     bool   `json:"complete"`
	Error        bool   `json:"error"`
	ErrorMessage string `json:"error_message"`
	Progress     *struct {
		Bytes int64 `json:"bytes_read"`
		Rows  int64 `json:"rows_read"`
		Total int64 `json:"estimated_rows_total"`
	} `json:"query_progress"`

	answer *resultParts // of a finished run
	bytes  int64        // size of the body that held it
}

// readColumns is runQuery for a query of our own, whose answer has to have n columns or more: a proxy or a later PostHog may
// give others.
func (c *Client) readColumns(ctx context.Context, project int64, op string, n int, q QueryRequest) (*Result, error) {
	res, err := c.runQuery(ctx, project, op, q)
	if err == nil && len(res.Columns) < n {
		return nil, &Error{Kind: Internal, Op: op, Detail: "PostHog gave other columns than were asked for"}
	}
	return res, err
}

// runQuery runs a query for a known project; the result lacks the project's name. When ctx ends first, or the client
// is closed, PostHog is told to stop the run, in the background; Close waits for that.
func (c *Client) runQuery(ctx context.Context, project int64, op string, q QueryRequest) (*Result, error) {
	done, ok := c.begin()
	if !ok {
		return nil, closedError(op)
	}
	defer done()
	ctx, free := c.bound(ctx)
	defer free()
	key, keyed := c.queryKey(project, q)
	r := &run{c: c, project: project, op: op, id: uuid.Must(uuid.NewV7()).String(), fresh: q.Fresh, progress: q.Progress, began: time.Now()}
	r.async = q.Long || keyed && c.wasLong(key)
	if c.log.Enabled(ctx, slog.LevelDebug) {
		c.log.Debug("query", "id", r.id, "project", project, "async", r.async, "text", shorten(clean(q.HogQL), queryLogText))
	}
	err := r.start(ctx, q)
	stale := err == nil && r.res != nil && r.status != nil
	if stale {
		r.renew(key)
	} else {
		if err == nil && r.res == nil {
			err = r.follow(ctx)
		}
		r.leave(ctx, err)
	}
	if keyed {
		c.noteLong(key, time.Since(r.began)-r.s.waited > longRun || kindOf(err) == TooSlow)
	}
	if err != nil {
		return nil, err
	}
	return r.result(), nil
}

// result is what the run gave, with what it cost.
func (r *run) result() *Result {
	r.res.QueryID, r.res.Elapsed, r.res.Attempts, r.res.Waited = r.id, time.Since(r.began), r.s.attempts, r.s.waited
	if !r.res.Cached && r.res.AsOf.IsZero() {
		r.res.AsOf = time.Now()
	}
	return r.res
}

func (r *run) refresh() string {
	switch {
	case r.async && r.fresh:
		return refreshForceAsync
	case r.async:
		return refreshAsync
	case r.fresh:
		return refreshForceBlocking
	}
	return refreshBlocking
}

// start sends the query. An attempt that got no answer may have started a run: then the next one asks for it first.
func (r *run) start(ctx context.Context, q QueryRequest) error {
	query := hogqlQuery{Kind: "HogQLQuery", Query: q.HogQL, Values: q.Values}
	if q.Filters != nil {
		query.Filters = &filters{dateRange{q.Filters.DateFrom, q.Filters.DateTo}}
	}
	req := request{
		op: r.op, method: http.MethodPost, path: queryPath(r.project, ""), project: r.project, class: classQuery,
		body:   queryBody{Query: query, Refresh: r.refresh(), ClientQueryID: r.id, Name: shorten(q.Name, 127)},
		onSend: func() { r.sent = time.Now() },
		keep:   func(p *pass) { r.pass = p },
		decode: r.decode,
	}
	if r.async {
		resume := r.ask()
		resume.lane, resume.keep = laneStart, req.keep
		req.resume = &resume
	}
	s, err := r.c.call(ctx, req)
	r.s.add(s)
	return err
}

// ask is the request for the run's state.
func (r *run) ask() request {
	id := r.id
	if r.status != nil && r.status.ID != "" {
		id = r.status.ID
	}
	return request{
		op: r.op, method: http.MethodGet, path: queryPath(r.project, id), query: url.Values{"show_progress": {"true"}},
		project: r.project, class: classQuery, lane: laneFollow, decode: r.decode,
	}
}

// decode takes an answer apart: rows, the state of a run, or kept rows beside a run that renews them (status 202).
func (r *run) decode(a answer) error {
	res, status, err := decodeResult(a.body)
	if err != nil {
		return err
	}
	switch {
	case res != nil && r.fresh && a.status == http.StatusAccepted:
		res, status = nil, &queryStatus{ID: r.id}
	case res != nil && r.fresh && res.Cached:
		return &Error{Kind: Internal, Code: CodeStale, final: true, Detail: "PostHog gave kept rows although fresh ones were asked for"}
	case res != nil && a.status == http.StatusAccepted:
		res.Cached, status = true, &queryStatus{ID: r.id}
	}
	r.res, r.status = res, status
	return nil
}

// follow waits for a background run.
func (r *run) follow(ctx context.Context) error {
	for wait := pollFirst; ; wait = min(wait*3/2, pollCap) {
		if r.status.Complete {
			res, err := r.status.result(ctx, r.op)
			r.res = res
			return err
		}
		r.tell()
		if sleep(ctx, wait) != nil {
			e := contextError(ctx, r.op)
			e.Attempts, e.Waited = r.s.attempts, r.s.waited
			return e
		}
		s, err := r.c.call(ctx, r.ask())
		r.s.add(s)
		if err != nil || r.res != nil {
			return err
		}
	}
}

// tell reports how far the run is.
func (r *run) tell() {
	if r.progress == nil {
		return
	}
	p := Progress{Elapsed: time.Since(r.began)}
	if n := r.status.Progress; n != nil {
		p.Rows, p.TotalRows, p.Bytes = n.Rows, n.Total, n.Bytes
	}
	r.progress(p)
}

// renew follows, in the background, the run that PostHog started beside kept rows; its answer is kept in their place.
func (r *run) renew(key cacheKey) {
	next := *r
	next.res, next.progress = nil, nil
	ok := r.c.inBackground(func(ctx context.Context) {
		err := next.follow(ctx)
		next.leave(ctx, err)
		if err == nil {
			r.c.keepAnswer(key, next.result())
		}
	})
	if !ok {
		next.leave(r.c.work, closedError(r.op))
	}
}

// leave gives the run's place back, and ends what may still go on at PostHog.
func (r *run) leave(ctx context.Context, err error) {
	abandoned := err != nil && r.status != nil && !r.status.Complete && kindOf(err) != NotFound && !isVerdict(err)
	if !r.sent.IsZero() && (err != nil && ctx.Err() != nil || abandoned) {
		r.c.afterwards(r.cancel)
	}
	if r.pass != nil {
		r.pass.done()
	}
}

// cancel asks PostHog to stop the run; an unknown id is no error there. A request that has only just left is given
// time to arrive, because a cancellation that overtakes it would end nothing.
func (r *run) cancel(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	if r.status == nil {
		_ = sleep(ctx, settleTime-time.Since(r.sent))
	}
	_, err := r.c.call(ctx, request{
		op: "cancel query", method: http.MethodDelete, path: queryPath(r.project, r.id), project: r.project, class: classQuery,
		lane: laneFollow, late: true, decode: func(answer) error { return nil },
	})
	if err != nil {
		r.c.log.Warn("query not cancelled", "id", r.id, "kind", string(kindOf(err)))
	}
}
