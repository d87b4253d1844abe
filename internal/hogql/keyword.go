package hogql

// keyword is the number of a word that the grammar knows; 0 is every other word.
type keyword uint8

const (
	kwNone keyword = iota
	kwAll
	kwAnd
	kwAnti
	kwAny
	kwArray
	kwAs
	kwAsc
	kwAscending
	kwAsof
	kwBetween
	kwBoth
	kwBy
	kwCase
	kwCast
	kwCatch
	kwCohort
	kwCollate
	kwColumns
	kwCross
	kwCube
	kwCurrent
	kwDate
	kwDay
	kwDesc
	kwDescending
	kwDistinct
	kwElse
	kwEnd
	kwExcept
	kwExclude
	kwExtract
	kwFalse
	kwFill
	kwFilter
	kwFinal
	kwFinally
	kwFirst
	kwFn
	kwFollowing
	kwFor
	kwFrom
	kwFull
	kwFun
	kwGroup
	kwGrouping
	kwHaving
	kwHour
	kwID
	kwIf
	kwIgnore
	kwIlike
	kwIn
	kwInclude
	kwInf
	kwInfinity
	kwInner
	kwInterpolate
	kwIntersect
	kwInterval
	kwIs
	kwJoin
	kwKey
	kwLambda
	kwLast
	kwLeading
	kwLeft
	kwLet
	kwLike
	kwLimit
	kwLocal
	kwMaterialized
	kwMinute
	kwMonth
	kwName
	kwNan
	kwNatural
	kwNot
	kwNull
	kwNulls
	kwOffset
	kwOn
	kwOr
	kwOrder
	kwOuter
	kwOver
	kwPartition
	kwPivot
	kwPositional
	kwPreceding
	kwPrewhere
	kwQualify
	kwQuarter
	kwRange
	kwRecursive
	kwReplace
	kwReturn
	kwRight
	kwRollup
	kwRow
	kwRows
	kwSample
	kwSecond
	kwSelect
	kwSemi
	kwSets
	kwSettings
	kwStep
	kwSubstring
	kwTeamID
	kwThen
	kwThrow
	kwTies
	kwTime
	kwTimestamp
	kwTo
	kwTop
	kwTotals
	kwTrailing
	kwTrim
	kwTrue
	kwTruncate
	kwTry
	kwTryCast
	kwUnbounded
	kwUnion
	kwUnpivot
	kwUsing
	kwValues
	kwWeek
	kwWhen
	kwWhere
	kwWhile
	kwWindow
	kwWith
	kwWithin
	kwYear
	kwZone
)

// What a keyword may be. Words that are no keyword may be anything.
const (
	kwNever    uint8 = 1 << iota // no name at all unless quoted
	kwColAlias                   // a column's alias without AS
	kwTabAlias                   // a table's alias without AS
	kwType                       // a type behind ::
	kwReserved                   // refused as an alias
	kwPlain                      // printed without quotes as a column
)

