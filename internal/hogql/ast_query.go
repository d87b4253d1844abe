package hogql

// Queries.
type (
	// Select is one SELECT.
	Select struct {
		Span
		With      []*CTE
		Recursive bool // WITH RECURSIVE
		Distinct  bool
		Totals    bool // WITH TOTALS; PostHog drops it
		Columns   []Expr
		From      []*Join // in source order; the first has no Kind; parenthesised join trees are flattened
		ArrayJoin *ArrayJoin
		Prewhere  Expr
		Where     Expr
		GroupBy   *GroupBy
		Having    Expr
		Qualify   Expr
		Windows   []*NamedWindow
		OrderBy   []*Order
		Interpol  *Interpolate
		LimitBy   *LimitBy
		Limit     *Limit   // LIMIT and OFFSET
		TailOrder []*Order // ORDER BY written behind LIMIT, or behind a parenthesised query; PostHog drops it
	}

	// Set is a chain of UNION, INTERSECT and EXCEPT, read from left to right without precedence.
	Set struct {
		Span
		First   Query
		Rest    []SetMember
		OrderBy []*Order // PostHog drops it
		Limit   *Limit
	}

	// Values is VALUES (a, b), (c, d) as a table.
	Values struct {
		Span
		Rows [][]Expr
	}

	// CTE is one member of WITH: a named query or a named expression.
	CTE struct {
		Span
		Name         Ident
		Columns      []Ident
		UsingKey     []Ident
		Materialized *bool // nil where not said
		Query        Query // of the form name AS (query)
		Expr         Expr  // of the form expr AS name
	}

	// Join is one member of FROM.
	Join struct {
		Span
		// Kind is "" for the first member, else PostHog's text: "JOIN", "LEFT JOIN", "CROSS JOIN",
		// "ASOF INNER JOIN", … ; Comma marks a CROSS JOIN written as a comma.
		Kind    string
		Comma   bool
		Natural bool // PostHog drops it
		Final   bool
		Table   Table
		Alias   *Ident
		Columns []Ident // column aliases
		Sample  *Sample
		On      Expr   // ON expr; nil without
		Using   []Expr // USING (…); nil without
	}

	// TableName is a table by its dotted name.
	TableName struct {
		Span
		Chain []Ident
	}

	// TableCall is a table function: numbers(10).
	TableCall struct {
		Span
		Name Ident
		Args []Expr
	}

	// Pivot is table PIVOT (aggregates FOR column IN (…) … [GROUP BY …]).
	Pivot struct {
		Span
		Table      Table
		Alias      *Ident  // of the table inside
		Renamed    []Ident // its column aliases
		Aggregates []Expr
		Columns    []PivotColumn
		GroupBy    []Expr
	}

	// JoinTree is joined tables as the one that PIVOT or UNPIVOT works on: (a JOIN b) PIVOT (…).
	JoinTree struct {
		Span
		Joins []*Join
	}

	// Unpivot is table UNPIVOT [INCLUDE NULLS] (value FOR name IN (…)).
	Unpivot struct {
		Span
		Table        Table
		Alias        *Ident
		Renamed      []Ident
		IncludeNulls bool
		Columns      []UnpivotColumn
	}
)

