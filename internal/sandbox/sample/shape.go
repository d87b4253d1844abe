package sample

import (
	"fmt"
	"strings"
	"time"
)

// Days is the length of the history, up to Options.Now.
const Days = 90

// The true shape of the project "Demo": what a good analysis finds.
const (
	Growth        = 1.5  // arrivals per week grow linearly, from 1 to 1 + Growth
	ExistingShare = 0.12 // of all people: known before the history begins
	OldestDays    = 300  // how long before, at most

	ReleaseDaysAgo      = 30   // version 2.4.0: a shorter signup
	SignupBeforeRelease = 0.26 // visitor → user_signed_up, in the first visit
	SignupAfterRelease  = 0.40
	OnboardedShare      = 0.74 // user_signed_up → onboarding_completed
	ViewerShare         = 0.86 // onboarding_completed → first movie_viewed
	RenterShare         = 0.34 // of viewers: rent a movie in the second visit, and later now and then
	BuyerShare          = 0.12 // of viewers
	TrailerShare        = 0.40 // of those who signed up: play trailers
	WatchPartyShare     = 0.22 // of those who signed up: use watch_party

	SubscribeChance   = 0.20 // viewer → subscription_purchased, 2 to 12 days after the first visit
	TrailerLift       = 0.22 // added by trailers
	WatchPartyLift    = 0.30 // added by watch parties
	UpgradeShare      = 0.16 // of subscribers, 10 to 45 days later
	CancelShare       = 0.20 // of those who do not upgrade, 10 to 45 days later
	BasicShare        = 0.50 // of subscriptions
	ProShare          = 0.35 // the rest is family
	ExperimentDays    = 28   // pricing-v2 has run for so long; it changes nothing
	MergedShare       = 0.08 // of those who signed up: a second device, merged at its first login
	InternalShare     = 0.02 // staff, with addresses at InternalDomain
	CompanyShare      = 0.55 // of those who signed up
	CompanyCount      = 40
	BadDayAgo         = 1 // the player broke: yesterday
	BounceChance      = 0.42
	BounceSeconds     = 10 // PostHog's definition: one page, no click, shorter than this
	PowerUserViews    = 8  // movies in 30 days that make a power user
	powerUsersID      = 1
	churnedID         = 2
	internalDomain    = "hogflix.example"
	stepsPerPerson    = 24 // fewer than there are on average, so that there is always enough to cut
	spareCandidates   = 200
	defaultEvents     = 200_000
	largestEvents     = 20_000_000
	RecordedShare     = 0.6  // of the sessions of the last RecordingDays days: recorded
	RecordedRageShare = 0.9  // of those with rage clicks
	RecordingDays     = 30   // how long a recording is kept
	LogDays           = 7    // of log lines
	logSeconds        = 30   // a line each
	apiShare          = 0.65 // of the lines
	queryLogRows      = 600  // queries in 30 days
	watchedShare      = 0.04 // of the recordings
	failedShare       = 0.03 // of the charges
	refundedShare     = 0.02 // of the charges
	stagingDatabase   = "sample_staging"
	exceptionUsual    = 0.008 // of a visit's steps
	exceptionBadDay   = 0.35
	loginChance       = 0.7
	pageleaveChance   = 0.85
	webVitalsChance   = 0.3
	secondVisit       = 0.62
	powerShare        = 0.09 // of viewers
	subscribedBefore  = 0.40 // of those known before

	// Chance to come back in a week.
	returnFloor      = 0.10
	returnMember     = 0.45 // decays with the weeks since the first visit
	returnVisitor    = 0.14 // decays as well
	returnDecay      = 2.2  // weeks
	returnExisting   = 0.22
	returnSubscriber = 0.62
	returnPower      = 0.93
	returnCancelled  = 0.05
)

// movie is a title of the catalogue.
type movie struct{ title, genre string }

