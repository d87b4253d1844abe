package schema

import (
	_ "embed" // the tables' texts
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed tables.txt
var tables string

//go:embed products.txt
var products string // replay, logs, errors, language models, queries

//go:embed system.txt
var system string

// parsed reads the embedded texts once.
var parsed = sync.OnceValue(func() []Table {
	out, err := Parse(tables + "\n" + products + "\n" + system)
	if err != nil {
		panic(err) // the embedded text is wrong, which the package's tests find
	}
	return out
})

// Tables returns all tables in the order of their description. The slice is the caller's own; the
// fields it leads to are shared and must not be changed.
func Tables() []Table { return slices.Clone(parsed()) }

// Lookup finds one of PostHog's tables by the name written in FROM. The root tables can be written with
// PostHog's "posthog." before their name.
func Lookup(name string) (Table, bool) {
	root, inPostHog := strings.CutPrefix(name, "posthog.")
	for _, t := range parsed() {
		if t.Name == name || inPostHog && t.Name == root && !strings.Contains(root, ".") {
			return t, true
		}
	}
	return Table{}, false
}

// Parse reads descriptions of tables. A table begins with a head line
//
//	= NAME [KIND] [listed] [scope=S] [order=KEY] [partition=KEY] [shares=TABLE] [only=FIELD:VALUE] | DOC
//
// and has one line per field, up to an empty line:
//
//	NAME | TYPE[?] | ATTRIBUTES or - | DOC or -
//
// A "?" marks a nullable field; PARENT.CHILD is a child of a virtual table. Attributes: hidden; null
// (stored nullable); col=COLUMN; ch=TYPE; default=VALUE; chain=A.B; join=TABLE on=FROM:TO where=FIELD:N
// (FROM can be a path); expr: TEXT, which goes to the end of the attributes.
func Parse(text string) ([]Table, error) {
	var out []Table
	for n, line := range strings.Split(text, "\n") {
		if line == "" {
			continue
		}
		if head, ok := strings.CutPrefix(line, "= "); ok {
			t, err := parseTable(head)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
			out = append(out, t)
			continue
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("line %d: a field before the first table", n+1)
		}
		if err := addField(&out[len(out)-1], line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return out, nil
}

func parseTable(head string) (Table, error) {
	attrs, doc, ok := strings.Cut(head, " | ")
	words := strings.Fields(attrs)
	if !ok || len(words) == 0 {
		return Table{}, fmt.Errorf("table %q: want NAME ATTRIBUTES | DOC", head)
	}
	t := Table{Name: words[0], Kind: PostHog, Doc: doc, Physical: strings.ReplaceAll(words[0], ".", "_")}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case string(System):
			t.Kind, t.Listed = System, true
		case string(InformationSchema):
			t.Kind, t.Physical = InformationSchema, ""
		case string(DataWarehouse):
			t.Kind, t.Listed = DataWarehouse, true
		case string(View), string(MaterializedView):
			t.Kind, t.Listed, t.Physical = Kind(key), true, ""
		case "listed":
			t.Listed = true
		case "scope":
			t.Scope = value
		case "order":
			t.OrderBy = value
		case "partition":
			t.Partition = value
		case "shares":
			t.Physical, t.Shares = value, true
		case "only":
			field, wanted, ok := strings.Cut(value, ":")
			if !ok {
				return Table{}, fmt.Errorf("table %s: %q needs a colon", t.Name, w)
			}
			t.Only = []string{field, wanted}
		default:
			return Table{}, fmt.Errorf("table %s: unknown attribute %q", t.Name, w)
		}
	}
	return t, nil
}

func addField(t *Table, line string) error {
	parts := strings.SplitN(line, " | ", 4)
	if len(parts) != 4 {
		return fmt.Errorf("field %q: want NAME | TYPE | ATTRIBUTES | DOC", line)
	}
	kind, nullable := strings.CutSuffix(parts[1], "?")
	f := Field{Name: parts[0], Type: Type(kind), Nullable: nullable, Column: parts[0]}
	if parts[3] != "-" {
		f.Doc = parts[3]
	}
	stored := stored{kind: clickHouse(f.Type), null: nullable}
	if parts[2] != "-" {
		if err := attributes(&f, &stored, parts[2]); err != nil {
			return fmt.Errorf("field %s.%s: %w", t.Name, f.Name, err)
		}
	}
	switch {
	case f.Expr != "" || f.Chain != nil || !f.IsColumn() || t.Physical == "":
		f.Column = ""
	case stored.null && !strings.HasPrefix(stored.kind, "Array"):
		f.ClickHouse = "Nullable(" + stored.kind + ")"
	default:
		f.ClickHouse = stored.kind
	}
	if parent, child, ok := strings.Cut(f.Name, "."); ok {
		for i := range t.Fields {
			if t.Fields[i].Name == parent && t.Fields[i].Type == VirtualTable {
				f.Name = child
				t.Fields[i].Fields = append(t.Fields[i].Fields, f)
				return nil
			}
		}
		return fmt.Errorf("field %s.%s: no virtual table %q before it", t.Name, f.Name, parent)
	}
	t.Fields = append(t.Fields, f)
	return nil
}

// stored is the type of a stored column while its attributes are read.
type stored struct {
	kind string
	null bool
}

func attributes(f *Field, s *stored, text string) error {
	text, f.Expr, _ = strings.Cut(text, "expr: ")
	for _, w := range strings.Fields(text) {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "hidden":
			f.Hidden = true
		case "null":
			s.null = true
		case "col":
			f.Column = value
		case "ch":
			s.kind = value
		case "default":
			f.Default = value
		case "chain":
			f.Chain = strings.Split(value, ".")
		case "join":
			f.Join = &Join{Table: value}
		case "on", "where":
			left, right, ok := strings.Cut(value, ":")
			if f.Join == nil || !ok {
				return fmt.Errorf("%q needs join= before it and a colon in it", w)
			}
			if key == "where" {
				f.Join.Where = []string{left, right}
			} else {
				f.Join.From, f.Join.To = left, right
			}
		default:
			return fmt.Errorf("unknown attribute %q", w)
		}
	}
	return nil
}

// clickHouse is the type in which a field's values are stored: all times with microseconds in UTC,
// JSON as text.
func clickHouse(t Type) string {
	switch t {
	case Integer:
		return "Int64"
	case Float:
		return "Float64"
	case Decimal:
		return "Decimal(38, 10)"
	case DateTime:
		return "DateTime64(6, 'UTC')"
	case Date:
		return "Date"
	case Boolean:
		return "Bool"
	case Array:
		return "Array(String)"
	case Map:
		return "Map(String, String)"
	case UUID:
		return "UUID"
	}
	return "String"
}
