// Package schema is the one description of the tables that the sandbox's HogQL knows. The tables'
// storage, the answers about the schema and the compiler's name resolution all follow from it.
package schema

import (
	"fmt"
	"strings"
)

// Type is the type of a field in PostHog's terms. All but UUID are the field types of PostHog's
// DatabaseSchemaQuery.
type Type string

// The types of fields.
const (
	Integer        Type = "integer"
	Float          Type = "float"
	Decimal        Type = "decimal"
	String         Type = "string"
	DateTime       Type = "datetime"
	Date           Type = "date"
	Boolean        Type = "boolean"
	Array          Type = "array"
	JSON           Type = "json" // text that holds JSON
	Map            Type = "map"
	UUID           Type = "uuid"
	Expression     Type = "expression"
	LazyTable      Type = "lazy_table"      // a join that is made only where it is used
	VirtualTable   Type = "virtual_table"   // a group of fields of the same row
	FieldTraverser Type = "field_traverser" // another name for a path
)

// Kind is the kind of a table as DatabaseSchemaQuery and information_schema call it.
type Kind string

// The kinds of tables.
const (
	PostHog           Kind = "posthog"
	System            Kind = "system"
	InformationSchema Kind = "information_schema"
	DataWarehouse     Kind = "data_warehouse"
	View              Kind = "view"
	MaterializedView  Kind = "materialized_view"
)

// Table is one table of HogQL.
type Table struct {
	ID        string // of a warehouse table or a view; "" for PostHog's own
	Name      string // as written in FROM: "events", "system.cohorts"
	Kind      Kind
	Physical  string   // name of the stored table in the project's database; "" if its rows are computed
	Shares    bool     // the stored table belongs to another table, which makes and fills it
	Only      []string // field and value that the rows must have: ["log_source", "session_replay"]; empty for all rows
	Query     string   // of a view: its HogQL
	Rows      int64    // as PostHog knows them of warehouse tables and materialized views; 0 where it does not
	Scope     string   // resource a key must be allowed to read ("feature_flag"); "" for none
	Listed    bool     // named by DatabaseSchemaQuery
	Doc       string
	OrderBy   string // sorting key of the stored table
	Partition string // partition key of the stored table; "" for none
	Fields    []Field
}

// Field is one name inside a table: a column, an expression, a join or a group of fields.
type Field struct {
	Name       string
	Type       Type
	Column     string   // name of the stored column; "" where nothing is stored
	ClickHouse string   // type of the stored column; "" where nothing is stored
	Default    string   // ClickHouse default of the stored column; "" for the type's own
	Nullable   bool     // stated by PostHog; a stored column can be Nullable without it
	Expr       string   // ClickHouse text; {a.b} stands for the field a.b of this table, {project} for the project id
	Join       *Join    // of a LazyTable
	Chain      []string // path in this table that a virtual table's child or a FieldTraverser stands for
	Fields     []Field  // of a VirtualTable
	Hidden     bool     // can be read, but neither * nor a listing shows it
	Doc        string
}

// Join tells how a LazyTable is reached: LEFT JOIN Table ON From = To.
type Join struct {
	Table string
	From  string   // field of the table that holds the join, or a path from it: "properties.$exception_fingerprint"
	To    string   // field of the joined table
	Where []string // field and integer that the joined rows must have: ["index", "0"]; empty for none
}

// Stored tells whether the table's storage holds the field.
func (f Field) Stored() bool { return f.ClickHouse != "" }

// IsColumn tells whether the field is a value, no join and no group of fields.
func (f Field) IsColumn() bool {
	return f.Type != LazyTable && f.Type != VirtualTable && f.Type != FieldTraverser
}

// Serialized is the type as DatabaseSchemaQuery shows it: PostHog shows UUIDs as strings.
func (t Type) Serialized() string {
	switch t {
	case UUID:
		return string(String)
	case Map:
		return "unknown"
	}
	return string(t)
}

