package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// keysetHint is what to do instead of OFFSET, which PostHog refuses to API keys.
const keysetHint = "PostHog refuses OFFSET to API keys. Go on from the last row instead: ORDER BY timestamp DESC, uuid DESC, " +
	"and for the next rows WHERE (timestamp, uuid) < (last timestamp, last uuid). For fewer calls raise limit (up to 50000)."

// plan is a query that may be sent.
type plan struct {
	args    QueryArgs
	limit   int64 // ours
	tree    hogql.Query
	text    string // what is sent: printed from the tree, with our limit
	limited hogql.Limited
	filters *driver.Filters
	long    bool // it may take longer than a few seconds
	notes   []Note
}

// plan parses and checks a query without sending anything. The error is an *ArgumentError or a
// *hogql.Error with its place in a.Query.
func (s *Service) plan(a QueryArgs) (*plan, error) {
	if err := checked(queryParams(), a); err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.Query) == "" || a.Result != "" { // rows that are kept are no query
		return nil, &ArgumentError{Field: "query", Message: "is required"}
	}
	tree, err := hogql.Parse(a.Query)
	if err != nil {
		return nil, err
	}
	p := &plan{args: a, limit: a.Limit, tree: tree}
	if p.limit == 0 {
		p.limit = defaultLimit
	}
	if err := p.check(s.catalogue(a.ProjectID)); err != nil {
		return nil, err
	}
	if err := p.placeholders(); err != nil {
		return nil, err
	}
	p.sampled()
	limited, how := hogql.LimitRows(tree, p.limit+1)
	p.limited, p.text = how, hogql.Print(limited)
	return p, nil
}

// placeholders says which values were not used, and settles what fills {filters}. That the others have values is
// checked already.
func (p *plan) placeholders() error {
	used := map[string]bool{}
	hogql.Walk(p.tree, func(n hogql.Node) bool {
		if ph, ok := n.(*hogql.Placeholder); ok {
			for inner := range hogql.All(ph) {
				if f, ok := inner.(*hogql.Field); ok {
					used[f.Chain[0].Name] = true
				}
			}
		}
		return true
	})
	for _, name := range sortedKeys(p.args.Values) {
		if !used[name] {
			p.notes = append(p.notes, Note{true, "values has " + quoted(name) + ", but the query has no placeholder {" + visible(shorten(name, 60)) + "}: it was not used"})
		}
	}
	_, given := p.args.Values["filters"]
	switch {
	case p.args.TimePeriod != "" && (!used["filters"] || given):
		return &ArgumentError{Field: "time_period", Message: "fills the placeholder {filters}, which the query does not have. " +
			"Write WHERE {filters} in it, or leave time_period out and write the time yourself: timestamp >= now() - INTERVAL 7 DAY"}
	case used["filters"] && !given && p.args.TimePeriod == "":
		p.long = true
		p.notes = append(p.notes, Note{true, "{filters} without time_period is no filter: all history was read. Pass time_period=7d"})
	case p.args.TimePeriod == "all":
		p.long = true
	case p.args.TimePeriod != "":
		p.long = p.args.TimePeriod == "90d"
		p.filters = &driver.Filters{DateFrom: "-" + p.args.TimePeriod}
	}
	return nil
}

// errorAt returns an error about a place in src.
func errorAt(src string, span hogql.Span, message, hint string) *hogql.Error {
	start := min(max(int(span.Start), 0), len(src))
	before := src[:start]
	from := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(src[from:], "\n")
	return &hogql.Error{
		Message: message, Hint: hint, Span: span, Source: strings.TrimSuffix(line, "\r"),
		Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(src[from:start]),
	}
}

// Query runs one query. The error is an *ArgumentError, a *hogql.Error (nothing was sent) or a
// *driver.Error.
func (s *Service) Query(ctx context.Context, a QueryArgs) (*Rows, error) {
	p, err := s.plan(a)
	if err != nil {
		return nil, err
	}
	result, err := s.driver.Query(ctx, driver.QueryRequest{
		Project: a.ProjectID, HogQL: p.text, Values: a.Values, Filters: p.filters, Fresh: a.Refresh == "fresh", Long: p.long, Name: "posthog-mcp",
		Progress: a.Progress,
	})
	if err != nil {
		return nil, s.locate(ctx, p, err)
	}
	r := s.rows(p, result)
	s.judge(ctx, p, r, result)
	p.more(r)
	r.Link = s.link(p, result)
	return r, nil
}