// keywords holds spelling and use by number.
var keywords = [...]struct {
	text  string
	flags uint8
}{
	kwAll:          {"all", 0},
	kwAnd:          {"and", 0},
	kwAnti:         {"anti", kwPlain},
	kwAny:          {"any", 0},
	kwArray:        {"array", 0},
	kwAs:           {"as", 0},
	kwAsc:          {"asc", kwColAlias | kwPlain},
	kwAscending:    {"ascending", kwColAlias},
	kwAsof:         {"asof", 0},
	kwBetween:      {"between", 0},
	kwBoth:         {"both", kwPlain},
	kwBy:           {"by", 0},
	kwCase:         {"case", 0},
	kwCast:         {"cast", 0},
	kwCatch:        {"catch", kwNever},
	kwCohort:       {"cohort", kwColAlias},
	kwCollate:      {"collate", 0},
	kwColumns:      {"columns", 0},
	kwCross:        {"cross", kwPlain},
	kwCube:         {"cube", 0},
	kwCurrent:      {"current", kwPlain},
	kwDate:         {"date", kwColAlias | kwTabAlias | kwType | kwPlain},
	kwDay:          {"day", kwType | kwPlain},
	kwDesc:         {"desc", kwPlain},
	kwDescending:   {"descending", kwColAlias},
	kwDistinct:     {"distinct", 0},
	kwElse:         {"else", 0},
	kwEnd:          {"end", 0},
	kwExcept:       {"except", kwNever},
	kwExclude:      {"exclude", 0},
	kwExtract:      {"extract", 0},
	kwFalse:        {"false", kwReserved | kwColAlias | kwTabAlias | kwType},
	kwFill:         {"fill", kwPlain},
	kwFilter:       {"filter", 0},
	kwFinal:        {"final", 0},
	kwFinally:      {"finally", kwNever},
	kwFirst:        {"first", kwTabAlias | kwPlain},
	kwFn:           {"fn", kwNever},
	kwFollowing:    {"following", kwPlain},
	kwFor:          {"for", 0},
	kwFrom:         {"from", 0},
	kwFull:         {"full", 0},
	kwFun:          {"fun", kwNever},
	kwGroup:        {"group", 0},
	kwGrouping:     {"grouping", 0},
	kwHaving:       {"having", 0},
	kwHour:         {"hour", kwType | kwPlain},
	kwID:           {"id", kwColAlias | kwTabAlias | kwPlain},
	kwIf:           {"if", 0},
	kwIgnore:       {"ignore", 0},
	kwIlike:        {"ilike", 0},
	kwIn:           {"in", 0},
	kwInclude:      {"include", 0},
	kwInf:          {"inf", kwNever},
	kwInfinity:     {"infinity", kwNever},
	kwInner:        {"inner", 0},
	kwInterpolate:  {"interpolate", 0},
	kwIntersect:    {"intersect", kwNever},
	kwInterval:     {"interval", kwType},
	kwIs:           {"is", 0},
	kwJoin:         {"join", 0},
	kwKey:          {"key", kwTabAlias | kwPlain},
	kwLambda:       {"lambda", 0},
	kwLast:         {"last", kwPlain},
	kwLeading:      {"leading", kwPlain},
	kwLeft:         {"left", 0},
	kwLet:          {"let", kwNever},
	kwLike:         {"like", 0},
	kwLimit:        {"limit", 0},
	kwLocal:        {"local", kwPlain},
	kwMaterialized: {"materialized", kwNever},
	kwMinute:       {"minute", kwType | kwPlain},
	kwMonth:        {"month", kwType | kwPlain},
	kwName:         {"name", kwPlain},
	kwNan:          {"nan", kwNever},
	kwNatural:      {"natural", kwPlain},
	kwNot:          {"not", 0},
	kwNull:         {"null", kwNever},
	kwNulls:        {"nulls", 0},
	kwOffset:       {"offset", 0},
	kwOn:           {"on", 0},
	kwOr:           {"or", 0},
	kwOrder:        {"order", 0},
	kwOuter:        {"outer", 0},
	kwOver:         {"over", 0},
	kwPartition:    {"partition", 0},
	kwPivot:        {"pivot", 0},
	kwPositional:   {"positional", kwPlain},
	kwPreceding:    {"preceding", kwPlain},
	kwPrewhere:     {"prewhere", 0},
	kwQualify:      {"qualify", 0},
	kwQuarter:      {"quarter", kwType | kwPlain},
	kwRange:        {"range", kwPlain},
	kwRecursive:    {"recursive", 0},
	kwReplace:      {"replace", kwPlain},
	kwReturn:       {"return", kwColAlias | kwPlain},
	kwRight:        {"right", 0},
	kwRollup:       {"rollup", 0},
	kwRow:          {"row", kwPlain},
	kwRows:         {"rows", kwPlain},
	kwSample:       {"sample", 0},
	kwSecond:       {"second", kwType | kwPlain},
	kwSelect:       {"select", 0},
	kwSemi:         {"semi", kwPlain},
	kwSets:         {"sets", kwPlain},
	kwSettings:     {"settings", 0},
	kwStep:         {"step", kwPlain},
	kwSubstring:    {"substring", 0},
	kwTeamID:       {"team_id", kwReserved | kwColAlias | kwTabAlias | kwType | kwPlain},
	kwThen:         {"then", 0},
	kwThrow:        {"throw", kwNever},
	kwTies:         {"ties", kwPlain},
	kwTime:         {"time", kwType | kwPlain},
	kwTimestamp:    {"timestamp", kwType | kwPlain},
	kwTo:           {"to", kwPlain},
	kwTop:          {"top", kwColAlias},
	kwTotals:       {"totals", kwColAlias | kwPlain},
	kwTrailing:     {"trailing", kwPlain},
	kwTrim:         {"trim", 0},
	kwTrue:         {"true", kwReserved | kwColAlias | kwTabAlias | kwType},
	kwTruncate:     {"truncate", kwPlain},
	kwTry:          {"try", kwNever},
	kwTryCast:      {"try_cast", 0},
	kwUnbounded:    {"unbounded", 0},
	kwUnion:        {"union", 0},
	kwUnpivot:      {"unpivot", 0},
	kwUsing:        {"using", 0},
	kwValues:       {"values", 0},
	kwWeek:         {"week", kwType | kwPlain},
	kwWhen:         {"when", 0},
	kwWhere:        {"where", 0},
	kwWhile:        {"while", kwNever},
	kwWindow:       {"window", 0},
	kwWith:         {"with", 0},
	kwWithin:       {"within", kwNever},
	kwYear:         {"year", kwType | kwPlain},
	kwZone:         {"zone", kwPlain},
}

// keywordTable holds each keyword at the hash of its key. No two keywords share a place: keywordFactor was
// searched for until that was so.
var keywordTable = makeKeywordTable()

const keywordFactor = 0xdf142c79713a2e1b

// keywordSlot is one place of the table. The key of an empty one is 0, which no word has.
type keywordSlot struct {
	key uint64
	kw  keyword
	len uint8
}

func makeKeywordTable() (t [512]keywordSlot) {
	for k := 1; k < len(keywords); k++ {
		word := keywords[k].text
		key := keywordKey(word)
		t[keywordHash(key)] = keywordSlot{key, keyword(k), uint8(len(word))}
	}
	return t
}

// keywordKey returns the first eight bytes of word without regard to case, the first one lowest. Of the bytes
// that a name may hold, only letters are changed by setting the bit that tells the cases apart, so no two names
// of eight bytes or less share a key.
func keywordKey(word string) (key uint64) {
	for i := range min(len(word), 8) {
		key |= uint64(word[i]|0x20) << (8 * i)
	}
	return key
}

func keywordHash(key uint64) uint64 { return key * keywordFactor >> 55 }

// lookupKeyword returns the keyword that word spells in any case.
func lookupKeyword(word string) keyword { return keywordOf(keywordKey(word), word) }

// keywordOf is lookupKeyword where the key of the word is known.
func keywordOf(key uint64, word string) keyword {
	slot := &keywordTable[keywordHash(key)]
	k := kwNone
	if slot.key == key {
		k = slot.kw
	}
	if len(word) >= 8 && k != kwNone && (len(word) != int(slot.len) || !equalFold(word, keywords[k].text)) {
		return kwNone
	}
	return k
}

// equalFold compares word with lower, which is in lower case, letters in any case.
func equalFold(word, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i := range len(word) {
		c := word[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
