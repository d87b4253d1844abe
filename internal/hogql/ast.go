package hogql

// Span is the half-open range of source bytes [Start, End) that a node was read from. Nodes made by
// the builder have the zero Span.
type Span struct{ Start, End int32 }

// Node is any part of a syntax tree. The set of implementations is closed: every one is declared in
// this package, so a type switch over it can be complete.
type Node interface {
	// Pos returns the node's span in the source; the zero Span for nodes that were built, not parsed.
	Pos() Span
	node()
}

// Expr is a node that can stand where a value is expected.
type Expr interface {
	Node
	expr()
}

// Query is a statement or a member of a set operation: *Select, *Set, *Values, *Placeholder or *Tag.
type Query interface {
	Node
	query()
}

// Table is what FROM and JOIN read: *TableName, *TableCall, *Subquery, *Placeholder, *Tag, *Pivot or
// *Unpivot, which may work on a *JoinTree.
type Table interface {
	Node
	table()
}

// Pos returns s, so that a node gets its Pos method by embedding its Span.
func (s Span) Pos() Span { return s }

func (Span) node() {}

// Ident is one name as written: a part of a chain, an alias, a parameter.
type Ident struct {
	Span
	Name string // decoded: without quotes and escapes
}

// Quoted reports whether the name was written between quotes: then its source is longer than the name. A name
// that was built, not parsed, was not.
func (id Ident) Quoted() bool { return int(id.End-id.Start) > len(id.Name) }

// Names and literals.
type (
	// Field is a chain of names: a.b.c.
	Field struct {
		Span
		Chain []Ident // at least one
	}

	// Star is * or t.*, with its EXCLUDE and REPLACE lists.
	Star struct {
		Span
		Table   []Ident // empty for a bare *
		Exclude []Ident
		Replace []Replacement
	}

	// Columns is COLUMNS('regex'), COLUMNS(a, b) or COLUMNS(* EXCLUDE (…) REPLACE (…)). Exactly one of
	// Regex, List and Star is set.
	Columns struct {
		Span
		Regex *String
		List  []Expr
		Star  *Star
	}

	// Spread is *COLUMNS(…): the matched columns as separate arguments.
	Spread struct {
		Span
		X Expr
	}

	// Number is a number literal with its sign. Text is the source text without blanks: "-1", ".5e3",
	// "0x1F", "inf".
	Number struct {
		Span
		Text string
	}

	// String is a string literal, decoded.
	String struct {
		Span
		Value string
	}

	// Bool is true or false.
	Bool struct {
		Span
		Value bool
	}

	// Null is the literal NULL.
	Null struct{ Span }

	// Template is f'text {expr} text'. Parts holds *String for text and any Expr for {…}, in order.
	Template struct {
		Span
		Parts []Expr
	}

	// Array is [a, b].
	Array struct {
		Span
		Elems []Expr
	}

	// Tuple is (a, b) or (a,).
	Tuple struct {
		Span
		Elems []Expr
	}

	// Dict is {key: value}. The empty one is {}.
	Dict struct {
		Span
		Items []DictItem
	}

	// Placeholder is {expr}: filled before the query runs. It stands for a value, a table or a query.
	Placeholder struct {
		Span
		X Expr
	}

	// Positional is #1.
	Positional struct {
		Span
		Index int
	}

	// Tag is a HogQLX element: <Name attr="…">children</Name>.
	Tag struct {
		Span
		Name  Ident
		Attrs []TagAttr
		// Children is nil for a self-closing tag; text is *String.
		Children []Expr
	}
)

