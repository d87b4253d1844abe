package schema

import (
	_ "embed" // the channels' text
	"strings"
	"sync"
)

//go:embed channel.txt
var channelText string

// ChannelColumn is what a source or a medium is looked up for.
type ChannelColumn int

// The columns of the list of channels.
const (
	DomainType ChannelColumn = iota // Search, Social, Video …
	IfPaid                          // Paid Search …
	IfOrganic                       // Organic Search …
)

// channelLists hold, for a kind of name and a column, the names and their values as ClickHouse arrays.
var channelLists = sync.OnceValue(func() map[string][3][2]string {
	found := map[string]*[3][2][]string{"source": {}, "medium": {}}
	for line := range strings.Lines(channelText) {
		words := strings.Fields(line)
		if len(words) != 5 || words[0] == "#" {
			continue
		}
		for column, word := range words[2:] {
			if word == "-" {
				continue
			}
			lists := &found[words[0]][column]
			lists[0] = append(lists[0], "'"+words[1]+"'")
			lists[1] = append(lists[1], "'"+strings.ReplaceAll(word, "~", " ")+"'")
		}
	}
	out := map[string][3][2]string{}
	for kind, columns := range found {
		var texts [3][2]string
		for i, lists := range columns {
			texts[i] = [2]string{"[" + strings.Join(lists[0], ", ") + "]", "[" + strings.Join(lists[1], ", ") + "]"}
		}
		out[kind] = texts
	}
	return out
})

// ChannelSource is the ClickHouse expression for what a source (an utm_source or a referring domain) says: its
// exact name decides, else the domain without what stands before its registered part. It is null for others.
func ChannelSource(column ChannelColumn, x string) string {
	return "coalesce(" + lookup("source", column, "coalesce("+x+", '')") + ", " +
		lookup("source", column, "cutToFirstSignificantSubdomain(coalesce("+x+", ''))") + ")"
}

// ChannelMedium is the same for an utm_medium, by its exact name.
func ChannelMedium(column ChannelColumn, x string) string {
	return lookup("medium", column, "coalesce("+x+", '')")
}

func lookup(kind string, column ChannelColumn, x string) string {
	lists := channelLists()[kind][column]
	return "transform(" + x + ", " + lists[0] + ", " + lists[1] + ", NULL)"
}

// ChannelInputs are ClickHouse expressions for how a session began. Source, Medium and Campaign are in lower
// case and null where there is none; so are Domain ('$direct' without a referrer) and GadSource.
type ChannelInputs struct {
	Source, Medium, Campaign, Domain, GadSource string
	HasGclid, HasFbclid                         string // conditions
}

// ChannelType is the ClickHouse expression for a session's channel by PostHog's default rules: a campaign
// across networks, then what was paid for, then what came directly, then what an organic source, a medium or the
// referring domain says.
func ChannelType(in ChannelInputs) string {
	shopping := func(kind string) string {
		return "if(match(ifNull(" + in.Campaign + ", ''), '(([^a-df-z]|^)shop|shopping)'), '" + kind + " Shopping', NULL)"
	}
	video := "match(ifNull(" + in.Campaign + ", ''), 'video')"
	paid := "coalesce(" + strings.Join([]string{
		ChannelSource(IfPaid, in.Source), shopping("Paid"), ChannelMedium(IfPaid, in.Medium), ChannelSource(IfPaid, in.Domain),
		"multiIf(ifNull(" + in.GadSource + " = '1', 0), 'Paid Search', " + video + ", 'Paid Video', " + in.HasFbclid + ", 'Paid Social', 'Paid Unknown')",
	}, ", ") + ")"
	organic := "coalesce(" + strings.Join([]string{
		ChannelSource(IfOrganic, in.Source), shopping("Organic"), ChannelMedium(IfOrganic, in.Medium), ChannelSource(IfOrganic, in.Domain),
		"multiIf(" + video + ", 'Organic Video', match(ifNull(" + in.Medium + ", ''), 'push$'), 'Push', " + in.HasFbclid + ", 'Organic Social', " +
			"ifNull(" + in.Domain + " = '$direct', 0), 'Direct', isNotNull(" + in.Domain + "), 'Referral', 'Unknown')",
	}, ", ") + ")"
	wasPaid := "ifNull(" + in.Medium + " IN ('cpc', 'cpm', 'cpv', 'cpa', 'ppc', 'retargeting'), 0) OR startsWith(ifNull(" + in.Medium + ", ''), 'paid') OR " +
		in.HasGclid + " OR isNotNull(" + in.GadSource + ")"
	direct := "ifNull(" + in.Domain + " = '$direct', 0) AND isNull(" + in.Medium + ") AND ifNull(" + in.Source +
		" IN ('(direct)', 'direct', '$direct'), 1) AND NOT " + in.HasFbclid
	return "multiIf(match(ifNull(" + in.Campaign + ", ''), 'cross-network'), 'Cross Network', " + wasPaid + ", " + paid + ", " + direct + ", 'Direct', " + organic + ")"
}
