package hogql

// kind is the class of a token.
type kind uint8

const (
	kEOF      kind = iota
	kBad           // a character or a literal that cannot be read; describeBad says why
	kIdent         // a bare word; token.kw tells which keyword it is
	kQuoted        // a name between backticks or double quotes
	kString        // '…'
	kTemplate      // f' : the head of a template, its text is read by the parser
	kInt           // decimal digits, "0" or without a leading zero
	kZeroInt       // decimal digits with a leading zero
	kFloat         // digits with an exponent
	kHex           // 0x1F, 0x1p4
	kBin           // 0b101
	kLParen
	kRParen
	kLBracket
	kRBracket
	kLBrace
	kRBrace
	kComma
	kSemi
	kDot
	kColon
	kColons    // ::
	kAssign    // :=
	kQuestion  // ?
	kCoalesce  // ??
	kNullDot   // ?.
	kPlus      // +
	kMinus     // -
	kStar      // *
	kSlash     // /
	kPercent   // %
	kConcat    // ||
	kEq        // = ==
	kNotEq     // != <>
	kLess      // <
	kLessEq    // <=
	kGreater   // >
	kGreaterEq // >=
	kSpaceship // <=>
	kRegex     // =~ ~
	kNotRegex  // !~
	kIRegex    // =~* ~*
	kNotIRegex // !~*
	kArrow     // ->
	kHash      // #
	kTagOpen   // < that begins a tag
	kTagClose  // </
	kTagEnd    // />
)

// token is one lexeme: src[start:end].
type token struct {
	kind       kind
	kw         keyword
	start, end int32
}

// Binding powers of the expression grammar: a higher number binds tighter. The parser climbs over them
// and the printer sets parentheses by them.
const (
	precLowest = iota
	precAlias
	precTernary
	precOr
	precAnd
	precNot
	precBetween
	precCoalesce
	precSpaceship
	precDistinct
	precCompare
	precAdd
	precMul
	precNeg
	precPostfix
)

// operator is one row of the operator table.
type operator struct {
	prec uint8
	text string
}

// operators is indexed by Op.
var operators = [...]operator{
	OpAdd: {precAdd, "+"}, OpSub: {precAdd, "-"}, OpConcat: {precAdd, "||"},
	OpMul: {precMul, "*"}, OpDiv: {precMul, "/"}, OpMod: {precMul, "%"},
	OpEq: {precCompare, "="}, OpNotEq: {precCompare, "!="},
	OpLess: {precCompare, "<"}, OpLessEq: {precCompare, "<="},
	OpGreater: {precCompare, ">"}, OpGreaterEq: {precCompare, ">="},
	OpLike: {precCompare, "LIKE"}, OpNotLike: {precCompare, "NOT LIKE"},
	OpILike: {precCompare, "ILIKE"}, OpNotILike: {precCompare, "NOT ILIKE"},
	OpIn: {precCompare, "IN"}, OpNotIn: {precCompare, "NOT IN"},
	OpInCohort: {precCompare, "IN COHORT"}, OpNotInCohort: {precCompare, "NOT IN COHORT"},
	OpRegex: {precCompare, "=~"}, OpNotRegex: {precCompare, "!~"},
	OpIRegex: {precCompare, "=~*"}, OpNotIRegex: {precCompare, "!~*"},
	OpDistinct: {precDistinct, "IS DISTINCT FROM"}, OpNotDistinct: {precDistinct, "IS NOT DISTINCT FROM"},
	OpSpaceship: {precSpaceship, "<=>"}, OpCoalesce: {precCoalesce, "??"},
	OpAnd: {precAnd, "AND"}, OpOr: {precOr, "OR"},
}

// symbolOps maps the operator tokens to their Op, 0 for every other kind.
var symbolOps = [kTagEnd + 1]Op{
	kPlus: OpAdd, kMinus: OpSub, kStar: OpMul, kSlash: OpDiv, kPercent: OpMod, kConcat: OpConcat,
	kEq: OpEq, kNotEq: OpNotEq, kLess: OpLess, kLessEq: OpLessEq, kGreater: OpGreater, kGreaterEq: OpGreaterEq,
	kSpaceship: OpSpaceship, kRegex: OpRegex, kNotRegex: OpNotRegex, kIRegex: OpIRegex, kNotIRegex: OpNotIRegex,
	kCoalesce: OpCoalesce,
}

// String returns the operator as Print writes it: "+", "NOT IN", "IS DISTINCT FROM"; "" for no operator.
func (o Op) String() string {
	if int(o) >= len(operators) {
		return ""
	}
	return operators[o].text
}
