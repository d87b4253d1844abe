package sandbox

import (
	"encoding/json"
	"errors"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/compile"
)

// metadata is the answer to a HogQLMetadata query: what is wrong with a text, with positions in code
// points, the end exclusive.
type metadata struct {
	Query        string   `json:"query"`
	IsValid      bool     `json:"isValid"`
	UsingIndices *string  `json:"isUsingIndices"`
	Errors       []notice `json:"errors"`
	Warnings     []notice `json:"warnings"`
	Notices      []notice `json:"notices"`
	TableNames   []string `json:"table_names"`
	CHTableNames []string `json:"ch_table_names"`
}

// notice is one remark about a part of the text; both ends are null where it is about the whole.
type notice struct {
	Message string  `json:"message"`
	Start   *int    `json:"start"`
	End     *int    `json:"end"`
	Fix     *string `json:"fix"`
}

// hogqlMetadata answers a HogQLMetadata query. The status is 200 for wrong HogQL too.
func (s *Server) hogqlMetadata(c *call, req *queryRequest) (*reply, error) {
	var m metadataQuery
	if err := json.Unmarshal(req.Query, &m); err != nil {
		return nil, parseError(err.Error())
	}
	if m.Language != "hogQL" && m.Language != "hogQLExpr" {
		return nil, invalidInput("language", "The sandbox checks hogQL and hogQLExpr, not %s.", m.Language)
	}
	q, err := readForMetadata(m)
	if err != nil {
		answer := newMetadata(m.Query)
		answer.add(m.Query, err)
		return answered(answer), nil
	}
	fill, err := s.fillers(c.project, m.Globals, m.Variables, m.Filters)
	if err != nil {
		return nil, err
	}
	filled, err := hogql.FillPlaceholders(q, fill)
	if err != nil {
		answer := newMetadata(m.Query)
		if e, is := errors.AsType[*hogql.Error](err); is {
			answer.addAt(m.Query, unresolvedMessage(m.Query, e), e.Span)
			return answered(answer), nil
		}
		return nil, err
	}
	return answered(s.validate(c.project, c.key.Scopes, m, filled)), nil
}

func newMetadata(query string) *metadata {
	return &metadata{Query: query, Errors: []notice{}, Warnings: []notice{}, Notices: []notice{}, TableNames: []string{}}
}

func (m *metadata) addAt(src, message string, span hogql.Span) {
	start, end := codePoints(src, span)
	m.Errors = append(m.Errors, notice{Message: message, Start: start, End: end})
}

// add notes an error of the parser.
func (m *metadata) add(src string, err error) {
	e, is := errors.AsType[*hogql.Error](err)
	if !is {
		m.Errors = append(m.Errors, notice{Message: "Unexpected Exception"})
		return
	}
	message := syntaxMessage(src, e)
	if atEnd(src, e.Span) {
		message = "Unexpected end of query"
	}
	m.addAt(src, message, e.Span)
}

// readForMetadata parses the text; an expression becomes the only column of its source query.
func readForMetadata(m metadataQuery) (hogql.Query, error) {
	if m.Language == "hogQL" {
		return hogql.Parse(m.Query)
	}
	e, err := hogql.ParseExpr(m.Query)
	if err != nil {
		return nil, err
	}
	source := "SELECT 1 FROM events"
	if m.SourceQuery != nil && m.SourceQuery.Query != "" {
		source = m.SourceQuery.Query
	}
	q, err := hogql.Parse(source)
	if err != nil {
		return nil, err
	}
	sel, is := q.(*hogql.Select)
	if !is {
		return q, nil
	}
	sel.Columns, sel.GroupBy, sel.OrderBy = []hogql.Expr{e}, nil, nil
	return sel, nil
}

// validate checks a filled query without running it.
func (s *Server) validate(p *project, scopes []string, m metadataQuery, q hogql.Query) *metadata {
	answer := newMetadata(m.Query)
	compiled, err := compile.Compile(q, s.compileProject(p, scopes), compile.Options{})
	if err == nil {
		answer.IsValid = true
		answer.TableNames = append(answer.TableNames, compiled.Tables...)
		answer.Notices = append(answer.Notices, typeNotices(p, m.Query, q)...)
		return answer
	}
	if e, is := errors.AsType[*compile.Error](err); is {
		answer.addAt(m.Query, e.Message, e.Span)
	} else {
		answer.Errors = append(answer.Errors, notice{Message: "Unexpected Exception"})
	}
	return answer
}

// typeNotices tells the type of each property that a query reads and that is defined with one.
func typeNotices(p *project, src string, q hogql.Query) []notice {
	var list []notice
	for n := range hogql.All(q) {
		f, is := n.(*hogql.Field)
		if !is || len(f.Chain) < 2 || f.Chain[len(f.Chain)-2].Name != "properties" {
			continue
		}
		entity, title := "event", "Event"
		if len(f.Chain) > 2 && f.Chain[len(f.Chain)-3].Name == "person" {
			entity, title = "person", "Person"
		}
		name := f.Chain[len(f.Chain)-1].Name
		kind := p.propertyType(entity, name)
		if kind == "" {
			continue
		}
		start, end := codePoints(src, f.Span)
		list = append(list, notice{Message: title + " property '" + name + "' is of type '" + kind + "'.", Start: start, End: end})
	}
	return list
}
