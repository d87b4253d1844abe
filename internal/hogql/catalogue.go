package hogql

import (
	_ "embed"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed catalogue.txt
var catalogueText string

// Catalogue is what a checker knows of a project: its tables, and where they were read also its events,
// properties and cohorts. It is not changed by checking and safe for concurrent use.
type Catalogue struct {
	Tables map[string]*CatalogueTable
	// Complete: there are no other tables. Otherwise warehouse tables and views of the project may be missing.
	Complete bool
	// Joins: the tables have all the joins that the project has made. Otherwise a path may begin with one
	// that is not known.
	Joins      bool
	Events     map[string]int64             // name → how many in 30 days; nil: not known, and not judged
	Properties map[string]map[string]string // entity ("event", "person", "group") → property → type; nil: not judged
	Cohorts    map[string]int64             // name → id; nil: not judged
}

// CatalogueTable is one table.
type CatalogueTable struct {
	Name    string
	Columns []CatalogueColumn
	// Certain: there are no other columns. Otherwise one that is not known is only a warning.
	Certain bool
	Open    bool   // the columns are not known at all
	Time    string // the column to bound in WHERE, of tables that are too large to read whole; else ""

	byName map[string]int
}

// CatalogueColumn is a column, or a path to another table.
type CatalogueColumn struct {
	Name   string
	Type   string            // string, integer, float, decimal, datetime, date, boolean, array, json; "" where not known
	Table  string            // of a join: the table it leads to
	Chain  []string          // of a shortcut: the path it stands for
	Fields []CatalogueColumn // of a virtual table: the fields below it
	Hidden bool              // * leaves it out
}

// path tells a column that leads further and is no value itself.
func (c *CatalogueColumn) path() bool { return c.Table != "" || len(c.Fields) > 0 || len(c.Chain) > 0 }

// column finds a column by its exact name.
func (t *CatalogueTable) column(name string) *CatalogueColumn {
	if i, ok := t.byName[name]; ok {
		return &t.Columns[i]
	}
	return nil
}

// index makes the lookup of columns.
func (t *CatalogueTable) index() {
	t.byName = make(map[string]int, len(t.Columns))
	for i := range t.Columns {
		t.byName[t.Columns[i].Name] = i
	}
}

// names yields the names of the columns that are shown.
func (t *CatalogueTable) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range t.Columns {
			if !t.Columns[i].Hidden && !yield(t.Columns[i].Name) {
				return
			}
		}
	}
}

// builtIn reads the embedded text once.
var builtIn = sync.OnceValue(func() *Catalogue {
	c := &Catalogue{Tables: map[string]*CatalogueTable{}}
	var t *CatalogueTable
	for line := range strings.Lines(catalogueText) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "=":
			t = &CatalogueTable{Name: words[1]}
			for _, mark := range words[2:] {
				t.Certain = t.Certain || mark == "certain"
				t.Open = t.Open || mark == "open"
				if column, ok := strings.CutPrefix(mark, "time="); ok {
					t.Time = column
				}
			}
			c.Tables[t.Name] = t
		case t != nil:
			t.Columns = append(t.Columns, builtInColumn(words))
		}
	}
	for _, t := range c.Tables {
		t.index()
	}
	return c
})

func builtInColumn(words []string) CatalogueColumn {
	name, hidden := strings.CutPrefix(words[0], "~")
	col := CatalogueColumn{Name: name, Hidden: hidden}
	switch words[1] {
	case "join":
		col.Table, col.Hidden = words[2], true
	case "virtual":
		col.Hidden = true
		for _, field := range words[2:] {
			n, t, _ := strings.Cut(field, ":")
			col.Fields = append(col.Fields, CatalogueColumn{Name: n, Type: t})
		}
	case "any":
	default:
		col.Type = words[1]
	}
	return col
}

// BuiltIn returns what is the same in every project: PostHog's own tables. Warehouse tables, views and the
// joins that a project has made are not in it, so it judges none of them.
func BuiltIn() *Catalogue { return builtIn() }

// With returns the catalogue of a project: PostHog's own tables, those of project, and its events, properties
// and cohorts. Columns that PostHog hides from its lists stay known.
func (c *Catalogue) With(project *Catalogue) *Catalogue {
	out := *project
	out.Tables = maps.Clone(c.Tables)
	for name, t := range project.Tables {
		known := c.Tables[name]
		if known == nil {
			out.Tables[name] = t
			continue
		}
		merged := *known
		merged.Columns = slices.Clone(known.Columns)
		for _, col := range t.Columns {
			if i, ok := known.byName[col.Name]; !ok {
				merged.Columns = append(merged.Columns, col)
			} else if merged.Columns[i].Type == "" && !merged.Columns[i].path() {
				merged.Columns[i] = col
			}
		}
		merged.Open = known.Open && t.Open
		merged.index()
		out.Tables[name] = &merged
	}
	return &out
}

// table finds a table by the name written after FROM. PostHog's own can be written with "posthog." before
// their name.
func (c *Catalogue) table(name string) *CatalogueTable {
	if t := c.Tables[name]; t != nil {
		return t
	}
	if root, ok := strings.CutPrefix(name, "posthog."); ok && builtIn().Tables[root] != nil {
		return c.Tables[root]
	}
	return nil
}

// tableNames yields the names of all tables.
func (c *Catalogue) tableNames() iter.Seq[string] { return maps.Keys(c.Tables) }
