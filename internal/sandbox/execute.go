package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/compile"
)

// watch notes how long each step of an answer took.
type watch struct {
	start, last time.Time
	timings     []timing
}

func newWatch() *watch {
	now := time.Now()
	return &watch{start: now, last: now}
}

func (w *watch) lap(name string) {
	now := time.Now()
	w.timings = append(w.timings, timing{"./" + name, now.Sub(w.last).Seconds()})
	w.last = now
}

func (w *watch) total() []timing {
	return append(w.timings, timing{".", time.Since(w.start).Seconds()})
}

// execute runs a job in the engine. keep tells whether PostHog would cache the answer: not one with an
// error text, and none about the schema.
func (s *Server) execute(ctx context.Context, j *job) (r *response, keep bool, err error) {
	w := newWatch()
	q, err := s.read(j)
	if err != nil {
		return nil, false, err
	}
	w.lap("parse_select")
	compiled, err := s.compile(q, j.project, j.scopes, j.query.Modifiers)
	if err != nil {
		return nil, false, err
	}
	w.lap("print_ast")
	r = &response{
		Results: []json.RawMessage{}, Columns: compiled.Columns, Types: [][2]string{}, HogQL: compiled.HogQL, ClickHouse: &compiled.SQL,
		Modifiers: effectiveModifiers(j.query.Modifiers), QueryMetadata: &queryMetadata{Events: eventNames(q)},
	}
	if j.query.Modifiers.Debug {
		m := s.validate(j.project, j.scopes, metadataQuery{Language: "hogQL", Query: j.query.Query}, q)
		r.Metadata, r.Explain = m, []string{}
	}
	result, err := s.run(ctx, j.project, compiled.SQL)
	w.lap("clickhouse_execute")
	if err != nil {
		if f, is := errors.AsType[*failure](err); is && j.query.Modifiers.Debug && ctx.Err() == nil {
			r.Error, r.Timings = &f.detail, w.total()
			return r, false, nil
		}
		return nil, false, err
	}
	r.Results = result.Rows
	for i, t := range result.Types {
		r.Types = append(r.Types, [2]string{compiled.Columns[i], t})
	}
	if compiled.Probe {
		more := int64(len(r.Results)) > compiled.Limit
		if more {
			r.Results = r.Results[:compiled.Limit]
		}
		r.HasMore, r.Limit, r.Offset = &more, &compiled.Limit, &compiled.Offset
	}
	r.Timings = w.total()
	aboutSchema := slices.ContainsFunc(compiled.Tables, func(t string) bool { return strings.HasPrefix(t, "system.information_schema.") })
	return r, !aboutSchema, nil
}

// read parses a job's query and fills its placeholders.
func (s *Server) read(j *job) (hogql.Query, error) {
	q, err := hogql.Parse(j.query.Query)
	if err != nil {
		return nil, syntaxFailure(j.query.Query, err)
	}
	fill, err := s.fillers(j.project, j.query.Values, j.query.Variables, j.query.Filters)
	if err != nil {
		return nil, err
	}
	filled, err := hogql.FillPlaceholders(q, fill)
	if err != nil {
		return nil, unresolved(j.query.Query, err)
	}
	return filled, nil
}

// unresolved is PostHog's answer to a placeholder without a value.
func unresolved(src string, err error) error {
	e, is := errors.AsType[*hogql.Error](err)
	if !is {
		return err
	}
	return invalidQuery("hogql_query_error", unresolvedMessage(src, e))
}

func unresolvedMessage(src string, e *hogql.Error) string {
	name := src[e.Span.Start:e.Span.End]
	return "Unresolved placeholder: {" + strings.TrimSpace(strings.Trim(name, "{}")) + "}"
}

// compile translates a query for ClickHouse.
func (s *Server) compile(q hogql.Query, p *project, scopes []string, m modifiers) (*compile.Compiled, error) {
	compiled, err := compile.Compile(q, s.compileProject(p, scopes), compile.Options{PersonalKey: true, ZoneUTC: !m.projectZone()})
	if err != nil {
		if e, is := errors.AsType[*compile.Error](err); is {
			return nil, invalidQuery(e.Code, e.Message)
		}
		return nil, fmt.Errorf("compile: %w", err)
	}
	return compiled, nil
}

// run runs ClickHouse SQL in a project's database.
func (s *Server) run(ctx context.Context, p *project, sql string) (*chdb.Result, error) {
	r, err := s.engine.Query(ctx, sql, s.settings(p))
	if err != nil {
		if e, is := errors.AsType[*chdb.Error](err); is {
			return nil, fmt.Errorf("%w (%w)", engineFailure(e), e)
		}
		return nil, fmt.Errorf("run in the engine: %w", err)
	}
	if !encodable(r.Types) {
		return nil, serverError("A server error occurred.")
	}
	return r, nil
}

// effectiveModifiers are the modifiers that a query ran with.
func effectiveModifiers(m modifiers) map[string]any {
	return map[string]any{
		"personsOnEventsMode": "person_id_override_properties_joined", "personsArgMaxVersion": "auto", "inCohortVia": "subquery",
		"materializationMode": "legacy_null_as_null", "convertToProjectTimezone": m.projectZone(),
	}
}

// eventNames returns the events that a query names in comparisons of the column event.
func eventNames(q hogql.Query) []string {
	names := []string{}
	add := func(e hogql.Expr) {
		if text, is := e.(*hogql.String); is && !slices.Contains(names, text.Value) {
			names = append(names, text.Value)
		}
	}
	hogql.Walk(q, func(n hogql.Node) bool {
		b, is := n.(*hogql.Binary)
		if !is || b.Op != hogql.OpEq && b.Op != hogql.OpIn {
			return true
		}
		f, is := b.X.(*hogql.Field)
		if !is || f.Chain[len(f.Chain)-1].Name != "event" {
			return true
		}
		switch y := b.Y.(type) {
		case *hogql.Tuple:
			for _, e := range y.Elems {
				add(e)
			}
		case *hogql.Array:
			for _, e := range y.Elems {
				add(e)
			}
		default:
			add(b.Y)
		}
		return true
	})
	return names
}