func movies() []movie {
	return []movie{
		{"The Last Lighthouse", "drama"}, {"Paper Moons", "comedy"}, {"Gravity of Salt", "sci-fi"}, {"Night Train North", "thriller"},
		{"A Garden in Winter", "drama"}, {"Two Left Shoes", "comedy"}, {"Orbit Nine", "sci-fi"}, {"The Quiet Witness", "thriller"},
		{"Rivers of Ink", "documentary"}, {"Captain Sprout", "kids"}, {"Glass Harbour", "drama"}, {"Office Weather", "comedy"},
		{"Signal from Vega", "sci-fi"}, {"Cold Ledger", "thriller"}, {"Bees at Work", "documentary"}, {"The Tiny Dragon", "kids"},
		{"Letters to June", "drama"}, {"Bad Karaoke", "comedy"}, {"Rust Moon", "sci-fi"}, {"The Fifth Key", "thriller"},
		{"Deep Green Sea", "documentary"}, {"Mina and the Map", "kids"}, {"Sunday Silence", "drama"}, {"Wrong Wedding", "comedy"},
	}
}

// feature is a value of feature_name.
type feature struct {
	name  string
	share float64 // of those who signed up
}

// features: only the first one matters for subscriptions.
func features() []feature {
	return []feature{{"watch_party", WatchPartyShare}, {"downloads", 0.35}, {"subtitles", 0.50}, {"picture_in_picture", 0.25}, {"kids_mode", 0.18}}
}

// plan is a plan that is paid for.
type plan struct {
	name  string
	price string
}

func plans() []plan { return []plan{{"basic", "9.99"}, {"pro", "14.99"}, {"family", "19.99"}} }

// model is a language model of the assistant.
type model struct {
	name, provider string
	price          string // USD for a million input tokens; output costs four times as much
}

func models() []model {
	return []model{{"gpt-4.1-mini", "openai", "0.4"}, {"claude-sonnet-4", "anthropic", "3"}, {"gemini-2.5-flash", "google", "0.3"}}
}

type country struct {
	code, name string
	until      float64 // cumulative share
}

func countries() []country {
	return []country{{"US", "United States", 0.38}, {"DE", "Germany", 0.53}, {"GB", "United Kingdom", 0.66},
		{"FR", "France", 0.76}, {"IN", "India", 0.90}, {"BR", "Brazil", 1}}
}

// weekdays and hours are cumulative shares: evenings and the end of the week, when people watch films.
func weekdays() string { return cumulative(1, 0.95, 0.95, 1, 1.35, 1.6, 1.5) }

func hours() string {
	return cumulative(2, 1, .6, .4, .3, .4, .7, 1.2, 1.8, 2.2, 2.4, 2.6, 3, 3, 2.8, 2.8, 3.2, 4, 5.2, 6.6, 7.4, 7, 5.4, 3.4)
}

// cumulative writes weights as an array of cumulative shares that ends above every number below 1.
func cumulative(weights ...float64) string {
	var total, sum float64
	for _, w := range weights {
		total += w
	}
	out := make([]string, len(weights))
	for i, w := range weights {
		sum += w
		out[i] = fmt.Sprintf("%.4f", sum/total)
	}
	out[len(out)-1] = "2"
	return "[" + strings.Join(out, ", ") + "]"
}

// moments are the instants that the shape hangs on.
type moments struct {
	now, start, monday, release, experiment, badDay time.Time
	weeks                                           int // from the Monday before the start, the last one not whole
}

func momentsOf(now time.Time) moments {
	m := moments{now: now, start: now.AddDate(0, 0, -Days)}
	m.monday = m.start.Truncate(24*time.Hour).AddDate(0, 0, -(int(m.start.Weekday())+6)%7)
	m.weeks = int(now.Sub(m.monday)/(7*24*time.Hour)) + 1
	midnight := now.Truncate(24 * time.Hour)
	m.release = midnight.AddDate(0, 0, -ReleaseDaysAgo)
	m.experiment = midnight.AddDate(0, 0, -ExperimentDays)
	m.badDay = midnight.AddDate(0, 0, -BadDayAgo)
	return m
}