// rows turns PostHog's answer into ours: the row beyond the limit becomes "there are more".
func (s *Service) rows(p *plan, result *driver.Result) *Rows {
	r := &Rows{
		Project: result.Project, Columns: result.Columns, Types: result.Types, Rows: result.Rows,
		AsOf: result.AsOf, Cached: result.Cached, Elapsed: result.Elapsed, Notes: slices.Clip(p.notes), now: s.now(),
		Cost: Cost{result.Attempts, result.Waited},
	}
	for _, w := range result.Warnings {
		r.Notes = append(r.Notes, Note{true, sentence(w, 400)})
	}
	p.count(r)
	switch {
	case p.filters != nil:
		r.HogQL = oneLine(result.HogQL, 4000)
	case p.limited.Kind == hogql.LimitWrapped:
		r.HogQL = oneLine(p.text, 4000)
	}
	return r
}

// count settles how many rows there are and says so.
func (p *plan) count(r *Rows) {
	n := len(r.Rows)
	yes, no := true, false
	rows := plural(n, "row")
	own := p.limited.Own > 0 && p.limited.Own <= p.limit // a LIMIT of just one more than ours is kept, but not shown
	switch {
	case own && int64(n) >= p.limited.Own:
		r.Limit, r.count = p.limited.Own, fmt.Sprintf("%s, the query's own LIMIT %d", rows, p.limited.Own)
	case own:
		r.Limit, r.HasMore, r.count = p.limited.Own, &no, rows+", all of them"
	case p.limited.Kind == hogql.LimitLeft:
		r.count = rows + ", as the query's own limit gives them"
	case int64(n) > p.limit:
		r.Rows, r.Limit, r.HasMore = r.Rows[:p.limit], p.limit, &yes
		r.count = plural(len(r.Rows), "row") + ", more exist (" + p.ours() + ")"
	case n == maxLimit:
		r.Limit, r.HasMore = maxLimit, &yes
		r.count = rows + ", there may be more (" + p.ours() + ")"
	default:
		r.Limit, r.HasMore = p.limit, &no
		if n == 0 {
			r.count = "0 rows"
		} else {
			r.count = rows + ", all of them"
		}
	}
}

// ours says which limit of ours applied and how to get past it.
func (p *plan) ours() string {
	switch {
	case p.limit >= maxLimit:
		return "50000 is the most PostHog gives: narrow the time, or go on from the last row"
	case p.args.Limit == 0:
		return fmt.Sprintf("our default limit %d; pass limit up to %d", p.limit, maxLimit)
	default:
		return fmt.Sprintf("limit %d; pass up to %d", p.limit, maxLimit)
	}
}

// locate adds the place to a refusal of the SQL, which PostHog's answer does not name: its check of the
// same text does. Where that finds nothing, err stays as it is.
func (s *Service) locate(ctx context.Context, p *plan, err error) error {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok || e.Kind != driver.Invalid || !slices.Contains([]string{"hogql_syntax_error", "hogql_query_error", "hogql_error", "invalid_input"}, e.Code) {
		return err
	}
	text, fillErr := p.filled()
	if fillErr != nil {
		return err
	}
	m, checkErr := s.driver.Validate(ctx, p.args.ProjectID, text)
	if checkErr != nil {
		return err // the refusal is the answer; that its place is unknown is not
	}
	for _, mark := range m.Errors {
		if mark.Start >= 0 {
			return &sqlError{at: markError(text, mark), cause: e}
		}
	}
	return err
}

// filled returns the text for PostHog's check, which knows no values: the query as it was written, or,
// where it has placeholders, printed with the values in their places.
func (p *plan) filled() (string, error) {
	if len(p.args.Values) == 0 {
		return p.args.Query, nil
	}
	exprs := make(map[string]hogql.Expr, len(p.args.Values)+1)
	for name, v := range p.args.Values {
		x, err := hogql.Literal(v)
		if err != nil {
			return "", fmt.Errorf("fill %s: %w", name, err)
		}
		exprs[name] = x
	}
	if _, ok := exprs["filters"]; !ok {
		exprs["filters"] = &hogql.Bool{Value: true}
	}
	q, err := hogql.FillPlaceholders(p.tree, exprs)
	if err != nil {
		return "", fmt.Errorf("fill placeholders: %w", err)
	}
	return hogql.Print(q), nil
}