// Operations.
type (
	// Binary is a left-associative operation on two operands: arithmetic, comparison, ||, ??, <=>.
	Binary struct {
		Span
		Op    Op
		OpPos Span // of the operator's first word
		X, Y  Expr
	}

	// Logical is AND or OR over two or more operands; nested ones of the same kind are one list.
	Logical struct {
		Span
		Op    Op // OpAnd or OpOr
		Exprs []Expr
	}

	// Not is NOT x.
	Not struct {
		Span
		X Expr
	}

	// Neg is -x, where x is not a number literal.
	Neg struct {
		Span
		X Expr
	}

	// IsNull is x IS NULL, or x IS NOT NULL when Not is set.
	IsNull struct {
		Span
		X   Expr
		Not bool
	}

	// Between is x [NOT] BETWEEN low AND high.
	Between struct {
		Span
		X, Low, High Expr
		Not          bool
	}

	// Ternary is cond ? then : else.
	Ternary struct {
		Span
		Cond, Then, Else Expr
	}

	// Case is CASE [operand] WHEN … THEN … [ELSE …] END.
	Case struct {
		Span
		Operand Expr // nil without one
		Whens   []When
		Else    Expr // nil without one
	}

	// Cast is x::type, CAST(x AS type) or TRY_CAST(x AS type).
	Cast struct {
		Span
		X    Expr
		Type Type
		Kind CastKind
	}

	// Interval is INTERVAL x unit, or INTERVAL '7 days', which has Text set and X nil.
	Interval struct {
		Span
		X     Expr
		Unit  string // second … year: singular, lower case
		Count int64  // of the text form
		Text  bool
	}

	// Trim is TRIM(BOTH|LEADING|TRAILING chars FROM x).
	Trim struct {
		Span
		Side  string // "BOTH", "LEADING", "TRAILING"
		Chars Expr
		X     Expr
	}

	// Index is x[i], x?.[i], and x.name where x is no chain of names (i is then a *String).
	Index struct {
		Span
		X, Index Expr
		Nullish  bool
	}

	// TupleIndex is x.1.
	TupleIndex struct {
		Span
		X       Expr
		Index   string // decimal digits
		Nullish bool
	}

	// Slice is x[low:high]; either bound may be nil.
	Slice struct {
		Span
		X, Low, High Expr
	}

	// Call is name(args), name(params)(args), with all that may follow it.
	Call struct {
		Span
		Name     Ident
		Params   []Expr // of a parametric function
		HasParam bool   // name()(x) has an empty list
		Distinct bool
		Args     []Expr
		OrderBy  []*Order // inside the parentheses
		Within   []*Order // WITHIN GROUP (ORDER BY …)
		Filter   Expr     // FILTER (WHERE …)
		Over     *Over    // makes it a window function
	}

	// CallExpr is a call of something that is not a plain name: a.b(x), (x -> x)(1).
	CallExpr struct {
		Span
		Fn   Expr
		Args []Expr
	}

	// Lambda is (x, y) -> body.
	Lambda struct {
		Span
		Params []Ident
		Body   Expr
	}

	// Block is the body { statements } of a Hog lambda. PostHog refuses it in SQL.
	Block struct {
		Span
		Stmts []*Stmt
	}

	// NamedArg is name := value.
	NamedArg struct {
		Span
		Name  Ident
		Value Expr
	}

	// Alias is x AS name, x name or name : x.
	Alias struct {
		Span
		X    Expr
		Name Ident
	}

	// IgnoreNulls is x IGNORE NULLS. PostHog reads it and drops it.
	IgnoreNulls struct {
		Span
		X Expr
	}

	// Subquery is (query) as a value or as a table.
	Subquery struct {
		Span
		Query Query
	}
)

// CastKind tells how a cast was written.
type CastKind uint8

// The ways to write a cast.
const (
	CastColons CastKind = iota // x::type
	CastCall                   // CAST(x AS type)
	CastTry                    // TRY_CAST(x AS type)
)

// Op is an operator of Binary or Logical.
type Op uint8

// The operators.
const (
	OpAdd Op = iota + 1
	OpSub
	OpMul
	OpDiv
	OpMod
	OpConcat    // ||
	OpEq        // = or ==
	OpNotEq     // != or <>
	OpLess      // <
	OpLessEq    // <=
	OpGreater   // >
	OpGreaterEq // >=
	OpLike      // LIKE
	OpNotLike   // NOT LIKE
	OpILike     // ILIKE
	OpNotILike  // NOT ILIKE
	OpIn        // IN
	OpNotIn     // NOT IN
	OpInCohort  // IN COHORT
	OpNotInCohort
	OpRegex       // =~ or ~
	OpNotRegex    // !~
	OpIRegex      // =~* or ~*
	OpNotIRegex   // !~*
	OpDistinct    // IS DISTINCT FROM
	OpNotDistinct // IS NOT DISTINCT FROM
	OpSpaceship   // <=>
	OpCoalesce    // ??
	OpAnd
	OpOr
)

func (*Field) expr()       {}
func (*Star) expr()        {}
func (*Columns) expr()     {}
func (*Spread) expr()      {}
func (*Number) expr()      {}
func (*String) expr()      {}
func (*Bool) expr()        {}
func (*Null) expr()        {}
func (*Template) expr()    {}
func (*Array) expr()       {}
func (*Tuple) expr()       {}
func (*Dict) expr()        {}
func (*Placeholder) expr() {}
func (*Positional) expr()  {}
func (*Tag) expr()         {}
func (*Binary) expr()      {}
func (*Logical) expr()     {}
func (*Not) expr()         {}
func (*Neg) expr()         {}
func (*IsNull) expr()      {}
func (*Between) expr()     {}
func (*Ternary) expr()     {}
func (*Case) expr()        {}
func (*Cast) expr()        {}
func (*Interval) expr()    {}
func (*Trim) expr()        {}
func (*Index) expr()       {}
func (*TupleIndex) expr()  {}
func (*Slice) expr()       {}
func (*Call) expr()        {}
func (*CallExpr) expr()    {}
func (*Lambda) expr()      {}
func (*Block) expr()       {}
func (*NamedArg) expr()    {}
func (*Alias) expr()       {}
func (*IgnoreNulls) expr() {}
func (*Subquery) expr()    {}

func (*Select) query()      {}
func (*Set) query()         {}
func (*Values) query()      {}
func (*Placeholder) query() {}
func (*Tag) query()         {}

func (*TableName) table()   {}
func (*TableCall) table()   {}
func (*Subquery) table()    {}
func (*Placeholder) table() {}
func (*Tag) table()         {}
func (*Pivot) table()       {}
func (*JoinTree) table()    {}
func (*Unpivot) table()     {}
