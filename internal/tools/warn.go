package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthog-mcp/internal/ask"
	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// The warnings here are about numbers that would be misread. Each stands only where this query and this answer give
// a reason for it.

// namesTimeout is how long an answer waits for the catalogue that says whether its names exist.
const namesTimeout = 5 * time.Second

// sampled warns about a table that is read in part: PostHog does not scale counts up.
func (p *plan) sampled() {
	hogql.Walk(p.tree, func(n hogql.Node) bool {
		sel, ok := n.(*hogql.Select)
		if !ok {
			return true
		}
		for _, j := range sel.From {
			if j.Sample == nil {
				continue
			}
			text := "SAMPLE reads a part of the rows: counts and sums are not scaled up to all"
			if number, ok := j.Sample.Ratio.(*hogql.Number); ok {
				if ratio, err := strconv.ParseFloat(number.Text, 64); err == nil && ratio > 0 && ratio < 1 {
					text = fmt.Sprintf("SAMPLE %s reads a part of the rows: counts and sums are not scaled up. Multiply them by %.4g, or leave SAMPLE out",
						number.Text, 1/ratio)
				}
			}
			p.warn(text)
		}
		return true
	})
}

func (p *plan) warn(text string) {
	if n := (Note{true, text}); !slices.Contains(p.notes, n) {
		p.notes = append(p.notes, n)
	}
}

// judge adds the warnings that only the answer gives a reason for.
func (s *Service) judge(ctx context.Context, p *plan, r *Rows, result *driver.Result) {
	add := func(text string) {
		if text != "" {
			r.Notes = append(r.Notes, Note{true, text})
		}
	}
	for _, text := range s.wrongNames(ctx, p, r) {
		if !slices.Contains(r.Notes, Note{true, text}) {
			add(text)
		}
	}
	add(p.testAccounts(r.Project))
	add(p.days(r.Project))
	add(p.persons(result.PersonMode))
	add(p.estimated(r))
}

// wrongNames says which events and properties of the query have not been seen. Without a catalogue that is read
// only for an answer that looks like it: no rows, or a column with nothing but nulls and zeros.
func (s *Service) wrongNames(ctx context.Context, p *plan, r *Rows) []string {
	if !hollow(r.Rows) || len(p.unknown(nameless())) == 0 {
		return nil
	}
	if known := s.catalogue(r.Project.ID); known.Events == nil || known.Properties == nil {
		short, cancel := context.WithTimeout(ctx, namesTimeout)
		defer cancel()
		kinds := []driver.ObjectKind{driver.KindEvent, driver.KindProperty}
		if _, err := s.driver.ListObjects(short, driver.ListRequest{Project: r.Project.ID, Kinds: kinds, Limit: 1}); err != nil {
			return nil // the rows are the answer
		}
	}
	return p.unknown(s.catalogue(r.Project.ID))
}

// nameless is the catalogue of a project without events and properties.
func nameless() *hogql.Catalogue {
	none := map[string]string{}
	return hogql.BuiltIn().With(&hogql.Catalogue{Events: map[string]int64{}, Properties: map[string]map[string]string{"event": none, "person": none}})
}

// unknown returns what a catalogue says against the events and properties that the query names.
func (p *plan) unknown(c *hogql.Catalogue) []string {
	var texts []string
	for _, f := range hogql.Check(p.tree, c, hogql.CheckOptions{Source: p.args.Query}) {
		if f.Code == "unknown-event" || f.Code == "unknown-property" {
			texts = append(texts, sentence(f.Message, 600))
		}
	}
	return texts
}

// hollow tells rows that a wrong name may have emptied.
func hollow(rows []driver.Row) bool {
	if len(rows) == 0 {
		return true
	}
	var full []bool
	for _, row := range rows {
		values := row.Values()
		if full == nil {
			full = make([]bool, len(values))
		}
		for i, v := range values {
			n, isNumber := v.(json.Number)
			empty := v == nil || v == "" || isNumber && strings.Trim(n.String(), "0.") == ""
			full[i] = full[i] || !empty
		}
		if !slices.Contains(full, false) {
			return false
		}
	}
	return true
}

// reads tells whether the query reads one of the tables.
func (p *plan) reads(tables ...string) bool {
	found := false
	hogql.Walk(p.tree, func(n hogql.Node) bool {
		if t, ok := n.(*hogql.TableName); ok {
			found = found || slices.Contains(tables, t.Chain[len(t.Chain)-1].Name)
		}
		return !found
	})
	return found
}

// aggregates tells whether the query counts or sums.
func (p *plan) aggregates() bool {
	return p.calls(func(c *hogql.Call) bool {
		fn, known := hogql.LookupFunction(c.Name.Name)
		return known && fn.Aggregate
	})
}

func (p *plan) calls(match func(*hogql.Call) bool) bool {
	found := false
	hogql.Walk(p.tree, func(n hogql.Node) bool {
		if c, ok := n.(*hogql.Call); ok {
			found = found || match(c)
		}
		return !found
	})
	return found
}

// names tells whether the query names a field whose last part is one of these.
func (p *plan) names(last ...string) bool {
	found := false
	hogql.Walk(p.tree, func(n hogql.Node) bool {
		switch n := n.(type) {
		case *hogql.Field:
			found = found || slices.Contains(last, n.Chain[len(n.Chain)-1].Name)
		case *hogql.String: // properties['email'], JSONExtractString(properties, 'email')
			found = found || slices.Contains(last, n.Value)
		}
		return !found
	})
	return found
}