// DataType is the type as system.information_schema.columns shows it.
func (t Type) DataType() string {
	names := map[Type]string{
		Integer: "Integer", Float: "Float", Decimal: "Decimal", String: "String", DateTime: "DateTime", Date: "Date",
		Boolean: "Boolean", Array: "Array", JSON: "JSON", Map: "Unknown", UUID: "UUID", Expression: "Expression",
		VirtualTable: "VirtualTable",
	}
	if n, ok := names[t]; ok {
		return n
	}
	return "Unknown"
}

// Field finds a field by its exact name.
func (t Table) Field(name string) (Field, bool) { return find(t.Fields, name) }

// Field finds a field of a virtual table by its exact name.
func (f Field) Field(name string) (Field, bool) { return find(f.Fields, name) }

func find(fields []Field, name string) (Field, bool) {
	for _, f := range fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Stored returns the fields that the table's storage holds, in the order of DDL.
func (t Table) Stored() []Field {
	var out []Field
	for _, f := range t.Fields {
		if f.Stored() {
			out = append(out, f)
		}
	}
	return out
}

// Schema is the table_schema of system.information_schema: public, system, information_schema,
// warehouse or views. There query_log is public, though DatabaseSchemaQuery calls it a system table.
func (t Table) Schema() string {
	switch t.Kind {
	case System:
		if strings.HasPrefix(t.Name, "system.") {
			return "system"
		}
	case InformationSchema:
		return "information_schema"
	case DataWarehouse:
		return "warehouse"
	case View, MaterializedView:
		return "views"
	}
	return "public"
}

// InformationType is the table_type of system.information_schema: posthog, system, information_schema,
// data_warehouse or view.
func (t Table) InformationType() string {
	switch t.Schema() {
	case "public":
		return string(PostHog)
	case "views":
		return string(View)
	}
	return string(t.Kind)
}

// DDL returns the CREATE TABLE statement of the table's storage, for the current database. It is ""
// where nothing is to be made: rows that are computed, or stored by another table.
func DDL(t Table) string { return DDLIn("", t) }

// DDLIn is DDL for a named database.
func DDLIn(database string, t Table) string {
	if t.Physical == "" || t.Shares {
		return ""
	}
	name := Ident(t.Physical)
	if database != "" {
		name = Ident(database) + "." + name
	}
	var cols []string
	for _, f := range t.Stored() {
		col := Ident(f.Column) + " " + f.ClickHouse
		if f.Default != "" {
			col += " DEFAULT " + f.Default
		}
		cols = append(cols, col)
	}
	order := t.OrderBy
	if order == "" {
		order = "tuple()"
	}
	var partition string
	if t.Partition != "" {
		partition = " PARTITION BY " + t.Partition
	}
	return fmt.Sprintf("CREATE TABLE %s (%s) ENGINE = MergeTree%s ORDER BY %s", name, strings.Join(cols, ", "), partition, order)
}

// Ident returns a name as ClickHouse reads it: between backticks where it is no plain word.
func Ident(name string) string {
	plain := name != ""
	for i, c := range []byte(name) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			plain = false
		}
	}
	if plain && !reserved(name) {
		return name
	}
	r := strings.NewReplacer("\\", "\\\\", "`", "\\`", "\n", "\\n", "\r", "\\r", "\t", "\\t", "\x00", "\\0")
	return "`" + r.Replace(name) + "`"
}

// reserved tells whether a word would not be read as a name by ClickHouse.
func reserved(word string) bool {
	switch strings.ToLower(word) {
	case "all", "and", "any", "anti", "array", "as", "asc", "asof", "between", "by", "case", "cast", "columns", "cross", "desc",
		"distinct", "else", "end", "except", "exists", "final", "format", "from", "full", "global", "group", "having", "ilike",
		"in", "index", "inf", "inner", "intersect", "interval", "into", "is", "join", "key", "left", "like", "limit", "nan", "not",
		"null", "offset", "on", "or", "order", "prewhere", "qualify", "replace", "right", "sample", "select", "semi", "settings",
		"table", "then", "totals", "true", "false", "union", "using", "values", "when", "where", "window", "with", "date", "timestamp",
		"apply", "paste", "over", "rollup", "cube", "grouping", "some", "top", "year", "month", "week", "day", "hour", "minute",
		"second", "quarter", "trim", "substring", "extract", "position", "div", "mod", "current_date", "current_timestamp":
		return true
	}
	return false
}
