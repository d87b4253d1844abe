package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthog-mcp/internal/sandbox/sample"
)

// maxBody is PostHog's limit for a request body, in bytes.
const maxBody = 20 << 20

// route is one endpoint. Its pattern is the path without the slash at the end, which is optional in
// requests; {project} is a number or @current, {id} is any one segment. /api/environments is the same as
// /api/projects.
type route struct {
	method  string
	pattern string
	class   class
	scope   string // what a key must be allowed to do; "" where any valid key will do
	closed  bool   // an action that keys may never use
	exempt  bool   // open to keys that are limited to projects though it lies outside of a project
	handle  func(*call) (*reply, error)
}

// call is one request on its way through the server.
type call struct {
	*http.Request
	route   *route
	body    []byte
	key     *sample.Key
	project *project // nil on routes outside of projects
	id      string   // the {id} of the path
	segment string   // the {project} of the path
}

// isQuery tells whether the call brings a query: only then is the engine asked.
func (c *call) isQuery() bool {
	return c.route != nil && c.route.handle != nil && c.Method == http.MethodPost
}

// received is what is kept of a call that came in at an instant.
func (c *call) received(at time.Time) Received {
	r := Received{At: at, Method: c.Method, Route: "other"}
	if c.route != nil {
		r.Route, r.Class = c.route.pattern+"/", c.route.class.String()
		r.Project, _ = strconv.ParseInt(c.segment, 10, 64) // 0 for @current
	}
	return r
}

// reply is an answer: a status and a value to be written as JSON.
type reply struct {
	status int
	body   any
	header http.Header
}

func answered(body any) *reply { return &reply{status: http.StatusOK, body: body} }

func (s *Server) routeTable() []*route {
	const in = "/api/projects/{project}"
	return []*route{
		{method: "POST", pattern: in + "/query", class: classQuery, scope: "query:read", handle: s.postQuery},
		{method: "POST", pattern: in + "/query/upgrade", class: classQuery, closed: true},
		{method: "GET", pattern: in + "/query/draft_sql", class: classQuery, closed: true},
		{method: "GET", pattern: in + "/query/{id}", class: classQuery, scope: "query:read", handle: s.getQuery},
		{method: "DELETE", pattern: in + "/query/{id}", class: classQuery, scope: "query:read", handle: s.deleteQuery},
		{method: "POST", pattern: in + "/query/{id}", class: classQuery, closed: true},
		{method: "GET", pattern: in + "/query/{id}/log", class: classQuery, closed: true},
		{method: "GET", pattern: in + "/event_definitions", scope: "event_definition:read", handle: s.eventDefinitions},
		{method: "GET", pattern: in + "/property_definitions", scope: "property_definition:read", handle: s.propertyDefinitions},
		{method: "GET", pattern: in + "/property_definitions/seen_together", scope: "property_definition:read", handle: s.seenTogether},
		{method: "GET", pattern: in + "/events/values", class: classValues, scope: "query:read", handle: s.eventValues},
		{method: "GET", pattern: in + "/groups_types", scope: "group:read", handle: s.groupTypes},
		{method: "GET", pattern: in + "/cohorts", scope: "cohort:read", handle: s.cohorts},
		{method: "GET", pattern: in + "/actions", scope: "action:read", handle: s.actions},
		{method: "GET", pattern: in + "/insights", scope: "insight:read", handle: s.insights},
		{method: "GET", pattern: in + "/insights/{id}", scope: "insight:read", handle: s.insight},
		{method: "GET", pattern: in + "/warehouse_tables", scope: "warehouse_table:read", handle: s.warehouseTables},
		{method: "GET", pattern: in + "/warehouse_saved_queries", scope: "warehouse_view:read", handle: s.warehouseViews},
		{method: "GET", pattern: in, scope: "project:read", handle: s.getProject},
		{method: "GET", pattern: "/api/projects", scope: "project:read", handle: s.listProjects},
		{method: "GET", pattern: "/api/users/@me", scope: "user:read", exempt: true, handle: s.getUser},
		{method: "GET", pattern: "/api/personal_api_keys/@current", exempt: true, handle: s.getKey},
	}
}

