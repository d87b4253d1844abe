// Package ask turns an analytics question in plain English into HogQL, without a model behind it.
//
// A question becomes tokens; recognisers take the tokens they understand (a period, filters, a breakdown, the events
// meant) and fill a Plan, a typed value; the plan becomes a syntax tree of package hogql. Every word of the question has
// to be taken by a recogniser or be a known filler: where one is left over, or a name could mean two things, the
// question is refused with what was understood and what is close. So an answer is never about something else than
// the question.
//
// Names are matched against the project's own catalogue and the values that were seen in it.
package ask
