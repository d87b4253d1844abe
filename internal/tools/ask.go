package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"posthog-mcp/internal/ask"
	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// mostIndexes is how many projects' catalogues are kept ready for questions.
const mostIndexes = 8

// indexes keeps what questions are matched against, by project, as long as the driver's catalogue is the same.
type indexes struct {
	mu  sync.Mutex
	all []indexed
}

type indexed struct {
	project int64
	asOf    time.Time
	parts   [3]int // how many events, properties and group types: a part that failed may come later
	index   *ask.Index
}

// get returns the index of a catalogue.
func (x *indexes) get(o *driver.Objects) *ask.Index {
	x.mu.Lock()
	defer x.mu.Unlock()
	parts := [3]int{len(o.Catalogue.Events), len(o.Catalogue.Properties), len(o.Catalogue.GroupTypes)}
	for _, e := range x.all {
		if e.project == o.Project.ID && e.asOf.Equal(o.AsOf) && e.parts == parts {
			return e.index
		}
	}
	x.all = slices.DeleteFunc(x.all, func(e indexed) bool { return e.project == o.Project.ID })
	if len(x.all) == mostIndexes {
		x.all = x.all[1:]
	}
	index := ask.NewIndex(o.Project, o.Catalogue)
	x.all = append(x.all, indexed{o.Project.ID, o.AsOf, parts, index})
	return index
}

// Asked is what became of a question: rows, or a refusal. Without a run HogQL alone is set.
type Asked struct {
	Understood string
	HogQL      string // what answers it; "" where names were looked up
	Notes      []string
	Rows       *Rows
	Refusal    *ask.Refusal
}

// Ask turns a question into HogQL and runs it, or only shows it. A question that is not covered, or that is not certain,
// is a Refusal and no error; nothing was run for it. The error is an *ArgumentError or a *driver.Error.
func (s *Service) Ask(ctx context.Context, a QueryArgs, run bool) (*Asked, error) {
	if err := checked(queryParams(), a); err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.Question) == "" {
		return nil, &ArgumentError{Field: "question", Message: "is required"}
	}
	p, refusal, err := s.understand(ctx, a)
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return &Asked{Refusal: refusal}, nil
	}
	asked := &Asked{Understood: p.Understood(), Notes: p.Notes}
	if p.Kind == ask.Names {
		if run {
			asked.Rows, err = s.names(ctx, a, p)
		}
		return asked, err
	}
	tree, err := p.Query()
	if err != nil {
		return nil, fmt.Errorf("build the query of a question: %w", err)
	}
	asked.HogQL = hogql.Print(tree)
	if !run {
		return asked, nil
	}
	q := a
	q.Question, q.TimePeriod, q.Query = "", "", asked.HogQL
	rows, err := s.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	rows.Understood, rows.HogQL, rows.Derived = asked.Understood, oneLine(asked.HogQL, 4000), p.Derive(rows.cells())
	for _, n := range p.Notes {
		rows.Notes = append(rows.Notes, Note{false, n})
	}
	asked.Rows = rows
	return asked, nil
}

func (r *Rows) cells() [][]any {
	out := make([][]any, 0, len(r.Rows))
	for _, row := range r.Rows {
		out = append(out, row.Values())
	}
	return out
}

// understand plans a question. Where the plan hangs on the properties of an event, or on values, it is planned again
// with them.
func (s *Service) understand(ctx context.Context, a QueryArgs) (*ask.Plan, *ask.Refusal, error) {
	objects, err := s.driver.ListObjects(ctx, driver.ListRequest{Project: a.ProjectID, Limit: 1, Catalogue: true})
	if err != nil {
		return nil, nil, err
	}
	index := s.indexes.get(objects)
	o := ask.Options{TimePeriod: a.TimePeriod}
	for range 4 {
		out := index.Plan(a.Question, o)
		if out.Refusal != nil && len(objects.Notes) > 0 { // what is missing may be why
			out.Refusal.Why += ". The catalogue is not whole: " + sentence(objects.Notes[0], 200)
		}
		if len(out.Needs) == 0 {
			return out.Plan, out.Refusal, nil
		}
		fields, err := s.driver.GetFields(ctx, driver.FieldsRequest{Project: a.ProjectID, Objects: out.Needs, Samples: true})
		if err != nil {
			return nil, nil, err
		}
		o.Details = append(o.Details, fields.Objects...)
		for _, name := range out.Needs { // what could not be read is not asked for again
			if !slices.ContainsFunc(fields.Objects, func(f driver.Object) bool { return f.Object == name }) {
				o.Details = append(o.Details, driver.Object{Object: name})
			}
		}
	}
	return nil, &ask.Refusal{Why: "the question speaks of too many things at once: ask about one of them"}, nil
}

