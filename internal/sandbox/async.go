package sandbox

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// statusLife is how long PostHog remembers a background run after the last change of its state. Reading
// does not extend it.
const statusLife = 20 * time.Minute

// queryStatus is the state of a background run.
type queryStatus struct {
	ID             string         `json:"id"`
	TeamID         int64          `json:"team_id"`
	QueryAsync     bool           `json:"query_async"` // always true
	Complete       bool           `json:"complete"`
	Error          bool           `json:"error"`
	ErrorMessage   *string        `json:"error_message"` // null for errors that PostHog hides
	Results        *response      `json:"results"`       // the whole answer
	StartTime      *milliStamp    `json:"start_time"`
	PickupTime     *milliStamp    `json:"pickup_time"`
	EndTime        *milliStamp    `json:"end_time"`
	ExpirationTime *milliStamp    `json:"expiration_time"`
	TaskID         *string        `json:"task_id"`
	QueryProgress  *queryProgress `json:"query_progress"`
	Labels         []string       `json:"labels"`
	InsightID      *int64         `json:"insight_id"`
	DashboardID    *int64         `json:"dashboard_id"`

	expires time.Time
}

// queryProgress is how far a run is. The engine tells nothing about a statement that runs, so that only
// the time moves.
type queryProgress struct {
	BytesRead          int64 `json:"bytes_read"`
	RowsRead           int64 `json:"rows_read"`
	EstimatedRowsTotal int64 `json:"estimated_rows_total"`
	TimeElapsed        int64 `json:"time_elapsed"` // seconds
	ActiveCPUTime      int64 `json:"active_cpu_time"`
}

type messageBody struct {
	Message string `json:"message"`
}

// statusBody is how PostHog wraps a state.
type statusBody struct {
	QueryStatus *queryStatus `json:"query_status"`
}

// missBody is the answer to an asynchronous query without cached rows.
type missBody struct {
	CacheKey    string       `json:"cache_key"`
	QueryStatus *queryStatus `json:"query_status"`
}

// statuses remembers the states of background runs.
type statuses struct {
	mu     sync.Mutex
	states map[statusKey]*queryStatus
}

type statusKey struct {
	project int64
	id      string
}

func newStatuses() *statuses { return &statuses{states: map[statusKey]*queryStatus{}} }

// get returns a copy of a state; nil for one that never was or has expired.
func (s *statuses) get(project int64, id string) *queryStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	state, found := s.states[statusKey{project, id}]
	if !found {
		return nil
	}
	copied := *state
	return &copied
}

// open starts a state in place of an older one with the same id. The state itself is for change alone;
// first is a copy of it.
func (s *statuses) open(project int64, id string) (state, first *queryStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	now := time.Now()
	state = &queryStatus{ID: id, TeamID: project, QueryAsync: true, StartTime: milli(now), expires: now.Add(statusLife)}
	s.states[statusKey{project, id}] = state
	copied := *state
	return state, &copied
}

// change writes to a state unless it was forgotten or replaced, which makes it live on.
func (s *statuses) change(state *queryStatus, write func(*queryStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.states[statusKey{state.TeamID, state.ID}] == state {
		write(state)
		state.expires = time.Now().Add(statusLife)
	}
}

func (s *statuses) forget(project int64, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.states, statusKey{project, id})
}

func (s *statuses) sweep() {
	now := time.Now()
	for key, state := range s.states {
		if !now.Before(state.expires) {
			delete(s.states, key)
		}
	}
}

// background starts a run of j and returns its first state.
func (s *Server) background(j *job) *queryStatus {
	state, first := s.statuses.open(j.project.ID, j.id)
	ctx, entry := s.runs.begin(s.ctx, j.running(true))
	s.work.Go(func() {
		defer s.runs.end(entry)
		r, err := s.compute(ctx, j, state)
		s.statuses.change(state, func(q *queryStatus) { q.finish(r, err) })
	})
	return first
}

func (q *queryStatus) finish(r *response, err error) {
	now := time.Now()
	q.Complete, q.EndTime, q.ExpirationTime = true, milli(now), milli(now.Add(statusLife))
	if err == nil {
		q.Results = r
		return
	}
	q.Error = true
	if f := asFailure(err); f.status != http.StatusInternalServerError {
		q.ErrorMessage = &f.detail
	}
}

// getQuery answers with the state of a background run.
func (s *Server) getQuery(c *call) (*reply, error) {
	state := s.statuses.get(c.project.ID, c.id)
	if state == nil {
		return nil, queryNotFound(c)
	}
	status := http.StatusOK
	switch {
	case state.Error && state.ErrorMessage != nil:
		status = http.StatusBadRequest
	case state.Error:
		status = http.StatusInternalServerError
	case !state.Complete:
		status = http.StatusAccepted
		if flag(c, "show_progress") || flag(c, "showProgress") {
			state.QueryProgress = &queryProgress{}
			if state.PickupTime != nil {
				state.QueryProgress.TimeElapsed = int64(time.Since(time.Time(*state.PickupTime)).Seconds())
			}
		}
	}
	return &reply{status: status, body: statusBody{state}}, nil
}

func queryNotFound(c *call) *failure {
	return notFound("Query " + c.id + " not found for team " + strconv.FormatInt(c.project.ID, 10))
}

// deleteQuery ends a run, background or not, and forgets its state. PostHog answers an unknown id in the
// same way.
func (s *Server) deleteQuery(c *call) (*reply, error) {
	state := s.statuses.get(c.project.ID, c.id)
	message := "Cancelled query on clickhouse"
	switch {
	case state != nil && state.Complete:
		message = "Query already complete"
	case flag(c, "dequeue_only"):
		message = "Only tried to dequeue, not cancelling a running query on clickhouse"
		if state == nil || state.PickupTime != nil {
			return answered(messageBody{message}), nil
		}
	}
	s.runs.kill(c.project.ID, c.id)
	s.statuses.forget(c.project.ID, c.id)
	return answered(messageBody{message}), nil
}

// enqueue waits for a place among the running queries, and notes when it came in the state of a background
// run; state is nil for a blocking one.
func (s *Server) enqueue(ctx context.Context, j *job, state *queryStatus) (leave func(), err error) {
	leave, err = s.limits.enter(ctx, j.project.ID, j.id, state != nil)
	if err == nil && state != nil {
		s.statuses.change(state, func(q *queryStatus) { q.PickupTime = milli(time.Now()) })
	}
	return leave, err
}

// flag tells whether a query parameter is set to a true value.
func flag(c *call, name string) bool {
	on, err := strconv.ParseBool(c.URL.Query().Get(name))
	return err == nil && on
}
