package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// response is the answer to a HogQLQuery. PostHog writes absent values as null; so do we.
type response struct {
	Results       []json.RawMessage `json:"results"`
	Columns       []string          `json:"columns"`
	Types         [][2]string       `json:"types"` // name and ClickHouse type
	HasMore       *bool             `json:"hasMore"`
	Limit         *int64            `json:"limit"`
	Offset        *int64            `json:"offset"`
	HogQL         string            `json:"hogql"`
	ClickHouse    *string           `json:"clickhouse"`
	Query         *string           `json:"query"`
	Error         *string           `json:"error"`
	Explain       []string          `json:"explain"`
	Metadata      *metadata         `json:"metadata"`
	Warnings      []struct{}        `json:"warnings"`
	Timings       []timing          `json:"timings"`
	Modifiers     map[string]any    `json:"modifiers"`
	IsCached      bool              `json:"is_cached"`
	CacheKey      string            `json:"cache_key"`
	LastRefresh   stamp             `json:"last_refresh"`
	NextRefresh   stamp             `json:"next_allowed_client_refresh"`
	CacheTarget   *stamp            `json:"cache_target_age"`
	TimeZone      string            `json:"timezone"`
	QueryStatus   *queryStatus      `json:"query_status"`
	Trigger       *string           `json:"calculation_trigger"`
	QueryMetadata *queryMetadata    `json:"query_metadata"`
	DateRange     *dateRange        `json:"resolved_date_range"`
	CompareRange  *dateRange        `json:"resolved_compare_date_range"`
}

// noRows is how an answer begins whose rows are left out.
const noRows = `{"results":null`

// withoutRows returns a copy of the answer that begins with noRows.
func (r *response) withoutRows() *response {
	c := *r
	c.Results = nil
	return &c
}

// timing is how long one step took, in seconds.
type timing struct {
	Key     string  `json:"k"`
	Seconds float64 `json:"t"`
}

// queryMetadata names what a query touches.
type queryMetadata struct {
	Events []string `json:"events"`
}

// size is about how many bytes of rows the response holds.
func (r *response) size() int {
	n := 0
	for _, row := range r.Results {
		n += len(row)
	}
	return n
}

// job is one HogQLQuery on its way.
type job struct {
	project  *project
	scopes   []string // of the key
	query    hogqlQuery
	id       string
	cacheKey string
}

func (j *job) running(background bool) RunningQuery {
	return RunningQuery{Project: j.project.ID, ID: j.id, Async: background, HogQL: j.query.Query}
}

// postQuery answers POST …/query/.
func (s *Server) postQuery(c *call) (*reply, error) {
	req, err := readQueryRequest(c)
	if err != nil {
		return nil, err
	}
	switch req.kind {
	case kindSchema:
		return s.databaseSchema(c)
	case kindMetadata:
		return s.hogqlMetadata(c, req)
	}
	j := &job{project: c.project, scopes: c.key.Scopes, id: req.ClientQueryID}
	if err := json.Unmarshal(req.Query, &j.query); err != nil {
		return nil, parseError(err.Error())
	}
	if j.id == "" {
		j.id = newQueryID()
	}
	j.cacheKey = cacheKey(c.project.ID, c.key.Scopes, req.Query)
	return s.answerJob(j, req.Refresh)
}

func newQueryID() string {
	id, err := uuid.NewV7()
	if err != nil { // the system's source of randomness failed
		id = uuid.New()
	}
	return hex.EncodeToString(id[:])
}

// cacheKey names an answer by all that it depends on. Names and tags of the query do not count.
func cacheKey(project int64, scopes []string, query json.RawMessage) string {
	var fields map[string]any
	_ = json.Unmarshal(query, &fields) // it was read before
	for _, name := range []string{"name", "tags", "version", "response"} {
		delete(fields, name)
	}
	canonical, _ := json.Marshal(fields) // keys in order; it came from JSON
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(scopes)), ",") + "\n" + string(canonical)))
	return "cache_" + strconv.FormatInt(project, 10) + "_" + hex.EncodeToString(sum[:16])
}

// plan is what a mode makes of the state of the cache.
type plan struct {
	useCache   bool
	compute    bool // now, in this request
	background bool
}

// decide is PostHog's table of modes. stale says that a cached answer is older than the normal limit,
// veryStale that it is older than the longer one of lazy_async.
func (m mode) decide(cached, stale, veryStale bool) plan {
	switch m {
	case forceBlocking:
		return plan{compute: true}
	case forceAsync:
		return plan{background: true}
	case async:
		return plan{useCache: cached, background: !cached || stale}
	case lazyAsync:
		return plan{useCache: cached, background: !cached || veryStale}
	case asyncExceptOnMiss:
		return plan{useCache: cached, background: cached && stale, compute: !cached}
	case forceCache:
		return plan{useCache: cached, compute: !cached}
	default:
		return plan{useCache: cached && !stale, compute: !cached || stale}
	}
}

// answerJob answers from the cache, by a run now, or with the state of a background run.
func (s *Server) answerJob(j *job, m mode) (*reply, error) {
	cached, age := s.cache.get(j.cacheKey)
	p := m.decide(cached != nil, age > s.cacheFresh, age > s.cacheLazy)
	if p.compute {
		ctx, entry := s.runs.begin(s.ctx, j.running(false))
		defer s.runs.end(entry)
		r, err := s.compute(ctx, j, nil)
		if err != nil {
			return nil, err
		}
		return answered(r), nil
	}
	var state *queryStatus
	if p.background {
		state = s.startOrJoin(j, m)
	}
	status := http.StatusOK
	if state != nil && !state.Complete {
		status = http.StatusAccepted
	}
	switch {
	case p.useCache:
		r := *cached
		r.IsCached, r.QueryStatus = true, state
		return &reply{status: status, body: &r}, nil
	case m == forceAsync:
		return &reply{status: status, body: statusBody{state}}, nil
	default:
		return &reply{status: status, body: missBody{CacheKey: j.cacheKey, QueryStatus: state}}, nil
	}
}

// startOrJoin starts a background run. An id whose run is known gives that run's state, unless the mode
// demands a new one.
func (s *Server) startOrJoin(j *job, m mode) *queryStatus {
	if m == forceAsync {
		s.runs.kill(j.project.ID, j.id)
	} else if state := s.statuses.get(j.project.ID, j.id); state != nil {
		return state
	}
	return s.background(j)
}

// compute runs a job and keeps its answer. state is that of a background run, nil for a blocking one.
func (s *Server) compute(ctx context.Context, j *job, state *queryStatus) (*response, error) {
	leave, err := s.enqueue(ctx, j, state)
	if err != nil {
		return nil, ended(ctx, err)
	}
	defer leave()
	r, keep, err := s.execute(ctx, j)
	if err != nil {
		return nil, ended(ctx, err)
	}
	now := time.Now()
	r.CacheKey, r.TimeZone = j.cacheKey, j.project.TimeZone
	r.LastRefresh, r.NextRefresh = stamp(now), stamp(now.Add(s.cacheFresh))
	if keep {
		s.cache.put(r)
	}
	return r, nil
}

// ended is the error of a run, or PostHog's error for one that was killed.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return hidden()
	}
	return err
}
