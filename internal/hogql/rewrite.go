package hogql

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// LimitKind tells what LimitRows did to a query.
type LimitKind uint8

// What LimitRows can do.
const (
	LimitLeft    LimitKind = iota // nothing: the query's own limit has ties, percent or a computed number, or it is no SELECT
	LimitKept                     // nothing: the query's own LIMIT is not larger
	LimitSet                      // added a LIMIT
	LimitLowered                  // replaced a larger LIMIT
	LimitWrapped                  // put a set operation into SELECT * FROM (…) LIMIT n
)

// Limited is the outcome of LimitRows.
type Limited struct {
	Kind LimitKind
	N    int64 // the LIMIT that stands in the query now; 0 for LimitLeft
	Own  int64 // the query's own LIMIT, of LimitKept and LimitLowered
}

// LimitRows returns q with at most n rows: a SELECT without LIMIT, or with a larger literal one, gets LIMIT n,
// also behind LIMIT … BY; a smaller LIMIT is kept; a set operation is wrapped, because PostHog cuts each
// of its branches that has no LIMIT at 100. q itself is not changed.
func LimitRows(q Query, n int64) (Query, Limited) {
	switch q := q.(type) {
	case *Set:
		all := &Select{
			Columns: []Expr{&Star{}},
			From:    []*Join{{Table: &Subquery{Query: q}}},
			Limit:   limitOf(n, nil),
		}
		return all, Limited{Kind: LimitWrapped, N: n}
	case *Select:
		own := q.Limit
		if own == nil || own.N == nil {
			c := *q
			c.Limit = limitOf(n, own)
			return &c, Limited{Kind: LimitSet, N: n}
		}
		number, ok := own.N.(*Number)
		if !ok || own.Percent || own.WithTies {
			return q, Limited{}
		}
		has, known := smallInt(number.Text)
		if !known {
			return q, Limited{}
		}
		if has <= n {
			return q, Limited{Kind: LimitKept, N: has, Own: has}
		}
		c := *q
		c.Limit = limitOf(n, own)
		return &c, Limited{Kind: LimitLowered, N: n, Own: has}
	}
	return q, Limited{}
}

// limitOf returns LIMIT n with the OFFSET of own.
func limitOf(n int64, own *Limit) *Limit {
	l := &Limit{N: Int(n)}
	if own != nil {
		l.Span, l.Offset = own.Span, own.Offset
	}
	return l
}

// smallInt reads decimal digits as a count of rows; one that is too large for int64 counts as the largest.
func smallInt(text string) (int64, bool) {
	if strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 1<<63 - 1, true
	}
	return i, true
}

// FillPlaceholders returns q with each placeholder replaced by the value of its name, which is the dotted text of the
// chain inside: {name}, {filters.dateRange.from}. A *Subquery fits where a value, a table or a query
// stands, any other value only where a value does. The error, an *Error without line and column, names the
// placeholder that has no value, or that holds more than a name. q itself is not changed.
func FillPlaceholders(q Query, values map[string]Expr) (Query, error) {
	f := &filler{values: values}
	out := reflect.New(reflect.TypeFor[Query]()).Elem()
	out.Set(f.copy(reflect.ValueOf(&q).Elem()))
	if f.err != nil {
		return nil, f.err
	}
	filled, _ := out.Interface().(Query)
	return filled, nil
}

// filler copies a tree and replaces its placeholders.
type filler struct {
	values map[string]Expr
	err    *Error
}

func (f *filler) copy(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		if p, ok := v.Interface().(*Placeholder); ok {
			return f.value(p, v)
		}
		return f.copy(v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(f.copy(v.Elem()))
		return c
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(f.copy(v.Index(i)))
		}
		return c
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			c.Field(i).Set(f.copy(v.Field(i)))
		}
		return c
	}
	return v
}

// value returns what takes the place of p in slot.
func (f *filler) value(p *Placeholder, slot reflect.Value) reflect.Value {
	name, ok := PlaceholderName(p)
	x, known := f.values[name]
	var node Node = x
	if sub, isQuery := x.(*Subquery); isQuery && slot.Type() == reflect.TypeFor[Query]() {
		node = sub.Query
	}
	switch {
	case f.err != nil:
	case !ok:
		f.err = &Error{Span: p.Span, Message: "a placeholder holds one name, this one holds " + clip(Print(p.X), 60), Hint: "{name}"}
	case !known || x == nil:
		f.err = &Error{Span: p.Span, Message: fmt.Sprintf("the placeholder {%s} has no value", name), Hint: f.known()}
	case !reflect.TypeOf(node).AssignableTo(slot.Type()):
		f.err = &Error{Span: p.Span, Message: fmt.Sprintf("the placeholder {%s} stands for a table or query, its value is none", name)}
	default:
		return reflect.ValueOf(node)
	}
	return slot
}

// known lists the names that have values.
func (f *filler) known() string {
	if len(f.values) == 0 {
		return "the query without placeholders, or a value for it"
	}
	names := make([]string, 0, len(f.values))
	for name := range f.values {
		names = append(names, "{"+name+"}")
	}
	slices.Sort(names)
	return "one of " + strings.Join(names, ", ")
}

// PlaceholderName returns the name inside the braces of p, its parts joined with dots; false where the
// braces hold more than a name.
func PlaceholderName(p *Placeholder) (string, bool) {
	f, ok := p.X.(*Field)
	if !ok {
		return "", false
	}
	parts := make([]string, len(f.Chain))
	for i, id := range f.Chain {
		parts[i] = id.Name
	}
	return strings.Join(parts, "."), true
}