// testAccounts says that a count holds the project's own people. A query that names one of the filters' properties, or
// asks for one person, knows what it does.
func (p *plan) testAccounts(project driver.Project) string {
	keys, condition := ask.TestAccounts(project)
	if len(keys) == 0 || !p.reads("events") || !p.aggregates() || p.onePerson() {
		return ""
	}
	for _, key := range keys {
		if key != "" && p.names(key) {
			return ""
		}
	}
	if condition == nil {
		return "test accounts are counted too: the project has filters for them that are no plain condition"
	}
	return "test accounts are counted too. Leave them out: AND " + sentence(hogql.Print(condition), 300)
}

// onePerson tells whether the query is about certain persons or sessions.
func (p *plan) onePerson() bool {
	found := false
	hogql.Walk(p.tree, func(n hogql.Node) bool {
		b, ok := n.(*hogql.Binary)
		if !ok || b.Op != hogql.OpEq && b.Op != hogql.OpIn {
			return !found
		}
		f, ok := b.X.(*hogql.Field)
		if !ok || !slices.Contains([]string{"distinct_id", "person_id", "$session_id"}, f.Chain[len(f.Chain)-1].Name) {
			return !found
		}
		switch b.Y.(type) {
		case *hogql.String, *hogql.Placeholder, *hogql.Tuple, *hogql.Array:
			found = true
		}
		return !found
	})
	return found
}

// days says whose days these are, where the project's are not UTC's and the query cuts time into them.
func (p *plan) days(project driver.Project) string {
	if project.TimeZone == "" || project.TimeZone == "UTC" {
		return ""
	}
	cut := p.calls(func(c *hogql.Call) bool {
		name := strings.ToLower(c.Name.Name)
		switch name {
		case "today", "yesterday", "todate", "tomonday", "tohour", "todayofweek", "todayofmonth", "todayofyear",
			"toyyyymm", "toyyyymmdd", "tomonth", "toyear", "toquarter", "todatetime", "date_trunc", "datetrunc", "formatdatetime":
		default:
			if !strings.HasPrefix(name, "tostartof") {
				return false
			}
		}
		return !slices.ContainsFunc(c.Args, func(x hogql.Expr) bool { // a zone of its own
			text, ok := x.(*hogql.String)
			return ok && len(c.Args) > 1 && zoneName(text.Value)
		})
	})
	if !cut && !p.endsAtDate() || p.calls(func(c *hogql.Call) bool { return strings.EqualFold(c.Name.Name, "toTimeZone") }) {
		return ""
	}
	return "days and hours are those of " + label(project.TimeZone) + ", not UTC"
}

// endsAtDate tells whether a time is compared with a date or time without a zone that ends a period.
func (p *plan) endsAtDate() bool {
	found := false
	date := func(x hogql.Expr) bool {
		s, ok := x.(*hogql.String)
		if !ok || len(s.Value) < len(time.DateOnly) {
			return false
		}
		_, err := time.Parse(time.DateOnly, s.Value[:len(time.DateOnly)])
		return err == nil && !strings.ContainsAny(s.Value, "Z+")
	}
	hogql.Walk(p.tree, func(n hogql.Node) bool {
		switch n := n.(type) {
		case *hogql.Binary:
			found = found || (n.Op == hogql.OpLess || n.Op == hogql.OpLessEq) && date(n.Y)
		case *hogql.Between:
			found = found || date(n.High)
		}
		return !found
	})
	return found
}

func zoneName(s string) bool { return s == "UTC" || strings.Contains(s, "/") }

// persons says that an event's person is read as it is today, where PostHog joins it. Properties that do not change
// are left alone.
func (p *plan) persons(mode string) string {
	if mode != "disabled" && !strings.HasSuffix(mode, "_joined") || !p.reads("events") || !p.aggregates() {
		return ""
	}
	found := ""
	hogql.Walk(p.tree, func(n hogql.Node) bool {
		f, ok := n.(*hogql.Field)
		if !ok || found != "" {
			return found == ""
		}
		for i := 1; i < len(f.Chain)-1; i++ {
			name := f.Chain[i+1].Name
			if f.Chain[i-1].Name == "person" && f.Chain[i].Name == "properties" && !lasting(name) {
				found = "person.properties." + hogql.Print(hogql.Ref(name))
			}
		}
		return true
	})
	if found == "" {
		return ""
	}
	return sentence(found, 100) + " is the person's value today, not at the time of the event"
}

// lasting tells a property of a person that hardly ever changes.
func lasting(property string) bool {
	switch property {
	case "email", "name", "username", "id", "user_id", "created_at":
		return true
	}
	return strings.HasPrefix(property, "$initial_") || strings.HasPrefix(property, "signup") || strings.HasPrefix(property, "signed_up")
}

// exactUniques is how many values uniq counts exactly; it estimates more.
const exactUniques = 65_536

// estimated says that uniq has estimated, where it has.
func (p *plan) estimated(r *Rows) string {
	sel, ok := p.tree.(*hogql.Select)
	if !ok {
		return ""
	}
	for i, x := range sel.Columns {
		name := ""
		switch y := x.(type) {
		case *hogql.Star, *hogql.Columns, *hogql.Spread:
			return ""
		case *hogql.Alias:
			x, name = y.X, y.Name.Name
		}
		c, ok := x.(*hogql.Call)
		if !ok || c.Name.Name != "uniq" && c.Name.Name != "uniqIf" {
			continue
		}
		for _, row := range r.Rows {
			values := row.Values()
			if i >= len(values) {
				break
			}
			number, _ := values[i].(json.Number)
			if n, err := number.Int64(); err == nil && n > exactUniques {
				if name == "" {
					name = hogql.Print(c)
				}
				exact := "count(DISTINCT …)"
				if c.Name.Name == "uniqIf" {
					exact = "uniqExactIf(…)"
				}
				return fmt.Sprintf("%s is an estimate (%s, about 1 %% off): %s is exact", label(name), c.Name.Name, exact)
			}
		}
	}
	return ""
}