// receive finds the route of a request and reads its body. All of the body is read before anything else is
// done: only then does a server notice that its client goes away.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (*call, error) {
	c := &call{Request: r}
	var err error
	if c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return c, &failure{status: http.StatusRequestEntityTooLarge, kind: typeInvalid, code: "error", detail: "The request body is larger than 20 MB."}
		}
		return c, parseError("the body could not be read")
	}
	return c, s.match(c)
}

// answer makes the answer to a request that has a route. The order of the checks is PostHog's: key,
// project, scope, limits, body.
func (s *Server) answer(c *call) (*reply, error) {
	var err error
	if c.key, err = s.authenticate(c.Request, c.body); err != nil {
		return nil, err
	}
	if err := s.authorize(c); err != nil {
		return nil, err
	}
	if err := s.limits.admit(c); err != nil {
		return nil, err
	}
	return c.route.handle(c)
}

// match finds the route of a request.
func (s *Server) match(c *call) error {
	path := splitPath(c.URL.Path)
	var allowed []string
	for _, rt := range s.routes {
		switch {
		case !rt.matches(path, c):
		case rt.method == c.Method:
			c.route = rt
			return nil
		case !slices.Contains(allowed, rt.method):
			allowed = append(allowed, rt.method)
		}
	}
	if allowed == nil {
		return notFound("Endpoint not found.")
	}
	return &failure{
		status: http.StatusMethodNotAllowed, kind: typeInvalid, code: "method_not_allowed",
		detail: "Method " + strconv.Quote(c.Method) + " not allowed.", allow: strings.Join(allowed, ", "),
	}
}

// splitPath returns the segments of a path, with /api/environments read as /api/projects.
func splitPath(path string) []string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) > 1 && segments[0] == "api" && segments[1] == "environments" {
		segments[1] = "projects"
	}
	return segments
}

// matches tells whether a path is one of the route, and if so notes its variable parts.
func (rt *route) matches(path []string, c *call) bool {
	pattern := strings.Split(rt.pattern[1:], "/")
	if len(pattern) != len(path) {
		return false
	}
	project, id := "", ""
	for i, want := range pattern {
		switch want {
		case "{project}":
			project = path[i]
		case "{id}":
			id = path[i]
		case path[i]:
		default:
			return false
		}
	}
	c.segment, c.id = project, id
	return true
}

// writeFailure writes an error with the headers that PostHog gives it. The cause of an error of the
// sandbox itself goes to the log.
func (s *Server) writeFailure(w http.ResponseWriter, r *http.Request, err error) {
	f := asFailure(err)
	if s.logger != nil && f.status == http.StatusInternalServerError {
		s.logger.Warn("request failed", "error", err)
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="http://`+r.Host+`/.well-known/oauth-protected-resource"`)
	}
	refuse(w, f)
}

// writeJSON writes body as JSON without escaping for HTML, as PostHog's encoder does.
func writeJSON(w http.ResponseWriter, status int, body any) {
	var rows []json.RawMessage
	if r, is := body.(*response); is && len(r.Results) > 0 {
		rows, body = r.Results, r.withoutRows()
	}
	data, err := marshal(body)
	if err != nil {
		status = http.StatusInternalServerError
		data, _ = marshal(serverError("A server error occurred.").body())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if rows != nil {
		data = bytes.TrimPrefix(data, []byte(noRows))
		writeRows(w, rows)
	}
	_, _ = w.Write(data) //nolint:gosec // JSON by its content type; a client that went away is no concern of the server
}

// writeRows writes the head of an answer to a query: rows can be many, and they are JSON as the engine made
// them, so that they are neither checked nor copied again.
func writeRows(w http.ResponseWriter, rows []json.RawMessage) {
	b := bufio.NewWriterSize(w, 64<<10)
	_, _ = b.WriteString(`{"results":[`)
	for i, row := range rows {
		if i > 0 {
			_ = b.WriteByte(',')
		}
		_, _ = b.Write(row)
	}
	_ = b.WriteByte(']')
	_ = b.Flush() // a client that went away is no concern of the server
}

// marshal returns v as one line of JSON without escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