// markError turns a finding of PostHog's check into an error like those of our own parser.
func markError(src string, m driver.Mark) *hogql.Error {
	hint := ""
	if m.Fix != "" {
		hint = visible(m.Fix)
	}
	span := hogql.Span{Start: int32(byteOffset(src, m.Start)), End: int32(byteOffset(src, m.End))}
	return errorAt(src, span, sentence(m.Message, 400), hint)
}

// byteOffset returns where the n-th code point of s begins.
func byteOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// checkJSON is the JSON form of a check without a run.
type checkJSON struct {
	Valid    bool     `json:"valid"`
	Errors   []placed `json:"errors"`
	Warnings []placed `json:"warnings"`
	Tables   []string `json:"tables,omitempty"`
	HogQL    string   `json:"hogql"` // what would be sent
}

type placed struct {
	Message string `json:"message"`
	Line    int    `json:"line,omitempty"` // from 1; 0 where no place is known
	Column  int    `json:"column,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

// Check judges a query without running it: by our parser, then by PostHog. A query that does not parse
// here is an error as in Query; what PostHog finds stands in the answer, and valid tells whether it would run.
func (s *Service) Check(ctx context.Context, a QueryArgs) (answer Answer, valid bool, err error) {
	p, err := s.plan(a)
	if err != nil {
		return Answer{}, false, err
	}
	text, err := p.filled()
	if err != nil {
		return Answer{}, false, &ArgumentError{Field: "values", Message: "must be text, numbers, booleans, null and lists of them"}
	}
	m, err := s.driver.Validate(ctx, a.ProjectID, text)
	if err != nil {
		return Answer{}, false, err
	}
	o := checkJSON{Valid: m.Valid, Errors: []placed{}, Warnings: []placed{}, Tables: m.Tables, HogQL: visible(p.text)}
	var b strings.Builder
	if m.Valid {
		b.WriteString("valid: PostHog would run it; nothing was run\n")
	} else {
		b.WriteString("not valid; nothing was run\n")
	}
	for _, mark := range m.Errors {
		at, place := placeOf(text, mark)
		o.Errors = append(o.Errors, place)
		b.WriteString(at + "\n")
	}
	for _, n := range p.notes {
		o.Warnings = append(o.Warnings, placed{Message: n.Text})
		b.WriteString(n.String() + "\n")
	}
	for _, mark := range slices.Concat(m.Warnings, m.Notices) {
		at, place := placeOf(text, mark)
		o.Warnings = append(o.Warnings, place)
		b.WriteString("warning: " + at + "\n")
	}
	b.WriteString("hogql: " + visible(p.text))
	return Answer{Text: b.String(), Data: o}, m.Valid, nil
}

// placeOf writes a finding with its caret, and as JSON.
func placeOf(src string, m driver.Mark) (string, placed) {
	if m.Start < 0 {
		text := sentence(m.Message, 400)
		return text, placed{Message: text, Fix: m.Fix}
	}
	e := markError(src, m)
	return e.Error(), placed{Message: e.Message, Line: e.Line, Column: e.Column, Fix: m.Fix}
}

// answerQuery is query_posthog: a query that is run or checked, or a page of a kept result.
func (s *Service) answerQuery(ctx context.Context, a QueryArgs) (outcome, error) {
	if err := a.source(); err != nil {
		return outcome{}, err
	}
	if a.Result != "" {
		return s.keptPage(ctx, a)
	}
	a.Progress = progressOf(ctx)
	if a.Question != "" {
		return s.answerQuestion(ctx, a)
	}
	asJSON := a.format() == FormatJSON
	if a.ValidateOnly {
		answer, _, err := s.Check(ctx, a)
		if err == nil && asJSON {
			text := encodeJSON(answer.Data)
			answer = Answer{Text: string(text), Data: json.RawMessage(text)}
		}
		return outcome{answer: answer, asJSON: asJSON}, err
	}
	rows, err := s.Query(ctx, a)
	if err != nil {
		return outcome{}, err
	}
	return outcome{answer: s.answer(ctx, rows, a), rows: len(rows.Rows), cost: rows.Cost, asJSON: asJSON}, nil
}