// names looks up what there is.
func (s *Service) names(ctx context.Context, a QueryArgs, p *ask.Plan) (*Rows, error) {
	limit := int(min(a.Limit, 500))
	if limit == 0 {
		limit = 50
	}
	objects, err := s.driver.ListObjects(ctx, driver.ListRequest{Project: a.ProjectID, Search: p.Search, Kinds: p.Kinds, Limit: limit})
	if err != nil {
		return nil, err
	}
	r := &Rows{Project: objects.Project, Columns: []string{"kind", "name", "id", "what"}, Types: []string{"String", "String", "String", "String"},
		AsOf: objects.AsOf, Understood: p.Understood(), Limit: int64(limit), now: s.now()}
	for _, it := range objects.Items {
		r.Rows = append(r.Rows, driver.Row(encodeJSON([]string{string(it.Kind), it.Name, it.Object, it.Line})))
	}
	more := objects.Total > len(objects.Items)
	r.HasMore, r.count = &more, plural(len(r.Rows), "row")
	if more {
		r.count += fmt.Sprintf(" of %d", objects.Total)
	}
	for _, n := range objects.Notes {
		r.Notes = append(r.Notes, Note{true, sentence(n, 400)})
	}
	return r, nil
}

// refusalJSON is the JSON form of a question that is not answered.
type refusalJSON struct {
	Answered   bool     `json:"answered"`
	Understood string   `json:"understood"`
	Candidates []string `json:"candidates"`
	Skeleton   string   `json:"skeleton"`
	Notes      []string `json:"notes"`
}

// RefusalAnswer is a refusal as text, and as JSON in Data. It is a normal result.
func RefusalAnswer(r *ask.Refusal) Answer {
	o := refusalJSON{Understood: visible(r.Understood), Candidates: []string{}, Skeleton: visible(r.Skeleton), Notes: []string{visible(r.Why)}}
	for _, c := range r.Candidates[:min(len(r.Candidates), 5)] {
		o.Candidates = append(o.Candidates, visible(shorten(c, 80)))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "not answered: %s. Nothing was run.", visible(r.Why))
	if o.Understood != "" {
		b.WriteString("\nunderstood: " + o.Understood)
	}
	if len(o.Candidates) > 0 {
		b.WriteString("\nclosest: " + strings.Join(o.Candidates, ", "))
	} else {
		b.WriteString("\nclosest: nothing; list_objects shows what there is")
	}
	if o.Skeleton != "" {
		b.WriteString("\nto write it yourself: " + o.Skeleton)
	}
	return Answer{Text: b.String(), Data: o}
}

// answerQuestion is query_posthog with a question.
func (s *Service) answerQuestion(ctx context.Context, a QueryArgs) (outcome, error) {
	asJSON := a.format() == FormatJSON
	asked, err := s.Ask(ctx, a, !a.ValidateOnly)
	if err != nil {
		return outcome{}, err
	}
	switch {
	case asked.Refusal != nil:
		return plainOutcome(RefusalAnswer(asked.Refusal), asJSON), nil
	case asked.Rows == nil:
		return plainOutcome(asked.Explain(), asJSON), nil
	}
	return outcome{answer: s.answer(ctx, asked.Rows, a), rows: len(asked.Rows.Rows), cost: asked.Rows.Cost, asJSON: asJSON}, nil
}

func plainOutcome(answer Answer, asJSON bool) outcome {
	if asJSON {
		text := encodeJSON(answer.Data)
		answer = Answer{Text: string(text), Data: json.RawMessage(text)}
	}
	return outcome{answer: answer, asJSON: asJSON}
}

// explained is the JSON form of a question that was only planned.
type explained struct {
	Understood string   `json:"understood"`
	HogQL      string   `json:"hogql,omitempty"`
	Notes      []string `json:"notes"`
}

// Explain is how a question was understood and what would run, as text and as JSON in Data.
func (a *Asked) Explain() Answer {
	o := explained{Understood: visible(a.Understood), HogQL: visible(a.HogQL), Notes: []string{}}
	text := "understood: " + o.Understood
	for _, n := range a.Notes {
		o.Notes = append(o.Notes, visible(n))
		text += "\nnote: " + visible(n)
	}
	if o.HogQL != "" {
		text += "\nhogql: " + o.HogQL
	}
	return Answer{Text: text + "\nnothing was run", Data: o}
}
