package hogql

import (
	"strings"
)

// boundsTime tells whether a condition of the SELECT is on the time of one of its large tables: it names the time's
// column, an alias of something made of it, or {filters}.
func (s *scope) boundsTime() bool {
	columns := map[string]bool{"timestamp": true}
	for _, j := range s.sel.From {
		if t, ok := j.Table.(*TableName); ok {
			if table := s.c.cat.table(strings.Join(chainNames(t.Chain), ".")); table != nil && table.Time != "" {
				columns[table.Time] = true
			}
		}
	}
	conditions := []Expr{s.sel.Where, s.sel.Prewhere}
	for _, j := range s.sel.From {
		conditions = append(conditions, j.On)
	}
	for _, x := range conditions {
		if !isNil(x) && s.namesTime(x, columns, map[string]bool{}) {
			return true
		}
	}
	return false
}

func (s *scope) namesTime(x Expr, columns, seen map[string]bool) bool {
	found := false
	Walk(x, func(n Node) bool {
		switch n := n.(type) {
		case *Subquery:
			return false
		case *Field:
			last := n.Chain[len(n.Chain)-1].Name
			found = found || columns[last]
			if alias, ok := s.aliases[last]; ok && !found && !seen[last] && len(n.Chain) == 1 {
				seen[last] = true
				found = s.namesTime(alias, columns, seen)
			}
		case *Placeholder:
			if f, ok := n.X.(*Field); ok && f.Chain[0].Name == "filters" {
				found = true
			}
		}
		return !found
	})
	return found
}

// noTime warns about a large table that is read without a bound on its time.
func (s *scope) noTime() {
	for i, j := range s.sel.From {
		t, ok := j.Table.(*TableName)
		if !ok || i >= len(s.sources) || s.sources[i].table == nil || s.sources[i].table.Time == "" {
			continue
		}
		table := s.sources[i].table
		column := ident(table.Time)
		if len(s.sel.From) > 1 {
			column = ident(s.sources[i].paths[0][0]) + "." + column
		}
		condition := column + " >= now() - INTERVAL 30 DAY"
		word := "WHERE"
		if s.sel.Where != nil {
			word = "AND"
		}
		s.c.add(Finding{
			Severity: Warning, Code: "no-time-filter", Span: t.Span, Hint: word + " " + condition, Fix: s.timeFix(condition),
			Message: "no time filter on " + table.Name + ": all history is read. Add: " + word + " " + condition,
		})
		return
	}
}

// timeFix returns the edit that adds a condition, or nil where its place is not plain.
func (s *scope) timeFix(condition string) *Edit {
	src, q := s.c.o.Source, s.sel
	if src == "" {
		return nil
	}
	before := func(n Node) (string, int) {
		at := len(strings.TrimRight(src[:n.Pos().Start], " \t\n\r("))
		return strings.ToLower(src[:at]), at
	}
	if q.Where != nil {
		if l, ok := q.Where.(*Logical); ok && l.Op == OpOr && !strings.HasSuffix(strings.TrimSpace(src[:q.Where.Pos().Start]), "(") {
			return nil
		}
		switch q.Where.(type) {
		case *Ternary, *Alias, *Lambda:
			return nil
		}
		if text, at := before(q.Where); strings.HasSuffix(text, "where") {
			return s.c.edit(Span{int32(at), int32(at)}, " "+condition+" AND")
		}
		return nil
	}
	first := q.From[0]
	if at := strings.TrimRight(src[:first.Start], " \t\n\r"); !strings.HasSuffix(strings.ToLower(at), "from") {
		return nil
	}
	end := q.From[len(q.From)-1].End
	if q.ArrayJoin != nil || q.Prewhere != nil || len(q.From) > 1 {
		return nil
	}
	return s.c.edit(Span{end, end}, " WHERE "+condition)
}

// stars warns about SELECT * from events, and reports one without a table.
func (s *scope) stars() {
	for _, x := range s.sel.Columns {
		star, ok := x.(*Star)
		if ok && len(s.sel.From) == 0 {
			s.c.problem("star-without-table", star.Span, "there is no FROM, so * stands for nothing")
		}
		if !ok || len(star.Exclude) > 0 {
			continue
		}
		for _, src := range s.sources {
			if src.table != nil && src.table.Name == "events" {
				s.c.warn("select-star", star.Span, "SELECT * reads every column of events, with all properties: name the columns that are needed, such as event, timestamp, person_id, properties.NAME")
				return
			}
		}
	}
}