// Parts of nodes. They are no Node: Walk visits what they hold.
type (
	// DictItem is key: value.
	DictItem struct{ Key, Value Expr }

	// TagAttr is name, name='text' or name={expr}. Value is nil for a bare name.
	TagAttr struct {
		Name  Ident
		Value Expr
	}

	// Replacement is expr AS name in a REPLACE list.
	Replacement struct {
		X    Expr
		Name Ident
	}

	// When is WHEN cond THEN then.
	When struct{ Cond, Then Expr }

	// Type is the type of a cast: Name, Name(args), Elem[].
	Type struct {
		Span
		Text string // normalised as PostHog does: lower case, one blank after a comma
		// Spaced is Text with the blanks that reading it again needs, which PostHog leaves out of
		// parameters that are expressions; empty where Text has all.
		Spaced string
	}

	// Order is expr [ASC|DESC] [NULLS FIRST|LAST] [COLLATE 'x'] [WITH FILL …].
	Order struct {
		Span
		X       Expr
		Desc    bool
		Nulls   string // "", "FIRST", "LAST"; PostHog drops it
		Collate string // PostHog drops it
		Fill    *Fill
	}

	// Fill is WITH FILL [FROM e] [TO e] [STEP e].
	Fill struct{ From, To, Step Expr }

	// Over is OVER name or OVER (spec).
	Over struct {
		Span
		Name *Ident
		Spec *Window
	}

	// Window is a window's specification.
	Window struct {
		Span
		PartitionBy []Expr
		OrderBy     []*Order
		Frame       string // "", "ROWS", "RANGE"
		Start, End  *Bound // End is nil for the form without BETWEEN
	}

	// Bound is one end of a frame.
	Bound struct {
		Span
		Kind  string // "CURRENT ROW", "PRECEDING", "FOLLOWING"
		Value Expr   // nil: unbounded, or the current row
	}

	// NamedWindow is WINDOW name AS (spec).
	NamedWindow struct {
		Name Ident
		Spec *Window
	}

	// ArrayJoin is [LEFT|INNER] ARRAY JOIN list.
	ArrayJoin struct {
		Span
		Kind  string // "ARRAY JOIN", "LEFT ARRAY JOIN", "INNER ARRAY JOIN"
		Exprs []Expr // each an *Alias
	}

	// GroupBy is GROUP BY with its list, or one of its special forms.
	GroupBy struct {
		Span
		Mode  string // "", "all", "rollup", "cube", "grouping_sets"
		Exprs []Expr
		Sets  [][]Expr // of grouping_sets
		With  string   // "", "ROLLUP", "CUBE": the suffix form, which PostHog drops
	}

	// Interpolate is INTERPOLATE [(name AS expr, …)].
	Interpolate struct {
		Span
		Items []Replacement
	}

	// LimitBy is LIMIT n [OFFSET m] BY exprs.
	LimitBy struct {
		Span
		N, Offset Expr
		Exprs     []Expr
	}

	// Limit is LIMIT and OFFSET. N is nil for OFFSET alone.
	Limit struct {
		Span
		N, Offset Expr
		Percent   bool
		WithTies  bool
		// Swapped marks the form LIMIT a, b, in which PostHog takes a as the limit and b as the offset.
		Swapped bool
	}

	// Sample is SAMPLE ratio [OFFSET ratio]; a ratio is *Number, *Placeholder or a Binary OpDiv.
	Sample struct {
		Span
		Ratio, Offset Expr
	}

	// SetMember is one operator of a Set with the query behind it.
	SetMember struct {
		Op     string // "UNION ALL", "UNION DISTINCT", "INTERSECT", "INTERSECT ALL", "INTERSECT DISTINCT", "EXCEPT", "EXCEPT ALL"
		ByName bool
		Query  Query
	}

	// Stmt is one Hog statement inside a Block. What a field holds depends on Kind:
	//
	//	"expr"    X
	//	"return"  X, may be nil
	//	"throw"   X, may be nil
	//	"let"     Names[0], X may be nil
	//	"assign"  X is the target, Value
	//	"if"      X, Body[0], and Body[1] when there is an ELSE
	//	"while"   X, Body[0]
	//	"for"     Body: initializer, condition and increment, each may be nil, then the body
	//	"for in"  Names (one or two), X, Body[0]
	//	"fn"      Names: its own, then the parameters; Body[0]
	//	"try"     Body[0]; Catches; Finally
	//	"block"   Body
	Stmt struct {
		Span
		Kind    string
		Names   []Ident
		X       Expr
		Value   Expr
		Body    []*Stmt
		Catches []Catch
		Finally *Stmt
	}

	// Catch is catch (name: type) { … }; Name and Type are empty where they are not written.
	Catch struct {
		Name, Type Ident
		Body       *Stmt
	}

	// PivotColumn is column IN (values) inside PIVOT.
	PivotColumn struct {
		Column Expr
		Values []Expr
	}

	// UnpivotColumn is value FOR name IN (columns) inside UNPIVOT.
	UnpivotColumn struct {
		Values, Names, Columns []Expr
	}
)
