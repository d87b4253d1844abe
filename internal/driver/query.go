package driver

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

const (
	cancelTimeout = 4 * time.Second
	pollFirst     = 500 * time.Millisecond
	pollCap       = 5 * time.Second
	queryLogText  = 100 // characters of a query in a debug line
)

// hogqlQuery is PostHog's HogQLQuery; its model refuses unknown keys, so nothing else is sent.
type hogqlQuery struct {
	Kind    string         `json:"kind"`
	Query   string         `json:"query"`
	Values  map[string]any `json:"values,omitempty"`
	Filters *filters       `json:"filters,omitempty"`
}

type filters struct {
	DateRange dateRange `json:"dateRange"`
}

type dateRange struct {
	From string `json:"date_from,omitempty"`
	To   string `json:"date_to,omitempty"`
}

type queryBody struct {
	Query         any    `json:"query"`
	Refresh       string `json:"refresh,omitempty"`
	ClientQueryID string `json:"client_query_id,omitempty"`
	Name          string `json:"name,omitempty"`
}

// Query runs one HogQL query and waits for its rows. When the context ends first, PostHog is told to stop
// the query, in the background; Close waits for that.
func (c *Client) Query(ctx context.Context, q QueryRequest) (*Result, error) {
	ctx, cancel := c.withTimeout(ctx, q.Timeout)
	defer cancel()
	const op = "run query"
	project, err := c.project(ctx, q.Project, op)
	if err != nil {
		return nil, err
	}
	res, err := c.runQuery(ctx, project, op, q)
	if err != nil {
		return nil, err
	}
	res.Project = c.describe(ctx, project)
	if res.Project.TimeZone == "" {
		res.Project.TimeZone = res.TimeZone
	}
	return res, nil
}

// runQuery is Query for a known project, without the project's name.
func (c *Client) runQuery(ctx context.Context, project int64, op string, q QueryRequest) (*Result, error) {
	started := time.Now()
	query := hogqlQuery{Kind: "HogQLQuery", Query: q.HogQL, Values: q.Values}
	if q.Filters != nil {
		query.Filters = &filters{dateRange{q.Filters.DateFrom, q.Filters.DateTo}}
	}
	id := uuid.Must(uuid.NewV7()).String()
	body := queryBody{Query: query, Refresh: "blocking", ClientQueryID: id, Name: shorten(q.Name, 127)}
	if q.Fresh {
		body.Refresh = "force_blocking"
	}
	c.log.Debug("query", "id", id, "project", project, "text", shorten(clean(q.HogQL), queryLogText))
	var res *Result
	var status *queryStatus
	sent := false
	s, err := c.call(ctx, request{
		op: op, method: http.MethodPost, path: queryPath(project, ""), body: body, project: project, class: classQuery,
		onSend: func() { sent = true },
		decode: func(a answer) (err error) { res, status, err = decodeResult(a.body); return err },
	})
	if err == nil && status != nil {
		res, err = c.poll(ctx, project, op, status, &s)
	}
	if err != nil {
		if sent && ctx.Err() != nil {
			c.background(func(life context.Context) { c.cancelQuery(life, project, id) })
		}
		return nil, err
	}
	res.QueryID, res.Elapsed, res.Attempts, res.Waited = id, time.Since(started), s.attempts, s.waited
	if !res.Cached && res.AsOf.IsZero() {
		res.AsOf = time.Now()
	}
	return res, nil
}

// poll waits for a background run, should PostHog have made one of a blocking query.
func (c *Client) poll(ctx context.Context, project int64, op string, status *queryStatus, s *stats) (*Result, error) {
	wait := pollFirst
	for {
		if status.Complete {
			return status.result(ctx, op)
		}
		if sleep(ctx, wait) != nil {
			e := contextError(ctx, op)
			e.Attempts, e.Waited = s.attempts, s.waited
			return nil, e
		}
		wait = min(wait*3/2, pollCap)
		var res *Result
		var next *queryStatus
		more, err := c.call(ctx, request{
			op: op, method: http.MethodGet, path: queryPath(project, status.ID), project: project, class: classQuery,
			decode: func(a answer) (err error) { res, next, err = decodeResult(a.body); return err },
		})
		s.attempts += more.attempts
		s.waited += more.waited
		if err != nil {
			return nil, err
		}
		if next == nil {
			return res, nil
		}
		status = next
	}
}

// cancelQuery asks PostHog to stop a query, once; an unknown id is no error there.
func (c *Client) cancelQuery(ctx context.Context, project int64, id string) {
	ctx, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	r := request{op: "cancel query", method: http.MethodDelete, path: queryPath(project, id), project: project, class: classQuery,
		decode: func(answer) error { return nil }}
	if err := c.limits.get(project, classQuery).admit(ctx, r.op); err != nil {
		c.log.Warn("query not cancelled", "id", id, "kind", string(kindOf(err)))
		return
	}
	if err := c.exchange(ctx, r, stats{attempts: 1}); err != nil {
		c.log.Warn("query not cancelled", "id", id, "kind", string(kindOf(err)))
	}
}

func queryPath(project int64, id string) string {
	p := projectPath(project, "query/")
	if id != "" {
		p += id + "/"
	}
	return p
}

func projectPath(project int64, rest string) string {
	return "/api/projects/" + strconv.FormatInt(project, 10) + "/" + rest
}

// metadataQuery is PostHog's HogQLMetadata: the check without the run.
type metadataQuery struct {
	Kind     string `json:"kind"`
	Language string `json:"language"`
	Query    string `json:"query"`
}

// Validate asks PostHog to check a query without running it. An invalid query is no error: its faults
// stand in the answer, with positions where PostHog knows them.
func (c *Client) Validate(ctx context.Context, project int64, hogql string) (*Metadata, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	const op = "check query"
	project, err := c.project(ctx, project, op)
	if err != nil {
		return nil, err
	}
	var v struct {
		IsValid    bool     `json:"isValid"`
		Errors     []mark   `json:"errors"`
		Warnings   []mark   `json:"warnings"`
		Notices    []mark   `json:"notices"`
		TableNames []string `json:"table_names"`
	}
	_, err = c.call(ctx, request{
		op: op, method: http.MethodPost, path: queryPath(project, ""), project: project, class: classQuery,
		body:   queryBody{Query: metadataQuery{"HogQLMetadata", "hogQL", hogql}},
		decode: decodeJSON(&v),
	})
	if err != nil {
		return nil, err
	}
	return &Metadata{Valid: v.IsValid, Errors: marks(v.Errors), Warnings: marks(v.Warnings), Notices: marks(v.Notices), Tables: v.TableNames}, nil
}

type mark struct {
	Message string `json:"message"`
	Start   *int   `json:"start"`
	End     *int   `json:"end"`
	Fix     string `json:"fix"`
}

func marks(in []mark) []Mark {
	out := make([]Mark, 0, len(in))
	for _, m := range in {
		k := Mark{Message: shorten(clean(m.Message), detailLength), Start: -1, End: -1, Fix: m.Fix}
		if m.Start != nil && m.End != nil && *m.Start >= 0 && *m.End >= *m.Start {
			k.Start, k.End = *m.Start, *m.End
		}
		out = append(out, k)
	}
	return out
}

// queryStatus is the state of a background run.
type queryStatus struct {
	ID           string          `json:"id"`
	Complete     bool            `json:"complete"`
	Error        bool            `json:"error"`
	ErrorMessage string          `json:"error_message"`
	Results      json.RawMessage `json:"results"`
}
