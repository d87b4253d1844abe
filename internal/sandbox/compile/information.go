package compile

import (
	"strconv"
	"strings"

	"posthog-mcp/internal/sandbox/schema"
)

// information makes the source of a table of information_schema. Its rows are computed from the
// tables that the caller may read.
func (c *compiler) information(t schema.Table, base string) *source {
	var rows [][]string
	switch t.Name {
	case "system.information_schema.tables":
		rows = c.tableRows()
	case "system.information_schema.columns":
		rows = c.columnRows()
	case "system.information_schema.relationships":
		rows = c.relationshipRows()
	case "system.information_schema.data_types":
		rows = dataTypeRows()
	}
	src := &source{alias: c.unique(base)}
	var names, arrays []string
	for i, f := range t.Fields {
		kind := map[schema.Type]string{schema.Integer: "Int64", schema.Float: "Float64", schema.Boolean: "Bool"}[f.Type]
		if kind == "" {
			kind = "String"
		}
		if f.Nullable {
			kind = "Nullable(" + kind + ")"
		}
		cells := make([]string, len(rows))
		for n, r := range rows {
			cells[n] = r[i]
		}
		names = append(names, schema.Ident(f.Name))
		arrays = append(arrays, "CAST(["+strings.Join(cells, ", ")+"], 'Array("+kind+")') AS "+schema.Ident(f.Name))
		src.columns = append(src.columns, column{name: f.Name, alias: f.Name, value: value{kind: f.Type, null: f.Nullable}})
	}
	// one array a column: the engine reads it faster than one expression a row
	src.sql = "(SELECT " + strings.Join(names, ", ") + " FROM (SELECT 1 AS one) ARRAY JOIN " + strings.Join(arrays, ", ") + ")"
	return src
}

// readable are all tables that the caller may read: PostHog's and the project's.
func (c *compiler) readable() []schema.Table {
	var out []schema.Table
	for _, t := range append(schema.Tables(), c.project.Tables...) {
		if c.allowed(t) {
			out = append(out, t)
		}
	}
	return out
}

func textOrNull(s string) string {
	if s == "" {
		return "NULL"
	}
	return quote(s)
}

// rowCount is known of warehouse tables and materialized views.
func rowCount(t schema.Table) string {
	if t.Rows == 0 {
		return "NULL"
	}
	return strconv.FormatInt(t.Rows, 10)
}

func (c *compiler) tableRows() [][]string {
	var rows [][]string
	for _, t := range c.readable() {
		rows = append(rows, []string{quote(t.Name), quote(t.Schema()), quote(t.Name), quote(t.InformationType()), textOrNull(t.Doc), rowCount(t)})
	}
	return rows
}

func (c *compiler) columnRows() [][]string {
	var rows [][]string
	for _, t := range c.readable() {
		position := 0
		add := func(name string, f schema.Field) {
			kind := "column"
			switch {
			case f.Type == schema.VirtualTable:
				kind = "virtual_table"
			case f.Type == schema.Expression || f.Expr != "":
				kind = "expression"
			}
			position++
			rows = append(rows, []string{
				quote(t.Schema()), quote(t.Name), quote(name), strconv.Itoa(position), quote(f.Type.DataType()),
				strconv.FormatBool(f.Nullable), strconv.FormatBool(f.Type == schema.Array), quote(kind), textOrNull(f.Doc), "NULL", "NULL", "NULL",
			})
		}
		for _, f := range t.Fields {
			switch {
			case f.Hidden:
			case f.IsColumn():
				add(f.Name, f)
			case f.Type == schema.VirtualTable:
				add(f.Name, f)
				for _, child := range f.Fields {
					add(f.Name+"."+child.Name, child)
				}
			}
		}
	}
	return rows
}

// relationshipRows are the joins by the column that they start from, and the shortcuts by their name. Where
// PostHog names the inner resolver of a join (via), the sandbox gives the join's own name.
func (c *compiler) relationshipRows() [][]string {
	var rows [][]string
	for _, t := range c.readable() {
		for _, f := range t.Fields {
			switch {
			case f.Hidden:
			case f.Join != nil:
				rows = append(rows, []string{quote(t.Name), quote(f.Join.From), quote(f.Join.Table), quote(f.Join.To), "'lazy_join'", quote(f.Name)})
			case f.Type == schema.FieldTraverser:
				rows = append(rows, []string{quote(t.Name), quote(f.Name), quote(t.Name), quote(strings.Join(f.Chain, ".")), "'field_traverser'", "NULL"})
			}
		}
	}
	return rows
}

func dataTypeRows() [][]string {
	var rows [][]string
	for _, d := range [][2]string{
		{"String", "text"}, {"Integer", "whole number"}, {"Float", "number with a fraction"}, {"Decimal", "exact number with a fraction"},
		{"Boolean", "true or false"}, {"Date", "day"}, {"DateTime", "moment, shown in the project's time zone"}, {"UUID", "id of 128 bits, shown as text"},
		{"JSON", "JSON as text; read a key as column.key"}, {"Array", "list"}, {"Struct", "group of named values"},
		{"Expression", "computed from other columns"}, {"VirtualTable", "group of columns of the same row"}, {"Unknown", "anything else"},
	} {
		rows = append(rows, []string{quote(d[0]), quote(d[1])})
	}
	return rows
}
